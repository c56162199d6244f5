import Foundation
import Testing

/// What stands between `<!-- name -->` and `<!-- /name -->` on a page.
///
/// Run the tests with UPDATE_GOLDEN=1 to write blocks anew, and read what changed.
struct PageBlock {
  private static let isUpdating = ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1"

  let page: String
  let name: String

  /// The lines between the marks.
  func lines() throws -> [String] {
    let lines = try text().split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let range = try place(in: lines)
    return Array(lines[range])
  }

  /// Writes the lines, if that is asked for, and compares.
  func expect(_ expected: [String]) throws {
    if Self.isUpdating {
      var lines = try text().split(separator: "\n", omittingEmptySubsequences: false)
        .map(String.init)
      lines.replaceSubrange(try place(in: lines), with: expected)
      try lines.joined(separator: "\n").write(toFile: page, atomically: true, encoding: .utf8)
    }
    let found = try lines()
    for (index, line) in expected.enumerated() where index < found.count {
      #expect(found[index] == line, "\(page), block \(name), line \(index + 1)")
    }
    #expect(found.count == expected.count, "\(page), block \(name)")
  }

  private func text() throws -> String { try String(contentsOfFile: page, encoding: .utf8) }

  private func place(in lines: [String]) throws -> Range<Int> {
    let start = try #require(
      lines.firstIndex(of: "<!-- \(name) -->"), "\(page) has no block \(name)")
    let end = try #require(
      lines.firstIndex(of: "<!-- /\(name) -->"), "block \(name) of \(page) does not end")
    return start + 1..<end
  }
}

/// A table as the pages have it.
struct PageTable {
  let header: [String]
  var rows: [[String]] = []

  /// In Markdown; columns whose header is a unit are set to the right.
  var lines: [String] {
    [line(header), "|" + header.map { isNumeric($0) ? "---:|" : "---|" }.joined()]
      + rows.map(line)
  }

  private func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }

  private func isNumeric(_ header: String) -> Bool {
    ["pJ", "nJ", "uJ", "ns", "count", "value", "%"].contains { header.hasSuffix($0) }
  }
}

/// Numbers as the pages have them.
enum PageNumber {
  /// Three significant digits, or all that stand before the point.
  static func rounded(_ value: Double) -> String {
    guard value != 0 else { return "0" }
    let decimals = max(0, 2 - Int(log10(abs(value)).rounded(.down)))
    let text = String(format: "%.\(decimals)f", value)
    guard text.contains(".") else { return text }
    return String(text.reversed().drop { $0 == "0" }.drop { $0 == "." }.reversed())
  }

  /// As it is in the file.
  static func exact(_ value: Double) -> String {
    value == value.rounded() ? String(Int(value)) : "\(value)"
  }

  /// With commas between groups of three digits.
  static func grouped(_ value: UInt64) -> String {
    var digits = Array(String(value))
    for index in stride(from: digits.count - 3, to: 0, by: -3) { digits.insert(",", at: index) }
    return String(digits)
  }
}
