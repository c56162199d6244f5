import FleetCore
import Foundation
import GRDB

/// What a coordinator's database says of itself.
package struct StoreFacts: Sendable, Equatable {
  /// Bytes of the file.
  package var databaseBytes: UInt64
  /// Bytes of its log.
  package var logBytes: UInt64
  /// Bytes that are free on its disk; nil where the file system does not say.
  package var freeBytes: UInt64?
  /// Rows by table.
  package var rows: [String: Int]
  /// Schema steps that it has seen, oldest first.
  package var migrations: [String]
  /// What SQLite finds wrong in it; `ok` alone where it finds nothing.
  package var integrity: [String]
  /// Where the journal is broken, or that it holds.
  package var journal: String
}

extension FleetStore {
  /// Reads the whole database once; transactions go on meanwhile.
  package func facts() throws(StoreError) -> StoreFacts {
    let path = database.path
    return try database.beside("looking it through") { db in
      let tables = try String.fetchAll(
        db,
        sql: """
          SELECT name FROM sqlite_schema
          WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name
          """)
      var rows: [String: Int] = [:]
      for table in tables {
        rows[table] = try Int.fetchOne(db, sql: "SELECT count(*) FROM \"\(table)\"") ?? 0
      }
      let journal: String
      do {
        let head = try JournalReader(db: db).check()
        journal = "\(head.rows) rows hold"
      } catch let broken as JournalCheck.Break {
        journal = "broken at \(broken)"
      }
      return StoreFacts(
        databaseBytes: try FileSystem.size(path) ?? 0,
        logBytes: try FileSystem.size(path + "-wal") ?? 0,
        freeBytes: try FileSystem.freeBytes(path), rows: rows,
        migrations: try String.fetchAll(
          db, sql: "SELECT identifier FROM grdb_migrations ORDER BY rowid"),
        integrity: try String.fetchAll(db, sql: "PRAGMA quick_check(20)"), journal: journal)
    }
  }
}

extension BlobStore {
  /// How many files of content there are, and their bytes.
  package func facts() throws(StoreError) -> (count: Int, bytes: UInt64) {
    var (count, bytes) = (0, UInt64(0))
    for shelf in try FileSystem.list(blobs) {
      for name in try FileSystem.list(blobs + "/" + shelf) {
        count += 1
        bytes += try FileSystem.size(blobs + "/" + shelf + "/" + name) ?? 0
      }
    }
    return (count, bytes)
  }
}
