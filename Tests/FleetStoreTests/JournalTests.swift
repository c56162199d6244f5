import FleetCore
import FleetProtocol
import FleetStore
import Foundation
import GRDB
import Testing

/// The journal's chain of hashes, in the store and against a hand that changes it.
@Suite struct JournalTests {
  private func entry(_ number: Int) -> AuditEntry {
    AuditEntry(
      at: Instant(microseconds: Int64(number)), actor: "admin", requestID: "r\(number)",
      subject: "n\(number)", action: "cordon n\(number)", outcome: "done")
  }

  private func event(_ number: Int, _ kind: String = "node.offline") -> FleetEvent {
    FleetEvent(
      at: Instant(microseconds: Int64(number)), kind: kind, subject: "n\(number)", detail: "é\0")
  }

  private func rows(_ store: FleetStore) throws -> [JournalRow] {
    try store.journal(JournalQuery(limit: 1_000))
  }

  @Test func `events and requests are one chain, each row's hash over the row before it`() throws {
    let store = try FleetStore.inMemory()
    _ = try store.start()
    try store.commit([.event(event(1)), .audited(entry(2))])
    try store.commit([.audited(entry(3)), .event(event(4)), .event(event(5))])
    let rows = try rows(store)
    #expect(rows.map(\.id) == [1, 2, 3, 4, 5])
    let entries: [JournalEntry] = [
      .happened(event(1)), .asked(entry(2)), .asked(entry(3)), .happened(event(4)),
      .happened(event(5)),
    ]
    #expect(rows.map(\.entry) == entries)
    var previous = JournalEntry.origin
    var check = JournalCheck(expecting: rows[2].hash)
    for row in rows {
      previous = row.entry.hash(after: previous)
      #expect(row.hash == previous)
      try check.take(row)
    }
    #expect(check.rows == 5 && check.head == previous && check.isExpectationMet)
    #expect(try store.audit(after: 2, limit: 10).map(\.entry) == [entry(3)])
    #expect(try store.events(after: 1, limit: 10).map(\.id) == [4, 5])
  }

  @Test func `requirement 22: a row is there exactly when its change is`() throws {
    let store = try FleetStore.inMemory()
    _ = try store.start()
    #expect(throws: StoreError.self) {
      try store.commit([.audited(entry(1)), .event(event(1)), .nodeChip(name("nobody"), chip: "x")])
    }
    #expect(try rows(store).isEmpty)
  }

  @Test func `rows are found by what they are about, their kind and their time`() throws {
    let store = try FleetStore.inMemory()
    _ = try store.start()
    try store.commit([
      .event(event(1, "node.offline")), .event(event(2, "nodes")), .audited(entry(1)),
      .event(event(4, "node")), .event(event(1, "node.online")),
    ])
    func ids(_ change: (inout JournalQuery) -> Void) throws -> [Int64] {
      var query = JournalQuery(limit: 10)
      change(&query)
      return try store.journal(query).map(\.id)
    }
    #expect(try ids { $0.subject = "n1" } == [1, 3, 5])
    #expect(try ids { $0.kind = "node" } == [1, 4, 5])
    #expect(try ids { $0.kind = "node.o" } == [])
    #expect(try ids { $0.kind = "asked" } == [3])
    #expect(try ids { $0.since = Instant(microseconds: 2) } == [2, 4])
    #expect(try ids { $0.limit = 2 } == [1, 2])
    #expect(try ids { ($0.limit, $0.newest) = (2, true) } == [4, 5])
    #expect(try ids { ($0.after, $0.subject, $0.part) = (1, "n1", .events) } == [5])
  }

  @Test func `no row changes, goes, or comes in between`() throws {
    let folder = try TemporaryFolder()
    do {
      let store = try FleetStore(folder: folder.path)
      _ = try store.start()
      try store.commit([.audited(entry(1)), .event(event(2))])
    }
    let queue = try DatabaseQueue(path: folder.path + "/fleet.sqlite")
    let columns = "journal (id, at_us, kind, subject, detail, hash)"
    for sql in [
      "UPDATE journal SET detail = x'00' WHERE id = 2", "DELETE FROM journal WHERE id = 2",
      "INSERT INTO \(columns) VALUES (4, 0, x'', x'', x'', x'')",
      "REPLACE INTO \(columns) VALUES (2, 0, x'', x'', x'', x'')",
    ] {
      #expect(throws: DatabaseError.self, "\(sql)") {
        try queue.write { try $0.execute(sql: sql) }
      }
    }
  }

  /// The journal of five rows after a hand on the database that the triggers do not stop.
  private func journal(after sql: String) throws -> [JournalRow] {
    let folder = try TemporaryFolder()
    do {
      let store = try FleetStore(folder: folder.path)
      _ = try store.start()
      try store.commit([.event(event(1)), .audited(entry(2)), .event(event(3))])
      try store.commit([.event(event(4)), .audited(entry(5))])
    }
    do {
      let queue = try DatabaseQueue(path: folder.path + "/fleet.sqlite")
      try queue.write { db in
        try db.execute(sql: "DROP TRIGGER journal_kept; DROP TRIGGER journal_whole")
        try db.execute(sql: sql)
      }
    }
    return try rows(try FleetStore(folder: folder.path))
  }

  @Test(arguments: [
    ("UPDATE journal SET detail = x'41' WHERE id = 3", 3),
    ("UPDATE journal SET actor = x'41' WHERE id = 2", 2),
    ("UPDATE journal SET at_us = 0 WHERE id = 1", 1),
    ("UPDATE journal SET actor = NULL, request = NULL, outcome = NULL WHERE id = 2", 2),
    ("DELETE FROM journal WHERE id = 4", 5),
    ("DELETE FROM journal WHERE id = 1", 2),
    ("DELETE FROM journal WHERE id = 1; UPDATE journal SET id = id - 1", 1),
  ])
  func `a check names the first row that does not hold`(sql: String, broken: Int64) throws {
    var check = JournalCheck()
    let error = #expect(throws: JournalCheck.Break.self) {
      for row in try journal(after: sql) { try check.take(row) }
    }
    #expect(error?.row == broken, "\(sql)")
  }

  @Test func `a journal cut at its end is found by a hash that somebody kept`() throws {
    let whole = try journal(after: "SELECT 1")
    let kept = try #require(whole.last?.hash)
    var check = JournalCheck(expecting: kept)
    for row in try journal(after: "DELETE FROM journal WHERE id = 5") { try check.take(row) }
    #expect(check.rows == 4 && !check.isExpectationMet)
  }

  @Test func `no text can stand for another one's`() {
    let one = AuditEntry(
      at: Instant(microseconds: 1), actor: "ab", requestID: "c", action: "", outcome: "")
    let other = AuditEntry(
      at: Instant(microseconds: 1), actor: "a", requestID: "bc", action: "", outcome: "")
    let origin = JournalEntry.origin
    #expect(
      JournalEntry.asked(one).hash(after: origin) != JournalEntry.asked(other).hash(after: origin))
    // Five texts of a request against three of an event, with the same bytes behind their lengths.
    let event = FleetEvent(at: one.at, kind: "ab", subject: "c", detail: "")
    #expect(
      JournalEntry.asked(one).hash(after: origin)
        != JournalEntry.happened(event).hash(after: origin))
  }
}

/// What a release before the journal left comes into the chain at the first start.
@Suite struct JournalMigrationTests {
  /// A database as it was before the journal, with events and an audit of its own chain.
  private func older(_ path: String, _ entries: [AuditEntry]) throws {
    _ = try FleetStore(folder: path)
    let queue = try DatabaseQueue(path: path + "/fleet.sqlite")
    try queue.write { db in
      try db.execute(sql: "DROP TABLE journal")
      try db.execute(
        sql: """
          DELETE FROM grdb_migrations WHERE identifier = '13-event-chain';
          CREATE TABLE event (
            id INTEGER PRIMARY KEY AUTOINCREMENT, at_us INTEGER NOT NULL, kind BLOB NOT NULL,
            subject BLOB NOT NULL, detail BLOB NOT NULL) STRICT;
          CREATE TABLE audit (
            id INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, actor BLOB NOT NULL,
            request BLOB NOT NULL, action BLOB NOT NULL, outcome BLOB NOT NULL,
            hash BLOB NOT NULL) STRICT;
          CREATE TRIGGER audit_whole BEFORE DELETE ON audit
          BEGIN SELECT RAISE(ABORT, 'a row of the audit is never removed'); END;
          """)
      for (at, kind) in [(10, "a"), (30, "b"), (20, "c"), (40, "d")] {
        try db.execute(
          sql: "INSERT INTO event (at_us, kind, subject, detail) VALUES (?, ?, x'', x'')",
          arguments: [at, Data(kind.utf8)])
      }
      var previous = JournalEntry.origin
      for entry in entries {
        previous = entry.hash(after: previous)
        try db.execute(
          sql: "INSERT INTO audit (at_us, actor, request, action, outcome, hash) "
            + "VALUES (?, ?, ?, ?, ?, ?)",
          arguments: [
            entry.at.microseconds, Data(entry.actor.utf8), Data(entry.requestID.utf8),
            Data(entry.action.utf8), Data(entry.outcome.utf8), Data(previous),
          ])
      }
    }
  }

  private func entries() -> [AuditEntry] {
    [15, 30, 25].map { at in
      AuditEntry(
        at: Instant(microseconds: at), actor: "admin", requestID: "r\(at)", action: "x\(at)",
        outcome: "done")
    }
  }

  @Test func `old rows keep their order, and an old hash is still found`() throws {
    let folder = try TemporaryFolder()
    let entries = entries()
    try older(folder.path, entries)
    let store = try FleetStore(folder: folder.path)
    let kept = entries[1].hash(after: entries[0].hash(after: JournalEntry.origin))
    var check = JournalCheck(expecting: kept)
    var order: [String] = []
    for row in try store.journal(JournalQuery(limit: 100)) {
      try check.take(row)
      switch row.entry {
      case .happened(let event): order.append(event.kind)
      case .asked(let entry): order.append(entry.action)
      }
    }
    // By their clocks; where one went back, in the order in which they were written.
    #expect(order == ["a", "x15", "b", "c", "x30", "x25", "d"])
    #expect(check.isExpectationMet && check.rows == 7)
    _ = try store.start()
    try store.commit([.audited(entries[0])])
    #expect(try store.audit(after: 7, limit: 9).map(\.id) == [8])
  }

  @Test func `a row that was changed before the journal is named`() throws {
    let folder = try TemporaryFolder()
    try older(folder.path, entries())
    try DatabaseQueue(path: folder.path + "/fleet.sqlite").write {
      try $0.execute(sql: "UPDATE audit SET action = x'41' WHERE id = 2")
    }
    var check = JournalCheck()
    let error = #expect(throws: JournalCheck.Break.self) {
      for row in try FleetStore(folder: folder.path).journal(JournalQuery(limit: 100)) {
        try check.take(row)
      }
    }
    #expect(error?.row == 5)
  }
}
