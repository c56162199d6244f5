package import CompiledModel
import Foundation
import Yams

/// Every figure of a chip file with where it comes from: what `spikefleet chip show` prints.
package struct ChipFigureList: Sendable, Equatable {
  /// A figure, or figures of one block that share their evidence.
  package struct Entry: Codable, Sendable, Equatable {
    /// Key in the file, its parts divided by points.
    package let key: String
    /// The figures as the file has them.
    package let value: String
    /// Where they come from.
    package let source: String
    /// How well they are founded.
    package let grade: EvidenceGrade
  }

  /// The chip that the figures describe.
  package let chip: Chip
  /// In the order of the file.
  package let entries: [Entry]

  /// The weakest grade of all figures; `assumed` where there is none.
  package var weakestGrade: EvidenceGrade { entries.map(\.grade).max() ?? .assumed }

  /// Reads a chip file; errors are those of `ChipFile`.
  package init(contentsOf path: String) throws(ChipFileError) {
    chip = try ChipFile.chip(contentsOf: path)
    var entries: [Entry] = []
    // The file was just read as a chip, so a second look at it finds the same keys.
    if let data = FileManager.default.contents(atPath: path),
      let yaml = String(data: data, encoding: .utf8), let node = try? Yams.compose(yaml: yaml)
    {
      Self.collect(node, "", Evidence(), &entries)
    }
    self.entries = entries
  }

  /// Chip files of a folder by name: those that end in `.yaml`.
  package static func files(in folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { $0.hasSuffix(".yaml") }.sorted().map { folder + "/" + $0 }
  }

  /// What a block says for the figures in it that say nothing for themselves.
  private struct Evidence {
    var source: String?
    var grade: EvidenceGrade?
  }

  private static func collect(
    _ node: Node, _ path: String, _ inherited: Evidence, _ entries: inout [Entry]
  ) {
    switch node {
    case .mapping(let mapping):
      let own = Evidence(
        source: mapping["source"]?.string ?? inherited.source,
        grade: mapping["grade"]?.string.flatMap(EvidenceGrade.init) ?? inherited.grade)
      let values = mapping.filter { !["source", "grade"].contains($0.key.string) }
      let figures = values.filter { !isBlock($0.value) }
      if let source = own.source, let grade = own.grade, !figures.isEmpty {
        let named = figures.map { (name: $0.key.string ?? "", value: text(of: $0.value)) }
        // What stands together in an entry is read together; a block of the file is a list.
        let isEntry = path.contains { ".[".contains($0) }
        let rows =
          isEntry
          ? [(path, named.map { "\($0.name) \($0.value)" }.joined(separator: ", "))]
          : named.map { (path + "." + $0.name, $0.value) }
        entries += rows.map { Entry(key: $0.0, value: $0.1, source: source, grade: grade) }
      }
      for (key, value) in values where isBlock(value) {
        let name = key.string ?? ""
        collect(value, path.isEmpty ? name : path + "." + name, own, &entries)
      }
    case .sequence(let sequence):
      for (index, value) in sequence.enumerated() {
        collect(value, "\(path)[\(index)]", inherited, &entries)
      }
    case .scalar, .alias: break
    }
  }

  /// Whether a node holds figures with evidence of their own, and is no figure itself.
  private static func isBlock(_ node: Node) -> Bool {
    switch node {
    case .mapping: true
    case .sequence(let sequence): sequence.contains { $0.mapping != nil }
    case .scalar, .alias: false
    }
  }

  private static func text(of node: Node) -> String {
    switch node {
    case .scalar(let scalar): scalar.string
    case .sequence(let sequence): "[" + sequence.map(text).joined(separator: ", ") + "]"
    case .mapping, .alias: ""
    }
  }
}
