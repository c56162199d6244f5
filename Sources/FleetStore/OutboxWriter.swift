import FleetCore
import FleetProtocol
import Foundation
import GRDB
import SwiftProtobuf

/// Queues, drops and removes telemetry windows inside an open transaction.
struct OutboxWriter {
  let db: Database
  let bytesMax: Int

  func queue(_ window: WireTelemetryWindow, boot: [UInt8]) throws {
    guard let sequence = Int64(exactly: window.sequence), sequence > 0 else {
      throw Refusal("a window's sequence is 1 or more and at most \(Int64.max)")
    }
    try db.change(
      "INSERT INTO outbox_boot (boot, newest) VALUES (?, 0) ON CONFLICT (boot) DO NOTHING",
      [Data(boot)])
    try db.changeOne(
      "UPDATE outbox_boot SET newest = ?1 WHERE boot = ?2 AND newest < ?1",
      [sequence, Data(boot)],
      otherwise: "window \(sequence) is not above the last one queued of its boot")
    let bytes: Data = try window.serializedBytes()
    try db.change(
      """
      INSERT INTO outbox (boot, sequence, window)
      SELECT id, ?, ? FROM outbox_boot WHERE boot = ?
      """, [sequence, bytes, Data(boot)])
    try grow(by: Int64(bytes.count))
    try dropOldest()
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
    try grow(by: -freed)
    try forgetEmptyBoots()
  }

  private func grow(by bytes: Int64) throws {
    try db.change("UPDATE agent SET outbox_bytes = outbox_bytes + ?", [bytes])
  }

  /// The newest boot is kept even without windows: its numbering goes on.
  private func forgetEmptyBoots() throws {
    try db.change(
      """
      DELETE FROM outbox_boot WHERE id < (SELECT max(id) FROM outbox_boot)
        AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.boot = outbox_boot.id)
      """, [])
  }

  /// Makes room for the newest window, which always stays.
  private func dropOldest() throws {
    while let row = try Row.fetchOne(
      db.cachedStatement(
        sql: """
          SELECT outbox.boot AS id, outbox_boot.boot AS boot, sequence, length(window) AS bytes
          FROM outbox JOIN outbox_boot ON outbox_boot.id = outbox.boot
          WHERE (SELECT outbox_bytes FROM agent) > ? AND (SELECT count(*) FROM
            (SELECT 1 FROM outbox LIMIT 2)) > 1
          ORDER BY outbox.boot, sequence LIMIT 1
          """), arguments: [bytesMax])
    {
      let oldest = StoredRow(row, of: "outbox")
      let sequence = try oldest.integer("sequence")
      try db.change(
        "DELETE FROM outbox WHERE boot = ? AND sequence = ?",
        [try oldest.integer("id"), sequence])
      try grow(by: -(try oldest.integer("bytes")))
      try recordGap(boot: Data(try oldest.bytes("boot")), sequence: sequence)
      try forgetEmptyBoots()
    }
  }

  private func recordGap(boot: Data, sequence: Int64) throws {
    try db.change(
      "UPDATE outbox_gap SET last = ?1 WHERE boot = ?2 AND last = ?1 - 1", [sequence, boot])
    guard db.changesCount == 0 else { return }
    try db.change(
      "INSERT INTO outbox_gap (boot, first, last) VALUES (?1, ?2, ?2)", [boot, sequence])
    // One row per outage; an agent that is cut off for years still has a small database.
    try db.change(
      "DELETE FROM outbox_gap WHERE id <= (SELECT max(id) FROM outbox_gap) - ?",
      [AgentStore.gapsMax])
  }
}
