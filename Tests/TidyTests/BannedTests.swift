import Testing

/// Each banned word is seen in code and left alone in strings.
@Suite struct BannedTests {
  private func rules(_ text: String, path: String = "Sources/A/A.swift") -> [String] {
    BannedRule.violations(in: SourceFile(path: path, text: text)).map(\.rule)
  }

  @Test(arguments: [
    ("public func f() {}", "public"), ("open class A {}", "open"),
    ("let a = try! f()", "forced-try"), ("fatalError()", "silent-trap"),
    ("// TODO: later", "unfinished"), ("let a = 1  // FIXME", "unfinished"),
    ("final class A: @unchecked Sendable {", "unsafe-reason"),
    ("nonisolated(unsafe) var a = 1", "unsafe-reason"),
  ])
  func `a banned word is seen`(text: String, rule: String) {
    #expect(rules("\n" + text + "\n") == [rule])
    #expect(rules("let a = \"\"\"\n\(text)\n\"\"\"") == [])
  }

  @Test func `a reason on the next line lets unsafety pass`() {
    #expect(rules("final class A: @unchecked Sendable {\n  // One thread owns it.") == [])
    #expect(rules("// Above is not enough.\nfinal class A: @unchecked Sendable {\n") != [])
    #expect(rules("nonisolated(unsafe) var a = 1\n// Written once before any thread starts.") == [])
  }

  @Test func `a trap with words and a word within a word pass`() {
    #expect(rules("fatalError(\"found \\(a), expected b\")") == [])
    #expect(rules("let publicKey = 1\nlet todo = \"TODO\"") == [])
  }

  @Test(arguments: ["home", "Users", "root", "work", "tmp"])
  func `a folder of one machine is seen in code, comments and strings`(folder: String) {
    let path = "/" + folder + "/a"
    #expect(rules("let a = \"\(path)\"") == ["machine-path"])
    #expect(rules("// see \(path)") == ["machine-path"])
    #expect(rules("let a = \"state\(path)\"") == [])
    #expect(rules("let a = \"/var/lib/spikefleet\"") == [])
  }

  @Test func `a test that cannot run is seen`() {
    let path = "Tests/ATests/A.swift"
    #expect(rules("import XCTest", path: path) == ["skipped-test"])
    #expect(rules("@Test(.disabled(\"slow\")) func f() {}", path: path) == ["skipped-test"])
    #expect(rules("let a = try! f()", path: path) == [])
  }

  @Test(arguments: [
    "StringUtils", "TestHelpers", "PathHelper", "SessionManager", "ErrorHandler", "Common",
    "CommonValues", "WireTypes", "Types+Coding",
  ])
  func `a file name that says nothing is seen`(name: String) {
    #expect(BannedRule.fileName("Sources/A/\(name).swift").count == 1)
  }

  @Test(arguments: ["MessageType", "Handlers2D".lowercased(), "Commonality", "TypesetText"])
  func `a file name of the field passes`(name: String) {
    #expect(BannedRule.fileName("Sources/A/\(name).swift").isEmpty)
  }

  @Test func `a placeholder beside a real file is dead`() {
    let placeholder = "Sources/A/Placeholder.swift"
    #expect(BannedRule.placeholders(in: [placeholder, "Sources/B/B.swift"]).isEmpty)
    #expect(BannedRule.placeholders(in: [placeholder, "Sources/A/A.swift"]).count == 1)
  }

  @Test func `a violation names place, rule and cure`() {
    let file = SourceFile(path: "Sources/A/A.swift", text: "\npublic let a = 1")
    let text = BannedRule.violations(in: file).map(\.description)
    #expect(text.first?.hasPrefix("Sources/A/A.swift:2: public: `package` is the widest") == true)
  }
}
