import FleetCore
import Foundation
import Testing

/// The real cores under seeded faults; a failing seed is printed with the command that replays it.
@Suite struct SimulationTests {
  /// `SIMULATION_SEED` in the environment replays one seed with a trace.
  private static let replayed = ProcessInfo.processInfo.environment["SIMULATION_SEED"]
    .flatMap { UInt64($0) }

  private static func seeds(_ count: UInt64) -> [UInt64] {
    replayed.map { [$0] } ?? Array(1...count)
  }

  private func explain(_ fleet: SimulatedFleet, _ problem: String) -> Comment {
    """
    seed \(fleet.seed): \(problem)
    \(fleet.violations.joined(separator: "\n"))
    \(fleet.picture)
    replay: SIMULATION_SEED=\(fleet.seed) make test FILTER=SimulationTests
    """
  }

  @Test func `under any faults a job ends in the same model as without any`() {
    var calm = SimulatedFleet(seed: 0, isFaulty: false)
    let isSettled = calm.run()
    calm.checkEnd()
    #expect(isSettled && calm.violations.isEmpty, explain(calm, "the calm run does not settle"))
    let expected = calm.result
    #expect(expected.count == 4)
    for seed in Self.seeds(200) {
      var fleet = SimulatedFleet(seed: seed, isFaulty: true)
      fleet.isTracing = Self.replayed != nil
      let isSettled = fleet.run()
      #expect(isSettled, explain(fleet, "not settled"))
      if isSettled { fleet.checkEnd() }
      #expect(fleet.violations.isEmpty, explain(fleet, "a rule was broken"))
      #expect(!isSettled || fleet.result == expected, explain(fleet, "\(fleet.result)"))
    }
  }

  @Test func `with short deadlines every round still ends and nothing counts twice`() {
    for seed in Self.seeds(100) {
      var fleet = SimulatedFleet(
        seed: seed &+ 1_000, isFaulty: true, rounds: 4, minimum: 2, deadlineMilliseconds: 4_000,
        attempts: 3)
      fleet.isTracing = Self.replayed != nil
      let isSettled = fleet.run()
      #expect(isSettled, explain(fleet, "not settled"))
      if isSettled { fleet.checkEnd() }
      #expect(fleet.violations.isEmpty, explain(fleet, "a rule was broken"))
    }
  }

  @Test func `a seed gives the same run every time`() {
    func log() -> ([FleetChange], Instant) {
      var fleet = SimulatedFleet(seed: 42, isFaulty: true)
      _ = fleet.run()
      return (fleet.coordinator.mirror.log, fleet.now)
    }
    let (first, firstEnd) = log()
    let (second, secondEnd) = log()
    #expect(first == second && firstEnd == secondEnd)
  }
}
