/// Data that cannot be opened, trusted, dealt or stored: what and where, and what to do.
package struct SensorDataError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What kind of trouble it is.
  package enum Kind: String, Sendable, CaseIterable {
    /// A file or folder cannot be read.
    case unreadable
    /// A file or folder cannot be written.
    case unwritable
    /// The content breaks its format.
    case malformed
    /// The content is sound but not the one that is expected.
    case otherContent
    /// A download failed.
    case unavailable
    /// A setting is out of range.
    case setting
  }

  /// What kind of trouble it is.
  package let kind: Kind
  /// The file, folder, program or group of settings.
  package let place: String
  /// The part of it.
  package let field: String
  /// What is there.
  package let found: String
  /// What should be there.
  package let expected: String
  /// What to do about it.
  package let cure: String

  /// Names a place and the field in it, what was found, what was expected and the way out.
  package init(
    _ kind: Kind, place: String, field: String, found: String, expected: String, cure: String
  ) {
    self.kind = kind
    self.place = place
    self.field = field
    self.found = found
    self.expected = expected
    self.cure = cure
  }

  package var description: String {
    "\(place): \(field) is \(found), expected \(expected); \(cure)"
  }
}
