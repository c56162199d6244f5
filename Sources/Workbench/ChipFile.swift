package import CompiledModel
import Foundation
import Yams

/// Reads chip files: YAML with a fixed set of keys, every figure with its source and grade.
///
/// Keys that are unknown, missing, given twice or of the wrong type are errors that name file, line
/// and key.
package enum ChipFile {
  /// The chip that the file at `path` describes.
  package static func chip(contentsOf path: String) throws(ChipFileError) -> Chip {
    let data: Data
    do { data = try Data(contentsOf: URL(fileURLWithPath: path)) } catch {
      throw ChipFileError(
        file: path, line: nil, key: "", found: "no readable file (\(error.localizedDescription))",
        expected: "a chip file")
    }
    guard let yaml = String(data: data, encoding: .utf8) else {
      throw ChipFileError(
        file: path, line: nil, key: "", found: "bytes that are no text", expected: "UTF-8")
    }
    return try chip(yaml: yaml, file: path)
  }

  /// The chip that `yaml` describes; `file` is named in errors.
  package static func chip(yaml: String, file: String) throws(ChipFileError) -> Chip {
    let node: Node?
    do { node = try Yams.compose(yaml: yaml) } catch {
      throw ChipFileError(
        file: file, line: nil, key: "", found: "no YAML (\(error))", expected: "a mapping")
    }
    guard let node else {
      throw ChipFileError(file: file, line: nil, key: "", found: "nothing", expected: "a mapping")
    }
    let top = try ChipFileMapping(
      node, file: file, path: "",
      keys: ["name", "mesh", "core", "features", "energy", "latency", "axonIn", "barriers"])
    let name = try top.text("name")
    guard isName(name) else {
      throw top.error("name", found: "`\(name)`", expected: "[a-z0-9][a-z0-9._-]{0,62}")
    }
    let mesh = try top.mapping("mesh", keys: ["columns", "rows", "coresPerTile"] + evidence)
    _ = try self.evidence(of: mesh)
    let core = try top.mapping(
      "core",
      keys: ["neurons", "inAxons", "outAxons", "synapseMemoryBytes", "weightBits"] + evidence)
    _ = try self.evidence(of: core)
    let features = try top.mapping(
      "features", keys: ["softReset", "gradedErrors", "learningWeightBits"] + evidence)
    _ = try self.evidence(of: features)
    return Chip(
      name: name, columns: try mesh.integer("columns", 1...4096),
      rows: try mesh.integer("rows", 1...4096),
      coresPerTile: try mesh.integer("coresPerTile", 1...1024),
      core: CoreLimits(
        neurons: try core.integer("neurons", 1...1 << 20),
        inAxons: try core.integer("inAxons", 1...1 << 20),
        outAxons: try core.integer("outAxons", 1...1 << 20),
        synapseMemoryBytes: try core.integer("synapseMemoryBytes", 1...1 << 32),
        weightBits: try core.integer("weightBits", 2...32)),
      features: ChipFeatures(
        softReset: try features.truth("softReset"),
        gradedErrors: try features.truth("gradedErrors"),
        learningWeightBits: try features.integer("learningWeightBits", 0...32)),
      timing: try timing(from: top), prices: try prices(from: top, name: name))
  }

  private static let evidence = ["source", "grade"]

  private static func prices(
    from top: ChipFileMapping, name: String
  ) throws(ChipFileError) -> PriceTable {
    let energy = try top.mapping("energy", keys: EventKind.allCases.map(\.name))
    var prices: [EventKind: Price] = [:]
    for kind in EventKind.allCases {
      let entry = try energy.mapping(kind.name, keys: ["picojoules"] + evidence)
      let (source, grade) = try evidence(of: entry)
      prices[kind] = Price(
        picojoules: try entry.number("picojoules", 0...1e12), source: source, grade: grade)
    }
    return PriceTable(name: name, prices: prices)
  }

  private static func timing(from top: ChipFileMapping) throws(ChipFileError) -> TimingTable {
    let latency = try top.mapping("latency", keys: EventKind.allCases.map(\.name))
    var picoseconds: [EventKind: UInt32] = [:]
    for kind in EventKind.allCases where latency.has(kind.name) {
      picoseconds[kind] = try duration(
        of: try latency.mapping(kind.name, keys: ["nanoseconds"] + evidence))
    }
    var barriers: [TimingTable.Barrier] = []
    for entry in try top.list("barriers", keys: ["tiles", "nanoseconds"] + evidence) {
      let tiles = try entry.integer("tiles", 1...1 << 24)
      guard tiles > barriers.last?.tiles ?? 0 else {
        throw entry.error("tiles", found: "\(tiles)", expected: "more than the entry before it")
      }
      barriers.append(TimingTable.Barrier(tiles: tiles, picoseconds: try duration(of: entry)))
    }
    return TimingTable(
      picoseconds: picoseconds,
      axonInPicoseconds: try duration(
        of: try top.mapping("axonIn", keys: ["nanoseconds"] + evidence)),
      barriers: barriers)
  }

  private static func duration(of entry: ChipFileMapping) throws(ChipFileError) -> UInt32 {
    _ = try evidence(of: entry)
    return UInt32((try entry.number("nanoseconds", 0...4e6) * 1000).rounded())
  }

  private static func evidence(
    of entry: ChipFileMapping
  ) throws(ChipFileError) -> (source: String, grade: EvidenceGrade) {
    let source = try entry.text("source")
    guard !source.isEmpty, source.utf8.count <= 512 else {
      throw entry.error(
        "source", found: "\(source.utf8.count) bytes", expected: "where the figure comes from")
    }
    let text = try entry.text("grade")
    guard let grade = EvidenceGrade(rawValue: text) else {
      throw entry.error(
        "grade", found: "`\(text)`",
        expected: "one of " + EvidenceGrade.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return (source, grade)
  }

  private static func isName(_ name: String) -> Bool {
    name.wholeMatch(of: /[a-z0-9][a-z0-9._-]{0,62}/) != nil
  }
}
