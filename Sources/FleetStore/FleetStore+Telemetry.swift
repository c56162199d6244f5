package import FleetCore
package import FleetProtocol
import Foundation
import GRDB

/// Stored telemetry of one boot that lies in a span of time.
package struct BootTelemetry: Sendable, Equatable {
  /// The node.
  package var node: Identifier
  /// The agent's boot id, 16 bytes.
  package var boot: [UInt8]
  /// The last window before the span, from which the first one counts; nil at a boot's beginning.
  package var before: WireTelemetryWindow?
  /// True where there were windows before the span that are not stored any more.
  package var startsUnknown: Bool
  /// Windows of the span in sequence order, at least one.
  package var windows: [MarkedWindow]
}

extension FleetStore {
  /// Reads the windows whose own clock lies in `span`, boot by boot in node order.
  ///
  /// A coarser tier also gives the newest window, whose interval is not over. `visit` is called
  /// inside one snapshot; it holds one boot at a time. `nodes` nil means all.
  package func readTelemetry(
    _ tier: TelemetryTier, in span: Range<Instant>, nodes: Set<Identifier>? = nil,
    _ visit: (BootTelemetry) throws -> Void
  ) throws(StoreError) {
    try database.read("reading telemetry") { db in
      let reader = TelemetryReader(db: db)
      let boots = try Row.fetchCursor(
        db, sql: "SELECT * FROM boot WHERE newest_at_us >= ? ORDER BY node, id",
        arguments: [span.lowerBound.microseconds])
      while let found = try boots.next() {
        let row = StoredRow(found, of: "boot")
        let node = try row.identifier("node")
        guard nodes?.contains(node) ?? true else { continue }
        if let telemetry = try reader.read(row, node, tier, in: span) { try visit(telemetry) }
      }
    }
  }

  /// Removes telemetry beyond its age, a bounded number of blocks in each transaction.
  ///
  /// Sums, and the last window of every boot that is not older than all tiers, stay. Returns how
  /// many blocks went.
  @discardableResult
  package func retain(_ policy: TelemetryRetention, at now: Instant) throws(StoreError) -> Int {
    var removed = 0
    for tier in TelemetryTier.allCases {
      guard let floor = policy.floor(of: tier, at: now) else { continue }
      var step = 0
      repeat {
        step = try database.write("removing old telemetry") { db in
          try TelemetryRetention.remove(tier, before: floor, db)
        }
        removed += step
      } while step > 0
    }
    return removed
  }
}

/// How long each tier is kept.
package struct TelemetryRetention: Sendable, Equatable {
  /// Days by tier: raw, minute, hour; nil keeps a tier for ever.
  package var days: [TelemetryTier: Int]

  /// A policy; tiers without days are kept for ever.
  package init(days: [TelemetryTier: Int]) { self.days = days }

  private static let stepMax = 200

  func floor(of tier: TelemetryTier, at now: Instant) -> Int64? {
    days[tier].map { now.microseconds - Int64($0) * 86_400_000_000 }
  }

  /// Blocks that stay are found by age; smaller ones go with a boot of which nothing is younger.
  static func remove(_ tier: TelemetryTier, before floor: Int64, _ db: Database) throws -> Int {
    try db.change(
      """
      DELETE FROM telemetry_block WHERE id IN (
        SELECT id FROM telemetry_block WHERE level = 2 AND tier = ? AND last_at_us < ? LIMIT ?)
      """, [tier.rawValue, floor, stepMax])
    let large = db.changesCount
    try db.change(
      """
      DELETE FROM telemetry_block WHERE id IN (
        SELECT telemetry_block.id FROM boot JOIN telemetry_block
          ON telemetry_block.boot = boot.id AND tier = ?1 AND level < 2
        WHERE newest_at_us < ?2 LIMIT ?3)
      """, [tier.rawValue, floor, stepMax])
    let small = db.changesCount
    guard small < stepMax else { return large + small }
    let tail = ["tail_raw", "tail_minute", "tail_hour"][tier.rawValue]
    try db.change("UPDATE boot SET \(tail) = 0 WHERE newest_at_us < ? AND \(tail) > 0", [floor])
    return large + small
  }
}

/// Unpacks the blocks of a boot.
struct TelemetryReader {
  let db: Database

  func read(
    _ boot: StoredRow, _ node: Identifier, _ tier: TelemetryTier, in span: Range<Instant>
  ) throws -> BootTelemetry? {
    let id = try boot.integer("id")
    let rows = try Row.fetchAll(
      db.cachedStatement(
        sql: """
          SELECT first, block FROM telemetry_block
          WHERE boot = ? AND tier = ? AND last_at_us >= ? AND first_at_us < ? ORDER BY first
          """),
      arguments: [
        id, tier.rawValue, span.lowerBound.microseconds, span.upperBound.microseconds,
      ])
    var all: [MarkedWindow] = []
    for row in rows { all += try StoredRow(row, of: "telemetry_block").block("block") }
    if tier != .raw, try boot.integer("sequence") > 0 {
      let newest = try boot.window("window")
      let column = tier == .minute ? "minute_flags" : "hour_flags"
      let flags = TelemetryFlags(rawValue: try boot.number(column))
      if newest.sequence > all.last?.window.sequence ?? 0 {
        all.append(MarkedWindow(newest, flags))
      }
    }
    func isInside(_ marked: MarkedWindow) -> Bool {
      span.contains(Instant(microseconds: Int64(clamping: marked.window.atUs)))
    }
    guard let first = all.firstIndex(where: isInside) else { return nil }
    var before = first > 0 ? all[first - 1].window : nil
    let sequence = all[first].window.sequence
    if before == nil { before = try last(of: id, tier, before: sequence) }
    return BootTelemetry(
      node: node, boot: try boot.bytes("boot"), before: before,
      startsUnknown: before == nil && all[first].window.start > 1
        && !all[first].flags.contains(.gap),
      windows: all[first...].filter(isInside))
  }

  /// The last window of a boot's tier below a sequence.
  func last(
    of boot: Int64, _ tier: TelemetryTier, before sequence: UInt64
  ) throws -> WireTelemetryWindow? {
    for level in 0...2 {
      let found = try Row.fetchOne(
        db.cachedStatement(
          sql: """
            SELECT block FROM telemetry_block
            WHERE boot = ? AND tier = ? AND level = ? AND first < ? ORDER BY first DESC LIMIT 1
            """), arguments: [boot, tier.rawValue, level, Int64(clamping: sequence)])
      guard let found else { continue }
      let windows = try StoredRow(found, of: "telemetry_block").block("block")
      return windows.last { $0.window.sequence < sequence }?.window
    }
    return nil
  }

  /// The newest windows of a node by boot and sequence, newest first.
  func newest(
    of node: Identifier, since floor: Int64, limit: Int
  ) throws -> [(boot: [UInt8], marked: MarkedWindow)] {
    var found: [(boot: [UInt8], marked: MarkedWindow)] = []
    let boots = try Row.fetchAll(
      db, sql: "SELECT id, boot FROM boot WHERE node = ? AND newest_at_us >= ? ORDER BY id DESC",
      arguments: [node.text, floor])
    for row in boots {
      let boot = StoredRow(row, of: "boot")
      let blocks = try Row.fetchCursor(
        db,
        sql: """
          SELECT block FROM telemetry_block WHERE boot = ? AND tier = 0 AND last_at_us >= ?
          ORDER BY first DESC
          """, arguments: [try boot.integer("id"), floor])
      while found.count < limit, let row = try blocks.next() {
        let windows = try StoredRow(row, of: "telemetry_block").block("block")
        for marked in windows.reversed() where Int64(clamping: marked.window.atUs) >= floor {
          found.append((try boot.bytes("boot"), marked))
        }
      }
      if found.count >= limit { break }
    }
    return Array(found.prefix(limit))
  }
}
