import Accelerator
import CompiledModel
import SpikingNetwork
import Testing

/// What rounds of federated learning do to weights beside their rule.
@Suite struct SteeringTests {
  private static let rules = RandomModel.Rule.allCases.filter { $0 != .none }

  private func intensities(_ sample: UInt64, _ model: CompiledModel) -> [UInt8] {
    RandomModel.intensities(sample, channels: model.sampleSize, seed: 3)
  }

  /// Corrections below and above a step, of either sign, none for some.
  private func corrections(of model: CompiledModel, seed: UInt64) -> [[Int32]] {
    let random = CounterRandom(seed: seed, purpose: .training)
    let blocks = model.learnedBlocks.filter { if case .weights = $0.kind { true } else { false } }
    return blocks.enumerated().map { number, block in
      let stream = random.stream(UInt64(number))
      return (0..<block.count).map { place in
        let draw = CounterRandom.draw(stream, UInt64(place))
        let span: Int64 = [1, 9_000, 400_000][Int(draw >> 32 % 3)]
        return Int32(Int64(draw & 0xFF_FFFF) % (2 * span) - span + (span == 1 ? 1 : 0))
      }
    }
  }

  @Test(arguments: KernelSet.available.map(\.name), rules)
  func `kernels equal the oracle where rounds pull and correct`(
    kernels: String, rule: RandomModel.Rule
  ) throws {
    let set = try #require(KernelSet.available.first { $0.name == kernels })
    for seed in UInt64(0)..<24 {
      let model = RandomModel.model(seed: seed, rule: rule)
      let steering = Steering(
        pull: [0, 300, 20_000, Steering.pullMax][Int(seed % 4)],
        corrections: seed % 3 == 0 ? [] : corrections(of: model, seed: seed))
      let found = ChipComparison.differences(
        model, set, seed: seed, inferred: 0, learnt: 4, drift: seed % 5 == 0 ? 300 : nil,
        steering: steering
      ) { RandomModel.intensities($0, channels: model.sampleSize, seed: seed) }
      #expect(found == [], "seed \(seed)")
      if !found.isEmpty { return }
    }
  }

  @Test func `a pull takes its share off in the mean, and never passes the base`() throws {
    let model = RandomModel.model(seed: 1, rule: .threeFactor)
    let base = model.learnedState
    // Far from the base everywhere, and fed with nothing: all that moves weights is the pull.
    let started = zip(model.learnedBlocks, base).map { block, values in
      values.map { value in
        let far = Int32(value) + (value > 0 ? -1 : 1) * 40 * block.step
        let range = Int32(block.bounds.lowerBound)...Int32(block.bounds.upperBound)
        guard case .weights = block.kind else { return value }
        return Int16(min(max(far, range.lowerBound), range.upperBound))
      }
    }
    var chip = Accelerator(model)
    chip.load(learnedState: started)
    chip.steer(Steering(pull: 6_554))
    let silence = [UInt8](repeating: 0, count: model.sampleSize)
    for sample in 0..<UInt64(7) {
      _ = chip.learn(silence, sample: sample, label: 0, seed: 5, ordinal: sample)
    }
    func distance(_ state: [[Int16]]) -> Double {
      zip(state, base).reduce(0) { sum, pair in
        zip(pair.0, pair.1).reduce(sum) { $0 + abs(Double($1.0) - Double($1.1)) }
      }
    }
    for (place, block) in model.learnedBlocks.enumerated() {
      guard case .weights = block.kind else { continue }
      for (now, origin) in zip(zip(chip.learnedState[place], started[place]), base[place]) {
        // Between where it was and the base.
        let (low, high) = (min(now.1, origin), max(now.1, origin))
        #expect((low...high).contains(now.0))
      }
    }
    let left = distance(chip.learnedState) / distance(started)
    #expect(abs(left - 0.478) < 0.02, "0.9^7 of the distance is left, found \(left)")
  }

  @Test func `small corrections come to their sum, whatever a step is`() throws {
    let model = RandomModel.model(seed: 5, rule: .threeFactor)
    let blocks = model.learnedBlocks.filter { if case .weights = $0.kind { true } else { false } }
    var chip = Accelerator(model)
    // A quarter of a step a sample.
    chip.steer(Steering(corrections: blocks.map { [Int32](repeating: 16_384, count: $0.count) }))
    let silence = [UInt8](repeating: 0, count: model.sampleSize)
    for sample in 0..<UInt64(40) {
      _ = chip.learn(silence, sample: sample, label: 0, seed: 5, ordinal: sample)
    }
    var (moved, free) = (0.0, 0)
    for (place, block) in model.learnedBlocks.enumerated() {
      guard case .weights = block.kind else { continue }
      let (now, before) = (chip.learnedState[place], model.learnedState[place])
      for (now, before) in zip(now, before)
      where Int32(before) + 25 * block.step < Int32(block.bounds.upperBound) {
        moved += Double(Int32(now) - Int32(before)) / Double(block.step)
        free += 1
      }
    }
    try #require(free > 400)
    let mean = moved / Double(free)
    #expect(abs(mean - 10) < 0.3, "40 samples of a quarter, found \(mean)")
  }

  @Test func `steering is paid for: operations, reads and writes of every weight that learns`() {
    let model = RandomModel.model(seed: 1, rule: .threeFactor)
    var plain = Accelerator(model)
    var pulled = plain
    pulled.steer(Steering(pull: 1))
    let silence = [UInt8](repeating: 0, count: model.sampleSize)
    _ = plain.learn(silence, sample: 0, label: 0, seed: 1, ordinal: 0)
    _ = pulled.learn(silence, sample: 0, label: 0, seed: 1, ordinal: 0)
    let weights = model.learnedBlocks.reduce(UInt64(0)) { sum, block in
      if case .weights = block.kind { sum + UInt64(block.count) } else { sum }
    }
    func more(_ kind: EventKind) -> UInt64 {
      pulled.learningCounts[kind.rawValue] - plain.learningCounts[kind.rawValue]
    }
    #expect(more(.learningOperation) == weights)
    #expect(more(.weightRead) == 2 * weights)
  }
}
