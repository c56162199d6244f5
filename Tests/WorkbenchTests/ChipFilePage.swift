import CompiledModel
import Foundation
import Testing
import Workbench

/// `docs/CHIP-FILES.md`, taken apart into sections and the rows of their tables.
struct ChipFilePage {
  static let path = "docs/CHIP-FILES.md"

  /// A line of a table whose first cell is a key.
  struct Row {
    let key: String
    let cells: [String]
    private let header: [String]

    init?(_ cells: [String], header: [String]) {
      guard header.first == "key", let first = cells.first, first.hasPrefix("`") else { return nil }
      key = first.replacing("`", with: "")
      self.cells = cells
      self.header = header
    }

    var range: String { cell("range") }
    var `default`: String { cell("default") }

    /// The range, where it is one of numbers.
    var limits: ClosedRange<Int>? {
      let ends = range.split(separator: " to ").map { Int($0) }
      guard ends.count == 2, let low = ends[0], let high = ends[1] else { return nil }
      return low...high
    }

    private func cell(_ name: String) -> String {
      header.firstIndex(of: name).map { cells[$0] } ?? ""
    }
  }

  private let lines: [String]

  init() throws {
    lines = try String(contentsOfFile: Self.path, encoding: .utf8)
      .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  /// The YAML between the marks of the example.
  func example() throws -> String {
    let block = try PageBlock(page: Self.path, name: "example").lines()
    return block.filter { !$0.hasPrefix("```") }.joined(separator: "\n")
  }

  /// Rows of the section that describes a block of the file.
  func rows(of path: String) -> [Row] { rows(titled: path.isEmpty ? "The top" : "`\(path)`") }

  /// Names of the design rules in the order of their table.
  var rules: [String] {
    let section = lines.drop { $0 != "## Design rules" }.dropFirst().prefix { !$0.hasPrefix("#") }
    return section.filter { $0.hasPrefix("| `") }
      .compactMap { $0.split(separator: "`").dropFirst().first.map(String.init) }
  }

  func rows(titled title: String) -> [Row] {
    let heading = lines.firstIndex { $0 == "## " + title || $0 == "### " + title }
    guard let heading else { return [] }
    let section = lines[(heading + 1)...].prefix { !$0.hasPrefix("#") }
    var header: [String] = []
    var rows: [Row] = []
    for line in section where line.hasPrefix("|") {
      let cells = line.dropFirst().dropLast().split(
        separator: "|", omittingEmptySubsequences: false
      ).map { $0.trimmingCharacters(in: .whitespaces) }
      if cells.first == "key" { header = cells }
      if let row = Row(cells, header: header) { rows.append(row) }
    }
    return rows
  }

  /// What the reader says of a shipped file with one number changed.
  func error(setting key: String, of path: String, to value: Int) throws -> ChipFileError? {
    var lines = try Self.file(for: path, key)
    let place = try #require(Self.place(of: key, in: path, lines), "\(path).\(key)")
    let line = lines[place]
    let start = try #require(line.range(of: key + ": ")).upperBound
    let rest = line[start...].drop { $0.isNumber || $0 == "." || $0 == "-" }
    lines[place] = "\(line[..<start])\(value)\(rest)"
    return Self.error(of: lines)
  }

  /// What it says of the file without a key, and all below it.
  func error(removing key: String, of path: String) throws -> ChipFileError? {
    var lines = try Self.file(for: path, key)
    let place = try #require(Self.place(of: key, in: path, lines))
    let indent = lines[place].prefix { $0 == " " }.count
    let end =
      lines[(place + 1)...].firstIndex { line in
        !line.isEmpty && line.prefix { $0 == " " }.count <= indent && !line.hasPrefix("#")
      } ?? lines.endIndex
    lines.removeSubrange(place..<end)
    return Self.error(of: lines)
  }

  private static func error(of lines: [String]) -> ChipFileError? {
    do throws(ChipFileError) {
      _ = try ChipFile.chip(yaml: lines.joined(separator: "\n"), file: "chip.yaml")
      return nil
    } catch {
      return error
    }
  }

  /// A shipped file that has the block.
  private static func file(for path: String, _ key: String) throws -> [String] {
    var name = ["area", "published[]"].contains(path) ? "odin" : "loihi-learn"
    if key.hasPrefix("column") { name = "cim-stdp" }
    return try String(contentsOfFile: ShippedChip.path(name), encoding: .utf8)
      .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  /// The line of a key in the first entry of a block.
  private static func place(of key: String, in path: String, _ lines: [String]) -> Int? {
    var from = 0
    for part in path.split(separator: ".") where part != "EVENT" {
      let name = part.replacing("[]", with: "")
      guard
        let next = lines[from...].firstIndex(where: {
          $0.trimmingCharacters(in: .whitespaces).hasPrefix(name + ":")
        })
      else { return nil }
      from = next
    }
    return lines[from...].firstIndex { line in
      !line.hasPrefix("#") && (line + " ").contains(key + ": ")
    }
  }
}
