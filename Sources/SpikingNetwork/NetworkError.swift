/// A network description that cannot be used, with what was found and what would do.
package struct NetworkError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The field, as a path: `projections[1].weights`.
  package let field: String
  /// What it holds.
  package let found: String
  /// What it should hold.
  package let expected: String
  /// What to do about it.
  package let cure: String

  /// Names a field, what it holds, what it should hold and the way out.
  package init(field: String, found: String, expected: String, cure: String) {
    self.field = field
    self.found = found
    self.expected = expected
    self.cure = cure
  }

  package var description: String {
    "network: \(field) is \(found), expected \(expected); \(cure)"
  }
}
