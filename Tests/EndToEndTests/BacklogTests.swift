import FleetAPI
import FleetCore
import FleetProtocol
import FleetStore
import Foundation
import Testing
import Workbench

/// A node that comes back with more than it can say at once, as real processes.
@Suite(.serialized, .timeLimit(.minutes(5))) struct BacklogTests {
  private static let boot = [UInt8](repeating: 9, count: 16)
  /// Of two seconds each: eleven hours.
  private static let count: UInt64 = 20_000

  /// Puts windows of an earlier run into a node's outbox, as if it had been cut off.
  private func fill(_ folder: String) throws {
    let store = try AgentStore(folder: folder)
    let now = UInt64(WallClock.now().microseconds)
    for first in stride(from: 1, through: Self.count, by: 2_000) {
      try store.commit(
        (first..<first + 2_000).map { sequence in
          var window = WireTelemetryWindow()
          window.sequence = sequence
          window.atUs = now - (Self.count - sequence + 60) * 2_000_000
          window.inferences = sequence * 100
          window.inferenceCounts = [sequence * 90_001, sequence * 17, sequence * 3]
          return .windowQueued(boot: Self.boot, window)
        })
    }
    StateLock.release(folder)
  }

  @Test func `a backlog comes in whole while windows of now go on, its own and another's`()
    async throws
  {
    let fleet = try TestFleet(nodes: ["north", "south"])
    let history = AgentHistory(fleet, "north")
    try fill(history.folder)
    try await fleet.startCoordinator()
    for node in fleet.nodes { try fleet.startAgent(node) }
    try await fleet.acceptAll()
    _ = try await eventually("the backlog is through", within: 120, log: { fleet.logs }) {
      try history.waiting() <= 1 ? true : nil
    }
    let client = try fleet.client()
    for node in fleet.nodes {
      let id = try #require(Identifier(node))
      _ = try await eventually("windows of \(node)'s present run", log: { fleet.logs }) {
        try await client.telemetry(node: id, limit: 2)
          .contains { $0.boot != "090909090909" && $0.sequence > 1 } ? true : nil
      }
    }
    for node in fleet.nodes { #expect(try await fleet.daemon(node)?.stop() == 0) }
    #expect(try await fleet.daemon("coordinator")?.stop() == 0)
    let state = fleet.folder.appending(path: "coordinator/state").path
    let store = try FleetStore(folder: state)
    let span = Instant(microseconds: 0)..<Instant(microseconds: .max)
    var boots: [Identifier: [[UInt8]: [UInt64]]] = [:]
    try store.readTelemetry(.raw, in: span) { telemetry in
      boots[telemetry.node, default: [:]][telemetry.boot] = telemetry.windows.map(\.window.sequence)
    }
    let (north, south) = (
      try #require(Identifier("north")), try #require(Identifier("south"))
    )
    #expect(boots[north]?[Self.boot] == Array(1...Self.count))
    // Windows of the present run of either node, without a hole.
    for (node, others) in boots {
      for (boot, sequences) in others where boot != Self.boot {
        #expect(sequences == Array(1...UInt64(sequences.count)), "\(node)")
      }
    }
    #expect(boots[north]?.count == 2 && boots[south]?.count == 1)
    let kinds = try store.events(limit: 1_000).map(\.event.kind)
    #expect(!kinds.contains("telemetry.gap") && !kinds.contains("telemetry.merged"))
  }
}
