import Accelerator
import CompiledModel
import Foundation
import Testing
import Workbench

@Suite struct ChipMetricsTests {
  let model = ProbedModel.model

  /// Weight by source before pooling and target, nil where there is no synapse; asked target first,
  /// as the definition of a kernel does.
  private func weight(_ connection: CompiledConnection, _ source: Int, _ target: Int, _ size: Int)
    -> Int8?
  {
    let weights = connection.inferenceWeights
    let place = place(connection, source)
    switch connection.layout {
    case .dense: return weights[place * size + target]
    case .sparse(let starts, let targets):
      let entries = Int(starts[place])..<Int(starts[place + 1])
      return entries.first { targets[$0] == UInt32(target) }.map { weights[$0] }
    case .convolution:
      let (y, x, output) = (target / 2 / 4, target / 2 % 4, target % 2)
      for row in 0..<3 {
        for column in 0..<3 where (y + row - 1, x + column - 1) == (place / 4, place % 4) {
          return weights[(row * 3 + column) * 2 + output]
        }
      }
      return nil
    case .oneToOne: return place == target ? weights[0] : nil
    }
  }

  /// The place of a source's spikes in what the connection sees, after its sum over windows.
  private func place(_ connection: CompiledConnection, _ source: Int) -> Int {
    guard let pooling = connection.pooling else { return source }
    let (y, x) = (source / pooling.channels / 4, source / pooling.channels % 4)
    return (y / 2 * 2 + x / 2) * pooling.channels + source % pooling.channels
  }

  private struct Brute: Equatable {
    var accumulates = 0
    var multiplyAccumulates = 0
    var dense = 0
    var membrane = 0
    var spikes = [0, 0]
  }

  private func brute(_ recording: SpikeRecording) -> Brute {
    var brute = Brute()
    for index in model.connections {
      let connection = model[index]
      let size = model.layers[index.layer].size
      for sample in recording.samples {
        let steps = sample.steps[(connection.source ?? -1) + 1]
        for (step, spikes) in steps.enumerated() where step + connection.delay < model.steps {
          // What the connection sees: spikes by place; one source of each stands for it.
          let seen = Dictionary(grouping: spikes) { place(connection, Int($0)) }
          var pairs = 0
          for source in seen.values.map({ Int($0[0]) }) {
            pairs += (0..<size).count { (weight(connection, source, $0, size) ?? 0) != 0 }
          }
          // An input of NeuroBench's rule is one of spikes if nothing in it is above 1.
          if seen.values.allSatisfy({ $0.count == 1 }) {
            brute.accumulates += pairs
          } else {
            brute.multiplyAccumulates += pairs
          }
        }
      }
      // With pooling, one source of each window stands for it.
      let sources = (0..<connection.sourceSize).filter { source in
        connection.pooling.map {
          source / $0.channels / 4 % 2 == 0 && source / $0.channels % 2 == 0
        }
          ?? true
      }
      // A sparse connection is a matrix with zeros.
      var isMatrix = false
      if case .sparse = connection.layout { isMatrix = true }
      for source in sources {
        for target in 0..<size
        where isMatrix || weight(connection, source, target, size) != nil {
          brute.dense += model.steps
        }
      }
    }
    // All neurons in the first step, then those whose potential is another than before.
    var last: [[Int]: Int32] = [:]
    for state in recording.states {
      let key = [Int(state.sample), state.layer, state.neuron]
      if state.step == 0 || state.potential != last[key] { brute.membrane += 1 }
      last[key] = state.potential
    }
    for layer in 0..<2 {
      brute.spikes[layer] = recording.samples.reduce(0) { sum, sample in
        sum + sample.steps[layer + 1].reduce(0) { $0 + $1.count }
      }
    }
    return brute
  }

  @Test func `operations, updates and sparsity equal a count of all pairs`() throws {
    let run = ParallelEvaluation.run(
      model, on: ProbedModel.samples(5), threads: 2,
      observing: .init(
        activity: true, recording: try ProbeSelection("features,hidden,out", of: model)))
    let metrics = ChipMetrics(model, of: run)
    let brute = brute(try #require(run.recording))
    #expect(brute.accumulates > 0 && brute.multiplyAccumulates > 0)
    #expect(brute.spikes.allSatisfy { $0 > 0 })
    #expect(metrics.synapticOperations.effectiveACs == Double(brute.accumulates) / 5)
    #expect(metrics.synapticOperations.effectiveMACs == Double(brute.multiplyAccumulates) / 5)
    #expect(metrics.synapticOperations.dense == Double(brute.dense))
    #expect(metrics.membraneUpdates == Double(brute.membrane) / 5)
    let places = [32, 6].map { Double($0 * 12 * 5) }
    let sparsities = zip(places, brute.spikes).map { ($0 - Double($1)) / $0 }
    #expect(
      metrics.activationSparsityByLayer
        == ["features": sparsities[0], "hidden": sparsities[1], "out": 1])
    // The readout is a layer that is silent.
    let all = Double(41 * 12 * 5)
    #expect(
      metrics.activationSparsity == (all - Double(brute.spikes[0] + brute.spikes[1])) / all)
    #expect(metrics.neuronOperations == nil)
    #expect(ChipMetrics.layersWithoutCounterpart(in: model) == ["hidden"])
    #expect(metrics.classificationAccuracy == Double(run.correct) / 5)
  }

  @Test func `effective operations exceed none of what the chip did`() {
    let run = ParallelEvaluation.run(
      model, on: ProbedModel.samples(5), observing: .init(activity: true))
    let kinds: [EventKind] = [.synapticOperation, .sparseOperation, .convolutionOperation]
    let operations = kinds.reduce(0) { $0 + run.counts[$1.rawValue] }
    let effective = run.activity?.operations.reduce(0) {
      $0 + $1.accumulates + $1.multiplyAccumulates
    }
    #expect((1..<operations).contains(effective ?? 0))
  }

  @Test func `static figures are those counted by hand`() {
    let run = ParallelEvaluation.run(
      model, on: ProbedModel.samples(1), observing: .init(activity: true))
    let metrics = ChipMetrics(model, of: run)
    #expect(metrics.parameterCount == 18 + 48 + 16 * 6 + 18)
    let others = model.connections.reduce(0) { $0 + model[$1].inferenceWeights.count { $0 != 0 } }
    #expect(
      metrics.connectionSparsity == (Double(180 - others) / 180 * 10_000).rounded() / 10_000)
    // Kernel; dense weights; list of 17 starts and 8 targets with weights of 4 bits; learning
    // weights, their traces and sums.
    let synapses = 18 + 48 + (4 * (17 + 8) + 4) + (2 * 18 + 2 * 6 + 4 * 18)
    // Potentials of 24 bits, decay, bias, threshold; current, adaptation; logits.
    let features = 32 * 3 + 4 * 3
    let hidden = 6 * 9 + 4 * 3 + 4 + 8
    let out = 3 * 3 + 4 * 2 + 8
    #expect(metrics.footprint == synapses + features + hidden + out)
  }

  @Test func `names in files and in the table are those of NeuroBench`() throws {
    let run = ParallelEvaluation.run(
      model, on: ProbedModel.samples(2), observing: .init(activity: true))
    let metrics = ChipMetrics(model, of: run)
    let data = try JSONEncoder().encode(metrics)
    let keys = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(
      keys.keys.sorted() == [
        "ActivationSparsity", "ActivationSparsityByLayer", "ClassificationAccuracy",
        "ConnectionSparsity", "Footprint", "MembraneUpdates", "ParameterCount",
        "SynapticOperations",
      ])
    #expect(try JSONDecoder().decode(ChipMetrics.self, from: data) == metrics)
    for key in keys.keys { #expect(metrics.table(of: model).text.contains(key)) }
  }
}
