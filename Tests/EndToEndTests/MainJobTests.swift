import FleetAPI
import FleetCore
import FleetStore
import Foundation
import Testing

/// The main job with real processes: accept, push, deploy, watch energy, learn together, stop.
@Suite(.serialized, .timeLimit(.minutes(5))) struct MainJobTests {
  @Test func `a fleet deploys, reports energy and learns together`() async throws {
    let fleet = try TestFleet(nodes: ["north", "south"])
    let coordinator = try await fleet.startCoordinator()
    let agents = try fleet.nodes.map { try fleet.startAgent($0) }
    try await fleet.acceptAll()
    let digest = try await fleet.push()
    try await fleet.deploy(digest)
    try await energyArrives(fleet)

    try await fleet.startJob("learn", digest, rounds: 2)
    let job = try await fleet.endOfJob("learn")
    #expect(job.state == "finished", "\(job.detail)\n\(fleet.logs)")
    #expect(job.rounds.map(\.state) == ["committed", "committed"])
    for round in job.rounds {
      #expect(round.participants.map(\.state) == ["reported", "reported"])
      #expect(round.participants.allSatisfy { $0.samples == 100 })
      #expect((round.joules ?? 0) > 0)
      #expect(round.accuracy != nil)
    }
    #expect(job.currentModel != digest.hex)
    for node in fleet.nodes { try learningIsRepeated(fleet, node) }

    for daemon in agents + [coordinator] {
      let status = try await daemon.stop()
      #expect(status == 0, "\(daemon.log)")
    }
  }

  @Test func `an agent killed and started again serves what it served`() async throws {
    let fleet = try TestFleet(nodes: ["north"])
    let coordinator = try await fleet.startCoordinator()
    let agent = try fleet.startAgent("north")
    try await fleet.acceptAll()
    try await fleet.deploy(try await fleet.push())
    try await energyArrives(fleet)
    agent.kill()
    coordinator.kill()
    // Without a coordinator it serves; the windows wait in its outbox.
    try fleet.startAgent("north")
    try await fleet.startCoordinator()
    let before = try await fleet.client().energy().map(\.inferences).reduce(0, +)
    _ = try await eventually("inferences of the second run arrive", log: { fleet.logs }) {
      try await fleet.client().energy().map(\.inferences).reduce(0, +) > before ? true : nil
    }
  }

  /// What the node learnt in its first round comes out again here, by its record.
  private func learningIsRepeated(_ fleet: TestFleet, _ node: String) throws {
    func path(_ name: String) -> String { fleet.folder.appending(path: name).path }
    let outcome = try Programs.run(
      Programs.tool,
      [
        "chip", "replay-learning", path("agents/\(node)/state/learning/learn-1.1.json"),
        "--model", path("model.snn"), "--data", path("agents/\(node)/stream"),
      ])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("100 samples: the same weights"))
  }

  private func energyArrives(_ fleet: TestFleet) async throws {
    let rows = try await eventually("energy of every node arrives", log: { fleet.logs }) {
      let rows = try await fleet.client().top()
      return rows.count == fleet.nodes.count && rows.allSatisfy { $0.joules > 0 } ? rows : nil
    }
    #expect(rows.allSatisfy { ($0.microjoulesPerInference ?? 0) > 0 })
    #expect(rows.allSatisfy { $0.priceTable.contains("loihi-learn") })
  }
}
