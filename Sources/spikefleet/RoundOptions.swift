import ArgumentParser
import Federation
import Workbench

/// What flags say of a job's rounds, on a fleet and in a study.
struct RoundOptions: ParsableArguments {
  @Option(help: "Rounds to run.")
  var rounds: UInt32?

  @Option(help: "Samples each node trains in a round.")
  var samplesPerRound: UInt32?

  @Option(parsing: .unconditional, help: "Reports without which a round fails.")
  var minimumReports: Int?

  @Option(
    parsing: .unconditional,
    help: "Points of held-out accuracy that a merged model may lose against the best one.")
  var maxRegression: Double?

  @Option(
    parsing: .unconditional,
    help: "How often the joules per inference of the job's model a merged model may take.")
  var joulesRatioMax: Double?

  @Option(help: "Models of accepted rounds that the coordinator keeps, the newest ones.")
  var keptModels: UInt32?

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

  @OptionGroup var privacy: PrivacyOptions

  /// Puts what flags say over what a job's file says.
  func apply(to job: inout JobFile) throws {
    job.rounds = rounds ?? job.rounds
    job.samplesPerRound = samplesPerRound ?? job.samplesPerRound
    job.minimumReports = minimumReports ?? job.minimumReports
    job.maxRegression = maxRegression ?? job.maxRegression
    job.joulesRatioMax = joulesRatioMax ?? job.joulesRatioMax
    job.keptModels = keptModels ?? job.keptModels
    job.compression = compression ?? job.compression
    job.strategy = try strategy(over: job.strategy)
    if !merge.isEmpty {
      var rules = job.merge ?? [:]
      for setting in merge { rules[setting.layer] = setting.rule }
      job.merge = rules
    }
    job.privacy = privacy.over(job.privacy)
  }

  /// The parameters of the file's strategy stay where the flags name no other one.
  private func strategy(over file: Strategy?) throws -> Strategy? {
    guard strategy != nil || weighting != nil || !parameter.isEmpty else { return file }
    let name = strategy ?? file?.name ?? .fedAvg
    let same = file?.name == name ? file : nil
    var values = same?.values ?? [:]
    for setting in parameter { values[setting.name] = setting.value }
    do throws(AggregationError) {
      return try Strategy(name, values, weighting: weighting ?? same?.weighting)
    } catch {
      throw ValidationError("--strategy \(name.rawValue): \(error)")
    }
  }
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
