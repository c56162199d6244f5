import Accelerator
import CompiledModel
import NetworkCompiler
import NetworkTraining
import SpikingNetwork
import Testing
import Workbench

/// A compiled model takes a class more without its network, and keeps what it has learnt.
@Suite struct EnlargedModelTests {
  private static let feedbacks = ThreeFactorRule.Feedback.allCases

  private func network(_ feedback: ThreeFactorRule.Feedback = .symmetric) throws -> SpikingNetwork {
    var rule = ThreeFactorRule(learningRate: 0.005)
    rule.feedback = feedback
    var network = try NetworkTemplate(
      name: "small", inputs: 12, hidden: [8], classes: 3, hiddenDeviation: 0.4,
      outputDeviation: 0.3, plasticity: .threeFactor(ThreeFactorRule(learningRate: 0.005))
    ).network()
    network.projections[0].plasticity = .threeFactor(rule)
    return network
  }

  private func samples(_ labels: [Int]) -> LabelledSamples {
    var samples = LabelledSamples(channels: 12)
    for (index, label) in labels.enumerated() {
      samples.append(
        LabelledSample(
          intensities: (0..<12).map { $0 % 4 == label ? 230 : UInt8((index * 7 + $0) % 30) },
          label: label, id: UInt64(index)))
    }
    return samples
  }

  private func learnt(_ model: CompiledModel, _ samples: LabelledSamples) -> CompiledModel {
    var chip = Accelerator(model)
    for position in 0..<samples.count {
      let sample = samples[position]
      _ = chip.learn(
        sample.intensities, sample: sample.id, label: sample.label, seed: 3,
        ordinal: UInt64(position))
    }
    return model.replacingLearnedState(chip.learnedState)
  }

  private let chip: Chip

  init() throws { chip = try ShippedChip.chip("loihi-learn") }

  @Test(arguments: feedbacks)
  func `old classes are judged as before, and the new one can be learnt`(
    feedback: ThreeFactorRule.Feedback
  ) throws {
    let compiled = try compile(network(feedback), for: chip).model
    let before = learnt(compiled, samples((0..<60).map { $0 % 3 }))
    #expect(before != compiled)
    let grown = try EnlargedModel.adding(classTo: before, for: chip, name: "larger")
    #expect(grown.name == "larger" && grown.classes == 4)
    #expect(try CompiledModel(reading: grown.encoded()) == grown)
    // Neither cores nor anything before the last layer moved.
    #expect(grown.cores.map(\.column) == before.cores.map(\.column))
    #expect(grown.layers[0].connections == before.layers[0].connections)
    var (small, large) = (Accelerator(before), Accelerator(grown))
    let shown = samples((0..<20).map { $0 % 4 })
    for position in 0..<shown.count {
      let sample = shown[position]
      let scores = large.infer(sample.intensities, sample: sample.id).scores
      #expect(Array(scores.prefix(3)) == small.infer(sample.intensities, sample: sample.id).scores)
      #expect(scores[3] == 0)
    }
    let after = learnt(grown, samples((0..<80).map { $0 % 4 }))
    var reference = ReferenceAccelerator(grown)
    for position in 0..<80 {
      let sample = samples((0..<80).map { $0 % 4 })[position]
      _ = reference.learn(
        sample.intensities, sample: sample.id, label: sample.label, seed: 3,
        ordinal: UInt64(position))
    }
    #expect(reference.learnedState == after.learnedState)
    let fresh = samples([3, 3, 3, 3, 3])
    #expect(ChipEvaluation.run(after, on: fresh).accuracyPercent == 100)
  }

  @Test func `a prototype answers to its examples, within the bounds of the rule`() throws {
    let before = try compile(network(.adaptive), for: chip).model
    let examples = samples([3, 3, 3])
    let means = ParallelEvaluation.meanSpikes(of: before, on: examples)
    let grown = try EnlargedModel.adding(classTo: before, for: chip, meanSpikes: means)
    #expect(ChipEvaluation.run(grown, on: examples).accuracyPercent == 100)
    for (block, values) in zip(grown.learnedBlocks, grown.learnedState) {
      #expect(block.holds(values))
    }
    // Errors of the new class come back along the weights that lead to it.
    guard case .adaptive(let back)? = grown.layers[0].signal?.feedback,
      case .plastic(let onward, _, _) = grown.layers[1].connections[0].weights
    else { throw Unexpected() }
    for neuron in 0..<8 { #expect(back[neuron * 4 + 3] == onward[neuron * 4 + 3]) }
  }

  private struct Unexpected: Error {}

  @Test func `a full core is left for others, and a full chip refuses by name`() throws {
    var small = chip
    small.core.neurons = 8
    var fixed = try network()
    for place in fixed.projections.indices { fixed.projections[place].plasticity = nil }
    fixed.populations[1].size = 8
    fixed.populations[2].size = 8
    fixed.projections[1].weights = []
    fixed.projections[1].connectivity = .dense(weights: [Float](repeating: 0.3, count: 64))
    let before = try compile(fixed, for: small).model
    #expect(before.cores.map(\.neuronCount) == [8, 8])
    let grown = try EnlargedModel.adding(classTo: before, for: small)
    #expect(grown.cores.map(\.neuronCount).reduce(0, +) == 17 && grown.cores.count == 3)
    #expect(try CompiledModel(reading: grown.encoded()) == grown)
    small.columns = 2
    small.rows = 1
    small.coresPerTile = 1
    let error = try #require(throws: CompileError.self) {
      try EnlargedModel.adding(classTo: before, for: small)
    }
    #expect(error.violations.map(\.rule) == [.chipCores])
    // Errors come from a readout on one core.
    var learning = chip
    learning.core.neurons = 8
    var wide = try network()
    wide.populations[2].size = 8
    wide.projections[1].connectivity = .dense(weights: [Float](repeating: 0.3, count: 64))
    let full = try compile(wide, for: learning).model
    let refused = try #require(throws: CompileError.self) {
      try EnlargedModel.adding(classTo: full, for: learning)
    }
    #expect(refused.violations.map(\.rule) == [.learningUnsupported])
    #expect(throws: CompileError.self) {
      try EnlargedModel.adding(classTo: full, for: try ShippedChip.chip("odin"))
    }
  }

  @Test func `neurons that stand for classes get a count more`() throws {
    var output = Population(
      name: "output", size: 5, model: .lif(LIFParameters(tauMem: 0.02, vThreshold: 2)))
    output.competition = WinnerTakeAll(inhibition: 1)
    output.classes = 3
    let network = SpikingNetwork(
      name: "rivals", timeStep: 0.001, steps: 20, encoder: .bernoulli(seed: 2),
      populations: [Population(name: "input", size: 12, model: .input), output],
      projections: [
        Projection(
          source: "input", target: "output",
          weights: InitialWeights.uniform(count: 60, limit: 0.3, seed: 1, stream: 0),
          plasticity: .pairSTDP(
            PairSTDPRule(aPlus: 0.01, aMinus: 0.001, weightMin: 0, weightMax: 1))
        )
      ])
    let before = learnt(try compile(network, for: chip).model, samples((0..<30).map { $0 % 3 }))
    let counts = try #require(before.layers[0].assignment?.counts)
    #expect(counts.contains { $0 > 0 })
    let grown = try EnlargedModel.adding(classTo: before, for: chip)
    #expect(grown.classes == 4 && grown.layers[0].size == 5)
    let larger = try #require(grown.layers[0].assignment?.counts)
    for neuron in 0..<5 {
      let own = Array(counts[neuron * 3..<neuron * 3 + 3])
      #expect(Array(larger[neuron * 4..<neuron * 4 + 4]) == own + [0])
    }
    #expect(try CompiledModel(reading: grown.encoded()) == grown)
  }
}
