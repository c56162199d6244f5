import ArgumentParser
import FleetAPI
import Workbench

/// A verb that is said to a rollout.
protocol RolloutVerbCommand: FleetCommand {
  static var verb: RolloutRequest.Verb { get }
  static var outcome: String { get }
  var name: String { get }
  var context: ContextOptions { get }
  var output: OutputOptions { get }
}

extension RolloutVerbCommand {
  func perform() async throws {
    let answer = try await context.client().orderRollout(
      RolloutRequest(Self.verb), name: name, requestID: FleetClient.newRequestID()
    ).orThrow()
    try output.print(answer) { _ in Console.line("rollout \(name) \(Self.outcome)") }
  }
}

/// `spikefleet rollout pause`.
struct RolloutPauseCommand: RolloutVerbCommand {
  static let configuration = CommandConfiguration(
    commandName: "pause", abstract: "Give no new orders; what is under way ends.")
  static let verb = RolloutRequest.Verb.pause
  static let outcome = "paused"

  @Argument(help: "The rollout's name.")
  var name: String

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions
}

/// `spikefleet rollout resume`.
struct RolloutResumeCommand: RolloutVerbCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Go on where a rollout paused.")
  static let verb = RolloutRequest.Verb.resume
  static let outcome = "goes on"

  @Argument(help: "The rollout's name.")
  var name: String

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions
}

/// `spikefleet rollout promote`.
struct RolloutPromoteCommand: RolloutVerbCommand {
  static let configuration = CommandConfiguration(
    commandName: "promote", abstract: "Let the wave at work pass, whatever its gate says.")
  static let verb = RolloutRequest.Verb.promote
  static let outcome = "goes on without its gate"

  @Argument(help: "The rollout's name.")
  var name: String

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions
}

/// `spikefleet rollout abort`.
struct RolloutAbortCommand: RolloutVerbCommand {
  static let configuration = CommandConfiguration(
    commandName: "abort", abstract: "Take the model back everywhere; nodes return to what they ran."
  )
  static let verb = RolloutRequest.Verb.abort
  static let outcome = "is taken back"

  @Argument(help: "The rollout's name.")
  var name: String

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions
}

/// `spikefleet rollout undo`.
struct RolloutUndoCommand: RolloutVerbCommand {
  static let configuration = CommandConfiguration(
    commandName: "undo", abstract: "Take a completed rollout back.")
  static let verb = RolloutRequest.Verb.undo
  static let outcome = "is taken back"

  @Argument(help: "The rollout's name.")
  var name: String

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions
}

/// `spikefleet rollout retry`.
struct RolloutRetryCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "retry", abstract: "Send nodes that failed on their way again.",
    discussion: "A node is sent at most five times.")

  @Argument(help: "The rollout's name.")
  var name: String

  @Option(name: .long, help: "A node; once for each. All that failed unless given.")
  var node: [String] = []

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    let answer = try await context.client().orderRollout(
      RolloutRequest(.retry, nodes: node), name: name, requestID: FleetClient.newRequestID()
    ).orThrow()
    try output.print(answer) { _ in Console.line("nodes of rollout \(name) try again") }
  }
}
