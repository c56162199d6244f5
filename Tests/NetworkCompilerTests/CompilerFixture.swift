import CompiledModel
import SpikingNetwork

/// A network of 8-6-3 and a chip that holds it.
enum CompilerFixture {
  static let tau = NaturalExponential.timeConstant(decay: 0.9, timeStep: 0.001)

  static var chip: Chip {
    Chip(
      name: "test-chip", columns: 2, rows: 2, coresPerTile: 2,
      core: CoreLimits(
        neurons: 64, inAxons: 64, outAxons: 64, synapseMemoryBytes: 4096, weightBits: 8),
      features: ChipFeatures(softReset: true, gradedErrors: true, learningWeightBits: 16),
      timing: TimingTable(picoseconds: [:], axonInPicoseconds: 0, barriers: []),
      prices: PriceTable(name: "test", prices: [:]))
  }

  static func network(
    plasticity: PlasticityRule? = nil, hidden: Int = 6, classes: Int = 3, weight: Float = 0.5
  ) -> SpikingNetwork {
    SpikingNetwork(
      name: "fixture", timeStep: 0.001, steps: 10, encoder: .bernoulli(seed: 1),
      populations: [
        Population(name: "input", size: 8, model: .input),
        Population(name: "hidden", size: hidden, model: .lif(LIFParameters(tauMem: tau))),
        Population(
          name: "readout", size: classes,
          model: .leakyIntegrator(LeakyIntegratorParameters(tauMem: tau))),
      ],
      projections: [
        Projection(
          source: "input", target: "hidden",
          weights: [Float](repeating: weight, count: 8 * hidden), plasticity: plasticity),
        Projection(
          source: "hidden", target: "readout",
          weights: [Float](repeating: -0.25, count: hidden * classes), plasticity: plasticity),
      ])
  }
}
