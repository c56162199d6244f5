import FleetCore
import Foundation
import GRDB

/// Appends rows to the journal inside an open transaction.
///
/// The hash of the last row is read back for each: thousands of rows come in one transaction after
/// a network is back, and looking up the last row of a table costs microseconds.
struct JournalWriter {
  let db: Database

  func append(_ entry: JournalEntry, former: [UInt8]? = nil) throws {
    let last = try Row.fetchOne(
      db.cachedStatement(sql: "SELECT id, hash FROM journal ORDER BY id DESC LIMIT 1"))
    let previous: Data = last?["hash"] ?? Data(JournalEntry.origin)
    let id: Int64 = last?["id"] ?? 0
    var values: StatementArguments = [id + 1]
    switch entry {
    case .happened(let event):
      values += [
        event.at.microseconds, event.kind.stored, event.subject.stored, event.detail.stored,
        nil, nil, nil,
      ]
    case .asked(let entry):
      values += [
        entry.at.microseconds, JournalEntry.askedKind.stored, entry.subject.stored,
        entry.action.stored, entry.actor.stored, entry.requestID.stored, entry.outcome.stored,
      ]
    }
    values += [
      former.map { Data($0) }, Data(entry.hash(after: [UInt8](previous), former: former)),
    ]
    try db.change(
      """
      INSERT INTO journal (id, at_us, kind, subject, detail, actor, request, outcome, former, hash)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """, values)
  }
}
