import ArgumentParser
import FleetAPI
import FleetCore
import Workbench

/// `spikefleet federate history`.
struct FederateHistoryCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "history", abstract: "Show what became of each round and attempt of a job.",
    discussion: "Without a job, a line for each job. CHIP is the energy of the training behind the "
      + "accepted updates, by the model's price table; RADIO that of their bytes and of the base "
      + "models, at an assumed price; GRADES are those of both prices.")

  @Argument(help: "The job's name.")
  var job: String?

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    let client = try context.client()
    guard let job else {
      try output.print(try await client.reports()) { reports in
        Console.table(JobReportTables.jobs(reports), empty: JobReportTables.noJobs)
      }
      return
    }
    try output.print(try await client.report(job, radio: .assumed)) { report in
      Console.table(JobReportTables.history(report), empty: "no rounds yet")
      for line in JobReportTables.footing(report) { Console.line(TextTable.printable(line)) }
    }
  }
}

/// `spikefleet federate rollback`.
struct FederateRollbackCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollback",
    abstract: "Let a running job's next round grow from the model of an earlier one.",
    discussion: "What the strategy kept is that of then too. An open round ends, and its nodes are "
      + "asked again. Rounds and models stay on record. What nodes have left over from compressed "
      + "updates stays with them.")

  @Argument(help: "The job's name.")
  var job: String

  @Option(help: "The round to go back to; 0 is before the first.")
  var to: UInt32

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    let answer = try await context.client().rollBackJob(
      job, RollbackRequest(round: to), requestID: FleetClient.newRequestID()
    ).orThrow()
    try output.print(answer) { answer in
      Console.line("\(job) goes on from round \(to), model \(Figure.digest(answer.detail))")
    }
  }
}
