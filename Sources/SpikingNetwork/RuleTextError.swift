/// A rule's text that cannot be read: where, what stands there and what may.
package struct RuleTextError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Number of the term, from 1 on.
  package let term: Int
  /// Column, from 1 on.
  package let column: Int
  /// What stands there.
  package let found: String
  /// What may stand there.
  package let expected: String

  package var description: String {
    "term \(term), column \(column): found \(found), expected \(expected)"
  }
}
