import ArgumentParser
import FleetAPI
import FleetProtocol
import Foundation
import Workbench

/// `spikefleet join-token`.
struct JoinTokenCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "join-token", abstract: "Make, list and revoke tokens with which machines join.",
    discussion: """
      A token lets machines in through `spikefleet-coordinator enrol`, some number of times until \
      it expires. The coordinator keeps its hash alone.
      """,
    subcommands: [
      JoinTokenCreateCommand.self, JoinTokenListCommand.self, JoinTokenRevokeCommand.self,
    ])
}

/// `spikefleet join-token create`.
struct JoinTokenCreateCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Make a join token and write it to a file of mode 0600.")

  @Argument(help: "What the token is called.")
  var name: String

  @Option(help: "File that the token is written to; it must not exist.")
  var file: String

  @Option(help: "The only node that it lets in; without it any new name.")
  var node: String?

  @Option(help: "Nodes that it lets in.")
  var uses: UInt32 = 1

  @Option(help: "Hours until it expires.")
  var hours: UInt32 = 24

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    let token = BearerToken()
    try SecretFile.create(file, text: token.text + "\n")
    do {
      let answer = try await context.client().createJoinToken(
        JoinTokenRequest(name: name, hash: token.hash, node: node, uses: uses, hours: hours),
        requestID: FleetClient.newRequestID())
      try output.print(try answer.orThrow()) { _ in
        Console.line("join token \(name) lets \(node ?? "any new name") in, \(uses) times: \(file)")
      }
    } catch {
      unlink(file)
      throw error
    }
  }
}

/// `spikefleet join-token list`.
struct JoinTokenListCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List join tokens; their texts are nowhere.")

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    try output.print(try await context.client().joinTokens()) { views in
      var table = TextTable([
        .text("TOKEN"), .text("NODE"), .number("USES LEFT"), .text("EXPIRES"),
      ])
      for view in views {
        table.add([
          view.name, view.node ?? "any", "\(view.usesLeft)",
          Figure.instant(microseconds: view.expiresMicroseconds),
        ])
      }
      Console.table(table, empty: "no join tokens")
    }
  }
}

/// `spikefleet join-token revoke`.
struct JoinTokenRevokeCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke", abstract: "Make a join token good no longer; nodes it let in stay.")

  @Argument(help: "What the token is called.")
  var name: String

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    let answer = try await context.client().revokeJoinToken(
      name, requestID: FleetClient.newRequestID())
    try output.print(try answer.orThrow()) { _ in Console.line("revoked join token \(name)") }
  }
}
