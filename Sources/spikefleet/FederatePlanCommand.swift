import ArgumentParser
import Federation
import FleetAPI
import FleetCore
import Workbench

/// `spikefleet federate plan`.
struct FederatePlanCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Say what a job would take of each node: bytes, joules and minutes; start nothing.",
    discussion: """
      Joules and the update's size come from a few samples of the coordinator's check data that \
      are learnt on its own chip; without check data only bytes are said, for an update of that \
      shape. Minutes are those that a node took in earlier rounds of models of this structure. \
      With privacy, epsilon is said after all rounds, or as many as the limit bears. Settings are \
      those of `federate start`.
      """)

  @OptionGroup var job: JobOptions
  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    let client = try context.client()
    let plan = try await client.planJob(try await job.specification(client))
    try output.print(plan) { plan in
      for line in Self.lines(plan) { Console.line(line) }
      Console.write(Self.table(plan).text)
    }
  }

  private static func lines(_ plan: JobPlanView) -> [String] {
    let job = plan.specification
    let cohort =
      job.cohort.target.map { target in
        "each asks \(plan.asked) of \(job.nodes.count) nodes (\(job.cohort.rule)) and is sealed "
          + "at \(target) reports, at least \(job.minimumReports)"
      } ?? everybody(job)
    let tried =
      plan.samplesTried > 0
      ? "as \(plan.samplesTried) samples of the check data took, by `\(plan.priceTable)` "
        + "(\(plan.grade))"
      : "no joules: the coordinator has no check data that fit this model; set `checkData`"
    let privacy = plan.privacy.map { privacy in
      ["privacy: \(JobTables.spent(privacy)) after \(privacy.rounds) rounds"]
    }
    return [
      "\(job.name): \(job.rounds) rounds of \(job.samplesPerRound) samples, \(cohort)",
      "a round, a node: \(Figure.bytes(plan.downBytes)) down, \(Figure.bytes(plan.upBytes)) up "
        + "(\(job.compression)), \(Figure.joules(plan.joules)) \(tried)",
      "merged by \(job.strategy.name.rawValue): "
        + plan.merge.map { "\($0.layer) \($0.rule)" }.joined(separator: ", "),
    ] + (privacy ?? [])
  }

  private static func everybody(_ job: JobSpecification) -> String {
    let asked =
      job.samplingPerMillion < 1_000_000
      ? "draws \(job.expectedCohort) of \(job.nodes.count) nodes on average (\(job.cohort.rule))"
      : "asks all \(job.nodes.count) nodes"
    return "each \(asked), at least \(job.minimumReports) have to report"
  }

  /// What all rounds take of each node if it is asked each time.
  private static func table(_ plan: JobPlanView) -> TextTable {
    var table = TextTable([
      .text("NODE"), .number("BYTES DOWN"), .number("BYTES UP"), .number("ENERGY"),
      .number("MINUTES"), .text("NOW"),
    ])
    let rounds = UInt64(plan.specification.rounds)
    for node in plan.nodes {
      table.add([
        node.node, Figure.bytes(plan.downBytes * rounds), Figure.bytes(plan.upBytes * rounds),
        Figure.joules(plan.joules.map { $0 * Double(rounds) }),
        Figure.fixed(node.secondsPerRound.map { $0 * Double(rounds) / 60 }, 1),
        node.hindrance.isEmpty ? "ready" : node.hindrance,
      ])
    }
    return table
  }
}
