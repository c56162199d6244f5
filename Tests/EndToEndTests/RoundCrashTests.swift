import FleetAPI
import FleetCore
import FleetStore
import Foundation
import Testing

/// SIGKILL in the middle of a round: it ends, each update counts once, the bytes are the same.
@Suite(.serialized, .timeLimit(.minutes(10))) struct RoundCrashTests {
  private static let rounds: UInt32 = 3
  /// Enough that a round outlasts the question whether it is open.
  private static let samples: UInt32 = 3_000

  @Test func `a round goes on where a killed process left it`() async throws {
    let undisturbed = try await finalModel { _ in }
    // Killed before anybody has reported, and after somebody has.
    for reports in [0, 1] {
      let disturbed = try await finalModel { fleet in
        try await kill("coordinator", of: fleet, afterReports: reports)
        _ = try await fleet.startCoordinator()
      }
      #expect(disturbed == undisturbed, "coordinator killed after \(reports) reports")
    }
    let disturbed = try await finalModel { fleet in
      try await kill("east", of: fleet, afterReports: 0)
      try fleet.startAgent("east")
    }
    #expect(disturbed == undisturbed, "agent killed while it trained")
  }

  /// Runs a whole job on a fresh fleet and returns the last committed model.
  private func finalModel(_ disturb: (TestFleet) async throws -> Void) async throws -> String {
    let fleet = try TestFleet(nodes: ["east", "north", "west"])
    try await fleet.startCoordinator()
    for node in fleet.nodes { try fleet.startAgent(node) }
    try await fleet.acceptAll()
    let digest = try await fleet.push()
    try await fleet.startJob("learn", digest, rounds: Self.rounds, samples: Self.samples)
    try await disturb(fleet)
    let job = try await fleet.endOfJob("learn")
    #expect(job.state == "finished", "\(job.detail)\n\(fleet.logs)")
    #expect(job.rounds.map(\.attempt) == [1, 1, 1])
    for round in job.rounds {
      #expect(round.state == "committed")
      #expect(round.participants.map(\.node) == fleet.nodes)
      #expect(
        round.participants.allSatisfy { $0.state == "reported" && $0.samples == Self.samples })
    }
    return job.currentModel
  }

  /// Ends a process at once while a round is open and that many nodes, or more, have reported.
  private func kill(
    _ name: String, of fleet: TestFleet, afterReports reports: Int
  ) async throws {
    let job = try await eventually("a round is open", log: { fleet.logs }) { () -> JobView? in
      guard let job = try await fleet.job("learn"), let round = job.rounds.last else { return nil }
      let reported = round.participants.filter { $0.state == "reported" }.count
      return round.round > 1 || reported >= reports ? job : nil
    }
    try #require(fleet.daemon(name)).kill()
    #expect(job.state == "running", "killed too late to prove anything")
  }
}
