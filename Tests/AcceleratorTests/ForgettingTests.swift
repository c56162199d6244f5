import Accelerator
import CompiledModel
import SpikingNetwork
import Testing

/// Limits on what learning may change: frozen connections and bounded drift.
@Suite struct ForgettingTests {
  private static let rules = RandomModel.Rule.allCases.filter { $0 != .none }

  private func intensities(_ sample: UInt64, _ model: CompiledModel) -> [UInt8] {
    RandomModel.intensities(sample, channels: model.sampleSize, seed: 3)
  }

  @Test(arguments: KernelSet.available.map(\.name), rules)
  func `kernels equal the oracle where drift is bounded`(
    kernels: String, rule: RandomModel.Rule
  ) throws {
    let set = try #require(KernelSet.available.first { $0.name == kernels })
    for seed in UInt64(0)..<30 {
      let model = RandomModel.model(seed: seed, rule: rule)
      let found = ChipComparison.differences(
        model, set, seed: seed, inferred: 0, learnt: 4, drift: [0, 40, 300, 3000][Int(seed % 4)]
      ) { RandomModel.intensities($0, channels: model.sampleSize, seed: seed) }
      #expect(found == [], "seed \(seed)")
      if !found.isEmpty { return }
    }
  }

  @Test(arguments: rules)
  func `no weight drifts further than it may, and some would`(rule: RandomModel.Rule) {
    var cut = 0
    for seed in UInt64(0)..<20 {
      let model = RandomModel.model(seed: seed, rule: rule)
      var free = Accelerator(model)
      var bounded = free
      // Weights of one bit are 256 apart.
      let limit = rule == .edge ? 200 : 300
      bounded.limitDrift(to: Int32(limit))
      for sample in 0..<UInt64(3) {
        let shown = intensities(sample, model)
        _ = free.learn(shown, sample: sample, label: 0, seed: 1, ordinal: sample)
        _ = bounded.learn(shown, sample: sample, label: 0, seed: 1, ordinal: sample)
      }
      // Blocks of weights come first.
      let weights = model.plasticConnections.count
      let drifts = zip(
        bounded.learnedState.prefix(weights).joined(), model.learnedState.prefix(weights).joined()
      ).map { abs(Int($0) - Int($1)) }
      let furthest = drifts.max() ?? 0
      #expect(furthest <= limit)
      if bounded.learnedState != free.learnedState { cut += 1 }
    }
    #expect(cut > 3)
  }

  @Test(arguments: rules)
  func `frozen connections infer as before and keep their weights`(
    rule: RandomModel.Rule
  ) throws {
    for seed in UInt64(0)..<20 {
      let model = RandomModel.model(seed: seed, rule: rule)
      let first = try #require(model.learnedBlocks.first)
      let frozen = model.freezing([first.number])
      try frozen.validate()
      let left = model.learnedBlocks.dropFirst().filter { block in
        // Weights of feedback and plasticities go where nothing of their layer learns any more.
        switch block.kind {
        case .feedback(let layer): return frozen.layers[layer].signal != nil
        case .plasticity(let layer): return frozen.layers[layer].plasticities != nil
        case .reward(let layer): return frozen.layers[layer].rewardMean != nil
        case .weights, .thresholds, .assignment: return true
        }
      }
      #expect(frozen.learnedBlocks == left)
      var (before, after) = (Accelerator(model), Accelerator(frozen))
      #expect(
        before.infer(intensities(1, model), sample: 1)
          == after.infer(intensities(1, model), sample: 1))
      _ = after.learn(intensities(2, model), sample: 2, label: 0, seed: 1, ordinal: 0)
      let state = model.learnedState(after: frozen, after.learnedState, freezing: [first.number])
      #expect(state[0] == model.learnedState[0])
      let learnt = zip(model.learnedBlocks, state).filter { left.contains($0.0) }.map(\.1)
      #expect(learnt == after.learnedState)
    }
  }
}
