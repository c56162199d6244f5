package import FleetCore
package import FleetProtocol
import Foundation
import GRDB

/// What one node has counted under one price table.
package struct NodeTotals: Sendable, Equatable {
  /// The node.
  package var node: Identifier
  /// The price table of the counts; nil for what was counted before a model was loaded.
  package var price: ContentDigest?
  /// Sums over all boots of the node.
  package var counters: CumulativeCounters

  /// Totals of a node under a price table.
  package init(node: Identifier, price: ContentDigest?, counters: CumulativeCounters) {
    self.node = node
    self.price = price
    self.counters = counters
  }
}

/// A stored telemetry window with the boot it belongs to.
package struct StoredWindow: Sendable, Equatable {
  /// The node.
  package var node: Identifier
  /// The agent's boot id, 16 bytes.
  package var boot: [UInt8]
  /// The window as it was reported.
  package var window: WireTelemetryWindow
  /// What speaks against it.
  package var flags: TelemetryFlags

  /// A window of a node's boot.
  package init(
    node: Identifier, boot: [UInt8], window: WireTelemetryWindow, flags: TelemetryFlags = []
  ) {
    self.node = node
    self.boot = boot
    self.window = window
    self.flags = flags
  }
}

extension FleetStore {
  /// What was decided about a rollout, oldest first.
  package func decisions(of rollout: Identifier) throws(StoreError) -> [RolloutDecision] {
    try database.read("reading decisions") { db in
      let rows = try Row.fetchAll(
        db, sql: "SELECT * FROM rollout_decision WHERE rollout = ? ORDER BY number",
        arguments: [rollout.text])
      return try rows.map { found in
        let row = StoredRow(found, of: "rollout_decision")
        do {
          return try JSONDecoder().decode(
            RolloutDecision.self, from: Data(try row.word("decision").utf8))
        } catch is DecodingError {
          throw row.damage("decision")
        }
      }
    }
  }

  /// What was decided about each of a job's nodes when a round was planned, in node order.
  ///
  /// Empty for a round that is not known, or that is older than these notes.
  package func notes(of round: RoundKey) throws(StoreError) -> [CohortNote] {
    try database.read("reading a cohort") { db in
      let found = try Row.fetchOne(
        db, sql: "SELECT notes FROM round WHERE job = ? AND round = ? AND attempt = ?",
        arguments: [round.job.text, Int64(round.round), Int64(round.attempt)])
      guard let found else { return [] }
      let row = StoredRow(found, of: "round")
      do {
        return try JSONDecoder().decode(
          [CohortNote].self, from: Data(try row.word("notes").utf8))
      } catch is DecodingError {
        throw row.damage("notes")
      }
    }
  }

  /// The newest window of each node that ever reported, in node order.
  ///
  /// Newest means the last one stored of the boot that was heard of last: node clocks may jump.
  package func latestWindows() throws(StoreError) -> [StoredWindow] {
    try database.read("reading telemetry") { db in
      let rows = try Row.fetchAll(
        db,
        sql: """
          SELECT node, boot, window FROM boot
          WHERE id IN (SELECT max(id) FROM boot GROUP BY node) ORDER BY node
          """)
      return try rows.map { found in
        let row = StoredRow(found, of: "boot")
        return StoredWindow(
          node: try row.identifier("node"), boot: try row.bytes("boot"),
          window: try row.window("window"))
      }
    }
  }

  /// The last stored window of a boot below a sequence; nil when there is none.
  package func previousWindow(
    node: Identifier, boot: [UInt8], before sequence: UInt64
  ) throws(StoreError) -> WireTelemetryWindow? {
    try database.read("reading telemetry") { db in
      let id = try Int64.fetchOne(
        db, sql: "SELECT id FROM boot WHERE node = ? AND boot = ?",
        arguments: [node.text, Data(boot)])
      return try id.flatMap { try TelemetryReader(db: db).last(of: $0, .raw, before: sequence) }
    }
  }

  /// The newest windows of a node, at most `limit` of them, oldest first.
  ///
  /// `since` leaves out windows whose own clock said earlier. Order is by boot, then sequence.
  package func telemetry(
    node: Identifier, since: Instant? = nil, limit: Int
  ) throws(StoreError) -> [StoredWindow] {
    guard limit > 0 else { return [] }
    return try database.read("reading telemetry") { db in
      let newest = try TelemetryReader(db: db)
        .newest(of: node, since: since?.microseconds ?? 0, limit: limit)
      return newest.reversed().map { found in
        StoredWindow(
          node: node, boot: found.boot, window: found.marked.window, flags: found.marked.flags)
      }
    }
  }

  /// Events of inference that each node has counted, by event kind, over all price tables.
  package func inferenceCounts() throws(StoreError) -> [Identifier: [UInt64]] {
    var sums: [Identifier: CumulativeCounters] = [:]
    for total in try totals() {
      sums[total.node] = (sums[total.node] ?? CumulativeCounters()).adding(total.counters)
    }
    return sums.mapValues(\.inferenceCounts)
  }

  /// What each node has counted under each price table, in node and digest order.
  package func totals() throws(StoreError) -> [NodeTotals] {
    try database.read("reading totals") { db in
      let rows = try Row.fetchAll(
        db, sql: "SELECT * FROM total ORDER BY node, price_digest")
      return try rows.map { found in
        let row = StoredRow(found, of: "total")
        guard let counters = CumulativeCounters(stored: try row.bytes("counters")) else {
          throw row.damage("counters")
        }
        let price = try row.bytes("price_digest")
        return NodeTotals(
          node: try row.identifier("node"), price: ContentDigest(price), counters: counters)
      }
    }
  }
}
