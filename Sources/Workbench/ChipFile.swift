package import CompiledModel
import Yams

/// Reads chip files: YAML with a fixed set of keys, every figure with its source and grade.
///
/// Keys that are unknown, missing, given twice or of the wrong type are errors that name file, line
/// and key. `docs/CHIP-FILES.md` says what each key means.
package enum ChipFile {
  /// The chip that the file at `path` describes.
  package static func chip(contentsOf path: String) throws(ChipFileError) -> Chip {
    let text: String
    do { text = try ConfigurationDocument.text(of: path) } catch {
      throw ChipFileError(
        file: path, line: nil, key: "", found: error.found,
        expected: "a chip file as in fleet-configs/chips")
    }
    return try chip(yaml: text, file: path)
  }

  /// The chip that `yaml` describes; `file` is named in errors.
  package static func chip(yaml: String, file: String) throws(ChipFileError) -> Chip {
    let node: Node?
    do { node = try Yams.compose(yaml: yaml) } catch { throw unreadable(error, file) }
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
      arithmetic: try arithmetic(from: top, rules: features.rules, weightBits: core.weightBits),
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

  private static func unreadable(_ error: any Error, _ file: String) -> ChipFileError {
    let (line, found): (Int?, String) =
      switch error {
      case YamlError.scanner(_, let problem, let mark, _): (mark.line, problem)
      case YamlError.parser(_, let problem, let mark, _): (mark.line, problem)
      case YamlError.composer(_, let problem, let mark, _): (mark.line, problem)
      case YamlError.duplicatedKeysInMapping(let names, let context):
        (context.mark.line, "more than once: " + names.sorted().joined(separator: ", "))
      default: (nil, "no YAML (\(error))")
      }
    return ChipFileError(
      file: file, line: line, key: "", found: found, expected: "valid YAML, each key once")
  }
}
