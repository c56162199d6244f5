import FleetAPI
import FleetCore
import Foundation
import NetworkTraining
import SensorData
import SpikingNetwork
import Workbench
import ZeroMQTransport

/// The main job from the first key to the last table, one step after the other.
struct Demonstration: Sendable {
  private let scenario: Scenario
  private let stage: DemoStage
  private var fleet: FleetFolder { stage.fleet }

  /// A demonstration of a scenario on a stage.
  init(_ scenario: Scenario, on stage: DemoStage) {
    self.scenario = scenario
    self.stage = stage
  }

  /// Runs every step; whether all expectations held.
  func run() async throws -> Bool {
    Console.line("F=\(fleet.path)")
    Console.line("seeds: \(seeds)")
    try await prepare()
    try await startFleet()
    try await makeModel()
    try await deploy()
    let job = try await learnTogether()
    return try await report(job)
  }

  private var seeds: String {
    [
      ("data", scenario.data.seed), ("weights", scenario.network.weightSeed),
      ("input spikes", scenario.network.encoderSeed), ("training", scenario.training.seed),
      ("federation", scenario.federation.seed),
    ].map { "\($0.0) \($0.1)" }.joined(separator: ", ")
  }

  // MARK: steps

  private func prepare() async throws {
    stage.heading("Real digits, keys and settings")
    try await stage.tool("data", "fetch")
    let rates = scenario.fleet
    try await stage.tool(
      ["init", fleet.path] + scenario.nodes.flatMap { ["--node", $0.name] } + [
        "--inferences-per-second", "\(rates.inferencesPerSecond)", "--telemetry-seconds",
        "\(rates.telemetrySeconds)", "--heartbeat-milliseconds", "\(rates.heartbeatMilliseconds)",
      ])
    Console.line("$ export SPIKEFLEET_CONTEXT=$F/operator/context.yaml")
    try await stage.tool("data", "deal", stage.scenarioPath, "--to", fleet.path)
  }

  private func startFleet() async throws {
    stage.heading("One coordinator, \(scenario.nodes.count) agents")
    _ = try stage.daemon(
      "spikefleet-coordinator", named: "coordinator", settings: fleet.coordinatorSettings)
    _ = try await stage.eventually("the coordinator answers") {
      try await reachable { try await $0.status() }
    }
    for node in scenario.nodes {
      _ = try stage.daemon(
        "spikefleet-agent", named: node.name, settings: fleet.agentSettings(node.name))
    }
    let keys = try scenario.nodes.map { node in
      try CurveKeyFile(path: fleet.agentCurveKey(node.name)).load().publicKey
    }
    let client = try stage.client()
    _ = try await stage.eventually("all agents knock") {
      let pending = try await client.pending().map(\.publicKey)
      return keys.allSatisfy { pending.contains($0.z85) } ? true : nil
    }
    try await stage.tool("node", "list", "--pending")
    for (node, key) in zip(scenario.nodes, keys) {
      try await stage.tool("node", "accept", key.fingerprint.text, "--name", node.name)
    }
    _ = try await stage.eventually("all nodes are online") {
      let views = try await client.nodes()
      return views.allSatisfy { $0.liveness == "online" } ? true : nil
    }
    try await stage.tool("node", "list")
  }

  private func makeModel() async throws {
    stage.heading("A base model, trained at the desk and compiled for the chip")
    try await stage.tool(
      "model", "train", "--scenario", stage.scenarioPath, "--data", fleet.base, "--out",
      fleet.network)
    try await stage.tool(
      "model", "compile", fleet.network, "--chip", stage.beside(scenario.chip), "--data",
      fleet.base, "--test", fleet.check, "--out", fleet.model)
  }

  private func deploy() async throws {
    stage.heading("Signed, pushed, deployed")
    try await stage.tool("model", "push", fleet.model, "--key", fleet.publisherKey)
    try await stage.tool("deploy", scenario.name, "--wait", "60")
    stage.heading("Inference")
    let client = try stage.client()
    _ = try await stage.eventually("every node reports") {
      try await client.top().allSatisfy { $0.accuracy != nil } ? true : nil
    }
    try await stage.tool(
      "top", "--interval", "2", "--for", "\(scenario.fleet.inferenceSeconds)")
  }

  private func learnTogether() async throws -> JobView {
    stage.heading("Learning together, on the chips")
    let job = scenario.federation
    try await stage.tool(
      "federate", "start", "--name", scenario.name, "--model", scenario.name, "--rounds",
      "\(job.rounds)", "--samples-per-round", "\(job.samplesPerRound)", "--minimum-reports",
      "\(job.minimumReports)", "--deadline-seconds", "\(job.deadlineSeconds)", "--attempts",
      "\(job.attempts)", "--max-regression", "\(job.maxRegression)", "--seed", "\(job.seed)")
    try await stage.tool("federate", "watch", scenario.name)
    let jobs = try await stage.client().jobs()
    guard let view = jobs.first(where: { $0.specification.name == scenario.name }) else {
      throw JobTables.unknown(scenario.name)
    }
    let learnt = Figure.digest(view.currentModel)
    try await stage.tool("model", "pull", learnt, "--out", fleet.federatedModel)
    try await stage.tool("deploy", learnt, "--wait", "60")
    return view
  }

  private func report(_ job: JobView) async throws -> Bool {
    stage.heading("The same work alone and pooled, for comparison")
    let comparison = try await DemoComparison.run(scenario, fleet, job)
    stage.heading("What came out")
    let client = try stage.client()
    let energy = try await client.energy()
    Console.write(comparison.table(scenario, job).text)
    Console.line("\nEnergy of the chips")
    Console.write(EnergyTables.components(energy).text)
    EnergyTables.priceLines(energy).forEach(Console.line)
    Console.line("\nBytes over the wire")
    Console.write(EnergyTables.bytes(energy).text)
    Console.line("\nSeconds per round: \(Self.seconds(of: job))")
    Console.line()
    Console.write(stage.peakMemory().text)
    Console.line("seeds: \(seeds)\n")
    let checks = comparison.verdict.checks(scenario.expect)
    for check in checks { Console.line("\(check.holds ? "holds " : "FAILS ") \(check.condition)") }
    return checks.allSatisfy(\.holds)
  }

  private static func seconds(of job: JobView) -> String {
    let seconds = job.rounds.compactMap(\.seconds)
    guard let least = seconds.min(), let most = seconds.max() else { return Figure.missing }
    let mean = seconds.reduce(0, +) / Double(seconds.count)
    return "\(Figure.fixed(mean, 2)) on average, \(Figure.fixed(least, 2)) to "
      + "\(Figure.fixed(most, 2)), over \(seconds.count) rounds"
  }

  /// The answer of a call, nil while the coordinator is not there yet.
  private func reachable<Value>(_ call: (FleetClient) async throws -> Value) async throws -> Value?
  {
    do {
      return try await call(try stage.client())
    } catch let error as ServiceError where error.code == "unreachable" {
      return nil
    } catch let error as CommandFailure where error.code == .unreachable {
      return nil
    }
  }
}
