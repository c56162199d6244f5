import ArgumentParser
import Federation
import FleetAPI
import FleetCore
import Workbench

/// A federated job as flags, a job file and the fleet have it, in that order.
struct JobOptions: ParsableArguments {
  @Argument(help: "Job file (YAML); its keys are the flags' names in camel case.")
  var file: String?

  @Option(help: "Name of the job.")
  var name: String?

  @Option(help: "Name of the model, its digest, or at least 8 first digits of it.")
  var model: String?

  @OptionGroup var learning: RoundOptions

  @Option(name: .long, help: "A node that takes part; once for each.")
  var node: [String] = []

  @Option(help: "Seconds from the offer until a round is sealed or failed.")
  var deadlineSeconds: UInt32?

  @Option(help: "Attempts per round before the job fails.")
  var attempts: UInt32?

  @Option(parsing: .unconditional, help: "Seed of the nodes' rounding noise.")
  var seed: UInt64?

  @Option(help: "Updates at which a round is sealed; all nodes are waited for unless given.")
  var targetReports: Int?

  @Option(
    help: ArgumentHelp(
      "Share of the target that is asked, as 1.3 for three in ten more.", valueName: "factor"))
  var overSelection: Double?

  @Option(help: ArgumentHelp("How nodes are drawn: \(SelectionRule.forms).", valueName: "rule"))
  var selection: SelectionRule?

  @Option(help: "Percent of charge below which a node is not asked.")
  var leastCharge: Double?

  private func merged() throws -> JobFile {
    var job = try file.map { try JobFile.read($0) } ?? JobFile()
    job.name = name ?? job.name
    job.model = model ?? job.model
    job.nodes = node.isEmpty ? job.nodes : node
    job.deadlineSeconds = deadlineSeconds ?? job.deadlineSeconds
    job.attempts = attempts ?? job.attempts
    job.seed = seed ?? job.seed
    job.targetReports = targetReports ?? job.targetReports
    job.overSelection = overSelection ?? job.overSelection
    job.selection = selection ?? job.selection
    job.leastCharge = leastCharge ?? job.leastCharge
    try learning.apply(to: &job)
    return job
  }

  /// The job as flags, file and fleet have it.
  func specification(_ client: some FleetService) async throws -> JobSpecification {
    let job = try merged()
    guard let name = job.name, let model = job.model else {
      throw ValidationError(
        "found no \(job.name == nil ? "--name" : "--model"), expected a job with both; give the "
          + "flag, or a job file with the key")
    }
    var nodes = job.nodes ?? []
    if nodes.isEmpty { nodes = try await client.nodes().map(\.name) }
    return try job.specification(
      name: name, model: model, nodes: nodes, usualReports: max(1, nodes.count))
  }
}

extension SelectionRule: ExpressibleByArgument {
  /// Reads one of `SelectionRule.forms`.
  package init?(argument: String) { self.init(argument) }
}

/// How a layer is merged, as a flag has it: LAYER=RULE.
struct MergeSetting: ExpressibleByArgument {
  let layer: String
  let rule: MergeRule

  init?(argument: String) {
    guard let sign = argument.lastIndex(of: "="), sign > argument.startIndex,
      let rule = MergeRule(rawValue: String(argument[argument.index(after: sign)...]))
    else { return nil }
    (layer, self.rule) = (String(argument[..<sign]), rule)
  }
}
