import FleetCore
package import FleetProtocol
import Foundation
import GRDB
import SwiftProtobuf
import Synchronization

/// Windows of one boot that go out together.
package struct OutboxBatch: Sendable, Equatable {
  /// The agent's boot id, 16 bytes.
  package var boot: [UInt8]
  /// Windows with consecutive sequences, at least one.
  package var windows: [WireTelemetryWindow]

  /// A batch with its windows.
  package init(boot: [UInt8], windows: [WireTelemetryWindow]) {
    self.boot = boot
    self.windows = windows
  }
}

/// Windows of an earlier boot that were lost before any coordinator had them.
package struct OutboxGap: Sendable, Equatable {
  /// The agent's boot id, 16 bytes.
  package var boot: [UInt8]
  /// First and last sequence lost.
  package var sequences: ClosedRange<UInt64>

  /// A gap of one boot.
  package init(boot: [UInt8], sequences: ClosedRange<UInt64>) {
    self.boot = boot
    self.sequences = sequences
  }
}

extension AgentStore {
  /// Gaps that are remembered; older ones are forgotten.
  package static let gapsMax = 1_024

  /// Windows to send next, from a boot's oldest one, with no gap inside.
  ///
  /// At most `windowsMax` of them, and no more than fit into `bytesMax` bytes of a
  /// `WireTelemetryWindows` message; a single window goes out whatever its size. One that stands
  /// for several goes alone unless `mergedTogether`. Nil when the outbox is empty. Nothing changes
  /// until the acknowledgement is committed.
  ///
  /// Boots that the coordinator has not heard of come first, oldest first. Then three batches of
  /// this run's windows go out for each batch of an older boot, so that a node which comes back
  /// with a backlog is seen as it is now.
  package func nextBatch(
    windowsMax: Int = Limits.telemetryWindowsMax,
    bytesMax: Int = Limits.telemetryPayloadBytesMax, mergedTogether: Bool = true
  ) throws(StoreError) -> OutboxBatch? {
    let turn = turns.withLock { turns in
      turns &+= 1
      return turns
    }
    return try database.read("reading the outbox") { db in
      guard let boot = try lane(turn, db) else { return nil }
      let rows = try Row.fetchCursor(
        db,
        sql: """
          SELECT outbox_boot.boot AS boot, sequence, window
          FROM outbox JOIN outbox_boot ON outbox_boot.id = outbox.boot
          WHERE outbox.boot = ? ORDER BY sequence LIMIT ?
          """, arguments: [boot, max(1, windowsMax)])
      var batch: OutboxBatch?
      var size = 0
      while let found = try rows.next() {
        let row = StoredRow(found, of: "outbox")
        let window = try row.window("window")
        size += framedSize(try row.bytes("window").count)
        guard var collected = batch else {
          batch = OutboxBatch(boot: try row.bytes("boot"), windows: [window])
          if window.mergedFrom != 0, !mergedTogether { break }
          continue
        }
        guard size <= bytesMax, let last = collected.windows.last,
          window.start == last.sequence + 1, mergedTogether || window.mergedFrom == 0
        else { break }
        // Released first, so that appending never copies the windows.
        batch = nil
        collected.windows.append(window)
        batch = collected
      }
      return batch
    }
  }

  /// Whose turn it is.
  private func lane(_ turn: UInt64, _ db: Database) throws -> Int64? {
    let boots = try Row.fetchAll(
      db,
      sql: """
        SELECT id, begun, EXISTS (SELECT 1 FROM outbox WHERE boot = outbox_boot.id) AS waits
        FROM outbox_boot ORDER BY id
        """
    ).map { StoredRow($0, of: "outbox_boot") }
    let waiting = try boots.filter { try $0.integer("waits") == 1 }
    if let unheard = try waiting.first(where: { try $0.integer("begun") == 0 }) {
      return try unheard.integer("id")
    }
    let isLive = turn % 4 != 0
    return try (isLive ? waiting.last : waiting.first)?.integer("id")
  }

  /// Bytes of a window inside its list: tag, length as a varint, body.
  private func framedSize(_ bytes: Int) -> Int {
    var size = 2 + bytes
    var length = bytes >> 7
    while length > 0 {
      size += 1
      length >>= 7
    }
    return size
  }

  /// Windows that wait and their bytes.
  package func outboxSize() throws(StoreError) -> (windows: Int, bytes: Int) {
    try database.read("measuring the outbox") { db in
      let windows = try Int.fetchOne(db, sql: "SELECT count(*) FROM outbox") ?? 0
      let bytes = try Int.fetchOne(db, sql: "SELECT outbox_bytes FROM agent") ?? 0
      return (windows, bytes)
    }
  }

  /// Windows lost for want of room, oldest gap first.
  package func gaps() throws(StoreError) -> [OutboxGap] {
    try database.read("reading gaps") { db in
      let rows = try Row.fetchAll(db, sql: "SELECT * FROM outbox_gap ORDER BY id")
      return try rows.map { found in
        let row = StoredRow(found, of: "outbox_gap")
        let (first, last) = (try row.bits("first"), try row.bits("last"))
        guard first <= last else { throw row.damage("last") }
        return OutboxGap(boot: try row.bytes("boot"), sequences: first...last)
      }
    }
  }
}
