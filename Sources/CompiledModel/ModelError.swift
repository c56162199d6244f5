/// Bytes that are no compiled model, or one that the chip could not run.
package struct ModelError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The part of the file: `header`, `meta`, `layers`, `weights`.
  package let section: String
  /// The field within it.
  package let field: String
  /// What it holds.
  package let found: String
  /// What it should hold.
  package let expected: String

  /// Names a section, a field, what it holds and what it should hold.
  package init(section: String, field: String, found: String, expected: String) {
    self.section = section
    self.field = field
    self.found = found
    self.expected = expected
  }

  package var description: String {
    "compiled model: \(section).\(field) is \(found), expected \(expected); "
      + "compile the network again, or fetch the file again if its digest differs"
  }
}
