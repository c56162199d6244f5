import FleetAPI
import Foundation
import Testing

/// Networks and machines that misbehave under a working fleet; see docs/CHAOS.md.
@Suite(.serialized, .timeLimit(.minutes(60))) struct ChaosFaultTests {
  @Test(arguments: ChaosPlan.scenarios)
  func `nothing acknowledged is lost`(_ scenario: FaultScenario) async throws {
    for seed in ChaosPlan.seeds {
      var dice = SeededDice(seed: seed)
      let started = ContinuousClock.now
      var violations: [String] = []
      var struck = ""
      do {
        let played = try await scenario.play(&dice)
        struck = played.struck
        let energy = try await played.chaos.stopAll()
        var ledger = ChaosLedger(
          played.chaos, energy: energy, allowsHoles: scenario.allowsHoles,
          isRestored: scenario.isRestored)
        violations = try ledger.check()
        try played.chaos.finish()
      } catch {
        violations = ["\(error)"]
      }
      let seconds = (ContinuousClock.now - started).components.seconds
      let verdict = violations.isEmpty ? "held" : "FAILED"
      ChaosPlan.say("\(scenario.name) seed \(seed): \(verdict) in \(seconds) s (\(struck))")
      guard !violations.isEmpty else { continue }
      Issue.record(
        """
        \(scenario.name) seed \(seed):
        \(violations.joined(separator: "\n"))
        again: make chaos FAULT=\(scenario.name) SEED=\(seed)
        """)
    }
  }
}
