import FleetCore
import Foundation
import GRDB

/// The step from events and an audit apart to one journal with one chain of hashes.
enum JournalSchema {
  static func chain(_ db: Database) throws {
    for statement in statements { try db.execute(sql: statement) }
    try move(db)
    try db.execute(sql: "DROP TABLE event")
    try db.execute(sql: "DROP TABLE audit")
  }

  /// The database itself counts and keeps the rows, whatever the code above it does.
  private static let statements = [
    """
    CREATE TABLE journal (
      id INTEGER PRIMARY KEY,
      at_us INTEGER NOT NULL,
      kind BLOB NOT NULL,
      subject BLOB NOT NULL,
      detail BLOB NOT NULL,
      actor BLOB,
      request BLOB,
      outcome BLOB,
      former BLOB,
      hash BLOB NOT NULL,
      CHECK ((actor IS NULL) = (request IS NULL) AND (actor IS NULL) = (outcome IS NULL))
    ) STRICT
    """,
    "CREATE INDEX journal_subject ON journal (subject, id)",
    "CREATE INDEX journal_asked ON journal (id) WHERE actor IS NOT NULL",
    """
    CREATE TRIGGER journal_follows BEFORE INSERT ON journal
    WHEN NEW.id IS NOT (SELECT coalesce(max(id), 0) + 1 FROM journal)
    BEGIN SELECT RAISE(ABORT, 'a row of the journal follows the last one'); END
    """,
    """
    CREATE TRIGGER journal_kept BEFORE UPDATE ON journal
    BEGIN SELECT RAISE(ABORT, 'a row of the journal never changes'); END
    """,
    """
    CREATE TRIGGER journal_whole BEFORE DELETE ON journal
    BEGIN SELECT RAISE(ABORT, 'a row of the journal is never removed'); END
    """,
  ]

  /// Rows in the order of their clocks; each of both kinds keeps its own order.
  private static func move(_ db: Database) throws {
    let events = try Row.fetchCursor(db, sql: "SELECT * FROM event ORDER BY id")
    let requests = try Row.fetchCursor(db, sql: "SELECT * FROM audit ORDER BY id")
    var event = try events.next().map(Self.event)
    var request = try requests.next().map(Self.request)
    let writer = JournalWriter(db: db)
    while event != nil || request != nil {
      // A request's row was written after the events of the same transaction.
      if let happened = event, request.map({ happened.at <= $0.entry.at }) ?? true {
        try writer.append(.happened(happened))
        event = try events.next().map(Self.event)
      } else if let asked = request {
        try writer.append(.asked(asked.entry), former: asked.hash)
        request = try requests.next().map(Self.request)
      }
    }
  }

  private static func event(_ found: Row) throws -> FleetEvent {
    let row = StoredRow(found, of: "event")
    return FleetEvent(
      at: try row.instant("at_us"), kind: try row.text("kind"), subject: try row.text("subject"),
      detail: try row.text("detail"))
  }

  private static func request(_ found: Row) throws -> (entry: AuditEntry, hash: [UInt8]) {
    let row = StoredRow(found, of: "audit")
    let entry = AuditEntry(
      at: try row.instant("at_us"), actor: try row.text("actor"),
      requestID: try row.text("request"), action: try row.text("action"),
      outcome: try row.text("outcome"))
    return (entry, try row.bytes("hash"))
  }
}
