import Testing
import Workbench

/// Tables are aligned, and a peer's text cannot break out of its cell.
@Suite struct TextTableTests {
  @Test func `words stand to the left, numbers to the right`() {
    var table = TextTable([.text("NODE"), .number("INF/S"), .text("STATE")])
    table.add(["north", "50.0", "online"])
    table.add(["a", "7", ""])
    #expect(
      table.lines == [
        "NODE   INF/S  STATE",
        "north   50.0  online",
        "a          7",
      ])
    #expect(table.text == table.lines.joined(separator: "\n") + "\n")
  }

  @Test func `a table without rows has its headings`() {
    #expect(TextTable([.text("A"), .number("B")]).lines == ["A  B"])
  }

  @Test func `control characters become spaces`() {
    var table = TextTable([.text("A")])
    table.add(["x\u{1B}[2J\ny\u{9B}z"])
    #expect(table.lines == ["A", "x [2J y z"])
  }
}

/// Tables that are too wide go on in further lines.
@Suite struct WrappedTableTests {
  @Test func `the widest words are wrapped, numbers are not`() {
    var table = TextTable([.text("NAME"), .number("COUNT"), .text("SAYING")])
    table.add(["north", "123456789012345", "one two three four five"])
    table.add(["south", "1", "a-word-that-is-longer"])
    #expect(
      table.lines(within: 36) == [
        "NAME             COUNT  SAYING",
        "north  123456789012345  one two",
        "                        three four",
        "                        five",
        "south                1  a-word-that-",
        "                        is-longer",
      ])
    #expect(table.lines(within: 100) == table.lines)
  }

  @Test func `text without words has one empty line`() {
    #expect(TextTable.wrapped("", width: 10) == [""])
    #expect(TextTable.wrapped("a b", width: 1) == ["a", "b"])
  }
}

/// Figures are short, and say when there is none.
@Suite struct FigureTests {
  @Test(arguments: [
    (1.5, "1.50 J"), (0.0345, "34.5 mJ"), (5.7e-6, "5.70 uJ"), (1.4e-7, "140 nJ"),
    (2.5e-12, "2.50 pJ"), (0, "0 J"),
  ])
  func `joules carry a prefix`(joules: Double, text: String) {
    #expect(Figure.joules(joules) == text)
  }

  @Test func `what is missing is a dash`() {
    #expect(Figure.joules(nil) == "-")
    #expect(Figure.fixed(nil, 2) == "-")
    #expect(Figure.fixed(.nan, 2) == "-")
    #expect(Figure.digest(nil) == "-")
    #expect(Figure.duration(milliseconds: nil) == "-")
  }

  @Test(arguments: [
    (UInt64(0), "0 B"), (1_023, "1023 B"), (1_024, "1.0 KiB"), (610_000, "595.7 KiB"),
    (3 << 20, "3.0 MiB"), (1 << 30, "1.0 GiB"),
  ])
  func `bytes carry a binary prefix`(bytes: UInt64, text: String) {
    #expect(Figure.bytes(bytes) == text)
  }

  @Test func `differences have a sign and durations a unit`() {
    #expect(Figure.signed(0.74, 1) == "+0.7")
    #expect(Figure.signed(-2, 1) == "-2.0")
    #expect(Figure.duration(milliseconds: 999) == "999 ms")
    #expect(Figure.duration(milliseconds: 1_500) == "1.5 s")
    #expect(Figure.duration(milliseconds: 600_000) == "10 min")
    #expect(Figure.instant(microseconds: 0) == "1970-01-01T00:00:00Z")
  }
}
