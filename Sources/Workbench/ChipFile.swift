package import CompiledModel

/// Reads chip files: YAML with a fixed set of keys, every figure with its source and grade.
///
/// Keys that are unknown, missing, given twice or of the wrong type are errors that name file, line
/// and key. `docs/CHIP-FILES.md` says what each key means.
package enum ChipFile {
  /// The chip that the file at `path` describes.
  package static func chip(contentsOf path: String) throws(ChipFileError) -> Chip {
    try chip(yaml: try text(of: path), file: path)
  }

  /// The text of a chip file.
  static func text(of path: String) throws(ChipFileError) -> String {
    do { return try ConfigurationDocument.text(of: path) } catch {
      throw ChipFileError(
        file: path, line: nil, key: "", found: error.found,
        expected: "a chip file as in fleet-configs/chips")
    }
  }

  /// The chip that `yaml` describes; `file` is named in errors.
  package static func chip(yaml: String, file: String) throws(ChipFileError) -> Chip {
    let node = try node(yaml: yaml, file: file)
    guard let node else {
      throw ChipFileError(file: file, line: nil, key: "", found: "nothing", expected: "a mapping")
    }
    let top = try ChipFileMapping(node, file: file, path: "", keys: ChipFileKeys.top)
    let name = try top.text("name")
    guard name.wholeMatch(of: /[a-z0-9][a-z0-9._-]{0,62}/) != nil else {
      throw top.error("name", found: "`\(name)`", expected: "[a-z0-9][a-z0-9._-]{0,62}")
    }
    let mesh = try mesh(from: top)
    let features = try features(from: top)
    let core = try core(from: top)
    let chip = Chip(
      name: name, columns: mesh.columns, rows: mesh.rows, coresPerTile: mesh.coresPerTile,
      core: core, features: features,
      arithmetic: try arithmetic(from: top, features: features, weightBits: core.weightBits),
      timing: try timing(from: top), prices: try prices(from: top, name: name),
      coreArea: try area(from: top), published: try published(from: top))
    try checkPrices(of: chip, in: top)
    return chip
  }

  /// Refuses a chip that can cause an event without having a price for it.
  private static func checkPrices(
    of chip: Chip, in top: ChipFileMapping
  ) throws(ChipFileError) {
    let energy = try top.mapping("energy", keys: ChipFileKeys.energy)
    for kind in EventKind.allCases where chip.prices[kind] == nil {
      if let cause = chip.cause(of: kind) {
        throw energy.error(
          kind.name, found: "no price",
          expected: "one with source and grade, as \(cause)")
      }
    }
  }

  /// The value of a YAML text; `file` names it in errors.
  static func node(yaml: String, file: String) throws(ChipFileError) -> YAMLNode? {
    do { return try YAMLText.node(of: yaml) } catch {
      throw ChipFileError(
        file: file, line: error.line, key: error.key, found: error.found,
        expected: error.expected, nearest: nil)
    }
  }
}
