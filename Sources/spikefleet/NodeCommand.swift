import ArgumentParser
import FleetAPI
import FleetProtocol
import Workbench

/// `spikefleet node`.
struct NodeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "node", abstract: "List, accept and describe nodes.",
    subcommands: [NodeListCommand.self, NodeAcceptCommand.self, NodeDescribeCommand.self])
}

/// `spikefleet node list`.
struct NodeListCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List accepted nodes, or the keys that wait to be accepted.")

  @Flag(help: "List keys that knocked and that nobody accepted.")
  var pending = false

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

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
      try output.print(try await client.nodes()) { views in
        Console.table(
          NodeTables.list(views),
          empty: "no nodes yet; `spikefleet node list --pending` shows the keys that knock")
      }
    }
  }
}

/// `spikefleet node accept`.
struct NodeAcceptCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "accept", abstract: "Bind a key to a node's name, so that its agent is let in.",
    discussion: "Compare the fingerprint with the one that `spikefleet init` printed first.")

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
    guard key.utf8.count == 40 || key.utf8.count == 19 else {
      throw ValidationError(
        "found `\(key)`, expected a public key of 40 characters or a fingerprint such as "
          + "0123-4567-89ab-cdef")
    }
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

/// Nodes as tables.
enum NodeTables {
  static func list(_ views: [NodeView]) -> TextTable {
    var table = TextTable([
      .text("NODE"), .text("STATE"), .text("CHIP"), .text("SHOULD RUN"), .text("RUNS"),
      .text("PHASE"), .text("REASON"),
    ])
    for view in views {
      table.add([
        view.name, view.liveness, view.chip.isEmpty ? Figure.missing : view.chip,
        Figure.digest(view.desiredModel), Figure.digest(view.observedModel),
        view.phase ?? Figure.missing, view.code.isEmpty ? view.alarm : view.code,
      ])
    }
    return table
  }

  static func description(_ view: NodeView) -> TextTable {
    var table = TextTable([.text("FIELD"), .text("VALUE")])
    table.add(["name", view.name])
    table.add(["state", view.liveness])
    table.add(["last heard", Figure.duration(milliseconds: view.silentMilliseconds)])
    table.add(["chip", view.chip.isEmpty ? Figure.missing : view.chip])
    table.add(["fingerprint", view.fingerprint])
    table.add(["public key", view.publicKey])
    table.add(["should run", view.desiredModel ?? Figure.missing])
    table.add(["generation", view.desiredGeneration ?? Figure.missing])
    table.add(["reports about", view.observedModel ?? Figure.missing])
    table.add(["phase", view.phase ?? Figure.missing])
    table.add(["root file", view.rootVersion.map { "version \($0)" } ?? Figure.missing])
    if !view.alarm.isEmpty {
      table.add(["alarm", "\(view.alarm); see `spikefleet events --node \(view.name)`"])
    }
    if !view.code.isEmpty { table.add(["reason", "\(view.code): \(view.detail)"]) }
    return table
  }
}
