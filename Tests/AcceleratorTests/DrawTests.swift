import Accelerator
import CompiledModel
import SpikingNetwork
import Testing

/// Which random number decides which synapse, spelt out from `docs/CHIP.md`.
@Suite struct DrawTests {
  private let random = CounterRandom(seed: 9, purpose: .rounding)

  private func number(_ number: UInt64, of stream: UInt64) -> Int {
    Int(CounterRandom.draw(stream, number / 4) >> (16 * (number % 4)) & 0xFFFF)
  }

  /// A neuron for each source that its channel drives alone, and six targets that learn.
  private func model(_ rule: PlasticityProgram, bits: Int, threshold: Int32) -> CompiledModel {
    SmallModels.model(
      "draws", steps: 2, inputs: 2,
      arithmetic: SmallModels.arithmetic(learningWeightBits: bits),
      layers: [
        SmallModels.layer(
          "relay", SmallModels.spiking(decay: 0, threshold: 1), size: 2,
          [SmallModels.fixed(2, [2], .oneToOne)]),
        SmallModels.layer(
          "output", SmallModels.spiking(decay: 0, threshold: threshold), size: 6, phase: 2,
          [SmallModels.plastic(from: 0, 2, [Int16](repeating: 2560, count: 12), rule)]),
      ])
  }

  @Test func `each synapse of a row has a number of its own`() {
    // Nothing fires, so that each due change goes down, with a chance of one half.
    let rule = SDSPProgram(
      potentialThreshold: 1000, activityMin: 0, activityMaxUp: 8, activityMaxDown: 8,
      activityLeakSteps: 1, probability: 32_768)
    var chip = ReferenceAccelerator(model(.sdsp(rule), bits: 8, threshold: 1000))
    _ = chip.learn([255, 255], sample: 0, label: nil, seed: 9, ordinal: 5)
    var expected = [Int16](repeating: 2560, count: 12)
    for step in 0..<UInt64(2) {
      // The connection is the model's second one.
      let base = random.stream(5, 1 << 32 + step * 2)
      for source in 0..<2 {
        let stream = CounterRandom.draw(base, UInt64(source))
        for target in 0..<6 where number(UInt64(target), of: stream) < 32_768 {
          expected[source * 6 + target] -= 256
        }
      }
    }
    #expect(chip.learnedState == [expected])
    #expect(Set(expected).count == 3)
  }

  @Test func `rows and columns of pair STDP draw apart`() {
    // All fire in both steps; a trace of 4096 is worth half a step either way.
    let rule = PairSTDPProgram(
      preDecay: 0, postDecay: 4096, impulse: 4096, potentiation: 8, depression: 8)
    var chip = ReferenceAccelerator(model(.pairSTDP(rule), bits: 16, threshold: 1))
    _ = chip.learn([255, 255], sample: 0, label: nil, seed: 9, ordinal: 5)
    var expected = [Int16](repeating: 2560, count: 12)
    for step in 0..<UInt64(2) {
      let rows = random.stream(5, 1 << 32 + step * 2)
      let columns = random.stream(5, 1 << 32 + step * 2 + 1)
      for source in 0..<UInt64(2) {
        for target in 0..<UInt64(6) {
          let place = Int(source * 6 + target)
          let down = number(target, of: CounterRandom.draw(rows, source))
          let up = number(source, of: CounterRandom.draw(columns, target))
          if step == 1, down >= 32_768 { expected[place] -= 1 }
          if up >= 32_768 { expected[place] += 1 }
        }
      }
    }
    #expect(chip.learnedState == [expected])
    #expect(Set(expected).count > 2)
  }

  @Test func `sums are rounded by source and target`() throws {
    let rule = ThreeFactorProgram(
      preDecay: 0, postDecay: 0, impulse: 1, preFactor: 1, postFactor: 0, signalShift: 8,
      signalLimit: 256, gain: 1 << 25)
    let model = SmallModels.model(
      "draws", steps: 1, inputs: 2,
      layers: [
        SmallModels.layer(
          "relay", SmallModels.spiking(decay: 0, threshold: 1), size: 2,
          [SmallModels.fixed(2, [2], .oneToOne)]),
        SmallModels.layer(
          "readout", SmallModels.readout(decay: 0), size: 6, phase: 2,
          [
            SmallModels.plastic(
              from: 0, 2, [Int16](repeating: 0, count: 12), .threeFactor(rule))
          ]),
      ])
    try model.validate()
    var chip = ReferenceAccelerator(model)
    chip.isRecording = true
    _ = chip.learn([255, 255], sample: 0, label: 2, seed: 9, ordinal: 5)
    // Six equal powers: 43 of 256 each, so changes of 43 / 128 of a step, one of 213 / 128 upwards.
    #expect(chip.record[0].errors == [43, 43, -213, 43, 43, 43])
    var expected = [Int16](repeating: 0, count: 12)
    for source in 0..<UInt64(2) {
      let stream = random.stream(5, 1 << 32 + source)
      for target in 0..<UInt64(6) {
        let exact = target == 2 ? -213 * 512 : 43 * 512
        let steps = (exact + number(target, of: stream)) >> 16
        expected[Int(source * 6 + target)] = Int16(-steps)
      }
    }
    #expect(chip.learnedState == [expected])
  }
}
