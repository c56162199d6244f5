import ArgumentParser
import CompiledModel
import FleetCore
import FleetProtocol
import FleetSimulation
import FleetStore
import Foundation
import SensorData
import SpikingNetwork
import Workbench

/// The real database in memory, as the gates of a rehearsal look at it.
extension FleetStore: GateStore {}

/// `spikefleet rollout rehearse`.
struct RolloutRehearseCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "rehearse",
    abstract: "Show what a deployment's gates would do, without any node.",
    discussion: """
      The real state machines of a coordinator and its agents run in virtual time, over the real \
      database in memory, with chips that answer as the script says: as a model file does on real \
      samples, or as drawn from figures. No coordinator is asked: the nodes are those that the \
      deployment names, or as many as the script says, and all of them match its selector. It \
      begins at once, whatever `startsAt` and `windows` say.

      With one seed it prints every decision with its evidence, and ends as `rollout watch` does: \
      with status 1 where the model does not stay, and 3 where an operator would have to decide. \
      With more it sums up.
      """)

  @Argument(help: "The deployment, such as fleet-configs/deployment.yaml.")
  var file: String

  @Option(
    help: "What befalls the fleet, such as fleet-configs/rehearsal.yaml; nothing unless given.")
  var script: String?

  @Option(help: "Seeds, as FIRST..LAST or one number; each deals other streams. 1 unless given.")
  var seeds: SeedRange?

  @Option(help: "Seeds that run at a time; one for each processor unless given.")
  var workers: Int?

  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard workers.map({ (1...1_024).contains($0) }) ?? true else {
      throw ValidationError("--workers is 1 to 1024")
    }
  }

  func perform() async throws {
    let deployment = try DeploymentFile.read(file)
    let plan = try RehearsalPlan(deployment, script: script)
    let models = try plan.models()
    let reports = try await run(deployment, plan, models)
    guard reports.count == 1, let report = reports.first else {
      return try output.print(RehearsalSum(deployment.name, models, reports)) {
        Console.write($0.text)
      }
    }
    try output.print(report) { RehearsalText.write($0, of: deployment.name, models) }
    switch report.state {
    case .completed: break
    case .paused, .running, .reverting: throw RolloutWatch.paused
    case .failed, .aborted, .undone: throw ExitCode.refused
    }
  }

  private func run(
    _ deployment: RolloutSpecification, _ plan: RehearsalPlan, _ models: RehearsedModels
  ) async throws -> [RehearsalReport] {
    let queue = SeedQueue(seeds ?? SeedRange(first: 1, last: 1))
    return try await withThrowingTaskGroup(of: [RehearsalReport].self) { group in
      for _ in 0..<(workers ?? ProcessInfo.processInfo.activeProcessorCount) {
        group.addTask {
          var reports: [RehearsalReport] = []
          while let seed = queue.next() {
            try Task.checkCancellation()
            let rehearsal = try RolloutRehearsal(
              deployment, models, plan.script(seed: seed), seed: seed,
              store: FleetStore.inMemory())
            reports.append(try rehearsal.run())
          }
          return reports
        }
      }
      var reports: [RehearsalReport] = []
      for try await more in group { reports += more }
      return reports.sorted { $0.seed < $1.seed }
    }
  }
}

/// A rehearsal file on its way to what the simulator wants.
struct RehearsalPlan: Sendable {
  private let file: RehearsalFile
  private let path: String
  private let nodes: [Identifier]

  init(_ deployment: RolloutSpecification, script path: String?) throws {
    file = try path.map { try RehearsalFile.read($0) } ?? RehearsalFile()
    self.path = path ?? "the script"
    let count = file.nodes ?? 20
    let digits = "\(count)".count
    let names =
      deployment.selector.nodes.isEmpty
      ? (1...count).map {
        "node-" + String(repeating: "0", count: digits - "\($0)".count) + "\($0)"
      }
      : deployment.selector.nodes
    nodes = try names.map { name in
      guard let node = Identifier(name) else {
        throw CommandFailure("the deployment's node '\(name.prefix(80))' is no name of a node")
      }
      return node
    }
  }

  /// The fleet, and what befalls it; nodes that are not named are drawn by the seed.
  func script(seed: UInt64) throws -> RehearsalScript {
    var script = RehearsalScript(nodes: nodes)
    script.inferencesPerSecond = file.inferencesPerSecond ?? script.inferencesPerSecond
    script.telemetrySeconds = file.telemetrySeconds ?? script.telemetrySeconds
    script.labelledPercent = file.labelledPercent ?? script.labelledPercent
    script.servedSeconds = file.servedSeconds ?? script.servedSeconds
    var random = SimulationRandom(seed: seed)
    for fault in file.faults ?? [] {
      let kind: RehearsalFault.Kind =
        switch fault.fault {
        case .offline: .offline
        case .refuses: .refuses
        case .failsProbe: .failsProbe
        case .slow: .slow(percent: fault.percent ?? 100)
        case .spoils: .spoils(percent: fault.percent ?? 0)
        }
      script.faults.append(
        RehearsalFault(
          kind: kind, nodes: try struck(fault.nodes, using: &random),
          atSeconds: fault.atSeconds ?? 0, seconds: fault.seconds))
    }
    return script
  }

  private func struck(
    _ choice: RehearsalFile.Nodes, using random: inout SimulationRandom
  ) throws -> [Identifier] {
    switch choice {
    case .count(let count): return Array(nodes.shuffled(using: &random).prefix(max(0, count)))
    case .named(let names):
      return try names.map { name in
        guard let node = nodes.first(where: { $0.text == name }) else {
          throw CommandFailure(
            "\(path): `faults` names '\(name.prefix(80))', which is no node of this fleet; they "
              + "are \(nodes[0]) to \(nodes[nodes.count - 1])")
        }
        return node
      }
    }
  }

  /// The two models, as they answer on the chip, or as they are drawn.
  func models() throws -> RehearsedModels {
    var change = ModelChange()
    if let new = file.new {
      change.accuracyPoints = new.accuracyPoints ?? 0
      change.churnPercent = new.churnPercent ?? 0
      change.joulesPercent = new.joulesPercent ?? 0
      change.spikesPercent = new.spikesPercent ?? 0
      change.latencyPercent = new.latencyPercent ?? 0
      change.isSilent = new.silent ?? false
    }
    let (present, new, truth) = try tables()
    return RehearsedModels(
      present: present, new: new.changed(by: change, truth: truth, seed: Self.changeSeed),
      truth: truth)
  }

  /// What a script does to a model is the same for every seed of the fleet.
  private static let changeSeed: UInt64 = 7

  private func tables() throws -> (present: AnswerTable, new: AnswerTable, truth: [UInt8]) {
    guard let models = file.models else {
      var drawn = DrawnModel()
      drawn.accuracyPercent = file.present?.accuracyPercent ?? drawn.accuracyPercent
      drawn.microjoules = file.present?.microjoules ?? drawn.microjoules
      drawn.spikes = file.present?.spikes ?? drawn.spikes
      drawn.microseconds = file.present?.microseconds ?? drawn.microseconds
      let (table, truth) = drawn.table(seed: Self.changeSeed)
      return (table, table, truth)
    }
    let folder = URL(filePath: path).deletingLastPathComponent()
    func place(_ text: String) -> String { URL(filePath: text, relativeTo: folder).path }
    let samples = try SampleFolder.read(place(models.samples))
    let tables = try [models.present, models.new].map { text -> AnswerTable in
      let model = try ModelFile(reading: place(text)).model
      guard model.sampleSize == samples.channels else {
        throw CommandFailure(
          "\(text): takes \(model.sampleSize) inputs, the samples have \(samples.channels) "
            + "channels; name samples that the model was made for")
      }
      let shown = try ShownSamples(
        to: model, samples, threads: ProcessInfo.processInfo.activeProcessorCount)
      var table = AnswerTable(joulesPerEvent: shown.joulesPerEvent)
      for answer in shown.answers {
        table.add(
          answer: UInt8(clamping: answer.label), counts: answer.counts,
          picoseconds: answer.picoseconds)
      }
      return table
    }
    return (tables[0], tables[1], samples.labels)
  }
}
