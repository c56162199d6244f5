import ArgumentParser
import FleetAPI
import Workbench

/// `spikefleet federate pause`.
struct FederatePauseCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "pause", abstract: "Begin no more rounds of a job; the one under way ends.")

  @Argument(help: "The job's name.")
  var job: String

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    let answer = try await context.client().orderJob(
      JobRequest(.pause), name: job, requestID: FleetClient.newRequestID()
    ).orThrow()
    try output.print(answer) { _ in
      Console.line("paused \(job); next: spikefleet federate resume \(job)")
    }
  }
}

/// `spikefleet federate resume`.
struct FederateResumeCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Begin the rounds of a paused job again.")

  @Argument(help: "The job's name.")
  var job: String

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    let answer = try await context.client().orderJob(
      JobRequest(.resume), name: job, requestID: FleetClient.newRequestID()
    ).orThrow()
    try output.print(answer) { _ in Console.line("\(job) goes on") }
  }
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
