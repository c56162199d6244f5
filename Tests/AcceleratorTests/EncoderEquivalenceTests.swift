import Accelerator
import CompiledModel
import SpikingNetwork
import Testing

/// Whatever makes input spikes of a sample, every set of kernels equals the oracle.
@Suite struct EncoderEquivalenceTests {
  /// Encoders beside plain Bernoulli.
  enum Encoder: CaseIterable {
    case draws
    case latency
    case directCurrent
    case levelCrossing
  }

  private static let seeds: Range<UInt64> = 0..<40

  /// A random model with another encoder, where the chip can have it.
  private static func model(seed: UInt64, _ encoder: Encoder) -> CompiledModel? {
    let rules: [RandomModel.Rule] = [.none, .pairSTDP, .threeFactor]
    var model = RandomModel.model(
      seed: seed, rule: encoder == .directCurrent ? .none : rules[Int(seed % 3)])
    switch encoder {
    case .draws:
      model.input = .draws(
        seed: seed, levels: (0...255).map { UInt16($0 * Int(seed % 256) + ($0 == 7 ? 100 : 0)) })
    case .latency: model.input = .latency
    case .levelCrossing: model.input = .levelCrossing(threshold: Int32(1 + 3 * seed))
    case .directCurrent:
      model.input = .directCurrent
      for index in model.connections where model[index].source == nil {
        let targets = model.layers[index.layer].size
        model[index].layout = .dense
        model[index].pooling = nil
        model[index].delay = 0
        model[index].precision = .int8
        model[index].weights = .fixed(
          (0..<model.inputs * targets).map { Int8(truncatingIfNeeded: $0 * 37 % 255 - 127) })
      }
    }
    return (try? model.validate()) == nil ? nil : model
  }

  @Test(arguments: KernelSet.available.map(\.name), Encoder.allCases)
  func `kernels equal the oracle with every encoder`(kernels: String, encoder: Encoder) throws {
    let set = try #require(KernelSet.available.first { $0.name == kernels })
    var compared = 0
    var spiking = 0
    for seed in Self.seeds {
      guard let model = Self.model(seed: seed, encoder) else { continue }
      compared += 1
      let found = ChipComparison.differences(model, set, seed: seed) {
        RandomModel.intensities($0, channels: model.sampleSize, seed: seed)
      }
      #expect(found == [], "seed \(seed)")
      if !found.isEmpty { return }
      var chip = Accelerator(model, kernels: set)
      let sample = RandomModel.intensities(1, channels: model.sampleSize, seed: seed)
      if chip.infer(sample, sample: 1).layerSpikes.contains(where: { $0 > 0 }) { spiking += 1 }
    }
    #expect(compared >= 10)
    #expect(spiking >= 5)
  }

  @Test(arguments: Encoder.allCases)
  func `a file keeps each encoder`(encoder: Encoder) throws {
    let model = try #require(Self.seeds.lazy.compactMap { Self.model(seed: $0, encoder) }.first)
    #expect(try CompiledModel(reading: model.encoded()) == model)
  }
}
