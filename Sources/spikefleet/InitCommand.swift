import ArgumentParser
import FleetProtocol
import Workbench

/// `spikefleet init`.
struct InitCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Write keys, signed root files and settings of a new fleet.",
    discussion: """
      Writes FOLDER/operator (root key, publisher key, context of this tool), FOLDER/coordinator \
      and FOLDER/agents/NAME for each node. Copy a node's folder to its machine; secrets have mode \
      0600 and never leave the folder they belong to. An existing fleet is never overwritten.
      """)

  @Argument(help: "Folder of the fleet; made if it is not there.")
  var folder: String

  @Option(name: .long, help: "Name of a node; give it once for each node.")
  var node: [String] = []

  @Option(help: "IPv4 address that agents reach the coordinator at.")
  var host = "127.0.0.1"

  @Option(parsing: .unconditional, help: "Port of small messages; a free one when 0.")
  var controlPort = 0

  @Option(
    parsing: .unconditional, help: "Port of chunks, updates and telemetry; a free one when 0.")
  var dataPort = 0

  @Option(
    parsing: .unconditional, help: "Port of the admin endpoint on loopback; a free one when 0.")
  var adminPort = 0

  @Option(help: "Name of the chip that the nodes carry.")
  var chip = "loihi-learn"

  @Option(parsing: .unconditional, help: "Samples that a node shows its chip in a second.")
  var inferencesPerSecond = 50

  @Option(parsing: .unconditional, help: "Seconds between two telemetry windows of a node.")
  var telemetrySeconds = 2

  @Option(help: "Milliseconds between two heartbeats of an agent.")
  var heartbeatMilliseconds = 2_000

  @Option(help: "Days until the root file expires.")
  var rootDays = 1_825

  @OptionGroup var output: OutputOptions

  func validate() throws {
    for (index, name) in node.enumerated() {
      guard Identifier(name) != nil else {
        throw ValidationError("--node: found `\(name)`, expected [a-z0-9][a-z0-9._-]{0,62}")
      }
      guard !node[..<index].contains(name) else {
        throw ValidationError("--node: found `\(name)` twice, expected one name for each node")
      }
    }
    for (flag, port) in ports where !(0...65_535).contains(port) {
      throw ValidationError("\(flag): found \(port), expected 0 to 65535")
    }
    guard Identifier(chip) != nil else {
      throw ValidationError("--chip: found `\(chip)`, expected [a-z0-9][a-z0-9._-]{0,62}")
    }
    for (flag, value, limit) in [
      ("--inferences-per-second", inferencesPerSecond, 100_000),
      ("--telemetry-seconds", telemetrySeconds, 3_600), ("--root-days", rootDays, 36_500),
    ] where !(1...limit).contains(value) {
      throw ValidationError("\(flag): found \(value), expected 1 to \(limit)")
    }
    guard (100...600_000).contains(heartbeatMilliseconds) else {
      throw ValidationError(
        "--heartbeat-milliseconds: found \(heartbeatMilliseconds), expected 100 to 600000")
    }
  }

  private var ports: [(String, Int)] {
    [("--control-port", controlPort), ("--data-port", dataPort), ("--admin-port", adminPort)]
  }

  func perform() async throws {
    var free = try LoopbackPorts.free(3, host: host)[...]
    let taken = ports.map { $0.1 == 0 ? free.popFirst() ?? 0 : $0.1 }
    let settings = FleetFolderSettings(
      host: host, controlPort: taken[0], dataPort: taken[1], adminPort: taken[2],
      coordinatorPublicKey: "", chip: chip, inferencesPerSecond: inferencesPerSecond,
      telemetrySeconds: telemetrySeconds, heartbeatMilliseconds: heartbeatMilliseconds)
    let writer = FleetFolderWriter(
      folder: FleetFolder(path: folder), nodes: node, rootDays: rootDays)
    try output.print(try writer.write(settings)) { written in
      Console.line("coordinator  \(written.coordinatorSettings)")
      Console.line("             control \(written.control)  data \(written.data)")
      Console.line("             admin \(written.admin)  key \(written.coordinatorPublicKey)")
      var table = TextTable([.text("NODE"), .text("FINGERPRINT"), .text("SETTINGS")])
      for node in written.nodes { table.add([node.name, node.fingerprint, node.settings]) }
      Console.table(table, empty: "no nodes; give --node NAME for each")
      Console.line("next: export SPIKEFLEET_CONTEXT=\(written.context)")
    }
  }
}
