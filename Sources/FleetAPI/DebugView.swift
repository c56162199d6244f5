/// What a coordinator says of itself to somebody who helps: no key, token, or hash of one.
package struct DebugView: Codable, Sendable, Equatable {
  /// Version of the coordinator.
  package var version: String
  /// Kernel, machine and processors.
  package var platform: String
  /// Seconds since this process started.
  package var uptimeSeconds: Double
  /// Settings in force, as `key: value`; secrets are files, of which the paths alone stand here.
  package var settings: [String]
  /// Bytes of the database.
  package var databaseBytes: UInt64
  /// Bytes of its log.
  package var logBytes: UInt64
  /// Bytes that are free on its disk; nil where the file system does not say.
  package var freeBytes: UInt64?
  /// Files of content.
  package var blobs: Int
  /// Bytes of all of them.
  package var blobBytes: UInt64
  /// Rows by table.
  package var rows: [String: Int]
  /// Schema steps that the database has seen.
  package var migrations: [String]
  /// What SQLite finds wrong in the database; `ok` alone where it finds nothing.
  package var integrity: [String]
  /// Where the journal is broken, or that it holds.
  package var journal: String
  /// The newest lines of its log, oldest first.
  package var log: [String]

  /// A value with all its fields.
  package init(
    version: String, platform: String, uptimeSeconds: Double, settings: [String],
    databaseBytes: UInt64, logBytes: UInt64, freeBytes: UInt64?, blobs: Int, blobBytes: UInt64,
    rows: [String: Int], migrations: [String], integrity: [String], journal: String, log: [String]
  ) {
    self.version = version
    self.platform = platform
    self.uptimeSeconds = uptimeSeconds
    self.settings = settings
    self.databaseBytes = databaseBytes
    self.logBytes = logBytes
    self.freeBytes = freeBytes
    self.blobs = blobs
    self.blobBytes = blobBytes
    self.rows = rows
    self.migrations = migrations
    self.integrity = integrity
    self.journal = journal
    self.log = log
  }
}
