import FleetCore
import FleetProtocol
import Foundation
import GRDB
import SwiftProtobuf

/// Queues, merges and removes telemetry windows inside an open transaction.
struct OutboxWriter {
  let db: Database
  let bytesMax: Int

  /// Notes which run is under way; up to a window is missing of one that never ended.
  func begin(_ boot: [UInt8]) throws {
    guard let found = try Row.fetchOne(db, sql: "SELECT running, running_newest FROM agent")
    else { return }
    let row = StoredRow(found, of: "agent")
    if try !row.isNull("running") {
      let killed = try row.bytes("running")
      guard killed != boot else { return }
      let missing = try row.integer("running_newest") &+ 1
      try lose(missing...missing, of: Data(killed))
    }
    try db.change("UPDATE agent SET running = ?, running_newest = 0", [Data(boot)])
  }

  /// Counts windows that no coordinator will ever have, and notes the gap.
  func lose(_ sequences: ClosedRange<Int64>, of boot: Data) throws {
    try db.change(
      "UPDATE agent SET lost_windows = lost_windows + ?", [Int64(sequences.count)])
    try db.change(
      "INSERT INTO outbox_gap (boot, first, last) VALUES (?, ?, ?)",
      [boot, sequences.lowerBound, sequences.upperBound])
    // An agent that is cut off or killed for years still has a small database.
    try db.change(
      "DELETE FROM outbox_gap WHERE id <= (SELECT max(id) FROM outbox_gap) - ?",
      [AgentStore.gapsMax])
  }

  func queue(_ window: WireTelemetryWindow, boot: [UInt8]) throws {
    guard let sequence = Int64(exactly: window.sequence), sequence > 0 else {
      throw Refusal("a window's sequence is 1 or more and at most \(Int64.max)")
    }
    try db.change(
      "UPDATE agent SET running_newest = ? WHERE running = ?", [sequence, Data(boot)])
    try db.change(
      "INSERT INTO outbox_boot (boot, newest) VALUES (?, 0) ON CONFLICT (boot) DO NOTHING",
      [Data(boot)])
    try db.changeOne(
      "UPDATE outbox_boot SET newest = ?1 WHERE boot = ?2 AND newest < ?1",
      [sequence, Data(boot)],
      otherwise: "window \(sequence) is not above the last one queued of its boot")
    var window = window
    window.lostWindows = UInt64(clamping: try number("SELECT lost_windows FROM agent"))
    let bytes: Data = try window.serializedBytes()
    try db.change(
      """
      INSERT INTO outbox (boot, sequence, window)
      SELECT id, ?, ? FROM outbox_boot WHERE boot = ?
      """, [sequence, bytes, Data(boot)])
    try grow(by: Int64(bytes.count))
    if try number("SELECT outbox_bytes FROM agent") > bytesMax {
      try OutboxMerging(db: db, outbox: self).makeRoom(newest: sequence)
    }
  }

  func acknowledge(_ boot: [UInt8], through: UInt64) throws {
    guard
      let id = try Int64.fetchOne(
        db, sql: "SELECT id FROM outbox_boot WHERE boot = ?", arguments: [Data(boot)])
    else { return }
    let last = Int64(clamping: through)
    let freed =
      try Int64.fetchOne(
        db,
        sql: """
          SELECT coalesce(sum(length(window)), 0) FROM outbox WHERE boot = ? AND sequence <= ?
          """, arguments: [id, last]) ?? 0
    try db.change("DELETE FROM outbox WHERE boot = ? AND sequence <= ?", [id, last])
    try db.change("UPDATE outbox_boot SET begun = 1 WHERE id = ?", [id])
    try grow(by: -freed)
    try forgetEmptyBoots()
  }

  func number(_ sql: String) throws -> Int64 {
    try Int64.fetchOne(db.cachedStatement(sql: sql)) ?? 0
  }

  func grow(by bytes: Int64) throws {
    try db.change("UPDATE agent SET outbox_bytes = outbox_bytes + ?", [bytes])
  }

  /// The newest boot is kept even without windows: its numbering goes on.
  func forgetEmptyBoots() throws {
    try db.change(
      """
      DELETE FROM outbox_boot WHERE id < (SELECT max(id) FROM outbox_boot)
        AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.boot = outbox_boot.id)
      """, [])
  }
}
