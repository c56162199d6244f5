import CompiledModel
import FleetAPI
import FleetCore
import Foundation
import Testing

/// A real node that lives on a limit of energy, and one whose model learns while it serves.
@Suite(.serialized, .timeLimit(.minutes(5))) struct EnergyAndLearningTests {
  private func fleet(_ settings: [String] = []) async throws -> TestFleet {
    let fleet = try TestFleet(
      nodes: ["north"],
      settings: [
        "--inferences-per-second", "200", "--telemetry-seconds", "1",
        "--heartbeat-milliseconds", "500",
      ] + settings)
    try await fleet.startCoordinator()
    try fleet.startAgent("north")
    try await fleet.acceptAll()
    return fleet
  }

  private func energy(_ fleet: TestFleet) async throws -> NodeEnergyView? {
    try await fleet.client().top().first?.energy
  }

  @Test func `a node keeps to its limit, with a smaller model first, and takes all up again`()
    async throws
  {
    let fleet = try await fleet()
    let client = try fleet.client()
    let big = try await fleet.push()
    // Half of the weights at nothing: fewer spikes, less energy.
    let small = try await fleet.push(
      fleet.model.mappingWeights { index, weight in index.isMultiple(of: 2) ? weight : 0 })
    var request = DeployRequest(model: big.hex, nodes: [])
    request.standIns = [small.hex]
    #expect(try await client.deploy(request, requestID: FleetClient.newRequestID()).done)
    // Of no energy at all there is a share of none.
    let tiny = EnergyBudget(name: "fleet", joulesPerDay: 1e-6)
    #expect(try await client.setBudget(tiny, requestID: FleetClient.newRequestID()).done)
    let out = try await eventually("nothing is left", log: { fleet.logs }) {
      try await energy(fleet).flatMap { $0.ratePerMille == 0 ? $0 : nil }
    }
    #expect(out.usedJoules >= 1e-6 && out.isLearningPaused)
    _ = try await eventually("the alarm", log: { fleet.logs }) {
      try await client.nodes().first?.alarm == "energy.used-up" ? true : nil
    }
    // A killed agent has not forgotten, and asks nobody.
    fleet.daemon("coordinator")?.kill()
    fleet.daemon("north")?.kill()
    let path = fleet.folder.appending(path: "north.log")
    let mark = try Data(contentsOf: path).count
    try fleet.startAgent("north")
    _ = try await eventually("the next run waits as well", log: { fleet.logs }) {
      let lines = String(decoding: try Data(contentsOf: path).dropFirst(mark), as: UTF8.self)
      return lines.contains("energy.used-up") ? true : nil
    }
    try await fleet.startCoordinator()
    _ = try await eventually("the budget is taken away", log: { fleet.logs }) {
      try await fleet.reachable {
        try await client.removeBudget("fleet", requestID: FleetClient.newRequestID())
      }
    }
    _ = try await eventually("it works again", log: { fleet.logs }) {
      let rows = try await fleet.reachable { try await client.top() }
      return rows?.first.flatMap {
        $0.energy == nil && $0.inferencesPerSecond ?? 0 > 100 ? true : nil
      }
    }
    // Its notice comes by a way of its own.
    _ = try await eventually("the alarm is over", log: { fleet.logs }) {
      try await client.nodes().first?.alarm == "" ? true : nil
    }
  }

  @Test func `what a model learns while it serves survives a kill, and a reset forgets it`()
    async throws
  {
    let fleet = try await fleet()
    let client = try fleet.client()
    let model = try await fleet.push()
    var request = DeployRequest(model: model.hex, nodes: [])
    request.learns = true
    #expect(try await client.deploy(request, requestID: FleetClient.newRequestID()).done)
    _ = try await eventually("it learns", log: { fleet.logs }) {
      let row = try await client.top().first
      return row?.learningState == LearningState.serving && row?.learningSamples ?? 0 > 200
        ? true : nil
    }
    // The end of the process is a snapshot too, a kill is none.
    _ = try await fleet.daemon("north")?.stop()
    try fleet.startAgent("north")
    _ = try await eventually("it goes on", log: { fleet.logs }) {
      let row = try await client.top().first
      return row?.learningState == LearningState.serving && row?.liveness == "online" ? true : nil
    }
    let blobs = fleet.folder.appending(path: "agents/north/state/blobs").path
    let before = try FileManager.default.subpathsOfDirectory(atPath: blobs)
    #expect(before.count >= 2, "the model and what it has learnt: \(before)")
    fleet.daemon("north")?.kill()
    try fleet.startAgent("north")
    _ = try await eventually("it goes on after a kill", log: { fleet.logs }) {
      try await client.top().first?.learningState == LearningState.serving ? true : nil
    }
    #expect(fleet.firstLine(of: "north", containing: "learning.lost") == nil)
    let reset = try await client.order(
      NodeRequest(.resetLearning), node: "north", requestID: FleetClient.newRequestID())
    #expect(reset.done, "\(reset.detail)")
    _ = try await eventually("it runs as it was published", log: { fleet.logs }) {
      let node = try await client.nodes().first
      return node?.phase == "active" && node?.observedGeneration == node?.desiredGeneration
        ? true : nil
    }
  }
}
