import CompiledModel
import FleetAPI
import SensorData
import SpikingNetwork
import Workbench

/// The federated model beside what the same work gives without a fleet.
struct DemoComparison: Sendable {
  /// Held-out accuracies.
  var verdict: ScenarioVerdict
  /// Samples that each node learnt from.
  var samplesPerNode: Int
  /// Samples of the held-out set.
  var heldOut: Int

  /// Trains each lone node and the pooled chip, two at a time, and evaluates every model.
  static func run(
    _ scenario: Scenario, _ fleet: FleetFolder, _ job: JobView
  ) async throws -> DemoComparison {
    let base = try ModelFile(reading: fleet.model).model
    let federated = try ModelFile(reading: fleet.federatedModel).model
    let heldOut = try SampleFolder.read(fleet.heldOut)
    let streams = try scenario.nodes.map { try SampleFolder.read(fleet.stream($0.name)) }
    let rounds = job.rounds.count { $0.state == "committed" }
    let count = rounds * Int(scenario.federation.samplesPerRound)
    var pooled = LabelledSamples(channels: base.inputs)
    for stream in streams {
      for position in 0..<stream.count { pooled.append(stream[position]) }
    }
    let status = StatusLine()
    let seed = scenario.federation.seed
    // The longest first, so that two cores are done at about the same time.
    let work = [(pooled, count * streams.count)] + streams.map { ($0, count) }
    let accuracies = try await withThrowingTaskGroup(of: (Int, Double).self) { group in
      for (index, (samples, count)) in work.enumerated() {
        group.addTask {
          let learnt = try learn(base, samples, count: count, seed: seed) { done in
            if index == 0 { status.show("pooled training: \(done) of \(count) samples") }
          }
          return (index, ChipEvaluation.run(learnt, on: heldOut).accuracyPercent)
        }
      }
      var accuracies = [Double](repeating: 0, count: work.count)
      for try await (index, accuracy) in group { accuracies[index] = accuracy }
      return accuracies
    }
    status.clear()
    let verdict = ScenarioVerdict(
      base: ChipEvaluation.run(base, on: heldOut).accuracyPercent,
      lone: zip(scenario.nodes, accuracies.dropFirst()).map {
        ScenarioVerdict.LoneNode(name: $0.name, accuracy: $1)
      },
      federated: ChipEvaluation.run(federated, on: heldOut).accuracyPercent,
      pooled: accuracies[0])
    return DemoComparison(verdict: verdict, samplesPerNode: count, heldOut: heldOut.count)
  }

  /// One chip's training, in pieces so that it can be cancelled.
  private static func learn(
    _ base: CompiledModel, _ samples: LabelledSamples, count: Int, seed: UInt64,
    progress: (Int) -> Void
  ) throws -> CompiledModel {
    var training = ChipTraining(base, stream: samples, seed: seed)
    while training.samples < count {
      try Task.checkCancellation()
      training.learn(min(200, count - training.samples))
      progress(training.samples)
    }
    return training.model
  }

  /// Held-out accuracy of every model.
  func table(_ scenario: Scenario, _ job: JobView) -> TextTable {
    var table = TextTable([
      .text("MODEL, JUDGED ON \(heldOut) HELD-OUT DIGITS"), .number("ACCURACY %"),
      .number("GAIN"), .text("LEARNT ON THE CHIP"),
    ])
    func add(_ name: String, _ accuracy: Double, _ work: String) {
      table.add([
        name, Figure.fixed(accuracy, 1),
        work.isEmpty ? "" : Figure.signed(accuracy - verdict.base, 1), work,
      ])
    }
    add("base", verdict.base, "")
    for (node, lone) in zip(scenario.nodes, verdict.lone) {
      let own = node.owns.map { "\($0)" }.joined(separator: " ")
      add("\(lone.name) alone (mostly \(own))", lone.accuracy, "\(samplesPerNode) samples")
    }
    let nodes = scenario.nodes.count
    add(
      "federated", verdict.federated,
      "\(samplesPerNode) samples on each of \(nodes) nodes, "
        + "\(job.rounds.count { $0.state == "committed" }) rounds")
    add("pooled (all samples in one place)", verdict.pooled, "\(samplesPerNode * nodes) samples")
    return table
  }
}
