import ArgumentParser
import FleetAPI
import Workbench

/// A verb that is said to a job without more words.
protocol JobVerb: Sendable {
  static var verb: JobRequest.Verb { get }
  static var abstract: String { get }
  static func outcome(_ job: String) -> String
}

/// `spikefleet federate VERB`.
struct JobVerbCommand<Spoken: JobVerb>: FleetCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(commandName: Spoken.verb.rawValue, abstract: Spoken.abstract)
  }

  @Argument(help: "The job's name.")
  var job: String

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    let answer = try await context.client().orderJob(
      JobRequest(Spoken.verb), name: job, requestID: FleetClient.newRequestID()
    ).orThrow()
    try output.print(answer) { _ in Console.line(Spoken.outcome(job)) }
  }
}

/// `pause`.
enum PauseJobVerb: JobVerb {
  static let verb = JobRequest.Verb.pause
  static let abstract = "Begin no more rounds of a job; the one under way ends."

  static func outcome(_ job: String) -> String {
    "paused \(job); next: spikefleet federate resume \(job)"
  }
}

/// `resume`.
enum ResumeJobVerb: JobVerb {
  static let verb = JobRequest.Verb.resume
  static let abstract = "Begin the rounds of a paused job again."

  static func outcome(_ job: String) -> String { "\(job) goes on" }
}

/// `spikefleet federate cancel`.
struct FederateCancelCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel", abstract: "End a job; committed rounds stay.")

  @Argument(help: "The job's name.")
  var job: String

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    let answer = try await context.client().cancelJob(
      job, requestID: FleetClient.newRequestID()
    ).orThrow()
    try output.print(answer) { _ in Console.line("cancelled \(job)") }
  }
}
