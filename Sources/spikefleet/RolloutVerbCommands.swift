import ArgumentParser
import FleetAPI
import Workbench

/// A verb that is said to a rollout without more words.
protocol RolloutVerb: Sendable {
  static var verb: RolloutRequest.Verb { get }
  static var abstract: String { get }
  static var outcome: String { get }
}

/// `spikefleet rollout VERB`.
struct RolloutVerbCommand<Spoken: RolloutVerb>: FleetCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(commandName: Spoken.verb.rawValue, abstract: Spoken.abstract)
  }

  @Argument(help: "The rollout's name.")
  var name: String

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    let answer = try await context.client().orderRollout(
      RolloutRequest(Spoken.verb), name: name, requestID: FleetClient.newRequestID()
    ).orThrow()
    try output.print(answer) { _ in Console.line("rollout \(name) \(Spoken.outcome)") }
  }
}

/// `pause`.
enum PauseVerb: RolloutVerb {
  static let verb = RolloutRequest.Verb.pause
  static let abstract = "Give no new orders; what is under way ends."
  static let outcome = "paused"
}

/// `resume`.
enum ResumeVerb: RolloutVerb {
  static let verb = RolloutRequest.Verb.resume
  static let abstract = "Go on where a rollout paused."
  static let outcome = "goes on"
}

/// `promote`.
enum PromoteVerb: RolloutVerb {
  static let verb = RolloutRequest.Verb.promote
  static let abstract = "Let the wave at work pass, whatever its gate says."
  static let outcome = "goes on without its gate"
}

/// `abort`.
enum AbortVerb: RolloutVerb {
  static let verb = RolloutRequest.Verb.abort
  static let abstract = "Take the model back everywhere; nodes return to what they ran."
  static let outcome = "is taken back"
}

/// `undo`.
enum UndoVerb: RolloutVerb {
  static let verb = RolloutRequest.Verb.undo
  static let abstract = "Take a completed rollout back."
  static let outcome = "is taken back"
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
