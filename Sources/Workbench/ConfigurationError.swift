/// A setting that is missing, unknown or wrong: where, which, what was found, what to do.
package struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Where the value comes from: the file, with its line where known, a variable or a flag.
  package let file: String
  /// The key, with dots between its levels; empty where the file as a whole is meant.
  package let key: String
  /// What is there.
  package let found: String
  /// What should be there.
  package let expected: String
  /// What to do.
  package let cure: String

  /// An error with all its facts.
  package init(file: String, key: String, found: String, expected: String, cure: String) {
    self.file = file
    self.key = key
    self.found = found
    self.expected = expected
    self.cure = cure
  }

  package var description: String {
    let name = key.isEmpty ? "" : "`\(key)`: "
    return "\(file): \(name)found \(found), expected \(expected); \(cure)"
  }
}
