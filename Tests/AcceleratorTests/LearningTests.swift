import Accelerator
import CompiledModel
import NetworkCompiler
import SpikingNetwork
import Testing

/// The chip learns what labels teach, and nothing where they teach nothing.
@Suite struct LearningTests {
  private let prototypes: [[UInt8]] = (0..<UInt64(10)).map { index in
    let stream = CounterRandom(seed: 4, purpose: .training).stream(index)
    return (0..<UInt64(100)).map { CounterRandom.draw(stream, $0) % 4 == 0 ? 220 : 10 }
  }

  /// A prototype with a third of its channels flipped at random.
  private func noisy(_ ordinal: UInt64) -> (intensities: [UInt8], label: Int) {
    let stream = CounterRandom(seed: 6, purpose: .training).stream(ordinal)
    let label = Int(CounterRandom.draw(stream, 1000) % 10)
    let intensities = (0..<100).map { channel in
      let isNoise = CounterRandom.draw(stream, UInt64(channel)) % 3 == 0
      return isNoise ? UInt8(100) : prototypes[label][channel]
    }
    return (intensities, label)
  }

  private func chip(seed: UInt64, memory: Int = 131_072) throws -> Accelerator {
    let network = NetworkFixture.labelled(
      inputs: 100, hidden: 64, classes: 10, steps: 10, seed: seed,
      rule: ThreeFactorRule(learningRate: 0.002), deviation: 0.1)
    return Accelerator(try compile(network, for: NetworkFixture.chip(memory: memory)).model)
  }

  @Test func `noisy prototypes are learnt`() throws {
    var chip = try chip(seed: 1)
    var correct = 0
    for ordinal in 0..<UInt64(3000) {
      let (intensities, label) = noisy(ordinal)
      let result = chip.learn(
        intensities, sample: ordinal, label: label, seed: 2, ordinal: ordinal)
      if ordinal >= 2500, result.label == label { correct += 1 }
    }
    #expect(correct > 400, "\(correct) of the last 500")
  }

  @Test func `shuffled labels give chance, so no label leaks into its own prediction`() throws {
    var chip = try chip(seed: 1)
    let shuffle = CounterRandom(seed: 8, purpose: .training).stream(0)
    var correct = 0
    for ordinal in 0..<UInt64(3000) {
      let label = Int(CounterRandom.draw(shuffle, ordinal) % 10)
      let result = chip.learn(
        noisy(ordinal).intensities, sample: ordinal, label: label, seed: 2, ordinal: ordinal)
      if result.label == label { correct += 1 }
    }
    #expect((240...360).contains(correct), "\(correct) of 3000")
  }

  @Test func `a repeated ordinal repeats the weights, another seed does not`() throws {
    func weights(seed: UInt64) throws -> [[Int16]] {
      var chip = try chip(seed: 1)
      for ordinal in 0..<UInt64(5) {
        let (intensities, label) = noisy(ordinal)
        _ = chip.learn(intensities, sample: ordinal, label: label, seed: seed, ordinal: ordinal)
      }
      return chip.learnedState
    }
    #expect(try weights(seed: 2) == weights(seed: 2))
    #expect(try weights(seed: 2) != weights(seed: 3))
  }

  @Test func `learning leaves inference counts alone and the other way round`() throws {
    // Cores so small that they fill more than one row of tiles.
    var chip = try chip(seed: 1, memory: 6000)
    let (intensities, label) = noisy(0)
    let tested = chip.infer(intensities, sample: 0)
    #expect(chip.learningCounts.allSatisfy { $0 == 0 })
    let inference = chip.inferenceCounts
    let learnt = chip.learn(intensities, sample: 0, label: label, seed: 2, ordinal: 0)
    #expect(chip.inferenceCounts == inference)
    #expect(learnt == tested)
    let absent: [EventKind] = [
      .sparseOperation, .convolutionOperation, .columnConversion,
    ]
    for kind in EventKind.allCases where !absent.contains(kind) {
      #expect(chip.learningCounts[kind.rawValue] > 0, "\(kind.name)")
    }
  }

  @Test func `weights go out and in again`() throws {
    var chip = try chip(seed: 1)
    let before = chip.learnedState
    let (intensities, label) = noisy(0)
    _ = chip.learn(intensities, sample: 0, label: label, seed: 2, ordinal: 0)
    let model = chip.learntModel
    #expect(model.learnedState == chip.learnedState)
    var copy = Accelerator(model)
    #expect(copy.infer(intensities, sample: 3) == chip.infer(intensities, sample: 3))
    chip.load(learnedState: before)
    #expect(chip.learnedState == before)
  }

  @Test func `spike pairs move weights towards what drives a neuron`() throws {
    let network = NetworkFixture.unlabelled(
      inputs: 40, neurons: 4, steps: 50, seed: 3,
      rule: PairSTDPRule(aPlus: 0.004, aMinus: 0.003),
      lif: LIFParameters(tauMem: 0.02, vThreshold: 4))
    let model = try compile(network, for: NetworkFixture.chip()).model
    var chip = Accelerator(model)
    let half = (0..<40).map { UInt8($0 < 20 ? 60 : 2) }
    for ordinal in 0..<UInt64(40) {
      _ = chip.learn(half, sample: ordinal, label: nil, seed: 1, ordinal: ordinal)
    }
    let weights = chip.learnedState[0].map(Int.init)
    let driven = weights[..<80].reduce(0, +)
    let silent = weights[80...].reduce(0, +)
    #expect(driven > silent)
    #expect(weights.allSatisfy { $0 >= 0 })
  }
}
