import SpikingNetwork

/// Judges the fields of templates.
enum TemplateField {
  static func require(
    _ value: Int, in range: ClosedRange<Int>, _ field: String
  ) throws(NetworkError) {
    guard range.contains(value) else {
      throw NetworkError(
        field: "template.\(field)", found: "\(value)",
        expected: "\(range.lowerBound) to \(range.upperBound)",
        cure: "describe a larger network by hand")
    }
  }

  static func require(decay: Double, _ field: String) throws(NetworkError) {
    guard decay > 0, decay < 1 else {
      throw NetworkError(
        field: "template.\(field)", found: "\(decay)", expected: "above 0 and below 1",
        cure: "set the part of a potential that is left after one step, 0.9 for instance")
    }
  }
}
