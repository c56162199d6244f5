package import CompiledModel
import Foundation
import Yams

/// Every figure of a chip file with where it comes from: what `spikefleet chip show` prints.
package struct ChipFigureList: Sendable, Equatable {
  /// A figure, or figures that share their evidence.
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
      Self.collect(node, "", &entries)
    }
    self.entries = entries
  }

  /// Chip files of a folder by name: those that end in `.yaml`.
  package static func files(in folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { $0.hasSuffix(".yaml") }.sorted().map { folder + "/" + $0 }
  }

  private static func collect(_ node: Node, _ path: String, _ entries: inout [Entry]) {
    switch node {
    case .mapping(let mapping):
      if let source = mapping["source"]?.string,
        let grade = mapping["grade"]?.string.flatMap(EvidenceGrade.init)
      {
        let values = mapping.filter { !["source", "grade"].contains($0.key.string) }
        entries.append(
          Entry(
            key: path,
            value: values.map { "\($0.key.string ?? "") \(text(of: $0.value))" }
              .joined(separator: ", "), source: source, grade: grade))
        return
      }
      for (key, value) in mapping {
        let name = key.string ?? ""
        collect(value, path.isEmpty ? name : path + "." + name, &entries)
      }
    case .sequence(let sequence):
      for (index, value) in sequence.enumerated() { collect(value, "\(path)[\(index)]", &entries) }
    case .scalar, .alias: break
    }
  }

  private static func text(of node: Node) -> String {
    switch node {
    case .scalar(let scalar): scalar.string
    case .sequence(let sequence): "[" + sequence.map(text).joined(separator: ", ") + "]"
    case .mapping(let mapping):
      mapping.map { "\($0.key.string ?? "") \(text(of: $0.value))" }.joined(separator: ", ")
    case .alias: ""
    }
  }
}
