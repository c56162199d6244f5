import ArgumentParser
import Federation
import FleetAPI
import FleetCore
import Workbench

/// `spikefleet federate status`.
struct FederateStatusCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "List jobs, or show the rounds of one.")

  @Argument(help: "The job's name.")
  var job: String?

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    let jobs = try await context.client().jobs()
    guard let job else {
      try output.print(jobs) { jobs in
        Console.table(JobTables.list(jobs), empty: "no jobs yet; `spikefleet federate start`")
      }
      return
    }
    guard let view = jobs.first(where: { $0.specification.name == job }) else {
      throw JobTables.unknown(job)
    }
    try output.print(view) { view in
      Console.write(JobTables.list([view]).text)
      if !view.detail.isEmpty { Console.line("reason: \(TextTable.printable(view.detail))") }
      if let privacy = view.privacy {
        Console.line("privacy: \(JobTables.spent(privacy)) after \(privacy.rounds) rounds")
      }
      if let waits = view.waits { Console.line(TextTable.printable(waits)) }
      Console.table(JobTables.rounds(view), empty: "no rounds yet")
    }
  }
}

/// Jobs and rounds as tables.
enum JobTables {
  static func unknown(_ name: String) -> CommandFailure {
    CommandFailure("no job is called `\(name)`; `spikefleet federate status` lists them")
  }

  /// Epsilon and its limit, with what the noise is.
  static func spent(_ privacy: PrivacyView) -> String {
    "epsilon \(Figure.fixed(privacy.epsilon, 3)) of \(Figure.fixed(privacy.epsilonMax, 3)) at "
      + "delta \(privacy.delta) for each node (noise \(privacy.noiseMultiplier), clip "
      + "\(privacy.clip), chance \(privacy.sampling))"
  }

  static func list(_ jobs: [JobView]) -> TextTable {
    var table = TextTable([
      .text("JOB"), .text("STATE"), .text("STRATEGY"), .number("ROUNDS"), .number("BEST %"),
      .text("MODEL"), .text("NODES"),
    ])
    for job in jobs {
      let committed = job.rounds.count { $0.state == "committed" }
      table.add([
        job.specification.name, job.state, job.specification.strategy.name.rawValue,
        "\(committed) of \(job.specification.rounds)",
        Figure.fixed(job.bestAccuracy, 1), Figure.digest(job.currentModel),
        job.specification.nodes.joined(separator: ", "),
      ])
    }
    return table
  }

  static let roundColumns: [TextTable.Column] = [
    .number("ROUND"), .text("STATE"), .number("SECONDS"), .number("ACCURACY %"), .number("BYTES"),
    .number("ENERGY"), .text("NODES"),
  ]

  static func rounds(_ job: JobView) -> TextTable {
    var table = TextTable(roundColumns)
    for round in job.rounds { table.add(cells(round)) }
    return table
  }

  static func cells(_ round: RoundView) -> [String] {
    let name = round.attempt > 1 ? "\(round.round).\(round.attempt)" : "\(round.round)"
    let nodes = round.participants.map { participant in
      participant.state == "reported"
        ? "\(participant.node) \(Figure.fixed(participant.accuracy, 1))"
          + (participant.isLeftOut ? " left out" : "")
        : "\(participant.node) \(participant.code.isEmpty ? participant.state : participant.code)"
    }
    let state =
      round.state == "committed"
      ? (round.accepted == false ? "not taken" : "committed")
      : round.detail.isEmpty ? round.state : "\(round.state): \(round.detail)"
    return [
      name, state, Figure.fixed(round.seconds, 2), Figure.fixed(round.accuracy, 1),
      Figure.bytes(round.updateBytes), Figure.joules(round.joules),
      nodes.joined(separator: ", "),
    ]
  }
}
