import FleetAPI
import FleetCore
import FleetStore
import Foundation
import Testing

/// SIGKILL in the middle of a round: it ends, each update counts once, the bytes are the same.
@Suite(.serialized, .timeLimit(.minutes(10))) struct CoordinatorCrashTests {
  private static let rounds: UInt32 = 3

  @Test func `a round goes on where the killed coordinator left it`() async throws {
    let undisturbed = try await finalModel { _, _ in }
    // Killed before anybody has reported, and after somebody has.
    for reports in [0, 1] {
      let disturbed = try await finalModel { fleet, coordinator in
        try await kill(coordinator, of: fleet, afterReports: reports)
        _ = try await fleet.startCoordinator()
      }
      #expect(disturbed == undisturbed, "killed after \(reports) reports")
    }
  }

  /// Runs a whole job on a fresh fleet and returns the last committed model.
  private func finalModel(
    _ disturb: (TestFleet, DaemonProcess) async throws -> Void
  ) async throws -> String {
    let fleet = try TestFleet(nodes: ["east", "north", "west"])
    let coordinator = try await fleet.startCoordinator()
    for node in fleet.nodes { try fleet.startAgent(node) }
    try await fleet.acceptAll()
    let digest = try await fleet.push()
    try await fleet.startJob("learn", digest, rounds: Self.rounds)
    try await disturb(fleet, coordinator)
    let job = try await fleet.endOfJob("learn")
    #expect(job.state == "finished", "\(job.detail)\n\(fleet.logs)")
    #expect(job.rounds.count == Int(Self.rounds))
    for round in job.rounds {
      #expect(round.state == "committed")
      #expect(round.participants.map(\.node) == fleet.nodes)
      #expect(round.participants.allSatisfy { $0.state == "reported" && $0.samples == 100 })
    }
    return job.currentModel
  }

  private func kill(
    _ coordinator: DaemonProcess, of fleet: TestFleet, afterReports reports: Int
  ) async throws {
    _ = try await eventually("a round is open", log: { fleet.logs }) { () -> Bool? in
      guard let round = try await fleet.job("learn")?.rounds.last else { return nil }
      let reported = round.participants.filter { $0.state == "reported" }.count
      return round.round > 1 || reported >= reports ? true : nil
    }
    coordinator.kill()
  }
}
