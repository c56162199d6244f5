import CompiledModel
import FleetCore
import FleetProtocol
import FleetStore
import Foundation
import NetworkCompiler
import NetworkTraining
import Workbench

/// What rounds take beside training, with real processes over CURVE, each step durable.
///
/// Nodes train one sample. What a round takes is from its opening to its commit, less the longest
/// training of a node; where more nodes train than there are processors some of it is left in.
enum RoundCases {
  static let cases = [
    BenchCase(
      name: "federation.round.n2-1600KB.seconds", unit: "seconds",
      run: { try seconds(nodes: 2, hidden: 1_008, $0) }),
    BenchCase(
      name: "federation.round.n16-1600KB.seconds", unit: "seconds",
      run: { try seconds(nodes: 16, hidden: 1_008, $0) }),
    BenchCase(
      name: "federation.round.n16-16MB.seconds", unit: "seconds",
      run: { try seconds(nodes: 16, hidden: 10_076, $0) }),
    BenchCase(
      name: "federation.wire.ratio", unit: "bytes on loopback/(2 nodes x update)",
      run: { try wireRatio($0) }),
  ]

  private static let counted = 6

  private static func seconds(
    nodes: Int, hidden: Int, _ context: BenchContext
  ) throws -> BenchResult {
    let run = try RoundRun(nodes: nodes, hidden: hidden, context)
    // The first round opens connections.
    let used = try run.learn(rounds: counted + 1)
    let memory = run.peakMebibytes
    let rounds = try run.committed().dropFirst().map(RoundTimes.init)
    let middle = { (values: [Double]) in BenchResult.number(values.sorted()[values.count / 2]) }
    return BenchResult(
      values: rounds.map(\.overhead),
      facts: [
        ("nodes", "\(nodes)"), ("updateBytes", "\(rounds[0].updateBytes)"),
        ("training", middle(rounds.map(\.training))),
        ("toFirstUpdate", middle(rounds.map(\.toFirstUpdate))),
        ("firstToLastUpdate", middle(rounds.map(\.firstToLastUpdate))),
        ("lastUpdateToCommit", middle(rounds.map(\.toCommit))),
        ("coordinatorSecondsANodeRound", BenchResult.number(used / Double(nodes * (counted + 1)))),
        ("coordinatorPeakMiB", BenchResult.number(memory.coordinator)),
        ("agentPeakMiB", BenchResult.number(memory.agent)),
      ])
  }

  /// All that crosses the loopback device meanwhile: nothing else may use it.
  private static func wireRatio(_ context: BenchContext) throws -> BenchResult {
    let run = try RoundRun(nodes: 2, hidden: 1_008, context)
    let before = try loopbackBytes()
    _ = try run.learn(rounds: counted)
    let sent = Double(try loopbackBytes() - before)
    let rounds = try run.committed().map(RoundTimes.init)
    let ideal = rounds.reduce(0.0) { $0 + Double(2 * run.nodes * $1.updateBytes) }
    return BenchResult(
      values: [sent / ideal],
      facts: [("rounds", "\(rounds.count)"), ("updateBytes", "\(rounds[0].updateBytes)")])
  }

  /// Bytes with all headers that the loopback device has sent.
  private static func loopbackBytes() throws -> UInt64 {
    let text = try String(contentsOfFile: "/proc/net/dev", encoding: .utf8)
    guard let line = text.split(separator: "\n").first(where: { $0.contains("lo:") }),
      let words = line.split(separator: ":").last?.split(separator: " "), words.count > 8,
      let bytes = UInt64(words[8])
    else { throw BenchError("/proc/net/dev names no loopback device") }
    return bytes
  }
}

/// A fleet of real processes and a model whose updates are dense.
private final class RoundRun {
  let nodes: Int
  private let fleet: BenchFleet
  private var coordinator: ProcessFigures?
  private var agents: [ProcessFigures] = []

  init(nodes: Int, hidden: Int, _ context: BenchContext) throws {
    self.nodes = nodes
    let names = (1...nodes).map { "node-\($0)" }
    fleet = try BenchFleet(nodes: names, settings: ["--telemetry-seconds", "60"])
    try fleet.dropCheckData()
    coordinator = ProcessFigures(try fleet.startCoordinator())
    for name in names {
      agents.append(
        ProcessFigures(try fleet.start("spikefleet-agent", fleet.folder.agentSettings(name))))
    }
    try push(hidden: hidden, context)
    try fleet.eventually("all nodes are online") {
      let data = try fleet.tool(["node", "list", "-o", "json"])
      return String(decoding: data, as: UTF8.self).components(separatedBy: "\"online\"").count
        == nodes + 1
    }
  }

  private func push(hidden: Int, _ context: BenchContext) throws {
    var chip = try ChipFile.chip(contentsOf: "\(context.chips)/\(BenchFleet.chip).yaml")
    // A network of 16 MB is larger than the chip: its cores get what it needs.
    chip.core.synapseMemoryBytes = 1 << 26
    chip.core.inAxons = 1 << 14
    let template = NetworkTemplate(name: "bench", hidden: [hidden], steps: 1)
    let model = try NetworkCompiler.compile(template.network(), for: chip).model
    try Data(model.encoded()).write(to: URL(filePath: fleet.folder.model))
    _ = try fleet.tool([
      "model", "push", fleet.folder.model, "--key", fleet.folder.publisherKey, "-o", "json",
    ])
  }

  /// Runs a job; the processor seconds that the coordinator has used for it.
  func learn(rounds: Int) throws -> Double {
    let before = coordinator?.processorSeconds ?? 0
    _ = try fleet.tool([
      "federate", "start", "--name", "bench", "--model", "bench", "--rounds", "\(rounds)",
      "--samples-per-round", "1", "--deadline-seconds", "600", "-o", "json",
    ])
    _ = try fleet.tool(["federate", "watch", "bench", "-o", "json"])
    return (coordinator?.processorSeconds ?? 0) - before
  }

  /// The most that the coordinator, and the largest agent, have held in memory.
  var peakMebibytes: (coordinator: Double, agent: Double) {
    (coordinator?.peakMebibytes ?? 0, agents.map(\.peakMebibytes).max() ?? 0)
  }

  /// The job's committed rounds, from the database that the processes leave behind.
  func committed() throws -> [RoundRecord] {
    fleet.killAll()
    let state = try FleetStore(folder: fleet.folder.path + "/coordinator/state").load()
    let rounds = state.rounds.values.filter { $0.state.name == "committed" }
    guard !rounds.isEmpty, rounds.count == state.rounds.count else {
      throw BenchError("\(rounds.count) of \(state.rounds.count) rounds were committed")
    }
    return rounds.sorted { $0.key < $1.key }
  }
}

/// Where the time of a committed round went, in seconds.
private struct RoundTimes {
  let training: Double
  let toFirstUpdate: Double
  let firstToLastUpdate: Double
  let toCommit: Double
  let updateBytes: Int

  init(_ round: RoundRecord) throws {
    let updates = round.reported.map(\.update)
    guard let opened = round.openedAt, case .committed(let result) = round.state,
      let first = updates.map(\.acceptedAt).min(), let last = updates.map(\.acceptedAt).max()
    else { throw BenchError("round \(round.key) has no update") }
    let seconds = { (from: Instant, to: Instant) in
      Double(to.microseconds - from.microseconds) * 1e-6
    }
    training = Double(updates.map(\.trainingMilliseconds).max() ?? 0) / 1_000
    toFirstUpdate = seconds(opened, first)
    firstToLastUpdate = seconds(first, last)
    toCommit = seconds(last, result.committedAt)
    updateBytes = Int(updates.map(\.size).max() ?? 0)
  }

  var overhead: Double { toFirstUpdate + firstToLastUpdate + toCommit - training }
}

/// What the kernel says of a process of ours.
private struct ProcessFigures {
  let processID: Int32

  init(_ process: Process) { processID = process.processIdentifier }

  var peakMebibytes: Double {
    read("status").split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
      .flatMap { Double($0.split(separator: " ").dropFirst().first ?? "") }.map { $0 / 1_024 } ?? 0
  }

  var processorSeconds: Double {
    let words = read("stat").split(separator: ")").last?.split(separator: " ") ?? []
    guard words.count > 12, let user = Double(words[11]), let system = Double(words[12]) else {
      return 0
    }
    return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  private func read(_ file: String) -> String {
    do {
      return try String(contentsOfFile: "/proc/\(processID)/\(file)", encoding: .utf8)
    } catch {
      return ""
    }
  }
}
