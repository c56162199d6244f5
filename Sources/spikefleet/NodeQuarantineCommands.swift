import ArgumentParser
import FleetAPI
import Workbench

/// `spikefleet node quarantine`.
struct NodeQuarantineCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "quarantine", abstract: "Let no federated round ask a node.",
    discussion: """
      What it serves goes on; rounds that wait for it go on without. A node whose updates are \
      refused three times in a row is put there by itself. `spikefleet node pardon` ends it.
      """)

  @Argument(help: "The node's name.")
  var name: String

  @Option(help: "Why, for who reads it later.")
  var reason: String = ""

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    var request = NodeRequest(.quarantine)
    request.reason = reason
    try await NodeOrderCall(context: context, output: output).send(
      request, to: name, told: "no round asks \(name) until it is pardoned")
  }
}

/// `spikefleet node pardon`.
struct NodePardonCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "pardon", abstract: "Let federated rounds ask a node again.")

  @Argument(help: "The node's name.")
  var name: String

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    try await NodeOrderCall(context: context, output: output).send(
      NodeRequest(.pardon), to: name, told: "rounds may ask \(name) again")
  }
}
