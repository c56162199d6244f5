import ArgumentParser
import CompiledModel
import FleetSimulation
import Foundation
import Workbench

/// `spikefleet simulate fleet`.
struct SimulateFleetCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "fleet",
    abstract: "Size a fleet: real agent sessions with hollow chips against a real coordinator.",
    discussion: """
      Starts a coordinator in a fresh temporary folder on free loopback ports, and as many agents \
      as you say: the real decisions over real, encrypted sockets, some hundred in each worker \
      process, with chips that only count. Then it measures: how long until all are online, how \
      long a deployment to all and one to a single node take until the model serves, what an idle \
      fleet uses, and how long until all are back after the coordinator was killed. Both sides \
      share this machine. Everything it started is stopped again, also after Ctrl-C.

      With --coordinator the agents are guests of a coordinator that runs already: their keys are \
      accepted under a prefix of their own and revoked at the end, only they are deployed to, and \
      nobody is killed. The token needs the scope `operate`, and with --model `deploy`.
      """)

  @Option(help: "Agents.")
  var nodes: Int

  @Option(help: "Seconds for which the idle fleet is watched.")
  var hold = 20

  @Option(help: "Deployments to all nodes, one after the other.")
  var commands = 5

  @Option(help: "Deployments to one node each, one after the other.")
  var singles = 50

  @Option(help: "Seconds between two heartbeats of an agent.")
  var heartbeatSeconds = 10

  @Option(help: "Seconds between two telemetry windows of an agent; 0 for none.")
  var telemetrySeconds = 60

  @Option(help: "Percent of the nodes whose chip refuses every model.")
  var failRate = 0

  @Option(help: "Percent of the nodes whose chip takes two seconds to read a model.")
  var slowRate = 0

  @Option(help: "Mean seconds after which an agent goes off for a while; never unless given.")
  var flapSeconds: Double?

  @Option(help: "Inferences of a node each second.")
  var inferencesPerSecond: UInt64 = 50

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Events of one inference by kind, from which the coordinator derives joules.",
      discussion: "In the order of the ledger: synaptic operations, neuron updates, and so on."))
  var events: [UInt64] = [50_000, 1_200, 300, 900]

  @Option(
    help: ArgumentHelp(
      "Context file of a coordinator that runs already, to load instead of one of its own.",
      valueName: "file"))
  var coordinator: String?

  @Option(help: "With --coordinator: what the nodes' names begin with; a new one unless given.")
  var prefix: String?

  @Option(help: "With --coordinator: a model that it has, to be deployed to these nodes alone.")
  var model: String?

  @Flag(help: "With --coordinator: leave the nodes accepted, and their keys in the folder named.")
  var keep = false

  @Option(help: "Bytes of the model that is deployed.")
  var modelBytes = 4_096

  @Option(help: "Agents in one worker process, at most.")
  var perWorker = 250

  @OptionGroup var output: OutputOptions

  func validate() throws {
    for (flag, value, range) in [
      ("--nodes", nodes, 1...100_000), ("--hold", hold, 0...1_000_000),
      ("--commands", commands, 0...10_000), ("--singles", singles, 0...10_000),
      ("--heartbeat-seconds", heartbeatSeconds, 1...600),
      ("--telemetry-seconds", telemetrySeconds, 0...3_600), ("--fail-rate", failRate, 0...100),
      ("--slow-rate", slowRate, 0...100), ("--model-bytes", modelBytes, 1...(1 << 26)),
      ("--per-worker", perWorker, 1...2_000),
    ] where !range.contains(value) {
      throw ValidationError(
        "\(flag): found \(value), expected \(range.lowerBound) to \(range.upperBound)")
    }
    guard coordinator != nil || (prefix == nil && model == nil && !keep) else {
      throw ValidationError("--prefix, --model and --keep go with --coordinator")
    }
    guard (1...EventKind.allCases.count).contains(events.count) else {
      throw ValidationError(
        "--events: found \(events.count) counts, expected 1 to \(EventKind.allCases.count)")
    }
    guard flapSeconds.map({ $0 >= 1 }) ?? true else {
      throw ValidationError("--flap-seconds: expected 1 or more")
    }
  }

  func perform() async throws {
    let rehearsal = try await FleetRehearsal(self)
    let run = Task { try await rehearsal.run() }
    let signals = StopSignals { run.cancel() }
    let result = await run.result
    await rehearsal.clean()
    if let number = signals.number { throw ExitCode(128 + number) }
    try output.print(try result.get()) { Console.table($0.table, empty: "") }
  }
}

extension SimulateFleetCommand {
  /// How one of the nodes behaves.
  func behaviour(of node: Int) -> HollowAgent.Behaviour {
    var behaviour = HollowAgent.Behaviour()
    behaviour.inferencesPerSecond = inferencesPerSecond
    behaviour.eventsPerInference = events
    behaviour.isBroken = node * 100 < failRate * nodes
    // From the other end, so that both rates count.
    if (nodes - 1 - node) * 100 < slowRate * nodes { behaviour.loadMilliseconds = 2_000 }
    return behaviour
  }
}

/// What a simulated fleet came to; times in seconds, memory in MiB.
struct FleetFigures: Encodable {
  var nodes = 0
  var workers = 0
  var onlineSeconds: Double?
  /// From the command until all nodes have stored and acknowledged it, and until it serves on all.
  var commandAnsweredP50: Double?
  var commandAppliedP50: Double?
  var commandAppliedMax: Double?
  /// One node at a time.
  var desiredToAppliedP50: Double?
  var desiredToAppliedP99: Double?
  var restartSeconds: Double?
  var heartbeats: UInt64 = 0
  var heartbeatsLate: UInt64 = 0
  /// Of the idle fleet: bytes a second and node that agents send and get, headers of TCP left out.
  var idleSentBytesPerSecond: Double?
  var idleReceivedBytesPerSecond: Double?
  var coordinatorProcessorPercent: Double?
  var coordinatorMebibytesEmpty: Double?
  var coordinatorMebibytes: Double?
  /// By how much the coordinator's memory rose at most while deployments to all went on.
  var coordinatorMebibytesFanOut: Double?
  var agentKibibytes: Double?

  var table: TextTable {
    var table = TextTable([.text("FIGURE"), .number("VALUE"), .text("UNIT")])
    func add(_ name: String, _ value: Double?, _ digits: Int, _ unit: String) {
      table.add([name, Figure.fixed(value, digits), unit])
    }
    add("nodes", Double(nodes), 0, "in \(workers) worker processes")
    add("all online after a cold start", onlineSeconds, 2, "s")
    add("deployment to all, answered by all, median", commandAnsweredP50, 3, "s")
    add("deployment to all, serving on all, median", commandAppliedP50, 3, "s")
    add("the same, slowest", commandAppliedMax, 3, "s")
    add("deployment to one, serving, median", desiredToAppliedP50, 3, "s")
    add("the same, 99 of 100", desiredToAppliedP99, 3, "s")
    add("all back after kill -9 of the coordinator", restartSeconds, 2, "s")
    add("heartbeats", Double(heartbeats), 0, "")
    add("heartbeats late by half an interval", Double(heartbeatsLate), 0, "")
    add("sent by an idle node", idleSentBytesPerSecond, 1, "bytes/s")
    add("received by an idle node", idleReceivedBytesPerSecond, 1, "bytes/s")
    add("coordinator's processor, idle fleet", coordinatorProcessorPercent, 1, "% of a core")
    add("coordinator's memory without agents", coordinatorMebibytesEmpty, 1, "MiB")
    add("coordinator's memory", coordinatorMebibytes, 1, "MiB")
    add("its growth while all fetch a model, at most", coordinatorMebibytesFanOut, 1, "MiB")
    add("memory of a hollow agent", agentKibibytes, 0, "KiB")
    return table
  }
}
