import Accelerator
import CompiledModel
import NetworkCompiler
import SpikingNetwork
import Testing

/// The fast kernels equal the oracle bit for bit, whatever the network.
@Suite struct OracleTests {
  private func compare(
    _ model: CompiledModel, samples: Int, _ seed: UInt64,
    learn: (inout Accelerator, inout ReferenceAccelerator, [UInt8], UInt64) -> (
      Inference, Inference
    )
  ) {
    var fast = Accelerator(model)
    var oracle = ReferenceAccelerator(model)
    for index in 0..<UInt64(samples) {
      let intensities = NetworkFixture.sample(index, channels: model.inputs)
      let learnt = learn(&fast, &oracle, intensities, index)
      #expect(learnt.0 == learnt.1, "seed \(seed)")
      let inferred = fast.infer(intensities, sample: index)
      #expect(inferred == oracle.infer(intensities, sample: index), "seed \(seed)")
    }
    #expect(fast.plasticWeights == oracle.plasticWeights, "seed \(seed)")
    #expect(fast.plasticWeights != model.plasticWeights, "seed \(seed): nothing was learnt")
    #expect(fast.counts == oracle.eventCounts, "seed \(seed)")
    for layer in model.layers.indices {
      let last = oracle.record.last { $0.layer == layer }
      #expect(fast.potentials(layer: layer).map(Int.init) == last?.potentials, "seed \(seed)")
    }
  }

  @Test(arguments: 0..<12)
  func `inference and three-factor learning`(seed: UInt64) throws {
    let draw = CounterRandom.mix(seed &+ 1)
    func pick(_ shift: UInt64, _ count: UInt64) -> Int { Int((draw >> shift) % count) }
    let lif = LIFParameters(
      tauMem: 0.001 * Double(2 + pick(0, 20)), r: seed % 4 == 3 ? 1.5 : 1,
      vLeak: seed % 3 == 1 ? 0.4 : 0, vReset: -0.25,
      reset: ResetMode.allCases[pick(4, 3)], refractory: 0.001 * Double(pick(8, 3)))
    let rule = ThreeFactorRule(
      learningRate: 0.02, preDecay: 0.5 + 0.05 * Double(pick(12, 11)), postDecay: 0.4,
      aPre: 1, aPost: seed % 2 == 0 ? 0 : -0.5)
    let inputs = 5 + pick(16, 300)
    let network = NetworkFixture.labelled(
      inputs: inputs, hidden: 3 + pick(24, 40), classes: 2 + pick(32, 9), steps: 3 + pick(40, 9),
      seed: seed, rule: rule, lif: lif, deviation: 2 / Double(inputs).squareRoot())
    // Small cores, so that layers are split.
    let model = try compile(network, for: NetworkFixture.chip(memory: 12_000)).model
    compare(model, samples: 4, seed) { fast, oracle, intensities, index in
      let label = Int(index) % model.classes
      return (
        fast.learn(intensities, sample: index, label: label, seed: seed, ordinal: index),
        oracle.learn(intensities, sample: index, label: label, seed: seed, ordinal: index)
      )
    }
  }

  @Test(arguments: 0..<6)
  func `pair STDP`(seed: UInt64) throws {
    let rule = PairSTDPRule(
      aPlus: 0.05, aMinus: 0.03, weightMin: seed % 2 == 0 ? 0 : -0.3, weightMax: 0.9)
    let network = NetworkFixture.unlabelled(
      inputs: 20 + Int(seed) * 13, neurons: 4 + Int(seed) * 5, steps: 20, seed: seed, rule: rule)
    let model = try compile(network, for: NetworkFixture.chip(memory: 700)).model
    compare(model, samples: 3, seed) { fast, oracle, intensities, index in
      (
        fast.present(intensities, sample: index, seed: seed, ordinal: index),
        oracle.present(intensities, sample: index, seed: seed, ordinal: index)
      )
    }
  }

  @Test func `more than 256 spikes in a step are summed exactly`() throws {
    var network = NetworkFixture.labelled(inputs: 700, hidden: 3, classes: 2, steps: 2, seed: 1)
    network.projections[0].weights = [Float](repeating: 1.9, count: 2100)
    network.projections[0].plasticity = nil
    let model = try compile(network, for: NetworkFixture.chip()).model
    var fast = Accelerator(model)
    var oracle = ReferenceAccelerator(model)
    let bright = [UInt8](repeating: 255, count: 700)
    #expect(fast.infer(bright, sample: 0) == oracle.infer(bright, sample: 0))
    #expect(fast.potentials(layer: 0).map(Int.init) == oracle.record[2].potentials)
    #expect(fast.counts == oracle.eventCounts)
  }

  @Test func `potentials saturate and say so`() throws {
    var network = NetworkFixture.labelled(
      inputs: 600, hidden: 2, classes: 2, steps: 30, seed: 1,
      lif: LIFParameters(tauMem: 1, reset: .none))
    network.projections[0].weights = [Float](repeating: 250, count: 1200)
    network.projections[0].plasticity = nil
    var model = try compile(network, for: NetworkFixture.chip()).model
    guard case .spiking(var program) = model.layers[0].neurons else { return }
    program.threshold = ChipArithmetic.potentialLimit - 1
    model.layers[0].neurons = .spiking(program)
    var fast = Accelerator(model)
    var oracle = ReferenceAccelerator(model)
    let bright = [UInt8](repeating: 255, count: 600)
    #expect(fast.infer(bright, sample: 0) == oracle.infer(bright, sample: 0))
    #expect(fast.saturations > 0)
    #expect(fast.potentials(layer: 0) == [8_388_607, 8_388_607])
  }
}
