import CompiledModel
import FleetAPI
import FleetCore
import Foundation
import Testing

/// Rollouts with real processes and the command-line tool, as an operator has them.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RolloutTests {
  private static let nodes = ["north", "east", "south", "west"]

  private func fleet() async throws -> (TestFleet, good: ContentDigest) {
    let fleet = try TestFleet(
      nodes: Self.nodes,
      settings: [
        "--inferences-per-second", "200", "--telemetry-seconds", "1",
        "--heartbeat-milliseconds", "500",
      ])
    try await fleet.startCoordinator()
    for node in Self.nodes { try fleet.startAgent(node) }
    try await fleet.acceptAll()
    let good = try await fleet.push()
    try await fleet.deploy(good)
    return (fleet, good)
  }

  /// A deployment that a small fleet decides in seconds: wide bounds, an error rate of 5 %.
  private func write(_ name: String, _ model: ContentDigest, to fleet: TestFleet) throws -> String {
    let path = fleet.folder.appending(path: "\(name).yaml").path
    let text = """
      name: \(name)
      model: \(model.hex)
      waves: [1, 2]
      maxParallel: 2
      shadow:
        percent: 100
      probeInferences: 50
      gates:
        accuracyDropPoints: 30
        joulesRatioMax: 2
        spikesRatioMin: 0.5
        spikesRatioMax: 2
        samplesMin: 100
        errorRate: 0.05
      bakeSeconds: 2
      gateSeconds: 60
      stepSeconds: 60
      """
    try Data(text.utf8).write(to: URL(filePath: path))
    return path
  }

  private func tool(_ fleet: TestFleet, _ arguments: [String]) throws -> Programs.Outcome {
    let context = fleet.folder.appending(path: "operator/context.yaml").path
    return try Programs.run(Programs.tool, arguments + ["--context", context])
  }

  /// The model with one weight changed by the least there is: as good, and another one.
  private static func varied(_ model: CompiledModel) -> CompiledModel {
    model.mappingWeights { index, weight in index == 0 ? weight + (weight > 0 ? -1 : 1) : weight }
  }

  @Test func `a good model reaches every node, a bad one none`() async throws {
    let (fleet, old) = try await fleet()
    let good = try await fleet.push(Self.varied(fleet.model))
    let deployment = try write("better", good, to: fleet)
    let plan = try tool(fleet, ["deploy", "plan", deployment])
    #expect(plan.status == 0, "\(plan.errors)")
    for node in Self.nodes { #expect(plan.output.contains(node)) }
    let applied = try tool(fleet, ["deploy", "apply", deployment, "--watch"])
    #expect(applied.status == 0, "\(applied.errors)\n\(applied.output)\n\(fleet.logs)")
    #expect(applied.output.contains("wave 1, shadowing: passed, every bound is kept"))
    #expect(applied.output.contains("rollout better completed; 4 active"), "\(applied.output)")
    let client = try fleet.client()
    #expect(try await client.nodes().allSatisfy { $0.observedModel == good.hex })
    #expect(try tool(fleet, ["rollout", "list"]).output.contains("4 active"))

    // Every weight at nothing: it never fires, which a shadow shows before it ever serves.
    let bad = try await fleet.push(fleet.model.mappingWeights { _, _ in 0 })
    let worse = try write("worse", bad, to: fleet)
    let stopped = try tool(fleet, ["deploy", "apply", worse, "--watch"])
    #expect(stopped.status == 1, "\(stopped.output)")
    #expect(stopped.errors.contains("rollout worse failed"), "\(stopped.errors)")
    let explained = try tool(fleet, ["rollout", "explain", "worse"])
    #expect(explained.output.contains("spikes-below"), "\(explained.output)")
    #expect(explained.output.contains("breach"))
    let view = try await client.rollout("worse")
    #expect(view.members.allSatisfy { $0.step == .cancelled })
    _ = try await eventually("all serve the good one", log: { fleet.logs }) {
      try await client.nodes().allSatisfy {
        $0.phase == "active" && $0.observedModel == good.hex
      } ? true : nil
    }

    // Back to what they ran first, below the release that has raised their floors.
    #expect(try tool(fleet, ["rollout", "undo", "better"]).status == 0)
    _ = try await eventually("all serve the first one", log: { fleet.logs }) {
      let nodes = try await client.nodes()
      return nodes.allSatisfy { $0.phase == "active" && $0.observedModel == old.hex } ? true : nil
    }
    _ = try await eventually("the rollout says so", log: { fleet.logs }) {
      try await client.rollout("better").rollout.state == .undone ? true : nil
    }
  }

  @Test func `a killed coordinator and a killed node change nothing about the end`() async throws {
    let (fleet, _) = try await fleet()
    let good = try await fleet.push(Self.varied(fleet.model))
    let deployment = try write("steady", good, to: fleet)
    #expect(try tool(fleet, ["deploy", "apply", deployment]).status == 0)
    for round in 0..<3 {
      try await Task.sleep(for: .milliseconds(1_500))
      fleet.daemon("coordinator")?.kill()
      try await fleet.startCoordinator()
      let node = Self.nodes[round]
      fleet.daemon(node)?.kill()
      try fleet.startAgent(node)
    }
    let client = try fleet.client()
    let end = try await eventually("the rollout ends", within: 120, log: { fleet.logs }) {
      let view = try await fleet.reachable { try await client.rollout("steady") }
      return view.flatMap { $0.rollout.state.holdsNodes ? nil : $0 }
    }
    #expect(end.rollout.state == .completed, "\(end)")
    #expect(try await client.nodes().allSatisfy { $0.observedModel == good.hex })
  }

  @Test func `a node that is accepted later follows, and verbs are refused in words`() async throws
  {
    let fleet = try TestFleet(
      nodes: ["north", "late"], settings: ["--telemetry-seconds", "1"])
    try await fleet.startCoordinator()
    try fleet.startAgent("north")
    let client = try fleet.client()
    let key = try fleet.publicKey(of: "north")
    _ = try await eventually("north knocks", log: { fleet.logs }) {
      try await client.pending().contains { $0.publicKey == key } ? true : nil
    }
    _ = try await client.accept(
      AcceptRequest(name: "north", publicKey: key), requestID: FleetClient.newRequestID())
    let first = try await fleet.push()
    let path = fleet.folder.appending(path: "first.yaml")
    try Data(
      "name: first\nmodel: \(first.hex)\nbakeSeconds: 0\nonInsufficient: promote\ngateSeconds: 1\n"
        .utf8
    ).write(to: path)
    #expect(try tool(fleet, ["rollout", "pause", "first"]).errors.contains("no rollout 'first'"))
    let applied = try tool(fleet, ["deploy", "apply", path.path, "--watch"])
    #expect(applied.status == 0, "\(applied.errors)")
    #expect(try tool(fleet, ["rollout", "abort", "first"]).errors.contains("rollout undo first"))
    #expect(
      try tool(fleet, ["deploy", "apply", path.path]).errors.contains("rollout 'first' exists"))
    try fleet.startAgent("late")
    let lateKey = try fleet.publicKey(of: "late")
    _ = try await eventually("late knocks", log: { fleet.logs }) {
      try await client.pending().contains { $0.publicKey == lateKey } ? true : nil
    }
    _ = try await client.accept(
      AcceptRequest(name: "late", publicKey: lateKey), requestID: FleetClient.newRequestID())
    _ = try await eventually("it follows", log: { fleet.logs }) {
      try await client.nodes().first { $0.name == "late" }?.observedModel == first.hex
        ? true : nil
    }
  }
}

extension CompiledModel {
  /// The same network with other weights; `change` is given each one's position in its connection.
  func mappingWeights(_ change: (_ index: Int, _ weight: Int) -> Int) -> CompiledModel {
    func mapped<Weight: FixedWidthInteger>(_ weights: [Weight]) -> [Weight] {
      weights.enumerated().map { Weight(clamping: change($0.offset, Int($0.element))) }
    }
    var model = self
    for layer in model.layers.indices {
      for index in model.layers[layer].connections.indices {
        switch model.layers[layer].connections[index].weights {
        case .fixed(let weights):
          model.layers[layer].connections[index].weights = .fixed(mapped(weights))
        case .plastic(let weights, let rule, let bounds):
          model.layers[layer].connections[index].weights = .plastic(
            mapped(weights), rule, bounds: bounds)
        }
      }
    }
    return model
  }
}
