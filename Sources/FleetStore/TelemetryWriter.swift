import FleetCore
import FleetProtocol
import Foundation
import GRDB
import SwiftProtobuf

/// Stores telemetry windows and keeps the sums that no query then has to scan for.
///
/// A window's counters are cumulative since its boot, whatever models the node ran. What was
/// counted between two stored windows is added to the total of the *later* window's price table;
/// a boot's first window counts from zero. A change of model inside one window interval is thus
/// priced by the newer table for at most that interval, and the sum over tables is always exact.
/// Windows that are stored already, as of a boot whose progress was forgotten, are passed over.
struct TelemetryWriter {
  let db: Database

  private struct Boot {
    var id: Int64
    var sequence: Int64
    var counters: CumulativeCounters
  }

  func store(_ windows: [WireTelemetryWindow], node: Identifier, boot: [UInt8]) throws {
    guard let last = windows.last else { return }
    var state = try find(node, boot)
    var added: [(price: Data, counters: CumulativeCounters)] = []
    let stored = UInt64(state.sequence)
    for window in windows where window.sequence > stored {
      let sequence = try insert(window, after: state)
      let counters = CumulativeCounters(window)
      let step = counters.since(state.counters)
      if let index = added.firstIndex(where: { $0.price == window.priceDigest }) {
        added[index].counters = added[index].counters.adding(step)
      } else {
        added.append((window.priceDigest, step))
      }
      state.sequence = sequence
      // The highest, not the last: a counter that falls must not be counted again as it rises.
      state.counters = state.counters.highest(counters)
    }
    for (price, counters) in added { try add(counters, to: node, price) }
    if last.sequence > stored { try finish(state, last) }
    try advance(node, boot, through: last.sequence)
  }

  private func find(_ node: Identifier, _ boot: [UInt8]) throws -> Boot {
    let found = try Row.fetchOne(
      db.cachedStatement(
        sql: "SELECT id, sequence, counters FROM boot WHERE node = ? AND boot = ?"),
      arguments: [node.text, Data(boot)])
    if let found {
      let row = StoredRow(found, of: "boot")
      guard let counters = CumulativeCounters(stored: try row.bytes("counters")) else {
        throw row.damage("counters")
      }
      return Boot(
        id: try row.integer("id"), sequence: try row.integer("sequence"), counters: counters)
    }
    let counters = CumulativeCounters()
    try db.change(
      """
      INSERT INTO boot (node, boot, sequence, newest_at_us, counters, window)
      VALUES (?, ?, 0, 0, ?, x'')
      """, [node.text, Data(boot), counters.stored])
    return Boot(id: db.lastInsertedRowID, sequence: 0, counters: counters)
  }

  private func insert(_ window: WireTelemetryWindow, after boot: Boot) throws -> Int64 {
    guard let sequence = Int64(exactly: window.sequence), sequence > boot.sequence else {
      throw Refusal(
        "window \(window.sequence) is not above \(boot.sequence), the last one stored")
    }
    guard let at = Int64(exactly: window.atUs) else {
      throw Refusal("window \(window.sequence) lies after the last representable instant")
    }
    guard window.priceDigest.isEmpty || window.priceDigest.count == 32 else {
      throw Refusal("window \(window.sequence) has a price digest that is not 32 bytes")
    }
    let bytes: Data = try window.serializedBytes()
    try db.change(
      "INSERT INTO telemetry (boot, sequence, at_us, window) VALUES (?, ?, ?, ?)",
      [boot.id, sequence, at, bytes])
    return sequence
  }

  private func add(
    _ counters: CumulativeCounters, to node: Identifier, _ price: Data
  ) throws {
    let found = try Row.fetchOne(
      db.cachedStatement(
        sql: "SELECT counters FROM total WHERE node = ? AND price_digest = ?"),
      arguments: [node.text, price])
    var sum = counters
    if let found {
      let row = StoredRow(found, of: "total")
      guard let before = CumulativeCounters(stored: try row.bytes("counters")) else {
        throw row.damage("counters")
      }
      sum = before.adding(counters)
    }
    try db.change(
      """
      INSERT INTO total (node, price_digest, counters) VALUES (?, ?, ?)
      ON CONFLICT (node, price_digest) DO UPDATE SET counters = excluded.counters
      """, [node.text, price, sum.stored])
  }

  private func finish(_ boot: Boot, _ last: WireTelemetryWindow) throws {
    let bytes: Data = try last.serializedBytes()
    try db.changeOne(
      """
      UPDATE boot SET sequence = ?, newest_at_us = max(newest_at_us, ?), counters = ?, window = ?
      WHERE id = ? AND sequence < ?
      """,
      [
        boot.sequence, last.atUs.stored, boot.counters.stored, bytes, boot.id, boot.sequence,
      ], otherwise: "boot \(boot.id) vanished")
  }

  /// Mirrors `NodeRecord.advance`: the newest boots are kept, in the order of their first window.
  private func advance(_ node: Identifier, _ boot: [UInt8], through: UInt64) throws {
    try db.change(
      """
      INSERT INTO boot_progress (node, boot, through) VALUES (?, ?, ?)
      ON CONFLICT (node, boot) DO UPDATE SET through = excluded.through
      """, [node.text, Data(boot), through.stored])
    try db.change(
      """
      DELETE FROM boot_progress WHERE node = ?1 AND id NOT IN (
        SELECT id FROM boot_progress WHERE node = ?1 ORDER BY id DESC LIMIT ?2)
      """, [node.text, NodeRecord.bootsMax])
  }
}
