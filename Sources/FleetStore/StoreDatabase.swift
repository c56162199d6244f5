import FleetCore
import Foundation
import GRDB

/// One SQLite file with the settings every store of this program shares.
///
/// WAL with `synchronous=FULL`: a transaction that was acknowledged survives a power cut.
final class StoreDatabase: Sendable {
  let path: String
  private let writer: any DatabaseWriter

  /// What makes a file the database of one kind of store.
  struct Kind {
    /// SQLite's application id: four letters in the file's header.
    var applicationID: Int32
    /// All schema steps, oldest first.
    var migrator: DatabaseMigrator
    /// Connections that read beside the writer; 0 lets the writer read.
    var readers: Int
  }

  /// Opens and migrates a file, or a database in memory when there is no path.
  init(path: String?, kind: Kind, pagesMax: Int?) throws(StoreError) {
    self.path = path ?? ":memory:"
    do {
      writer = try Self.open(path, kind)
      try Self.prepare(writer, kind, path: self.path, pagesMax: pagesMax)
    } catch {
      throw Self.failure(error, "opening", self.path)
    }
  }

  private static func open(_ path: String?, _ kind: Kind) throws -> any DatabaseWriter {
    var configuration = Configuration()
    configuration.foreignKeysEnabled = true
    // Only this process opens the file; an operator's shell may read it for a moment.
    configuration.busyMode = .timeout(5)
    configuration.label = "store"
    guard let path else { return try DatabaseQueue(configuration: configuration) }
    guard kind.readers > 0 else {
      configuration.journalMode = .wal
      return try DatabaseQueue(path: path, configuration: configuration)
    }
    configuration.maximumReaderCount = kind.readers
    return try DatabasePool(path: path, configuration: configuration)
  }

  private static func prepare(
    _ writer: any DatabaseWriter, _ kind: Kind, path: String, pagesMax: Int?
  ) throws {
    try writer.writeWithoutTransaction { db in
      // GRDB sets NORMAL together with WAL; an acknowledged transaction needs FULL.
      try db.execute(sql: "PRAGMA synchronous = FULL")
      if let pagesMax { try db.execute(sql: "PRAGMA max_page_count = \(pagesMax)") }
      let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") ?? 0
      let found = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
      guard tables == 0 || found == kind.applicationID else {
        throw StoreError.notADatabase(
          path: path, found: "a SQLite file with application id \(found)")
      }
      if tables == 0 { try db.execute(sql: "PRAGMA application_id = \(kind.applicationID)") }
      let unknown = try kind.migrator.appliedIdentifiers(db)
        .subtracting(kind.migrator.migrations)
      guard unknown.isEmpty else {
        throw StoreError.newerSchema(path: path, unknown: unknown.sorted())
      }
    }
    try kind.migrator.migrate(writer)
  }

  /// Runs one `BEGIN IMMEDIATE` transaction: all of it is stored, or nothing.
  func write<Value>(
    _ operation: String, _ body: (Database) throws -> Value
  ) throws(StoreError) -> Value {
    do {
      return try writer.writeWithoutTransaction { db in
        var value: Value?
        try db.inTransaction(.immediate) {
          value = try body(db)
          return .commit
        }
        guard let value else {
          preconditionFailure("the transaction \(operation) ended without a value")
        }
        return value
      }
    } catch {
      let failure = Self.failure(error, operation, path)
      if case .full = failure { shortenLog() }
      throw failure
    }
  }

  /// Moves what is committed out of the log: on a small disk the log alone may fill it, below the
  /// length at which SQLite would do so by itself.
  private func shortenLog() {
    do {
      try writer.writeWithoutTransaction { db in
        try db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
      }
    } catch {
      // Still no room: the next transaction that fails tries again.
    }
  }

  /// Bytes of the file and of its log.
  func bytes() throws(StoreError) -> UInt64 {
    var sum: UInt64 = 0
    for suffix in ["", "-wal"] { sum += try FileSystem.size(path + suffix) ?? 0 }
    return sum
  }

  /// Runs statements on the connection that writes, outside of any transaction.
  func onWriter(_ body: (Database) throws -> Void) throws {
    try writer.writeWithoutTransaction(body)
  }

  /// Writes everything that is stored over what another database holds.
  func copy(to other: StoreDatabase) throws(StoreError) {
    do {
      try writer.backup(to: other.writer)
    } catch {
      throw Self.failure(error, "copying", path)
    }
  }

  /// Closes all connections; what is committed is then in the one file.
  func close() throws(StoreError) {
    do {
      try writer.close()
    } catch {
      throw Self.failure(error, "closing", path)
    }
  }

  /// The promises that the connection which writes has made to SQLite.
  func durability() throws(StoreError) -> StoreDurability {
    try write("reading the settings") { db in
      StoreDurability(
        journal: try String.fetchOne(db, sql: "PRAGMA journal_mode") ?? "",
        synchronous: try Int.fetchOne(db, sql: "PRAGMA synchronous") ?? -1,
        foreignKeys: try Bool.fetchOne(db, sql: "PRAGMA foreign_keys") ?? false)
    }
  }

  /// Reads a consistent snapshot.
  func read<Value>(
    _ operation: String, _ body: (Database) throws -> Value
  ) throws(StoreError) -> Value {
    do {
      return try writer.read(body)
    } catch {
      throw Self.failure(error, operation, path)
    }
  }

  static func failure(
    _ error: any Error, _ operation: String, _ path: String
  ) -> StoreError {
    switch error {
    case let error as StoreError: return error
    case let damage as BackupDamage: return .backup(damage)
    case let broken as JournalCheck.Break:
      return .backup(BackupDamage("the journal is broken at \(broken)"))
    case let error as RowDamage:
      return .damaged(path: path, table: error.table, column: error.column)
    case let error as DatabaseError:
      return failure(error, operation, path)
    default:
      return .database(path: path, operation: operation, code: 0, text: "\(error)")
    }
  }

  private static func failure(
    _ error: DatabaseError, _ operation: String, _ path: String
  ) -> StoreError {
    let text = error.message ?? "no message"
    switch error.resultCode {
    case .SQLITE_FULL: return .full(path: path)
    case .SQLITE_IOERR, .SQLITE_CANTOPEN:
      // SQLite reports a failed growth of its files as an I/O error where no page was written.
      if isFull(path) { return .full(path: path) }
    case .SQLITE_NOTADB:
      return .notADatabase(path: path, found: "a file that is not SQLite")
    default: break
    }
    return .database(
      path: path, operation: operation, code: error.extendedResultCode.rawValue, text: text)
  }

  private static func isFull(_ path: String) -> Bool {
    var information = statvfs()
    guard statvfs(path, &information) == 0 else { return false }
    // A WAL index grows in steps of 32 KiB: less room than that stops the next transaction.
    return UInt64(information.f_bavail) * UInt64(information.f_frsize) < 32_768
  }
}
