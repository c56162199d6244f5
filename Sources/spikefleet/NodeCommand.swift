import ArgumentParser
import FleetAPI
import FleetProtocol
import Workbench

/// `spikefleet node`.
struct NodeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "node", abstract: "Let nodes in, keep them in order, see them off.",
    subcommands: [
      NodeListCommand.self, NodeDescribeCommand.self, NodeAcceptCommand.self,
      NodeRejectCommand.self, NodeRevokeCommand.self, NodeReplaceCommand.self,
      NodeRotateKeyCommand.self, NodeLabelCommand.self, NodeCordonCommand.self,
      NodeUncordonCommand.self, NodeDrainCommand.self, NodeQuarantineCommand.self,
      NodePardonCommand.self, NodeResetLearningCommand.self, NodeLogsCommand.self,
      NodeSelfTestCommand.self, NodeBundleCommand.self,
    ])
}

/// `spikefleet node list`.
struct NodeListCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List accepted nodes, or the keys that wait to be accepted.")

  @Flag(help: "List keys that knocked and that nobody accepted.")
  var pending = false

  @Flag(help: "List nodes whose agent is of another version than the coordinator.")
  var outdated = false

  @Option(help: ArgumentHelp("List nodes with this label only.", valueName: "name=value"))
  var label: String?

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard !pending || (!outdated && label == nil) else {
      throw ValidationError("--pending lists keys, --outdated and --label list nodes: ask twice")
    }
  }

  func perform() async throws {
    let client = try context.client()
    if pending {
      try output.print(try await client.pending()) { views in
        var table = TextTable([
          .text("FINGERPRINT"), .text("FROM"), .text("LAST KNOCK"), .text("PUBLIC KEY"),
        ])
        for view in views {
          table.add([
            view.fingerprint, view.address, Figure.instant(microseconds: view.lastSeenMicroseconds),
            view.publicKey,
          ])
        }
        Console.table(table, empty: "no key waits to be accepted")
      }
    } else {
      try output.print(try await client.nodes().filter(isListed)) { views in
        Console.table(
          NodeTables.list(views),
          empty: outdated || label != nil
            ? "no such node"
            : "no nodes yet; `spikefleet node list --pending` shows the keys that knock")
      }
    }
  }

  private func isListed(_ view: NodeView) -> Bool {
    if outdated, !view.isOutdated { return false }
    guard let label else { return true }
    return view.labels.contains { "\($0.key)=\($0.value)" == label }
  }
}

/// `spikefleet node accept`.
struct NodeAcceptCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "accept", abstract: "Bind a key to a node's name, so that its agent is let in.",
    discussion: """
      Compare the fingerprint with the one that `spikefleet init` printed first. A name that \
      exists keeps its key: `spikefleet node replace` gives it another and bars the former one.
      """)

  @Argument(
    help: ArgumentHelp(
      "CURVE public key (40 characters; after `--` if it begins with a dash), or the "
        + "fingerprint of a pending key."))
  var key: String

  @Option(help: "The name that the node gets.")
  var name: String

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard Identifier(name) != nil else {
      throw ValidationError("--name: found `\(name)`, expected [a-z0-9][a-z0-9._-]{0,62}")
    }
    try NodeKey.validate(key)
  }

  func perform() async throws {
    let request =
      key.utf8.count == 40
      ? AcceptRequest(name: name, publicKey: key) : AcceptRequest(name: name, fingerprint: key)
    let answer = try await context.client().accept(
      request, requestID: FleetClient.newRequestID())
    try output.print(try answer.orThrow()) { _ in
      Console.line("accepted \(name)")
    }
  }
}

/// `spikefleet node describe`.
struct NodeDescribeCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "describe", abstract: "Show everything that is known about a node.")

  @Argument(help: "The node's name.")
  var name: String

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    guard let view = try await context.client().nodes().first(where: { $0.name == name }) else {
      throw CommandFailure(
        "no node is called `\(name)`; `spikefleet node list` shows those that were accepted")
    }
    try output.print(view) { Console.write(NodeTables.description($0).text) }
  }
}
