import ArgumentParser
import FleetCore
import FleetProtocol
import FleetStore
import Foundation
import Logging
import SensorData
import Workbench
import ZeroMQTransport

/// The daemon on a node.
@main
struct Agent: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "spikefleet-agent",
    abstract: "Runs a node's chip on its sensor stream, learns on it, and obeys one coordinator.",
    discussion: """
      Settings come from flags, then SPIKEFLEET_AGENT_<KEY> in the environment \
      (COORDINATOR_CONTROL for coordinator.control), then the file, then defaults. \
      `spikefleet init` writes a file to start from; fleet-configs/agent.yaml explains each key. \
      Without its coordinator the agent goes on serving and tries again. SIGTERM and SIGINT stop \
      it after what was acknowledged is on the disk; it goes on from its state folder at the next \
      start.

      Test aid: SPIKEFLEET_CRASH_AT=n in the environment kills the process at the n-th point of \
      this run. Points lie right before and right after each thing that it writes to the disk or \
      sends; at n = 0 it only says at its end how many it passed.
      """,
    version: Version.text)

  @Option(help: "YAML file with the settings.")
  var config: String

  @Option(help: "Name of this node.")
  var node: String?

  @Option(help: "The coordinator's public CURVE key, 40 characters.")
  var coordinatorPublicKey: String?

  @Option(help: "Address of the coordinator's control endpoint, tcp://HOST:PORT.")
  var coordinatorControl: String?

  @Option(help: "Address of the coordinator's data endpoint, tcp://HOST:PORT.")
  var coordinatorData: String?

  @Option(help: "File with this node's CURVE key pair, mode 0600.")
  var keyFile: String?

  @Option(help: "Signed root file: whose signatures this node believes.")
  var rootFile: String?

  @Option(help: "Folder of the database and the models.")
  var stateFolder: String?

  @Option(help: "Folder of labelled samples: this node's sensor.")
  var stream: String?

  @Option(help: "Name of the chip architecture this node carries.")
  var chip: String?

  @Option(help: "Samples shown to the chip each second.")
  var inferencesPerSecond: String?

  @Option(help: "Length of a telemetry window in seconds.")
  var telemetrySeconds: String?

  @Option(help: "trace, debug, info, notice, warning, error or critical.")
  var logLevel: String?

  @Option(help: "Lines for people or for machines: text or json.")
  var logFormat: String?

  @Flag(help: "Read settings, keys and stream, say whether they hold, and end.")
  var check = false

  func run() throws {
    StopSignals.hold()
    do {
      let parts = try AgentParts(
        try ConfigurationFile(
          path: config, environmentPrefix: AgentConfiguration.environmentPrefix,
          overrides: overrides.compactMapValues { $0 }))
      if check {
        print("\(config): settings, keys and stream hold")
        return
      }
      try parts.start().run()
    } catch {
      FileHandle.standardError.write(Data("spikefleet-agent: \(error)\n".utf8))
      throw ExitCode(1)
    }
  }

  private var overrides: [String: String?] {
    [
      "node": node, "coordinator.publicKey": coordinatorPublicKey,
      "coordinator.control": coordinatorControl, "coordinator.data": coordinatorData,
      "keyFile": keyFile, "rootFile": rootFile, "stateFolder": stateFolder, "stream": stream,
      "chip": chip, "inferencesPerSecond": inferencesPerSecond,
      "telemetrySeconds": telemetrySeconds, "logLevel": logLevel, "logFormat": logFormat,
    ]
  }
}
