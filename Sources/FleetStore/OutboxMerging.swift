import FleetCore
import FleetProtocol
import Foundation
import GRDB
import SwiftProtobuf

/// Makes room in a full outbox without losing a count: old windows become coarser.
///
/// The last window of a minute, later of an hour, stands for all of it, and says so in
/// `mergedFrom`; counters are cumulative, so that only the shape of what lies between is lost.
/// Raw windows go first, oldest first; the newest window is never touched. When every boot is down
/// to one window, the oldest boot's is lost: that is counted, and told with every later window.
struct OutboxMerging {
  let db: Database
  let outbox: OutboxWriter

  /// An eighth is freed at once, so that not every window pays for it.
  func makeRoom(newest: Int64) throws {
    let target = Int64(outbox.bytesMax - outbox.bytesMax / 8)
    while try outbox.number("SELECT outbox_bytes FROM agent") > target {
      if try merge(.minute, newest) { continue }
      if try merge(.hour, newest) { continue }
      if try mergeAny(newest) { continue }
      guard try dropOldest() else { return }
    }
    try outbox.forgetEmptyBoots()
  }

  private struct Waiting {
    var boot: Int64
    var sequence: Int64
    var bytes: Int
    var window: WireTelemetryWindow

    init(_ found: Row) throws {
      let row = StoredRow(found, of: "outbox")
      boot = try row.integer("boot")
      sequence = try row.integer("sequence")
      bytes = try row.bytes("window").count
      window = try row.window("window")
    }
  }

  /// Merges the oldest interval of the tier below into one window; false where there is none.
  private func merge(_ tier: TelemetryTier, _ newest: Int64) throws -> Bool {
    let first = try Row.fetchOne(
      db.cachedStatement(
        sql: """
          SELECT boot, sequence, window FROM outbox
          WHERE tier = ?1 AND NOT (boot = (SELECT max(id) FROM outbox_boot) AND sequence = ?2)
          ORDER BY boot, sequence LIMIT 1
          """), arguments: [tier.rawValue - 1, newest])
    guard let first = try first.map(Waiting.init) else { return false }
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT boot, sequence, window FROM outbox
        WHERE tier = ?1 AND boot = ?2 AND sequence >= ?3
          AND NOT (boot = (SELECT max(id) FROM outbox_boot) AND sequence = ?4)
        ORDER BY sequence
        """, arguments: [tier.rawValue - 1, first.boot, first.sequence, newest])
    var group: [Waiting] = []
    while let row = try rows.next() {
      let waiting = try Waiting(row)
      if let last = group.last, tier.parts(last.window, from: waiting.window) { break }
      group.append(waiting)
    }
    try replace(group, tier: tier)
    return true
  }

  /// Merges the two oldest windows of a boot, whatever lies between them.
  private func mergeAny(_ newest: Int64) throws -> Bool {
    let boot = try Int64.fetchOne(
      db,
      sql: """
        SELECT boot FROM outbox
        WHERE NOT (boot = (SELECT max(id) FROM outbox_boot) AND sequence = ?)
        GROUP BY boot HAVING count(*) > 1 ORDER BY boot LIMIT 1
        """, arguments: [newest])
    guard let boot else { return false }
    let rows = try Row.fetchAll(
      db,
      sql: "SELECT boot, sequence, window FROM outbox WHERE boot = ? ORDER BY sequence LIMIT 2",
      arguments: [boot])
    try replace(try rows.map(Waiting.init), tier: .hour)
    return true
  }

  private func replace(_ group: [Waiting], tier: TelemetryTier) throws {
    guard let first = group.first, var last = group.last else { return }
    var freed = group.reduce(0) { $0 + $1.bytes }
    if group.count > 1 { last.window.mergedFrom = first.window.start }
    let bytes: Data = try last.window.serializedBytes()
    freed -= bytes.count
    try db.change(
      "DELETE FROM outbox WHERE boot = ? AND sequence >= ? AND sequence < ?",
      [first.boot, first.sequence, last.sequence])
    try db.change(
      "UPDATE outbox SET window = ?, tier = ? WHERE boot = ? AND sequence = ?",
      [bytes, tier.rawValue, last.boot, last.sequence])
    try outbox.grow(by: -Int64(freed))
  }

  /// Loses the oldest boot's last window; false where only the newest window is left.
  private func dropOldest() throws -> Bool {
    let rows = try Row.fetchAll(
      db, sql: "SELECT boot, sequence, window FROM outbox ORDER BY boot, sequence LIMIT 2")
    guard rows.count > 1, let oldest = try rows.first.map(Waiting.init) else { return false }
    try db.change(
      "DELETE FROM outbox WHERE boot = ? AND sequence = ?", [oldest.boot, oldest.sequence])
    try outbox.grow(by: -Int64(oldest.bytes))
    let boot = try Data.fetchOne(
      db, sql: "SELECT boot FROM outbox_boot WHERE id = ?", arguments: [oldest.boot])
    let first = Int64(clamping: oldest.window.start)
    try outbox.lose(min(first, oldest.sequence)...oldest.sequence, of: boot ?? Data())
    return true
  }
}
