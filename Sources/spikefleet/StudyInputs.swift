import ArgumentParser
import Federation
import FleetCore
import SensorData
import SpikingNetwork
import Workbench

/// The inputs of a study, as its command names them.
struct StudyInputs {
  private let command: SimulateFederateCommand

  init(_ command: SimulateFederateCommand) { self.command = command }

  /// Reads everything; throws for what is missing or does not fit.
  func plan() throws -> StudyPlan {
    let job = try specification()
    let model = try ModelFile(reading: command.model)
    let (data, check, checkName) = try samples(seed: job.seed)
    let hands = try command.partition.deal(data.labels, to: job.nodes.count, seed: job.seed)
    var plan = StudyPlan(
      job: job, base: model.bytes, data: data, hands: hands,
      partition: command.partition.description, check: check,
      sources: StudyPlan.Sources(
        job: command.file ?? "the job's flags", model: command.model, data: command.data,
        check: checkName))
    plan.poisoned = command.poisoned
    plan.attack = command.attack
    plan.dropout = command.dropout
    plan.isPooled = command.pooled
    return plan
  }

  private func specification() throws -> JobSpecification {
    var job = try command.file.map { try JobFile.read($0) } ?? JobFile()
    job.rounds = command.rounds ?? job.rounds
    job.samplesPerRound = command.samplesPerRound ?? job.samplesPerRound
    job.minimumReports = command.minimumReports ?? job.minimumReports
    job.maxRegression = command.maxRegression ?? job.maxRegression
    job.seed = command.seed ?? job.seed
    job.compression = command.compression ?? job.compression
    try job.choose(
      command.strategy, parameters: command.parameter, weighting: command.weighting)
    let nodes = try nodes(of: job)
    let usual = command.dropout > 0 ? max(1, nodes.count / 2) : nodes.count
    let deadline = job.deadlineSeconds ?? 600
    guard (1...86_400).contains(deadline) else {
      throw CommandFailure(
        "\(command.file ?? ""): deadlineSeconds: found \(deadline), expected 1 to 86400; mend it")
    }
    return JobSpecification(
      name: job.name ?? "study", model: "", rounds: job.rounds ?? 10,
      samplesPerRound: job.samplesPerRound ?? 400, nodes: nodes,
      minimumReports: job.minimumReports ?? job.targetReports ?? usual,
      deadlineMilliseconds: deadline * 1_000,
      attemptsMax: job.attempts ?? 3, maxRegression: job.maxRegression ?? 2, seed: job.seed ?? 1,
      strategy: job.strategy ?? .fedAvg, compression: job.compression ?? .dense,
      cohort: try job.cohortTerms(), merge: job.merge ?? [:])
  }

  private func nodes(of job: JobFile) throws -> [String] {
    let named = job.nodes ?? []
    guard let count = command.nodes else {
      guard !named.isEmpty else {
        throw ValidationError(
          "found no --nodes, expected a number of nodes; give the flag, or name them in the job "
            + "file under `nodes`")
      }
      return named
    }
    guard named.isEmpty || named.count == count else {
      throw ValidationError(
        "--nodes: found \(count), expected \(named.count), the nodes that the job file names; "
          + "leave one of the two out")
    }
    guard named.isEmpty else { return named }
    // As many digits in each, so that the order of names is that of numbers.
    let width = "\(count)".count
    return (1...count).map { number in
      "node-" + String(repeating: "0", count: width - "\(number)".count) + "\(number)"
    }
  }

  /// The nodes' samples, and those that judge, with where they come from.
  private func samples(
    seed: UInt64
  ) throws -> (data: LabelledSamples, check: LabelledSamples, name: String) {
    let parts = try SampleParts.read(command.data)
    var (data, check, name) = (parts.training, parts.test, command.data)
    if let share = command.check.flatMap({ Double($0) }) ?? (check == nil ? 0.1 : nil),
      command.check.map({ Double($0) != nil }) ?? true
    {
      guard share > 0, share < 1 else {
        throw ValidationError(
          "--check: found \(share), expected a share above 0 and below 1, or a folder")
      }
      (data, check) = data.settingApart(share, seed: seed)
    } else if let folder = command.check {
      let held = try SampleParts.read(folder)
      (check, name) = (held.test ?? held.training, folder)
    }
    guard let check else { preconditionFailure("held-out samples were chosen above") }
    return (data, command.checkSamples.map { check.spread($0) } ?? check, name)
  }
}
