import FleetCore
import FleetProtocol
import FleetStore
import Foundation
import GRDB
import SwiftProtobuf
import Testing

/// Blocks, tiers, retention and what is marked, on a real store.
@Suite struct TelemetryTierTests {
  private let store: FleetStore
  private let node = name("a")
  private static let start: UInt64 = 1_790_000_000_000_000

  init() throws {
    store = try FleetStore.inMemory()
    _ = try store.start()
    try store.commit(
      ["a", "b"].map {
        .nodeAccepted(
          NodeRecord(id: name($0), publicKey: $0, acceptedAt: Instant(microseconds: 5)))
      })
  }

  private static func at(_ seconds: UInt64) -> Instant {
    Instant(microseconds: Int64(start + seconds * 1_000_000))
  }

  private static func row(_ sequence: UInt64, seconds: UInt64) -> WireTelemetryWindow {
    window(
      sequence, inferences: sequence * 10, counts: [sequence * 7],
      at: start + seconds * 1_000_000)
  }

  private func keep(
    _ windows: [WireTelemetryWindow], node: Identifier? = nil, at: Instant? = nil
  ) throws {
    let now = at ?? Instant(microseconds: Int64(windows.last?.atUs ?? 0))
    try store.commit([
      .telemetryStored(node ?? self.node, boot: boot, windows: windows, at: now)
    ])
  }

  private func read(
    _ tier: TelemetryTier, _ span: Range<Instant> = at(0)..<at(1_000_000)
  ) throws -> [BootTelemetry] {
    var found: [BootTelemetry] = []
    try store.readTelemetry(tier, in: span) { found.append($0) }
    return found
  }

  @Test(arguments: [1, 5, 63, 64, 100, 256])
  func `windows come back in order whatever batches they came in`(batch: UInt64) throws {
    for first in stride(from: 1 as UInt64, through: 1_500, by: Int(batch)) {
      try keep((first...min(first + batch - 1, 1_500)).map { Self.row($0, seconds: $0 * 2) })
    }
    let found = try #require(try read(.raw).first)
    #expect(found.windows.map(\.window) == (1...1_500).map { Self.row($0, seconds: $0 * 2) })
    #expect(found.windows.allSatisfy { $0.flags.isEmpty })
    #expect(
      try store.telemetry(node: node, limit: 700).map(\.window.sequence) == Array(801...1_500))
    #expect(try store.previousWindow(node: node, boot: boot, before: 1_500)?.sequence == 1_499)
    #expect(try store.previousWindow(node: node, boot: boot, before: 65)?.sequence == 64)
  }

  @Test func `coarser tiers hold the last window of each interval and count the same`() throws {
    // 7,000 windows, two seconds apart, beginning at a full hour.
    let first = 3_600 - (Self.start / 1_000_000) % 3_600
    for start in stride(from: 0 as UInt64, to: 7_000, by: 200) {
      try keep((start..<start + 200).map { Self.row($0 + 1, seconds: first + $0 * 2) })
    }
    let minutes = try #require(try read(.minute).first).windows.map(\.window.sequence)
    #expect(minutes == (1...233).map { $0 * 30 } + [7_000])
    let hours = try #require(try read(.hour).first).windows.map(\.window.sequence)
    #expect(hours == [1_800, 3_600, 5_400, 7_000])
    let span = Self.at(first + 3_600)..<Self.at(first + 7_200)
    for tier in TelemetryTier.allCases {
      let hour = try #require(try read(tier, span).first)
      let last = try #require(hour.windows.last)
      #expect(last.window.inferences - (hour.before?.inferences ?? 0) == 18_000, "\(tier)")
    }
  }

  @Test func `a change of prices ends an interval, so that each part keeps its own`() throws {
    var windows = (1...4).map { Self.row($0, seconds: $0) }
    for index in 2..<4 { windows[index].priceDigest = wireBytes(digest(1).bytes) }
    try keep(windows)
    let minutes = try #require(try read(.minute).first).windows
    #expect(minutes.map(\.window.sequence) == [2, 4])
  }

  @Test func `old telemetry goes tier by tier, sums and newer windows stay`() throws {
    try keep((1...600).map { Self.row($0, seconds: $0 * 2) })
    try keep([Self.row(1, seconds: 5)], node: name("b"))
    let totals = try store.totals()
    let policy = TelemetryRetention(days: [.raw: 1, .minute: 10])
    #expect(try store.retain(policy, at: Self.at(3_600)) == 0)
    try store.retain(policy, at: Self.at(2 * 86_400))
    #expect(try read(.raw).isEmpty)
    #expect(try read(.minute).count == 2)
    try store.retain(policy, at: Self.at(12 * 86_400))
    #expect(try read(.minute).map(\.windows.count) == [1, 1])
    #expect(try read(.hour).count == 2)
    #expect(try store.totals() == totals)
    try keep([Self.row(601, seconds: 20 * 86_400)])
    let found = try #require(try read(.raw, Self.at(0)..<Self.at(9_000_000)).first)
    #expect(found.startsUnknown)
    #expect(try store.latestWindows().map(\.window.sequence) == [601, 1])
  }

  @Test func `what cannot be true is stored and marked`() throws {
    store.judge { $0.prices[digest(1)] = [2.0, nil] }
    var windows = (1...9).map { Self.row($0, seconds: $0) }
    for index in windows.indices { windows[index].priceDigest = wireBytes(digest(1).bytes) }
    for index in windows.indices { windows[index].inferenceCounts = [UInt64(index)] }
    windows[2].inferenceCounts = [5_000]
    windows[3].inferenceCounts = [5_000]
    for index in 4..<9 { windows[index].inferenceCounts = [5_001] }
    windows[4].inferences = 0
    windows[5].atUs = windows[4].atUs - 1
    windows[6].inferenceCounts = [5_001, 1]
    windows[7].inferenceCounts = [5_001, 1]
    windows[8].inferenceCounts = [5_001, 1]
    windows[8].priceDigest = wireBytes(digest(2).bytes)
    try keep(windows)
    let flags = try #require(try read(.raw).first).windows.map(\.flags)
    #expect(
      flags == [[], [], .power, [], .counterFell, .clock, .unpriced, [], .unpriced])
    try keep([Self.row(10, seconds: 4_000)], at: Self.at(10))
    #expect(try store.telemetry(node: node, limit: 1).first?.flags.contains(.clock) == true)
    #expect(TelemetryFlags([.gap, .power]).words == ["gap", "power"])
  }

  @Test func `a node that makes up price tables fills nothing`() throws {
    store.judge { $0.priceTablesMax = 3 }
    for number in 1...6 {
      var window = Self.row(UInt64(number), seconds: UInt64(number))
      window.priceDigest = wireBytes(digest(UInt8(number)).bytes)
      try keep([window])
    }
    let totals = try store.totals()
    #expect(totals.count == 4)
    #expect(totals.reduce(0) { $0 + $1.counters.inferences } == 60)
    let flags = try #require(try read(.raw).first).windows.map(\.flags)
    #expect(flags.map { $0.contains(.series) } == [false, false, false, true, true, true])
  }

  @Test func `a gap, merged windows and lost ones are marked, and a loss is told once`() throws {
    try keep([Self.row(1, seconds: 1), Self.row(4, seconds: 4)])
    var merged = Self.row(60, seconds: 60)
    merged.mergedFrom = 5
    merged.lostWindows = 12
    try keep([merged])
    var next = Self.row(61, seconds: 62)
    next.lostWindows = 12
    try keep([next])
    let flags = try #require(try read(.raw).first).windows.map(\.flags)
    #expect(flags == [[], .gap, [.merged, .lost], []])
    let events = try store.events(limit: 10).map(\.event)
    #expect(events.map(\.kind) == ["telemetry.lost"])
    #expect(events.first?.detail.contains("12 windows") == true)
  }

  @Test func `a database of rows is packed without losing a window or a mark of a gap`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/fleet.sqlite"
    var old: FleetStore? = try FleetStore(folder: folder.path)
    _ = try old?.start()
    try old?.commit([
      .nodeAccepted(
        NodeRecord(id: node, publicKey: "a", acceptedAt: Instant(microseconds: 5))),
      .telemetryStored(
        node, boot: boot, windows: [Self.row(1, seconds: 1)], at: Self.at(1)),
    ])
    old = nil
    try DatabaseQueue(path: path).write { db in
      // As the step before left it: one row a window.
      try db.execute(
        sql: """
          DROP TABLE telemetry_block; DROP TABLE telemetry_loss;
          ALTER TABLE boot DROP COLUMN tail_raw; ALTER TABLE boot DROP COLUMN tail_minute;
          ALTER TABLE boot DROP COLUMN tail_hour; ALTER TABLE boot DROP COLUMN minute_flags;
          ALTER TABLE boot DROP COLUMN hour_flags;
          CREATE TABLE telemetry (id INTEGER PRIMARY KEY, boot INTEGER NOT NULL,
            sequence INTEGER NOT NULL, at_us INTEGER NOT NULL, window BLOB NOT NULL);
          DELETE FROM grdb_migrations WHERE identifier = '5-telemetry-blocks';
          """)
      for sequence in (1...1_400 as ClosedRange<UInt64>) where sequence != 700 {
        let window = Self.row(sequence, seconds: sequence * 2)
        let bytes: Data = try window.serializedBytes()
        try db.execute(
          sql: "INSERT INTO telemetry (boot, sequence, at_us, window) VALUES (1, ?, ?, ?)",
          arguments: [Int64(sequence), Int64(window.atUs), bytes])
      }
      let last: Data = try Self.row(1_400, seconds: 2_800).serializedBytes()
      try db.execute(
        sql: "UPDATE boot SET sequence = 1400, newest_at_us = ?, window = ?",
        arguments: [Self.at(2_800).microseconds, last])
    }
    let store = try FleetStore(folder: folder.path)
    var found: [BootTelemetry] = []
    try store.readTelemetry(.raw, in: Self.at(0)..<Self.at(9_000)) { found.append($0) }
    let windows = try #require(found.first).windows
    #expect(windows.map(\.window.sequence) == Array(1...699) + Array(701...1_400))
    #expect(windows.filter { $0.flags == .gap }.map(\.window.sequence) == [701])
    var minutes: [BootTelemetry] = []
    try store.readTelemetry(.minute, in: Self.at(0)..<Self.at(9_000)) { minutes.append($0) }
    #expect(try #require(minutes.first).windows.count >= 46)
  }
}
