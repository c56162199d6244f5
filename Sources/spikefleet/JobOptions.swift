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

  @Option(help: "Rounds to run.")
  var rounds: UInt32?

  @Option(help: "Samples each node trains in a round.")
  var samplesPerRound: UInt32?

  @Option(name: .long, help: "A node that takes part; once for each.")
  var node: [String] = []

  @Option(parsing: .unconditional, help: "Reports without which a round fails.")
  var minimumReports: Int?

  @Option(help: "Seconds from the offer until a round is sealed or failed.")
  var deadlineSeconds: UInt32?

  @Option(help: "Attempts per round before the job fails.")
  var attempts: UInt32?

  @Option(
    parsing: .unconditional,
    help: "Points of held-out accuracy that a merged model may lose against the best one.")
  var maxRegression: Double?

  @Option(parsing: .unconditional, help: "Seed of the nodes' rounding noise.")
  var seed: UInt64?

  @Option(help: "How updates become the next model; fedavg unless given.")
  var strategy: Strategy.Name?

  @Option(
    help: ArgumentHelp("A parameter of the strategy; once for each.", valueName: "name=value"))
  var parameter: [StrategySetting] = []

  @Option(help: "How much an update counts, where the strategy leaves that open.")
  var weighting: Weighting?

  @Option(help: ArgumentHelp("How updates travel: \(UpdateCompression.forms).", valueName: "form"))
  var compression: UpdateCompression?

  @Option(
    help: ArgumentHelp(
      "How a layer is merged, in place of what its training asks for; once for each.",
      valueName: "layer=rule"))
  var merge: [MergeSetting] = []

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
    job.rounds = rounds ?? job.rounds
    job.samplesPerRound = samplesPerRound ?? job.samplesPerRound
    job.nodes = node.isEmpty ? job.nodes : node
    job.minimumReports = minimumReports ?? job.minimumReports
    job.deadlineSeconds = deadlineSeconds ?? job.deadlineSeconds
    job.attempts = attempts ?? job.attempts
    job.maxRegression = maxRegression ?? job.maxRegression
    job.seed = seed ?? job.seed
    job.compression = compression ?? job.compression
    if !merge.isEmpty {
      var rules = job.merge ?? [:]
      for setting in merge { rules[setting.layer] = setting.rule }
      job.merge = rules
    }
    job.targetReports = targetReports ?? job.targetReports
    job.overSelection = overSelection ?? job.overSelection
    job.selection = selection ?? job.selection
    job.leastCharge = leastCharge ?? job.leastCharge
    try job.choose(strategy, parameters: parameter, weighting: weighting)
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
    let deadline = job.deadlineSeconds ?? 600
    guard (1...86_400).contains(deadline) else {
      throw ValidationError("--deadline-seconds: found \(deadline), expected 1 to 86400")
    }
    var nodes = job.nodes ?? []
    if nodes.isEmpty { nodes = try await client.nodes().map(\.name) }
    return JobSpecification(
      name: name, model: model, rounds: job.rounds ?? 10,
      samplesPerRound: job.samplesPerRound ?? 400, nodes: nodes,
      minimumReports: job.minimumReports ?? job.targetReports ?? max(1, nodes.count),
      deadlineMilliseconds: deadline * 1_000, attemptsMax: job.attempts ?? 3,
      maxRegression: job.maxRegression ?? 2, seed: job.seed ?? 1,
      strategy: job.strategy ?? .fedAvg, compression: job.compression ?? .dense,
      cohort: try job.cohortTerms(), merge: job.merge ?? [:])
  }
}

extension SelectionRule: ExpressibleByArgument {
  /// Reads one of `SelectionRule.forms`.
  package init?(argument: String) { self.init(argument) }
}

extension Strategy.Name: ExpressibleByArgument {}
extension Weighting: ExpressibleByArgument {}

extension UpdateCompression: ExpressibleByArgument {
  /// Reads one of `UpdateCompression.forms`.
  package init?(argument: String) { self.init(argument) }
}

/// A strategy's parameter as a flag has it: NAME=VALUE.
struct StrategySetting: ExpressibleByArgument {
  let name: String
  let value: Double

  init?(argument: String) {
    let parts = argument.split(separator: "=", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, let value = Double(parts[1]), value.isFinite else {
      return nil
    }
    (name, self.value) = (String(parts[0]), value)
  }
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
