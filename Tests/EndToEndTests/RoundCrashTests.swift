import Federation
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
      let disturbed = try await modelAfterKilling("coordinator", afterReports: reports)
      #expect(disturbed == undisturbed, "coordinator killed after \(reports) reports")
    }
    let disturbed = try await modelAfterKilling("east", afterReports: 0)
    #expect(disturbed == undisturbed, "agent killed while it trained")
  }

  /// The last committed model of a job in whose middle a process was ended and started again.
  ///
  /// A kill that came after the job proves nothing, so that it is tried on another fleet: on a busy
  /// machine this test may not be asked for a while.
  private func modelAfterKilling(
    _ name: String, afterReports reports: Int
  ) async throws -> String {
    for _ in 1...5 {
      var wasInTime = false
      let model = try await finalModel { fleet in
        wasInTime = try await kill(name, of: fleet, afterReports: reports)
        if name == "coordinator" {
          _ = try await fleet.startCoordinator()
        } else {
          try fleet.startAgent(name)
        }
      }
      if wasInTime { return model }
    }
    throw NotInTime(what: "a kill of \(name) within a round", log: "")
  }

  /// Runs a whole job on a fresh fleet and returns the last committed model.
  private func finalModel(_ disturb: (TestFleet) async throws -> Void) async throws -> String {
    let fleet = try TestFleet(nodes: ["east", "north", "west"])
    try await fleet.startCoordinator()
    for node in fleet.nodes { try fleet.startAgent(node) }
    try await fleet.acceptAll()
    let digest = try await fleet.push()
    // The coordinator and each node keep something from round to round.
    try await fleet.startJob(
      "learn", digest, rounds: Self.rounds, samples: Self.samples,
      strategy: try Strategy(.fedAvgM), compression: .topK(perMille: 100, bytes: true))
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

  /// Ends a process at once while a round is open and that many nodes, or more, have reported;
  /// false if the job was over by then.
  private func kill(
    _ name: String, of fleet: TestFleet, afterReports reports: Int
  ) async throws -> Bool {
    let job = try await eventually("a round is open", log: { fleet.logs }) { () -> JobView? in
      guard let job = try await fleet.job("learn"), let round = job.rounds.last else { return nil }
      let reported = round.participants.filter { $0.state == "reported" }.count
      return round.round > 1 || reported >= reports ? job : nil
    }
    try #require(fleet.daemon(name)).kill()
    return job.state == "running"
  }
}
