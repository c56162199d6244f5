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
    let hands = try command.partition.deal(
      data.labels, ids: data.ids, to: job.nodes.count, seed: job.seed)
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
    plan.isLone = command.lone
    return plan
  }

  private func specification() throws -> JobSpecification {
    var job = try command.file.map { try JobFile.read($0) } ?? JobFile()
    job.seed = command.seed ?? job.seed
    try command.learning.apply(to: &job)
    let nodes = try nodes(of: job)
    return try job.specification(
      name: job.name ?? "study", model: "", nodes: nodes,
      usualReports: command.dropout > 0 ? max(1, nodes.count / 2) : nodes.count)
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
