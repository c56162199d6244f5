import Accelerator
import CompiledModel
import SpikingNetwork
import Testing

/// A chip is a value; what it has done and learnt can be read, and weights can be put in.
@Suite struct AcceleratorTests {
  private static let model = RandomModel.model(seed: 4, rule: .threeFactor)

  private func intensities(_ sample: UInt64) -> [UInt8] {
    RandomModel.intensities(sample, channels: Self.model.inputs, seed: 4)
  }

  @Test func `a copy is another chip in the same state`() {
    var first = Accelerator(Self.model)
    _ = first.learn(intensities(1), sample: 1, label: 0, seed: 1, ordinal: 1)
    let weights = first.learnedState
    let (counts, coreCounts) = (first.counts, first.coreCounts)
    var second = first
    let learnt = second.learn(intensities(2), sample: 2, label: 0, seed: 1, ordinal: 2)
    #expect(first.learnedState == weights)
    #expect(first.counts == counts && first.coreCounts == coreCounts)
    #expect(second.learnedState != weights)
    #expect(first.learn(intensities(2), sample: 2, label: 0, seed: 1, ordinal: 2) == learnt)
    #expect(first.learnedState == second.learnedState)
    #expect(first.coreCounts == second.coreCounts)
  }

  @Test func `weights that are put in make the chip one that learnt them`() {
    var teacher = Accelerator(Self.model)
    for sample in 1...UInt64(3) {
      _ = teacher.learn(intensities(sample), sample: sample, label: 0, seed: 1, ordinal: sample)
    }
    #expect(teacher.learntModel.learnedState == teacher.learnedState)
    var loaded = Accelerator(Self.model)
    let untouched = loaded
    loaded.load(learnedState: teacher.learnedState)
    var compiled = Accelerator(teacher.learntModel)
    for sample in 4...UInt64(6) {
      let expected = compiled.learn(
        intensities(sample), sample: sample, label: 0, seed: 1, ordinal: sample)
      #expect(
        loaded.learn(intensities(sample), sample: sample, label: 0, seed: 1, ordinal: sample)
          == expected)
    }
    #expect(loaded.learnedState == compiled.learnedState)
    #expect(untouched.learnedState == Self.model.learnedState)
  }

  @Test(arguments: 0..<UInt64(20))
  func `recorded input counts as the encoder's`(seed: UInt64) {
    let model = RandomModel.model(seed: seed, rule: .none)
    guard case .bernoulli(let encoderSeed) = model.input else { return }
    let intensities = RandomModel.intensities(7, channels: model.inputs, seed: seed)
    let encoder = BernoulliEncoder(seed: encoderSeed)
    let steps = (0..<model.steps).map { step in
      var spikes: [Int32] = []
      encoder.encode(intensities, sample: 7, step: step, into: &spikes)
      return spikes
    }
    var encoding = Accelerator(model)
    var replaying = Accelerator(model)
    let expected = encoding.infer(intensities, sample: 7)
    #expect(replaying.infer(SpikeTrains(sources: model.inputs, steps: steps)) == expected)
    #expect(replaying.coreCounts == encoding.coreCounts)
    #expect(replaying.counts == encoding.counts)
    #expect(replaying.chipNanoseconds == encoding.chipNanoseconds)
  }

  @Test func `counts of layers are those of their cores`() {
    var chip = Accelerator(Self.model)
    _ = chip.learn(intensities(1), sample: 1, label: 0, seed: 1, ordinal: 1)
    for (layer, counts) in chip.layerCounts.enumerated() {
      for kind in EventKind.allCases {
        let cores = Self.model.cores.indices.filter { Self.model.cores[$0].layer == layer }
        let sum = cores.reduce(0) { $0 + chip.coreCounts[$1][kind.rawValue] }
        #expect(counts[kind.rawValue] == sum)
      }
    }
    let accesses = chip.layerCounts.map { $0[EventKind.neuronAccess.rawValue] }
    #expect(accesses == Self.model.layers.map { UInt64($0.size * Self.model.steps) })
  }
}
