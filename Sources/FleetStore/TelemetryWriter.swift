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
  let plausibility: TelemetryPlausibility

  func store(
    _ windows: [WireTelemetryWindow], node: Identifier, boot: [UInt8], at receivedAt: Instant
  ) throws {
    guard let last = windows.last else { return }
    var state = try find(node, boot)
    var sums = TotalSums()
    var fresh: [MarkedWindow] = []
    let stored = UInt64(state.sequence)
    for window in windows where window.sequence > stored {
      try check(window, after: state.sequence)
      var flags = plausibility.flags(of: window, after: state.last, receivedAt: receivedAt)
      var price = window.priceDigest
      if price != state.last?.priceDigest, try !mayAdd(price, to: node, sums) {
        price = Data()
        flags.insert(.series)
      }
      if window.lostWindows > (state.last?.lostWindows ?? 0),
        try noteLoss(window.lostWindows, of: node, at: receivedAt)
      {
        flags.insert(.lost)
      }
      let counters = CumulativeCounters(window)
      sums.add(counters.since(state.counters), under: price)
      // The highest, not the last: a counter that falls must not be counted again as it rises.
      state.counters = state.counters.highest(counters)
      state.take(window, flags)
      fresh.append(MarkedWindow(window, flags))
    }
    for (price, counters) in sums.added { try add(counters, to: node, price) }
    if !fresh.isEmpty {
      try keep(fresh, &state)
      try finish(state, last)
    }
    try advance(node, boot, through: last.sequence)
  }

  private func check(_ window: WireTelemetryWindow, after stored: Int64) throws {
    guard let sequence = Int64(exactly: window.sequence), sequence > stored else {
      throw Refusal("window \(window.sequence) is not above \(stored), the last one stored")
    }
    guard Int64(exactly: window.atUs) != nil else {
      throw Refusal("window \(window.sequence) lies after the last representable instant")
    }
    guard window.isBounded else {
      throw Refusal(
        "window \(window.sequence) has a digest that is not 32 bytes, or counts over "
          + "\(Limits.eventKindsMax) kinds of events")
    }
  }

  private func find(_ node: Identifier, _ boot: [UInt8]) throws -> BootState {
    let found = try Row.fetchOne(
      db.cachedStatement(sql: "SELECT * FROM boot WHERE node = ? AND boot = ?"),
      arguments: [node.text, Data(boot)])
    if let found { return try BootState(StoredRow(found, of: "boot")) }
    try db.change(
      """
      INSERT INTO boot (node, boot, sequence, newest_at_us, counters, window)
      VALUES (?, ?, 0, 0, ?, x'')
      """, [node.text, Data(boot), CumulativeCounters().stored])
    return BootState(id: db.lastInsertedRowID)
  }

  /// Blocks of the new windows, and of the intervals that they end.
  private func keep(_ fresh: [MarkedWindow], _ state: inout BootState) throws {
    let blocks = BlockWriter(db: db)
    try blocks.append(fresh, to: state.id, .raw, tail: &state.tails[0])
    for tier in [TelemetryTier.minute, .hour] {
      try blocks.append(
        state.ended[tier.rawValue], to: state.id, tier, tail: &state.tails[tier.rawValue])
    }
  }

  /// A node that makes up price tables cannot fill the database with sums.
  private func mayAdd(_ price: Data, to node: Identifier, _ sums: TotalSums) throws -> Bool {
    if price.isEmpty || sums.added.contains(where: { $0.price == price }) { return true }
    let known = try Data.fetchAll(
      db.cachedStatement(sql: "SELECT price_digest FROM total WHERE node = ?"),
      arguments: [node.text])
    if known.contains(price) { return true }
    let added = sums.added.count { sum in !known.contains(sum.price) }
    return known.count + added < plausibility.priceTablesMax
  }

  /// Tells the operator once of windows that nobody will ever have; false when it is known.
  private func noteLoss(_ lost: UInt64, of node: Identifier, at instant: Instant) throws -> Bool {
    let before = try Int64.fetchOne(
      db, sql: "SELECT windows FROM telemetry_loss WHERE node = ?", arguments: [node.text])
    guard lost > UInt64(clamping: before ?? 0) else { return false }
    try db.change(
      "INSERT OR REPLACE INTO telemetry_loss (node, windows) VALUES (?, ?)",
      [node.text, Int64(clamping: lost)])
    let detail =
      "\(lost) windows of earlier boots so far: it was killed, or its outbox full for too long"
    let event = FleetEvent(
      at: instant, kind: "telemetry.lost", subject: node.text, detail: detail)
    try JournalWriter(db: db).append(.happened(event))
    return true
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

  private func finish(_ boot: BootState, _ last: WireTelemetryWindow) throws {
    let bytes: Data = try last.serializedBytes()
    try db.changeOne(
      """
      UPDATE boot SET sequence = ?1, newest_at_us = max(newest_at_us, ?2), counters = ?3,
        window = ?4, tail_raw = ?5, tail_minute = ?6, tail_hour = ?7, minute_flags = ?8,
        hour_flags = ?9
      WHERE id = ?10 AND sequence < ?1
      """,
      [
        boot.sequence, last.atUs.stored, boot.counters.stored, bytes, boot.tails[0],
        boot.tails[1], boot.tails[2], Int64(boot.open[1].rawValue), Int64(boot.open[2].rawValue),
        boot.id,
      ], otherwise: "boot \(boot.id) vanished")
  }

  /// Mirrors `NodeRecord.advance`: the newest boots are kept, in the order of their first window.
  private func advance(_ node: Identifier, _ boot: [UInt8], through: UInt64) throws {
    try db.change(
      "UPDATE boot_progress SET through = ? WHERE node = ? AND boot = ?",
      [through.stored, node.text, Data(boot)])
    guard db.changesCount == 0 else { return }
    try db.change(
      "INSERT INTO boot_progress (node, boot, through) VALUES (?, ?, ?)",
      [node.text, Data(boot), through.stored])
    try db.change(
      """
      DELETE FROM boot_progress WHERE node = ?1 AND id NOT IN (
        SELECT id FROM boot_progress WHERE node = ?1 ORDER BY id DESC LIMIT ?2)
      """, [node.text, NodeRecord.bootsMax])
  }
}

/// What was counted under each price table in one transaction.
private struct TotalSums {
  private(set) var added: [(price: Data, counters: CumulativeCounters)] = []

  mutating func add(_ counters: CumulativeCounters, under price: Data) {
    if let index = added.firstIndex(where: { $0.price == price }) {
      added[index].counters = added[index].counters.adding(counters)
    } else {
      added.append((price, counters))
    }
  }
}
