import Foundation

/// What a backup holds: the first file of the archive.
package struct BackupManifest: Codable, Sendable, Equatable {
  /// One file of a backup.
  package struct Part: Codable, Sendable, Equatable {
    /// Its name in the archive.
    package var name: String
    /// Its size in bytes.
    package var size: UInt64
    /// SHA-256 of it, 64 hexadecimal digits.
    package var sha256: String

    /// A part with all its facts.
    package init(name: String, size: UInt64, sha256: String) {
      self.name = name
      self.size = size
      self.sha256 = sha256
    }
  }

  /// The form of archive and manifest.
  package static let format = 1
  /// Names of the files that are in every backup.
  static let fileName = "manifest.json"
  static let checkName = "manifest.sha256"
  static let databaseName = "fleet.sqlite"
  static let blobFolder = "blobs/"
  /// Largest manifest that is read: a part takes some 160 bytes.
  static let bytesMax = 64 << 20

  /// Which form this is.
  package var format: Int
  /// Version of the coordinator that made it.
  package var madeBy: String
  /// When, in microseconds since 1970 UTC.
  package var madeMicroseconds: Int64
  /// The coordinator's epoch then.
  package var epoch: UInt64
  /// Rows of the journal then.
  package var journalRows: Int64
  /// The hash of the last of them, 64 hexadecimal digits.
  package var journalHash: String
  /// Accepted nodes.
  package var nodes: Int
  /// Models that can be served.
  package var models: Int
  /// The database, then the blobs that it needs, in the order of the archive.
  package var parts: [Part]

  /// The bytes of the file.
  func encoded() throws(StoreError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do {
      return [UInt8](try encoder.encode(self)) + [0x0A]
    } catch {
      throw .backup(BackupDamage("the manifest cannot be written: \(error)"))
    }
  }
}

/// What is wrong with a file that should be a backup.
package struct BackupDamage: Error, Sendable, Equatable, CustomStringConvertible {
  /// What was found, and where.
  package let description: String

  init(_ description: String) { self.description = description }
}
