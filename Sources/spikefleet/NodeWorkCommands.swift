import ArgumentParser
import FleetAPI
import FleetProtocol
import Workbench

/// `spikefleet node label`.
struct NodeLabelCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "label", abstract: "Set and remove labels of a node.",
    discussion: """
      Names match [a-z0-9][a-z0-9._/-]{0,62}, values [A-Za-z0-9._-]{0,63}; a node has at most 32. \
      Labels belong to the coordinator: no agent can change its own.
      """)

  @Argument(help: "The node's name.")
  var name: String

  @Argument(help: ArgumentHelp("Labels to set.", valueName: "name=value"))
  var labels: [String] = []

  @Option(help: "Name of a label to remove; may be repeated.")
  var remove: [String] = []

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard !labels.isEmpty || !remove.isEmpty else {
      throw ValidationError("found no label, expected `name=value` or `--remove name`")
    }
    for label in labels where !label.contains("=") {
      throw ValidationError("found `\(label)`, expected `name=value`")
    }
  }

  func perform() async throws {
    var request = NodeRequest(.label)
    var pairs: [String: String] = [:]
    for label in labels {
      let parts = label.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      pairs[String(parts[0])] = String(parts[1])
    }
    request.labels = pairs
    request.remove = remove
    try await NodeOrderCall(context: context, output: output).send(
      request, to: name, told: "labelled \(name)")
  }
}

/// `spikefleet node cordon`.
struct NodeCordonCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "cordon", abstract: "Give a node no new deployments and rounds.",
    discussion: "What it has goes on: its model serves, its open rounds are finished.")

  @Argument(help: "The node's name.")
  var name: String

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    try await NodeOrderCall(context: context, output: output).send(
      NodeRequest(.cordon), to: name, told: "cordoned \(name)")
  }
}

/// `spikefleet node uncordon`.
struct NodeUncordonCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "uncordon", abstract: "Let a cordoned or drained node take work again.")

  @Argument(help: "The node's name.")
  var name: String

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    try await NodeOrderCall(context: context, output: output).send(
      NodeRequest(.uncordon), to: name, told: "\(name) takes work again")
  }
}

/// `spikefleet node drain`.
struct NodeDrainCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "drain", abstract: "Cordon a node and let it finish the rounds it is in.",
    discussion: """
      Its model goes on serving. It is done when no round waits for the node. \
      `spikefleet node uncordon` ends it.
      """)

  @Argument(help: "The node's name.")
  var name: String

  @Flag(help: "Give open rounds back now instead of finishing them.")
  var giveBack = false

  @OptionGroup var patience: WaitOptions
  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    var request = NodeRequest(.drain)
    request.giveBack = giveBack
    let call = NodeOrderCall(context: context, output: output)
    try await call.send(request, to: name, told: "draining \(name)")
    guard patience.wait else { return }
    let view = try await call.wait(for: name, patience, "is not drained") {
      $0.duty != "draining"
    }
    guard view.duty == "drained" else {
      throw CommandFailure("\(name) is \(view.duty) now: somebody changed it meanwhile")
    }
    if output.output == .table { Console.line("drained \(name)") }
  }
}

/// `spikefleet node reset-learning`.
struct NodeResetLearningCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "reset-learning",
    abstract: "Throw away what a node serves of learnt weights, and go on from the published ones.",
    discussion: """
      The node leaves the rounds that wait for it, and where it runs a model that rounds have \
      learnt it gets the published one again. What it counted stays.
      """)

  @Argument(help: "The node's name.")
  var name: String

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    try await NodeOrderCall(context: context, output: output).send(
      NodeRequest(.resetLearning), to: name, told: "\(name) goes on from published weights")
  }
}

/// `spikefleet node logs`.
struct NodeLogsCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "logs", abstract: "Fetch the newest lines of an agent's log.",
    discussion: """
      The agent holds its newest 500 lines in memory and gives at most 200 of them, 14,000 bytes, \
      a few times a minute. Keys and tokens are never in them.
      """)

  @Argument(help: "The node's name.")
  var name: String

  @Option(help: "Lines at most, 1 to 200.")
  var lines = 50

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard (1...200).contains(lines) else {
      throw ValidationError("--lines: found \(lines), expected 1 to 200")
    }
  }

  func perform() async throws {
    let node = try NodeSelfTestCommand.identifier(name)
    try output.print(try await context.client().logs(node: node, limit: lines)) { lines in
      for line in lines { Console.line(line) }
    }
  }
}

/// `spikefleet node self-test`.
struct NodeSelfTestCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "self-test", abstract: "Have an agent test its keys, disk, clock and chip.",
    discussion: "Ends with status 1 when a check failed.")

  @Argument(help: "The node's name.")
  var name: String

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  static func identifier(_ name: String) throws -> Identifier {
    guard let node = Identifier(name) else {
      throw CommandFailure("found `\(name)`, expected [a-z0-9][a-z0-9._-]{0,62}")
    }
    return node
  }

  func perform() async throws {
    let checks = try await context.client().selfTest(node: try Self.identifier(name))
    try output.print(checks) { checks in
      var table = TextTable([.text("CHECK"), .text("RESULT"), .text("FOUND")])
      for check in checks { table.add([check.name, check.result, check.detail]) }
      Console.table(table, empty: "the agent made no check")
    }
    if checks.contains(where: { $0.result == "failed" }) { throw ExitCode.refused }
  }
}
