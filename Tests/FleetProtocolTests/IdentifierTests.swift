import FleetProtocol
import Testing

@Suite struct IdentifierTests {
  @Test(arguments: ["a", "0", "node-a", "a.b_c-d", "9z", "a..", "a-", "z_"])
  func `names of the grammar are taken`(text: String) {
    #expect(Identifier(text)?.text == text)
    #expect(Identifier(text)?.description == text)
  }

  @Test func `anything else is not a name`() {
    // Not arguments of the test: a report with a NUL in it is no text any more.
    let texts = [
      "", ".", "..", "-a", "_a", ".a", "A", "aB", "a b", "a/b", "../a", "a\0", "a\n", "é", "aé",
      "a:b", "a;b", "a$b", "a\\b", "`", "{", "a@", "a[",
    ]
    for text in texts { #expect(Identifier(text) == nil, "\(text.debugDescription)") }
  }

  @Test func `a name has at most 63 characters`() {
    #expect(Identifier(String(repeating: "a", count: Limits.identifierLengthMax)) != nil)
    #expect(Identifier(String(repeating: "a", count: Limits.identifierLengthMax + 1)) == nil)
    #expect(Limits.identifierLengthMax == 63)
  }

  @Test func `exactly the bytes of the grammar may stand first or later`() {
    let first = Set("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
    let later = first.union("._-".utf8)
    for byte in 0..<128 as Range<UInt8> {
      let character = String(UnicodeScalar(byte))
      #expect((Identifier(character) != nil) == first.contains(byte))
      #expect((Identifier("a" + character) != nil) == later.contains(byte))
    }
  }

  @Test func `names sort by their bytes`() throws {
    let names = try ["b", "a_", "a-", "a.", "a0", "a", "0"].map { try #require(Identifier($0)) }
    #expect(names.sorted().map(\.text) == ["0", "a", "a-", "a.", "a0", "a_", "b"])
  }
}
