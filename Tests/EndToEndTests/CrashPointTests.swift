import FleetAPI
import Foundation
import Synchronization
import Testing

/// SIGKILL before and after everything that a daemon writes or sends; see docs/CHAOS.md.
///
/// `make chaos` tries every point; here a few, other ones each time.
@Suite(.serialized, .timeLimit(.minutes(120))) struct CrashPointTests {
  /// What came of one crash.
  private struct Outcome {
    var crash: ChaosFleet.Crash
    /// Where it happened, as the process said before it died.
    var place: String
    var violations: [String]
  }

  @Test func `a fleet recovers from a kill at any point of either side`() async throws {
    let (points, rounds) = try await Self.count()
    var crashes: [ChaosFleet.Crash] = []
    for daemon in [ChaosFleet.coordinator, "north"] {
      let count = try #require(points[daemon])
      #expect(count > 50, "\(daemon) passes \(count) points only")
      crashes += ChaosPlan.points(of: daemon, in: count)
    }
    ChaosPlan.say(
      "points: coordinator \(points["coordinator"] ?? 0), agent \(points["north"] ?? 0)")
    let started = ContinuousClock.now
    let outcomes = try await Self.run(crashes, as: rounds)
    for outcome in outcomes where !outcome.violations.isEmpty {
      Issue.record(
        """
        \(outcome.crash) (\(outcome.place)):
        \(outcome.violations.joined(separator: "\n"))
        replay: make chaos CRASH=\(outcome.crash.daemon):\(outcome.crash.point)
        """)
    }
    let failed = outcomes.filter { !$0.violations.isEmpty }
    let seconds = (ContinuousClock.now - started).components.seconds
    ChaosPlan.say(
      "crash points: \(outcomes.count - failed.count) of \(outcomes.count) recovered in "
        + "\(seconds) s" + failed.map { "; FAILED \($0.crash)" }.joined())
  }

  /// Points that each daemon passes where nobody dies, and the rounds that are then committed.
  private static func count() async throws -> (points: [String: Int], rounds: [RoundView]) {
    var points: [String: Int] = [:]
    var rounds: [RoundView] = []
    for daemon in [ChaosFleet.coordinator, "north"] {
      let chaos = try ChaosFleet(ChaosFleet.Crash(daemon: daemon, point: 0))
      let violations = try await play(chaos)
      #expect(violations.isEmpty, "undisturbed: \(violations)")
      points[daemon] = chaos.fate.withLock { $0.points }
      let committed = chaos.fate.withLock { $0.rounds }
      #expect(rounds.isEmpty || rounds == committed, "two undisturbed fleets differ")
      #expect(committed.count == 2 && committed.allSatisfy { $0.joules ?? 0 > 0 })
      rounds = committed
    }
    return (points, rounds)
  }

  /// Several fleets at a time: each spends its time waiting.
  private static func run(
    _ crashes: [ChaosFleet.Crash], as rounds: [RoundView]
  ) async throws -> [Outcome] {
    var waiting = crashes[...]
    var outcomes: [Outcome] = []
    await withTaskGroup(of: Outcome.self) { group in
      for _ in 0..<ChaosPlan.fleetsAtOnce {
        if let crash = waiting.popFirst() { group.addTask { await outcome(of: crash, rounds) } }
      }
      for await outcome in group {
        outcomes.append(outcome)
        ChaosPlan.say(
          "\(outcome.crash): \(outcome.place): "
            + (outcome.violations.isEmpty ? "recovered" : "FAILED\n\(outcome.violations)"),
          onlyWhereAll: true)
        guard let crash = waiting.popFirst() else { continue }
        group.addTask { await Self.outcome(of: crash, rounds) }
      }
    }
    return outcomes.sorted { ($0.crash.daemon, $0.crash.point) < ($1.crash.daemon, $1.crash.point) }
  }

  /// Models, accepted updates and their energy have to be those of a fleet where nobody dies.
  private static func outcome(of crash: ChaosFleet.Crash, _ rounds: [RoundView]) async -> Outcome {
    var place = "never reached"
    do {
      let chaos = try ChaosFleet(crash)
      var violations = try await play(chaos)
      let found = chaos.fate.withLock { $0.rounds }
      if found != rounds {
        violations.append("rounds \(found), where nobody dies \(rounds)")
      }
      place = chaos.fleet.firstLine(of: crash.daemon, containing: "SPIKEFLEET_CRASH_AT=") ?? place
      return Outcome(crash: crash, place: place, violations: violations)
    } catch {
      return Outcome(crash: crash, place: place, violations: ["\(error)"])
    }
  }

  /// The scenario, the death, the recovery, and what then does not hold.
  private static func play(_ chaos: ChaosFleet) async throws -> [String] {
    try chaos.start()
    try await chaos.work()
    guard try await chaos.hasDied() else {
      return ["\(chaos.crash.map { "\($0)" } ?? ""): no death"]
    }
    try await chaos.settled()
    let energy = try await chaos.stopAll()
    var ledger = ChaosLedger(chaos, energy: energy)
    return try ledger.check()
  }
}
