import CompiledModel
import FleetCore
import Foundation
import Workbench

/// What a rollout takes on real processes, what a plan takes in a large fleet, and how soon an
/// agent serves again.
enum RolloutCases {
  static let cases = [
    BenchCase(name: "fleet.rollout.n20.seconds", unit: "seconds", run: { try rollout($0) }),
    BenchCase(name: "fleet.plan.n10000.seconds", unit: "seconds", run: { try plan($0) }),
    BenchCase(name: "agent.boot.seconds", unit: "seconds", run: { try boot($0) }),
  ]

  private static let nodes = 20
  private static let inferencesPerSecond = 50.0
  private static let samplesMin = 500.0
  private static let probeInferences = 50.0
  private static let bakeSeconds = 10.0

  /// Signs and pushes a model; the coordinator then knows it by that name.
  private static func push(
    hidden: Int, as name: String, to fleet: BenchFleet, _ context: BenchContext
  ) throws {
    var model = try BenchModels.dense(hidden: hidden, chip: BenchFleet.chip, context)
    model.name = name
    try Data(model.encoded()).write(to: URL(filePath: fleet.folder.model))
    _ = try fleet.tool([
      "model", "push", fleet.folder.model, "--key", fleet.folder.publisherKey, "-o", "json",
    ])
  }

  /// Twenty agents in waves of 1, 5 and 14, unattended, with a shadow and gates; the facts say how
  /// much of the time was waited for inputs and for baking, and what is left.
  private static func rollout(_ context: BenchContext) throws -> BenchResult {
    let names = (1...nodes).map { "node-\($0)" }
    let fleet = try BenchFleet(
      nodes: names,
      settings: [
        "--inferences-per-second", "\(Int(inferencesPerSecond))", "--telemetry-seconds", "1",
        "--heartbeat-milliseconds", "1000",
      ])
    try fleet.startCoordinator()
    for name in names {
      try fleet.start("spikefleet-agent", fleet.folder.agentSettings(name))
    }
    try push(hidden: 128, as: "present", to: fleet, context)
    _ = try fleet.tool(["deploy", "present", "--wait", "60", "-o", "json"])
    try push(hidden: 127, as: "new", to: fleet, context)
    let file = fleet.folder.path + "/deployment.yaml"
    try Data(
      """
      name: bench
      model: new
      waves: [1, 5]
      maxParallel: \(nodes)
      shadow: {percent: 100}
      probeInferences: \(Int(probeInferences))
      gates:
        accuracyDropPoints: 30
        joulesRatioMax: 2
        spikesRatioMax: 2
        samplesMin: \(Int(samplesMin))
      bakeSeconds: \(Int(bakeSeconds))
      """.utf8
    ).write(to: URL(filePath: file))
    let started = ContinuousClock.now
    _ = try fleet.tool(["deploy", "apply", file, "--watch"])
    let seconds = (ContinuousClock.now - started) / .seconds(1)
    // The shadow of the first wave; then in each wave the probe, and the time to bake.
    let waited =
      samplesMin / inferencesPerSecond
      + 3 * (probeInferences / inferencesPerSecond + bakeSeconds)
    return BenchResult(
      values: [seconds],
      facts: [
        ("waitedSeconds", BenchResult.number(waited)),
        ("overheadSeconds", BenchResult.number(seconds - waited)), ("agents", "\(nodes)"),
      ])
  }

  /// From the command to its end, 10,000 nodes in the coordinator's database.
  private static func plan(_ context: BenchContext) throws -> BenchResult {
    let fleet = try BenchFleet(nodes: [], further: 10_000)
    try fleet.startCoordinator()
    try push(hidden: 16, as: "new", to: fleet, context)
    let file = fleet.folder.path + "/deployment.yaml"
    try Data("name: bench\nmodel: new\nwaves: [1, 10%, 30%]\n".utf8).write(to: URL(filePath: file))
    func seconds(_ further: [String]) throws -> Double {
      let started = ContinuousClock.now
      _ = try fleet.tool(["deploy", "plan", file] + further)
      return (ContinuousClock.now - started) / .seconds(1)
    }
    var values: [Double] = []
    for _ in 0..<5 { values.append(try seconds([])) }
    return BenchResult(
      values: values, facts: [("allNodesPrinted", BenchResult.number(try seconds(["--all"])))])
  }

  /// From the start of an agent's process until its chip is told to serve the model that it had,
  /// with nobody at the coordinator's address.
  private static func boot(_ context: BenchContext) throws -> BenchResult {
    let fleet = try BenchFleet(nodes: ["node-1"])
    try fleet.startCoordinator()
    try fleet.start("spikefleet-agent", fleet.folder.agentSettings("node-1"))
    try push(hidden: 128, as: "present", to: fleet, context)
    _ = try fleet.tool(["deploy", "present", "--wait", "60", "-o", "json"])
    var values: [Double] = []
    for _ in 0..<10 {
      fleet.killAll()
      let started = ContinuousClock.now
      let pipe = Pipe()
      try fleet.start("spikefleet-agent", fleet.folder.agentSettings("node-1"), log: pipe)
      var log = ""
      while !log.contains("model.serving") {
        let more = pipe.fileHandleForReading.availableData
        guard !more.isEmpty else { throw BenchError("the agent ended: \(log)") }
        log += String(decoding: more, as: UTF8.self)
      }
      values.append((ContinuousClock.now - started) / .seconds(1))
    }
    return BenchResult(values: values)
  }
}
