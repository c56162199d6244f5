import FleetSimulation
import FleetStore
import Foundation
import Testing

/// The real database in memory, as a simulation goes along with it.
extension FleetStore: DurableFleet {}

/// Both real cores under seeded faults; a failing seed is named with the command that replays it.
@Suite struct ChaosRunTests {
  static let options = ChaosOptions()

  /// Gives way first: a seed takes a while, and tests that wait for sockets share these threads.
  private func run(_ seed: UInt64, isStored: Bool = false) async throws {
    await Task.yield()
    let database = isStored ? try FleetStore.inMemory() : nil
    let report = ChaosRun(seed: seed, options: Self.options, database: database).run()
    #expect(
      report.violations.isEmpty,
      "\(report.violations.joined(separator: "; "))\nreplay: make sim SEED=\(seed)")
  }

  /// More of them where somebody wants to know how soon a bug is found.
  private static let seeds =
    ProcessInfo.processInfo.environment["SPIKEFLEET_SEEDS"].flatMap { UInt64($0) } ?? 24

  @Test func `seeds of mixed faults break no rule and come to rest`() async throws {
    for seed in UInt64(1)...Self.seeds { try await run(seed) }
  }

  @Test func `seeds that nobody has seen break no rule either`() async throws {
    let first = UInt64.random(in: 1_000_000...1_000_000_000)
    print("fresh seeds \(first)..\(first + 11), each with `make sim SEED=`")
    for seed in first..<first + 12 { try await run(seed) }
  }

  @Test func `the real database holds what the simulation holds`() async throws {
    for seed in UInt64(101)...108 { try await run(seed, isStored: true) }
  }

  @Test func `fifty nodes come to rest`() {
    let report = ChaosRun(seed: 1, options: ChaosOptions(nodes: 50)).run()
    #expect(report.violations.isEmpty, "replay: make sim SEED=1 NODES=50")
    let beats = report.virtualMilliseconds / 10_000 * 50
    #expect(Int64(report.messages) > beats, "less than a message for each node in ten seconds")
  }

  @Test func `a seed gives the same run every time`() throws {
    let first = ChaosRun(seed: 42, options: Self.options).run()
    let second = ChaosRun(seed: 42, options: Self.options, database: try FleetStore.inMemory())
      .run()
    #expect(first.fingerprint == second.fingerprint && first.messages == second.messages)
    #expect(first.fingerprint != ChaosRun(seed: 43, options: Self.options).run().fingerprint)
  }
}
