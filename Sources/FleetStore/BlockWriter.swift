import FleetCore
import FleetProtocol
import Foundation
import GRDB

/// Adds packed windows to a boot's tier and joins small blocks inside an open transaction.
///
/// Whatever comes in one batch is one block of level 0. When those of a tier hold 64 windows they
/// become one of level 1, and when those hold 512 windows one of level 2, which stays: so every
/// window is packed three times at most, and a block always follows all blocks of higher levels.
struct BlockWriter {
  static let smallWindows = 64
  static let largeWindows = 512

  let db: Database

  /// Adds windows that follow all others of the tier; `tail` counts those in blocks of level 0.
  func append(
    _ windows: [MarkedWindow], to boot: Int64, _ tier: TelemetryTier, tail: inout Int
  ) throws {
    guard !windows.isEmpty else { return }
    if tail == 0, windows.count >= Self.smallWindows {
      try insert(windows, boot, tier, level: 1)
    } else {
      try insert(windows, boot, tier, level: 0)
      tail += windows.count
      guard tail >= Self.smallWindows else { return }
      try join(boot, tier, level: 0)
      tail = 0
    }
    let waiting = try Int.fetchOne(
      db.cachedStatement(
        sql: """
          SELECT coalesce(sum(windows), 0) FROM telemetry_block
          WHERE boot = ? AND tier = ? AND level = 1
          """), arguments: [boot, tier.rawValue])
    guard let waiting, waiting >= Self.largeWindows else { return }
    try join(boot, tier, level: 1)
  }

  private func insert(
    _ windows: [MarkedWindow], _ boot: Int64, _ tier: TelemetryTier, level: Int
  ) throws {
    guard let first = windows.first else { return }
    let instants = windows.map { Int64(clamping: $0.window.atUs) }
    let flags = windows.reduce(TelemetryFlags()) { $0.union($1.flags) }
    try db.change(
      """
      INSERT INTO telemetry_block
        (boot, tier, level, first, first_at_us, last_at_us, windows, flags, block)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      [
        boot, tier.rawValue, level, first.window.sequence.stored, instants.min(), instants.max(),
        windows.count, Int64(flags.rawValue), Data(TelemetryBlock.encode(windows)),
      ])
  }

  private func join(_ boot: Int64, _ tier: TelemetryTier, level: Int) throws {
    let rows = try Row.fetchAll(
      db.cachedStatement(
        sql: """
          SELECT block FROM telemetry_block WHERE boot = ? AND tier = ? AND level = ?
          ORDER BY first
          """), arguments: [boot, tier.rawValue, level])
    var windows: [MarkedWindow] = []
    for row in rows { windows += try StoredRow(row, of: "telemetry_block").block("block") }
    try db.change(
      "DELETE FROM telemetry_block WHERE boot = ? AND tier = ? AND level = ?",
      [boot, tier.rawValue, level])
    try insert(windows, boot, tier, level: level + 1)
  }
}

extension StoredRow {
  func block(_ column: String) throws -> [MarkedWindow] {
    guard let windows = TelemetryBlock.decode(try bytes(column)) else { throw damage(column) }
    return windows
  }
}
