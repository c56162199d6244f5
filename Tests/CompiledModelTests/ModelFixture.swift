import CompiledModel

/// A compiled model written by hand: 3 channels, 4 hidden neurons on two cores, 2 classes.
enum ModelFixture {
  static let rule = ThreeFactorProgram(
    preDecay: 3686, postDecay: 0, impulse: 256, preFactor: 64, postFactor: 0,
    psiMultiplier: 16384, psiShift: 18, signalShift: 10, signalLimit: 8191, gain: 20000,
    gainShift: 30)

  static let prices = PriceTable(
    name: "fixture",
    prices: [
      .synapticOperation: Price(picojoules: 35.5, source: "a fit", grade: .simulated),
      .neuronAccess: Price(picojoules: 51.2, source: "a fit", grade: .simulated),
      .weightWrite: Price(picojoules: 120, source: "a guess", grade: .assumed),
    ])

  static let model = CompiledModel(
    name: "fixture", chip: "test-chip", steps: 5, inputs: 3, input: .bernoulli(seed: 9),
    layers: [
      CompiledLayer(
        name: "hidden",
        neurons: .spiking(
          SpikingProgram(
            decay: 3686, bias: 0, threshold: 4096, reset: .soft, resetPotential: 0,
            refractorySteps: 0)),
        size: 4,
        connection: CompiledConnection(
          source: nil, sourceSize: 3, exponent: -6,
          weights: .plastic(
            (0..<12).map { Int16($0 * 500 - 2000) }, .threeFactor(rule),
            bounds: ChipArithmetic.learningWeights)),
        phase: 0),
      CompiledLayer(
        name: "readout",
        neurons: .readout(
          ReadoutProgram(decay: 3686, bias: 0, logitMultiplier: 23637, logitShift: 22)),
        size: 2,
        connection: CompiledConnection(
          source: 0, sourceSize: 4, exponent: -6,
          weights: .fixed([10, -10, 20, -20, 30, -30, 127, -127])),
        phase: 1),
    ],
    cores: [
      PlacedCore(layer: 0, firstNeuron: 0, neuronCount: 2, column: 0, row: 0),
      PlacedCore(layer: 0, firstNeuron: 2, neuronCount: 2, column: 1, row: 0),
      PlacedCore(layer: 1, firstNeuron: 0, neuronCount: 2, column: 0, row: 1),
    ],
    prices: prices,
    timing: TimingTable(
      picoseconds: [.synapticOperation: 3800], axonInPicoseconds: 16000,
      barriers: [.init(tiles: 1, picoseconds: 600_000), .init(tiles: 4, picoseconds: 900_000)]))
}
