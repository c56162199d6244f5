import CompiledModel
import NetworkCompiler
import SpikingNetwork

/// A network of 8-6-3, a chip that holds it and can do everything, and ways to vary both.
enum CompilerFixture {
  static let tau = NaturalExponential.timeConstant(decay: 0.9, timeStep: 0.001)

  static var chip: Chip {
    Chip(
      name: "test-chip", columns: 2, rows: 2, coresPerTile: 2,
      core: CoreLimits(
        neurons: 64, inAxons: 64, outAxons: 64, synapseMemoryBytes: 4096, weightBits: 8,
        delayMax: 16, refractoryMax: 16),
      features: ChipFeatures(
        neurons: ChipFeatures.Neuron.allCases, resets: ChipFeatures.Reset.allCases,
        layouts: ChipFeatures.Layout.allCases, precisions: SynapsePrecision.allCases,
        rules: ChipFeatures.Rule.allCases, pooling: true,
        operations: ChipFeatures.Operation.allCases),
      arithmetic: .loihi, timing: TimingTable(picoseconds: [:], axonInPicoseconds: 0, barriers: []),
      prices: PriceTable(name: "test", prices: [:]))
  }

  /// The chip with room for anything that a test compiles.
  static var roomyChip: Chip {
    var chip = chip
    chip.columns = 8
    chip.rows = 8
    chip.core = CoreLimits(
      neurons: 1024, inAxons: 65536, outAxons: 65536, synapseMemoryBytes: 1 << 20, weightBits: 8,
      delayMax: 62, refractoryMax: 62)
    return chip
  }

  static func lif(threshold: Double = 1) -> NeuronModel {
    .lif(LIFParameters(tauMem: tau, vThreshold: threshold))
  }

  static var readout: NeuronModel {
    .leakyIntegrator(LeakyIntegratorParameters(tauMem: tau))
  }

  static func network(
    plasticity: PlasticityRule? = nil, hidden: Int = 6, classes: Int = 3, weight: Float = 0.5
  ) -> SpikingNetwork {
    network(
      [
        Population(name: "input", size: 8, model: .input),
        Population(name: "hidden", size: hidden, model: lif()),
        Population(name: "readout", size: classes, model: readout),
      ],
      [
        Projection(
          source: "input", target: "hidden",
          weights: [Float](repeating: weight, count: 8 * hidden), plasticity: plasticity),
        Projection(
          source: "hidden", target: "readout",
          weights: [Float](repeating: -0.25, count: hidden * classes), plasticity: plasticity),
      ])
  }

  static func network(
    _ populations: [Population], _ projections: [Projection], steps: Int = 10
  ) -> SpikingNetwork {
    SpikingNetwork(
      name: "fixture", timeStep: 0.001, steps: steps, encoder: .bernoulli(seed: 1),
      populations: populations, projections: projections)
  }

  /// A network of one population that spikes, fed by 16 inputs.
  static func single(
    _ model: NeuronModel, size: Int = 4, weights: [Float]? = nil,
    precision: WeightPrecision = .int8, plasticity: PlasticityRule? = nil, steps: Int = 10
  ) -> SpikingNetwork {
    network(
      [
        Population(name: "input", size: 16, model: .input),
        Population(name: "output", size: size, model: model),
      ],
      [
        Projection(
          source: "input", target: "output",
          connectivity: .dense(weights: weights ?? normal(16 * size)), precision: precision,
          plasticity: plasticity)
      ], steps: steps)
  }

  static func normal(
    _ count: Int, mean: Float = 0.1, standardDeviation: Double = 0.2, stream: UInt64 = 0
  ) -> [Float] {
    InitialWeights.normal(
      count: count, standardDeviation: standardDeviation, seed: 3, stream: stream
    ).map { $0 + mean }
  }

  /// Rules that a compilation breaks, none if it succeeds.
  static func violations(
    _ network: SpikingNetwork, for chip: Chip = chip, options: CompilerOptions = CompilerOptions()
  ) -> [DesignViolation] {
    do { _ = try compile(network, for: chip, options: options) } catch { return error.violations }
    return []
  }

  /// What a network breaks of a roomy chip that is changed.
  static func roomyViolations(
    _ network: SpikingNetwork, _ change: (inout Chip) -> Void = { _ in }
  ) -> [DesignViolation] {
    var chip = roomyChip
    change(&chip)
    return violations(network, for: chip)
  }
}

extension CompiledModel {
  /// Parameters of a layer that spikes.
  func spiking(_ layer: Int) -> SpikingProgram? {
    if case .spiking(let program) = layers[layer].neurons { return program }
    return nil
  }

  /// Parameters of the last layer if it is a readout.
  var readoutProgram: ReadoutProgram? {
    if case .readout(let program)? = layers.last?.neurons { return program }
    return nil
  }
}
