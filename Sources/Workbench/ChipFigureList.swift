package import CompiledModel
import Foundation

/// Every figure of a chip file with where it comes from: what `spikefleet chip show` prints.
package struct ChipFigureList: Sendable, Equatable {
  /// A figure, or figures of one block that share their evidence.
  package struct Entry: Encodable, Sendable, Equatable {
    /// Key in the file, its parts divided by points.
    package let key: String
    /// The figures as the file was read.
    package let value: FigureValue
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

  /// Each source once, in the order of the entries.
  package var sources: [String] {
    var known: Set<String> = []
    return entries.map(\.source).filter { known.insert($0).inserted }
  }

  /// Reads a chip file; errors are those of `ChipFile`.
  package init(contentsOf path: String) throws(ChipFileError) {
    let yaml = try ChipFile.text(of: path)
    chip = try ChipFile.chip(yaml: yaml, file: path)
    var entries: [Entry] = []
    // The text was just read as a chip, so a second look at it finds the same keys.
    if let node = try ChipFile.node(yaml: yaml, file: path) {
      Self.collect(node, "", Evidence(), &entries)
    }
    self.entries = entries
  }

  /// Chip files of a folder by name: those that end in `.yaml` or `.yml`.
  package static func files(in folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }.sorted()
      .map { folder.hasSuffix("/") ? folder + $0 : folder + "/" + $0 }
  }

  /// A table of the figures, with numbers of sources, and below it each source once.
  package func text(width: Int) -> String {
    let sources = sources
    var numbers: [String: Int] = [:]
    for (index, source) in sources.enumerated() { numbers[source] = index + 1 }
    var table = TextTable([.text("FIGURE"), .text("VALUE"), .text("GRADE"), .number("SOURCE")])
    for entry in entries {
      table.add([
        entry.key, entry.value.description, entry.grade.rawValue,
        "[\(numbers[entry.source] ?? 0)]",
      ])
    }
    var list = TextTable([.number(""), .text("SOURCE")])
    for (index, source) in sources.enumerated() { list.add(["[\(index + 1)]", source]) }
    let lines = table.lines(within: width) + [""] + list.lines(within: width)
    return lines.map { $0 + "\n" }.joined()
  }

  /// What a block says for the figures in it that say nothing for themselves.
  private struct Evidence {
    var source: String?
    var grade: EvidenceGrade?
  }

  private static func collect(
    _ node: YAMLNode, _ path: String, _ inherited: Evidence, _ entries: inout [Entry]
  ) {
    if let list = node.list {
      for (index, value) in list.enumerated() {
        collect(value, "\(path)[\(index)]", inherited, &entries)
      }
    }
    guard let mapping = node.mapping else { return }
    let own = Evidence(
      source: mapping["source"]?.string ?? inherited.source,
      grade: mapping["grade"]?.string.flatMap(EvidenceGrade.init) ?? inherited.grade)
    let values = mapping.pairs.filter { !ChipFileKeys.evidence.contains($0.key) }
    let figures = values.filter { !isBlock($0.value) }
    if let source = own.source, let grade = own.grade, !figures.isEmpty {
      let named = figures.map { FigureValue.Field(name: $0.key, value: FigureValue($0)) }
      // What stands together in an entry is read together; a block of the file is a list.
      let isEntry = path.contains { ".[".contains($0) }
      let rows =
        isEntry
        ? [(path, FigureValue.fields(named))] : named.map { (path + "." + $0.name, $0.value) }
      entries += rows.map { Entry(key: $0.0, value: $0.1, source: source, grade: grade) }
    }
    for pair in values where isBlock(pair.value) {
      collect(pair.value, path.isEmpty ? pair.key : path + "." + pair.key, own, &entries)
    }
  }

  /// Whether a node holds figures with evidence of their own, and is no figure itself.
  private static func isBlock(_ node: YAMLNode) -> Bool {
    node.mapping != nil || node.list?.contains { $0.mapping != nil } == true
  }
}
