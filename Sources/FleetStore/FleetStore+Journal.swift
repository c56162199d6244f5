package import FleetCore
import Foundation
import GRDB

/// An event with its position in the journal.
package struct StoredEvent: Sendable, Equatable {
  /// Position in the journal: rises with every row, never reused.
  package var id: Int64
  /// The event.
  package var event: FleetEvent
}

extension FleetStore {
  /// Rows of the journal, oldest first.
  package func journal(_ query: JournalQuery) throws(StoreError) -> [JournalRow] {
    try database.read("reading the journal") { db in
      try JournalReader(db: db).rows(query)
    }
  }

  /// Events after a position, oldest first, at most `limit`; 0 starts at the oldest.
  ///
  /// With a subject, those about this node, model or job alone.
  package func events(
    after id: Int64 = 0, about subject: String? = nil, limit: Int
  ) throws(StoreError) -> [StoredEvent] {
    var query = JournalQuery(limit: limit)
    (query.after, query.part, query.subject) = (id, .events, subject)
    return try journal(query).compactMap { row in
      guard case .happened(let event) = row.entry else { return nil }
      return StoredEvent(id: row.id, event: event)
    }
  }

  /// Requests after a position, oldest first, with their hashes.
  package func audit(
    after id: Int64, limit: Int
  ) throws(StoreError) -> [(id: Int64, entry: AuditEntry, hash: [UInt8])] {
    var query = JournalQuery(limit: limit)
    (query.after, query.part) = (id, .requests)
    return try journal(query).compactMap { row in
      guard case .asked(let entry) = row.entry else { return nil }
      return (row.id, entry, row.hash)
    }
  }
}

/// Where the journal ends.
struct JournalHead: Sendable, Equatable {
  /// Its rows.
  var rows: Int64
  /// The hash of the last one.
  var hash: [UInt8]
}

/// Reads rows of the journal.
struct JournalReader {
  let db: Database

  func head() throws -> JournalHead {
    let last = try Row.fetchOne(db, sql: "SELECT id, hash FROM journal ORDER BY id DESC LIMIT 1")
    guard let last else { return JournalHead(rows: 0, hash: JournalEntry.origin) }
    let row = StoredRow(last, of: "journal")
    return JournalHead(rows: try row.integer("id"), hash: try row.bytes("hash"))
  }

  /// Follows the whole chain; throws where it is broken.
  func check() throws -> JournalHead {
    var check = JournalCheck()
    let rows = try Row.fetchCursor(db, sql: "SELECT * FROM journal ORDER BY id")
    while let row = try rows.next() { try check.take(try Self.row(row)) }
    return JournalHead(rows: check.rows, hash: check.head)
  }

  func rows(_ query: JournalQuery) throws -> [JournalRow] {
    var conditions = ["id > ?"]
    var values: StatementArguments = [query.after]
    switch query.part {
    case .all: break
    case .events: conditions.append("actor IS NULL")
    case .requests: conditions.append("actor IS NOT NULL")
    }
    if let subject = query.subject {
      conditions.append("subject = ?")
      values += [subject.stored]
    }
    if let kind = query.kind {
      // A full stop is followed by a slash among the bytes.
      conditions.append("(kind = ? OR (kind >= ? AND kind < ?))")
      values += [kind.stored, (kind + ".").stored, (kind + "/").stored]
    }
    if let since = query.since {
      conditions.append("at_us >= ?")
      values += [since.microseconds]
    }
    values += [max(0, query.limit)]
    let rows = try Row.fetchAll(
      db,
      sql: "SELECT * FROM journal WHERE \(conditions.joined(separator: " AND ")) "
        + "ORDER BY id \(query.newest ? "DESC" : "ASC") LIMIT ?", arguments: values)
    let ordered = query.newest ? rows.reversed() : rows
    return try ordered.map(Self.row)
  }

  static func row(_ found: Row) throws -> JournalRow {
    let row = StoredRow(found, of: "journal")
    let at = try row.instant("at_us")
    let entry: JournalEntry
    if try row.isNull("actor") {
      entry = .happened(
        FleetEvent(
          at: at, kind: try row.text("kind"), subject: try row.text("subject"),
          detail: try row.text("detail")))
    } else {
      entry = .asked(
        AuditEntry(
          at: at, actor: try row.text("actor"), requestID: try row.text("request"),
          subject: try row.text("subject"), action: try row.text("detail"),
          outcome: try row.text("outcome")))
    }
    return JournalRow(
      id: try row.integer("id"), entry: entry,
      former: try row.isNull("former") ? nil : try row.bytes("former"),
      hash: try row.bytes("hash"))
  }
}
