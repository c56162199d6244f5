import CompiledModel

/// Compiled models written by hand.
enum ModelFixture: CaseIterable {
  case threeFactor
  case pairSTDP
  case program
  case sdsp
  case fixed
  case winnerTakeAll

  /// The model of a case.
  var model: CompiledModel {
    switch self {
    case .threeFactor: Self.model
    case .pairSTDP: Self.pairSTDPModel
    case .program: Self.programModel
    case .sdsp: Self.sdspModel
    case .fixed: Self.fixedModel
    case .winnerTakeAll: Self.winnerTakeAllModel
    }
  }

  static let rule = ThreeFactorProgram(
    preDecay: 3686, postDecay: 0, impulse: 256, preFactor: 64, postFactor: 0, signalShift: 10,
    signalLimit: 8191, gain: 20000)

  static let prices = PriceTable(
    name: "fixture",
    prices: [
      .synapticOperation: Price(picojoules: 35.5, source: "a fit", grade: .simulated),
      .neuronAccess: Price(picojoules: 51.2, source: "a fit", grade: .simulated),
      .weightWrite: Price(picojoules: 120, source: "a guess", grade: .assumed),
    ])

  static let timing = TimingTable(
    picoseconds: [.synapticOperation: 3800], axonInPicoseconds: 16000,
    barriers: [.init(tiles: 1, picoseconds: 600_000), .init(tiles: 4, picoseconds: 900_000)],
    linkBuffer: 8)

  /// A model of these layers; each lies on cores of at most `coreNeurons` neurons.
  static func model(
    inputs: Int, layers: [CompiledLayer], coreNeurons: Int,
    arithmetic: StateArithmetic = .loihi
  ) -> CompiledModel {
    var cores: [PlacedCore] = []
    for (index, layer) in layers.enumerated() {
      for first in stride(from: 0, to: layer.size, by: coreNeurons) {
        cores.append(
          PlacedCore(
            layer: index, firstNeuron: first, neuronCount: min(coreNeurons, layer.size - first),
            column: cores.count % 3, row: cores.count / 3))
      }
    }
    return CompiledModel(
      name: "fixture", chip: "test-chip", steps: 5, timeStep: 0.002, inputs: inputs,
      input: .bernoulli(seed: 9), port: .init(column: 1, row: 2), arithmetic: arithmetic,
      layers: layers, cores: cores,
      prices: prices, timing: timing)
  }

  static func spiking(
    threshold: NeuronValues = NeuronValues(4096), derivative: SpikingProgram.PseudoDerivative? = nil
  ) -> NeuronProgram {
    .spiking(
      SpikingProgram(
        membrane: MembraneProgram(decay: 3686), threshold: threshold, reset: .soft,
        pseudoDerivative: derivative))
  }

  static let readout = NeuronProgram.readout(
    ReadoutProgram(
      membrane: MembraneProgram(decay: 3686), logitMultiplier: 23637, logitShift: 22))

  /// Learns by the three-factor rule: 3 channels, 4 hidden neurons on two cores, 2 classes.
  static let model = model(
    inputs: 3,
    layers: [
      CompiledLayer(
        name: "hidden",
        neurons: spiking(derivative: .init(multiplier: NeuronValues(16384), shift: 18)), size: 4,
        exponent: -6,
        connections: [
          CompiledConnection(
            source: nil, sourceSize: 3,
            weights: .plastic(
              (0..<12).map { Int16($0 * 500 - 2000) }, .threeFactor(rule),
              bounds: ChipArithmetic.learningWeights))
        ],
        phase: 1),
      CompiledLayer(
        name: "readout", neurons: readout, size: 2, exponent: -6,
        connections: [
          CompiledConnection(
            source: 0, sourceSize: 4, weights: .fixed([10, -10, 20, -20, 30, -30, 127, -127]))
        ],
        phase: 2),
    ],
    coreNeurons: 2)

  /// Learns by a local rule under a teacher: 3 channels, 2 classes, learning weights of 8 bits.
  static func local(_ program: PlasticityProgram) -> CompiledModel {
    model(
      inputs: 3,
      layers: [
        CompiledLayer(
          name: "out", neurons: spiking(), size: 2, exponent: -6,
          connections: [
            CompiledConnection(
              source: nil, sourceSize: 3,
              weights: .plastic([0, 256, -256, 512, 768, -512], program, bounds: -512...1024)),
            CompiledConnection(
              source: 0, sourceSize: 2, delay: 1, weights: .fixed([0, -5, -5, 0])),
          ],
          phase: 1, teacher: TeacherProgram(excitation: 3000, inhibition: 100))
      ],
      coreNeurons: 1,
      arithmetic: StateArithmetic(
        potentialBits: 16, currentBits: 20, currentOverflow: .saturate, inputShift: 0,
        learningWeightBits: 8))
  }

  static let pairSTDPModel = local(
    .pairSTDP(
      PairSTDPProgram(
        preDecay: 3000, postDecay: 3100, impulse: 300, potentiation: 400, depression: 500,
        preTarget: 17)))

  static let programModel = local(
    .program(
      LearningProgram(
        traces: [
          .init(.x2, .window(3), impulse: 256, readsBefore: false),
          .init(.y1, .decay(3000), impulse: 300, isNearest: true, readsBefore: true),
          .init(.y3, .shift(4), impulse: 1024, readsBefore: true),
        ],
        terms: [
          .init(
            changesTag: true, at: .period(exponent: 2), mantissa: -300, shift: 3,
            [.init(.x2, plus: -128), .init(.y3)]),
          .init(at: .presynapticSpike, mantissa: -7, shift: -2, [.init(.y1), .init(.w)]),
          .init(at: .end, mantissa: 500, [.init(.r, plus: 20), .init(.t)]),
        ], weightStep: 256)))

  static let sdspModel = local(
    .sdsp(
      SDSPProgram(
        potentialThreshold: 2000, activityMin: 1, activityMaxUp: 6, activityMaxDown: 5,
        activityLeakSteps: 3, probability: 65536)))
}
