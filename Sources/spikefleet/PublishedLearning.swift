import CompiledModel
import Workbench

/// A figure of learning as a chip's authors or a survey report it.
struct PublishedLearning: Encodable {
  var name: String
  var value: Double
  var unit: String
  var grade: String
  var source: String

  /// Those of a chip file that are in the units of `LearningEfficiency`; an error without any.
  static func read(_ path: String) throws -> [PublishedLearning] {
    let chip = try ChipFile.chip(contentsOf: path)
    let figures = chip.published.filter { ["nJ/pixel", "TOPS/W"].contains($0.unit) }
    guard !figures.isEmpty else {
      throw CommandFailure(
        "\(path): found no published figure in nJ/pixel or TOPS/W, expected one of the learning of "
          + "`\(chip.name)`; leave out --chip")
    }
    return figures.map {
      PublishedLearning(
        name: $0.name, value: $0.value, unit: $0.unit, grade: $0.grade.rawValue, source: $0.source)
    }
  }

  /// A line for a terminal.
  var text: String { "published, \(grade): \(value) \(unit), \(name) (\(source))" }
}
