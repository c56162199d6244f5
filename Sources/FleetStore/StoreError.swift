/// Why a database, a blob or a state folder could not do what was asked.
package enum StoreError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Another process owns the folder; `pid` is what it wrote into the lock file, if readable.
  case locked(folder: String, pid: Int32?)
  /// The disk, or a quota on it, has no room; nothing of the transaction or file is kept.
  case full(path: String)
  /// A file operation failed.
  case file(path: String, operation: String, errno: Int32, text: String)
  /// The file is no SQLite database, or one that belongs to another program.
  case notADatabase(path: String, found: String)
  /// A newer build has migrated the database: its steps that this build does not know.
  case newerSchema(path: String, unknown: [String])
  /// A stored row does not read back as what was written.
  case damaged(path: String, table: String, column: String)
  /// A change breaks a rule of the data model; nothing of its transaction is kept.
  case refused(change: String, rule: String)
  /// Any other failure of SQLite, with its extended result code.
  case database(path: String, operation: String, code: Int32, text: String)
  /// No content is stored under this digest.
  case missing(digest: String, path: String)
  /// Stored or offered bytes do not have the digest they go by.
  case digestMismatch(path: String, expected: String, found: String)
  /// Stored or offered bytes do not have the expected size in bytes.
  case sizeMismatch(path: String, expected: UInt64, found: UInt64)
  /// A position outside the content or the staged part of it, in bytes.
  case range(path: String, offset: UInt64, count: UInt64, size: UInt64)
  /// A backup is not whole, or not one.
  case backup(BackupDamage)
  /// Another backup is under way.
  case backupUnderWay
  /// A restore was not finished in this folder.
  case halfRestored(path: String)

  package var description: String {
    switch self {
    case .locked(let folder, let pid):
      let owner = pid.map { "process \($0)" } ?? "another process"
      return "state folder \(folder) is in use by \(owner) (from \(folder)/lock); "
        + "stop that process or choose another state folder"
    case .full(let path):
      return "\(path): no space left; free space on its file system and try again; "
        + "nothing that was acknowledged is lost"
    case .file(let path, let operation, let number, let text):
      return "\(path): \(operation) failed: \(text) (errno \(number)); "
        + "check that the folder exists, is writable by this user and is not read-only"
    case .notADatabase(let path, let found):
      return "\(path): expected a database of this program, found \(found); "
        + "move the file away or restore it from a backup"
    case .newerSchema(let path, let unknown):
      return "\(path): written by a newer build (unknown schema steps: "
        + "\(unknown.joined(separator: ", "))); start that build, or restore an older backup"
    case .damaged(let path, let table, let column):
      return "\(path): table \(table), column \(column) holds a value this program never "
        + "writes; restore the database from a backup"
    case .refused(let change, let rule):
      return "change \(change) refused: \(rule); nothing of its transaction was stored"
    case .database(let path, let operation, let code, let text):
      return "\(path): \(operation) failed: \(text) (SQLite code \(code)); "
        + "check the disk and the file's permissions"
    default: return contentDescription
    }
  }

  private var contentDescription: String {
    switch self {
    case .missing(let digest, let path):
      "\(path): no content is stored under \(digest); it must be pushed or fetched again"
    case .digestMismatch(let path, let expected, let found):
      "\(path): expected content \(expected), found \(found); fetch it again"
    case .sizeMismatch(let path, let expected, let found):
      "\(path): expected \(expected) bytes, found \(found); send it again from the start"
    case .range(let path, let offset, let count, let size):
      "\(path): \(count) bytes at offset \(offset) are outside its \(size) bytes"
    case .backup(let damage): "backup: \(damage)"
    case .backupUnderWay:
      "another backup is under way; wait for its end and try again"
    case .halfRestored(let path):
      "\(path): a restore did not finish; run `spikefleet-coordinator restore` again, or remove "
        + "this file to go on without"
    default: preconditionFailure("every other case is described above")
    }
  }
}
