import CompiledModel
import NetworkCompiler
import SpikingNetwork
import Workbench

/// Two channels, each relayed by a neuron of its own to a class of its own, and a chip of two tiles
/// whose figures are small whole numbers: all that a report says of it can be counted by hand.
enum RelayNetwork {
  /// Four steps; a relay fires in each step in which its channel does.
  static func network(hidden: Float = 1.5) -> SpikingNetwork {
    SpikingNetwork(
      name: "relay", timeStep: 0.001, steps: 4, encoder: .bernoulli(seed: 1),
      populations: [
        Population(name: "eye", size: 2, model: .input),
        Population(
          name: "relays", size: 2, model: .integrateAndFire(IFParameters(reset: .hard))),
        Population(
          name: "classes", size: 2,
          model: .leakyIntegrator(LeakyIntegratorParameters(tauMem: 1e-6))),
      ],
      projections: [
        Projection(
          source: "eye", target: "relays",
          connectivity: .dense(weights: [hidden, 0, 0, hidden])),
        Projection(
          source: "relays", target: "classes", connectivity: .dense(weights: [1, 0, 0, 1])),
      ])
  }

  /// One core on each of two tiles; picojoules rise from one to eight by kind.
  static func chip(without unpriced: EventKind? = nil) -> Chip {
    let kinds: [EventKind] = [
      .synapticOperation, .neuronAccess, .neuronUpdate, .spike, .message, .hopHorizontal,
      .hopVertical, .step,
    ]
    var prices: [EventKind: Price] = [:]
    for (index, kind) in kinds.enumerated() where kind != unpriced {
      prices[kind] = Price(
        picojoules: Double(index + 1), source: "by hand",
        grade: kind == .message ? .estimated : .measured)
    }
    prices[.weightWrite] = Price(picojoules: 1, source: "by hand", grade: .assumed)
    return Chip(
      name: "two-tiles", columns: 2, rows: 1, coresPerTile: 1,
      core: CoreLimits(
        neurons: 4, inAxons: 8, outAxons: 16, synapseMemoryBytes: 32, weightBits: 8, delayMax: 1,
        refractoryMax: 1),
      features: ChipFeatures(
        neurons: ChipFeatures.Neuron.allCases, resets: ChipFeatures.Reset.allCases,
        layouts: ChipFeatures.Layout.allCases, precisions: SynapsePrecision.allCases, rules: [],
        pooling: true),
      arithmetic: .loihi,
      timing: TimingTable(
        picoseconds: [
          .synapticOperation: 10, .neuronAccess: 100, .neuronUpdate: 100, .spike: 100,
          .message: 1000,
        ], axonInPicoseconds: 50, barriers: [.init(tiles: 2, picoseconds: 500)]),
      prices: PriceTable(name: "two-tiles", prices: prices))
  }

  /// Samples of one channel that spikes in every step, its class the label, or of both or none.
  static func samples(_ lit: [Set<Int>]) -> LabelledSamples {
    var samples = LabelledSamples(channels: 2)
    for (index, lit) in lit.enumerated() {
      samples.append(
        LabelledSample(
          intensities: (0..<2).map { lit.contains($0) ? 255 : 0 }, label: lit.min() ?? 0,
          id: UInt64(index)))
    }
    return samples
  }

  /// Calibrated with one sample of each class.
  static func compilation(
    test: LabelledSamples? = nil, chip: Chip = chip(), threads: Int = 1
  ) throws -> CalibratedCompilation {
    try CalibratedCompilation.compile(
      network(), for: chip, samples: .init(calibration: samples([[0], [1]]), test: test),
      threads: threads)
  }
}
