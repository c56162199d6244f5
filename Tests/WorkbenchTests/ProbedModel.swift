import CompiledModel
import SpikingNetwork

/// A small model written by hand that has every layout, pooling, a delay and a rule of learning.
enum ProbedModel {
  private static func weight(_ number: Int, _ limit: Int) -> Int8 {
    // Every fifth weight is zero.
    number % 5 == 3 ? 0 : Int8((number * 37) % (2 * limit + 1) - limit)
  }

  private static func learningWeight(_ number: Int) -> Int16 {
    number % 4 == 0 ? 0 : Int16((number * 977) % 9000 - 4000)
  }

  private static func spiking(
    _ threshold: Int32, currentDecay: Int32? = nil, adapts: Bool = false
  ) -> NeuronProgram {
    .spiking(
      SpikingProgram(
        membrane: MembraneProgram(decay: 3600, currentDecay: currentDecay),
        threshold: NeuronValues(threshold), reset: .soft,
        adaptation: adapts ? .init(decay: 3900, impulse: NeuronValues(300)) : nil))
  }

  private static let convolution = ConvolutionShape(
    height: 4, width: 4, inputChannels: 1, outputChannels: 2, kernelHeight: 3, kernelWidth: 3,
    stride: 1, padding: 1)

  private static let learning = ThreeFactorProgram(
    preDecay: 3686, postDecay: 0, impulse: 256, preFactor: 64, postFactor: 0, signalShift: 10,
    signalLimit: 2000, gain: 20000)

  /// 16 channels, 32 neurons behind a kernel, 6 with current and adaptation, 3 classes.
  static let model: CompiledModel = {
    let features = CompiledLayer(
      name: "features", neurons: spiking(3000), size: 32, exponent: -6,
      connections: [
        CompiledConnection(
          source: nil, sourceSize: 16, layout: .convolution(convolution),
          weights: .fixed((0..<18).map { weight($0 + 9, 60) }))
      ], phase: 1)
    let hidden = CompiledLayer(
      name: "hidden", neurons: spiking(4000, currentDecay: 2000, adapts: true), size: 6,
      exponent: -5,
      connections: [
        CompiledConnection(
          source: 0, sourceSize: 32,
          pooling: SourcePooling(height: 4, width: 4, channels: 2, window: 2),
          weights: .fixed((0..<48).map { weight($0, 90) })),
        CompiledConnection(
          source: nil, sourceSize: 16,
          layout: .sparse(
            rowStarts: [0, 2, 2, 3, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 6, 6, 8],
            targets: [0, 4, 1, 2, 5, 3, 0, 1]),
          delay: 1, precision: .int4, weights: .fixed([7, -3, 0, 5, 6, 0, 7, -7])),
      ], phase: 2)
    let out = CompiledLayer(
      name: "out",
      neurons: .readout(
        ReadoutProgram(
          membrane: MembraneProgram(decay: 3900), logitMultiplier: 23637, logitShift: 22)),
      size: 3, exponent: -6,
      connections: [
        CompiledConnection(
          source: 1, sourceSize: 6,
          weights: .plastic(
            (0..<18).map(learningWeight),
            .threeFactor(learning), bounds: ChipArithmetic.learningWeights))
      ], phase: 3)
    let places = [
      (0, 0, 16, 0, 0), (0, 16, 16, 0, 0), (1, 0, 4, 5, 0), (1, 4, 2, 0, 3), (2, 0, 3, 5, 3),
    ]
    return CompiledModel(
      name: "probed", chip: "test-chip", steps: 12, inputs: 16, input: .bernoulli(seed: 5),
      layers: [features, hidden, out],
      cores: places.map {
        PlacedCore(layer: $0.0, firstNeuron: $0.1, neuronCount: $0.2, column: $0.3, row: $0.4)
      },
      prices: PriceTable(name: "none", prices: [:]),
      timing: TimingTable(
        picoseconds: [.synapticOperation: 3800], axonInPicoseconds: 16000,
        barriers: [.init(tiles: 1, picoseconds: 600_000)]))
  }()

  /// Samples that make its layers fire.
  static func samples(_ count: Int) -> LabelledSamples {
    var samples = LabelledSamples(channels: 16)
    for sample in 0..<count {
      samples.append(
        LabelledSample(
          intensities: (0..<16).map { UInt8(($0 * 53 + sample * 91) % 256) }, label: sample % 3,
          id: UInt64(1000 + sample)))
    }
    return samples
  }
}
