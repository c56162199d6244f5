import Accelerator
import CompiledModel
import Testing

/// Rules that are data: what interprets them fast equals the oracle, and so do kernels that know a
/// form.
@Suite struct ProgramEquivalenceTests {
  @Test(arguments: KernelSet.available.map(\.name))
  func `a thousand programs come to what the oracle says`(kernels: String) throws {
    let set = try #require(KernelSet.available.first { $0.name == kernels })
    var learning = 0
    for seed in UInt64(0)..<1000 {
      let model = RandomModel.small(seed: seed)
      try model.validate()
      var chip = Accelerator(model, kernels: set)
      var oracle = ReferenceAccelerator(model)
      for sample in UInt64(0)..<2 {
        let intensities = RandomModel.intensities(sample, channels: model.inputs, seed: seed)
        // The reward of the first sample is the label's, that of the second is given.
        let reward = sample == 0 ? nil : Int32(truncatingIfNeeded: seed % 513) - 256
        let expected = oracle.learn(
          intensities, sample: sample, label: Int(seed) % model.classes, reward: reward, seed: seed,
          ordinal: sample)
        let found = chip.learn(
          intensities, sample: sample, label: Int(seed) % model.classes, reward: reward, seed: seed,
          ordinal: sample)
        let isSame =
          found == expected && chip.learnedState == oracle.learnedState
          && chip.saturations == oracle.saturations && chip.coreCounts == oracle.coreCounts
          && chip.learningCounts == oracle.learningCounts
          && chip.learningPicoseconds == oracle.learningPicoseconds
        if !isSame {
          Issue.record("seed \(seed), sample \(sample)")
          return
        }
      }
      if chip.learnedState != model.learnedState { learning += 1 }
    }
    #expect(learning > 500)
  }

  @Test func `a form that kernels know learns the same bytes as one that is interpreted`() throws {
    for seed in UInt64(0)..<30 {
      var known = RandomModel.model(seed: seed, rule: .pairSTDP)
      // Weights on a grid of their own are not scaled.
      for index in known.plasticConnections { known[index].normalisation = nil }
      var unknown = known
      for index in known.plasticConnections {
        guard case .plastic(let weights, .program(var program), let bounds) = known[index].weights
        else { continue }
        // A grid of its own that is the chip's.
        program.weightStep = known.weightStep(of: index)
        unknown[index].weights = .plastic(weights, .program(program), bounds: bounds)
        #expect(program.pairForm == nil)
      }
      try unknown.validate()
      var chips = [Accelerator(known), Accelerator(unknown)]
      for sample in UInt64(0)..<3 {
        let intensities = RandomModel.intensities(sample, channels: known.inputs, seed: seed)
        for chip in chips.indices {
          _ = chips[chip].learn(
            intensities, sample: sample, label: 0, seed: seed, ordinal: sample)
        }
      }
      #expect(chips[0].learnedState == chips[1].learnedState, "seed \(seed)")
      #expect(chips[0].saturations == chips[1].saturations, "seed \(seed)")
      #expect(chips[0].coreCounts == chips[1].coreCounts, "seed \(seed)")
    }
  }
}
