import ArgumentParser
import FleetAPI
import FleetCore
import Foundation
import Workbench

extension AdminScope: ExpressibleByArgument {}

/// `spikefleet token`.
struct TokenCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token",
    abstract: "Make, list and revoke tokens of the admin endpoint, for people and programs.",
    discussion: """
      A token opens the coordinator's admin endpoint for what its scopes name. Name its file as \
      `tokenFile` in a context file. The coordinator keeps its hash alone, and the audit names it. \
      Machines join with another kind: `spikefleet join-token`.
      """,
    subcommands: [
      TokenCreateCommand.self, TokenListCommand.self, TokenRevokeCommand.self,
    ])
}

/// `spikefleet token create`.
struct TokenCreateCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Make a token and write it to a file of mode 0600.",
    discussion: """
      Scopes: `read` sees the fleet; `operate` takes nodes in and out and orders them about; \
      `deploy` adds models and says what nodes run; `federate` starts and cancels jobs; `admin` \
      may do everything, and alone changes root files and tokens. Each of them may also read.
      """)

  @Argument(help: "What the token is called in lists and in the audit.")
  var name: String

  @Option(
    parsing: .upToNextOption,
    help: "What it lets its holder do: read, operate, deploy, federate or admin, or some of them.")
  var scope: [AdminScope]

  @Option(help: "File that the token is written to; it must not exist.")
  var file: String

  @Option(
    name: .customLong("expires"),
    help: "How long it is good, such as 12h or 90d; for ever unless given.")
  var expires: HourCount?

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    let token = BearerToken()
    try SecretFile.create(file, text: token.text + "\n")
    do {
      let answer = try await context.client().createToken(
        TokenRequest(name: name, hash: token.hash, scopes: scope, hours: expires?.hours),
        requestID: FleetClient.newRequestID())
      try output.print(try answer.orThrow()) { _ in
        let scopes = scope.map(\.rawValue).joined(separator: ", ")
        Console.line("token \(name) may \(scopes): \(file)")
      }
    } catch {
      unlink(file)
      throw error
    }
  }
}

/// A number of hours, written as `12h` or `90d`.
struct HourCount: ExpressibleByArgument {
  let hours: UInt32

  init?(argument: String) {
    guard let unit = argument.last, let number = UInt32(argument.dropLast()), number > 0,
      let factor: UInt32 = ["h": 1, "d": 24][unit]
    else { return nil }
    let (hours, isTooMuch) = number.multipliedReportingOverflow(by: factor)
    guard !isTooMuch else { return nil }
    self.hours = hours
  }
}

/// `spikefleet token list`.
struct TokenListCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List tokens of the admin endpoint; their texts are nowhere.")

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    try output.print(try await context.client().tokens()) { views in
      var table = TextTable([
        .text("TOKEN"), .text("SCOPES"), .text("STATE"), .text("CREATED"), .text("EXPIRES"),
        .text("LAST USED"),
      ])
      func instant(_ microseconds: Int64?) -> String {
        microseconds.map { Figure.instant(microseconds: $0) } ?? "never"
      }
      for view in views {
        table.add([
          view.name, view.scopes.map(\.rawValue).joined(separator: ","), view.state,
          instant(view.createdMicroseconds), instant(view.expiresMicroseconds),
          instant(view.usedMicroseconds),
        ])
      }
      Console.table(table, empty: "no tokens beside the coordinator's admin.token")
    }
  }
}

/// `spikefleet token revoke`.
struct TokenRevokeCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke", abstract: "Make a token good no longer, from the next request on.")

  @Argument(help: "What the token is called.")
  var name: String

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    let answer = try await context.client().revokeToken(
      name, requestID: FleetClient.newRequestID())
    try output.print(try answer.orThrow()) { _ in Console.line("revoked token \(name)") }
  }
}
