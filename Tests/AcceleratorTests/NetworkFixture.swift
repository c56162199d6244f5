import CompiledModel
import NetworkCompiler
import SpikingNetwork

/// Small networks and a chip for them, all from seeds.
enum NetworkFixture {
  static func chip(memory: Int = 131_072, neurons: Int = 1024) -> Chip {
    var prices: [EventKind: Price] = [:]
    for kind in EventKind.allCases {
      prices[kind] = Price(picojoules: 1, source: "test", grade: .assumed)
    }
    return Chip(
      name: "test-chip", columns: 3, rows: 30, coresPerTile: 2,
      core: CoreLimits(
        neurons: neurons, inAxons: 4096, outAxons: 4096, synapseMemoryBytes: memory, weightBits: 8,
        delayMax: 62, refractoryMax: 62),
      features: ChipFeatures(
        neurons: ChipFeatures.Neuron.allCases, resets: ChipFeatures.Reset.allCases,
        layouts: ChipFeatures.Layout.allCases, precisions: SynapsePrecision.allCases,
        rules: ChipFeatures.Rule.allCases, pooling: true),
      arithmetic: .loihi,
      timing: TimingTable(
        picoseconds: [.neuronAccess: 1000, .synapticOperation: 10, .spike: 100, .message: 7],
        axonInPicoseconds: 50, barriers: [.init(tiles: 1, picoseconds: 600_000)]),
      prices: PriceTable(name: "test", prices: prices))
  }

  /// An input, a hidden layer and a readout that learn by the three-factor rule.
  static func labelled(
    inputs: Int, hidden: Int, classes: Int, steps: Int, seed: UInt64,
    rule: ThreeFactorRule? = ThreeFactorRule(learningRate: 0.01), lif: LIFParameters? = nil,
    deviation: Double = 0.3
  ) -> SpikingNetwork {
    let tau = NaturalExponential.timeConstant(decay: 0.9, timeStep: 0.001)
    let plasticity = rule.map { PlasticityRule.threeFactor($0) }
    return SpikingNetwork(
      name: "fixture", timeStep: 0.001, steps: steps, encoder: .bernoulli(seed: seed),
      populations: [
        Population(name: "input", size: inputs, model: .input),
        Population(name: "hidden", size: hidden, model: .lif(lif ?? LIFParameters(tauMem: tau))),
        Population(
          name: "readout", size: classes,
          model: .leakyIntegrator(LeakyIntegratorParameters(tauMem: tau))),
      ],
      projections: [
        Projection(
          source: "input", target: "hidden",
          weights: InitialWeights.normal(
            count: inputs * hidden, standardDeviation: deviation, seed: seed, stream: 0),
          plasticity: plasticity),
        Projection(
          source: "hidden", target: "readout",
          weights: InitialWeights.normal(
            count: hidden * classes, standardDeviation: deviation, seed: seed, stream: 1),
          plasticity: plasticity),
      ])
  }

  /// An input and a spiking layer that learns by pair STDP.
  static func unlabelled(
    inputs: Int, neurons: Int, steps: Int, seed: UInt64, rule: PairSTDPRule,
    lif: LIFParameters = LIFParameters(tauMem: 0.02, vThreshold: 2, refractory: 0.002)
  ) -> SpikingNetwork {
    let weights = InitialWeights.normal(
      count: inputs * neurons, standardDeviation: 0.1, seed: seed, stream: 0
    ).map { Float(max(rule.weightMin, min(rule.weightMax, Double($0) + 0.4))) }
    return SpikingNetwork(
      name: "stdp", timeStep: 0.001, steps: steps, encoder: .bernoulli(seed: seed),
      populations: [
        Population(name: "input", size: inputs, model: .input),
        Population(name: "output", size: neurons, model: .lif(lif)),
      ],
      projections: [
        Projection(
          source: "input", target: "output", weights: weights, plasticity: .pairSTDP(rule))
      ])
  }

  /// One sample of uniform intensities.
  static func sample(_ index: UInt64, channels: Int) -> [UInt8] {
    let stream = CounterRandom(seed: 77, purpose: .training).stream(index)
    return (0..<channels).map { channel in
      let draw = CounterRandom.draw(stream, UInt64(channel))
      return draw & 3 == 0 ? 0 : UInt8(truncatingIfNeeded: draw >> 8)
    }
  }
}
