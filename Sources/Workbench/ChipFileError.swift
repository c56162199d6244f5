/// A chip file that cannot be used: where, what was found and what was expected.
package struct ChipFileError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Path of the file as it was given.
  package let file: String
  /// Line, from 1, where it is known.
  package let line: Int?
  /// The key as a path, `energy.spike.picojoules`; empty for the whole file.
  package let key: String
  /// What is there.
  package let found: String
  /// What should be there.
  package let expected: String
  /// The known name that is nearest to an unknown one, where one is near.
  package let nearest: String?

  /// Names a file, a line, a key, what is there and what should be.
  package init(
    file: String, line: Int?, key: String, found: String, expected: String, nearest: String? = nil
  ) {
    self.file = file
    self.line = line
    self.key = key
    self.found = found
    self.expected = expected
    self.nearest = nearest
  }

  package var description: String {
    let place = line.map { "\(file):\($0)" } ?? file
    let subject = key.isEmpty ? "" : "`\(key)`: "
    let hint = nearest.map { "; did you mean `\($0)`?" } ?? "; see docs/CHIP-FILES.md"
    return "\(place): \(subject)found \(found), expected \(expected)\(hint)"
  }
}
