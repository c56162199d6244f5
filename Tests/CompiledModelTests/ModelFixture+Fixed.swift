import CompiledModel

extension ModelFixture {
  /// Each layout, precision and neuron parameter once, pooling, delays and a loop; no learning.
  static let fixedModel = model(
    inputs: 36, layers: [edges, loop, listed, judge], coreNeurons: 7)

  /// A kernel of 3 x 3 over 6 x 6 places gives two channels.
  private static let edges = CompiledLayer(
    name: "edges",
    neurons: .spiking(
      SpikingProgram(
        membrane: MembraneProgram(
          decay: 4096, currentDecay: 2048, bias: NeuronValues(each: (0..<72).map { $0 - 9 })),
        threshold: NeuronValues(each: (0..<72).map { 1000 + $0 }), reset: .soft,
        adaptation: .init(decay: 4000, impulse: NeuronValues(each: (0..<72).map { $0 })))),
    size: 72, exponent: -5,
    units: NetworkUnits(scales: [0.0375, 0.025], resistance: 2.5, rest: -0.125),
    connections: [
      CompiledConnection(
        source: nil, sourceSize: 36,
        layout: .convolution(
          ConvolutionShape(
            height: 6, width: 6, inputChannels: 1, outputChannels: 2, kernelHeight: 3,
            kernelWidth: 3, stride: 1, padding: 1)),
        precision: .binary, weights: .fixed((0..<18).map { $0 % 3 == 0 ? 1 : -1 }))
    ],
    phase: 1)

  /// Windows of 2 x 2, itself two steps ago, and the next layer four steps ago.
  private static let loop = CompiledLayer(
    name: "loop", neurons: spiking(), size: 5, exponent: -5,
    units: NetworkUnits(scales: [0.03]),
    connections: [
      CompiledConnection(
        source: 0, sourceSize: 72,
        pooling: SourcePooling(height: 6, width: 6, channels: 2, window: 2), precision: .int4,
        weights: .fixed((0..<90).map { Int8($0 % 15 - 7) })),
      CompiledConnection(
        source: 1, sourceSize: 5, delay: 2, shift: 3,
        weights: .fixed((0..<25).map { Int8($0 * 10 - 127) })),
      CompiledConnection(
        source: 2, sourceSize: 5, layout: .oneToOne, delay: 4, weights: .fixed([-3])),
    ],
    phase: 2)

  private static let listed = CompiledLayer(
    name: "listed",
    neurons: .spiking(
      SpikingProgram(
        membrane: MembraneProgram(decay: 0), threshold: NeuronValues(77), reset: .hard,
        resetPotential: NeuronValues(each: [-1, 0, 1, 2, 3]), refractorySteps: 2)),
    size: 5, exponent: 3,
    connections: [
      CompiledConnection(
        source: 1, sourceSize: 5,
        layout: .sparse(rowStarts: [0, 2, 2, 3, 6, 7], targets: [0, 4, 2, 0, 1, 3, 4]),
        precision: .int4, weights: .fixed([7, -7, 0, 1, -1, 3, 5]))
    ],
    phase: 3)

  private static let judge = CompiledLayer(
    name: "judge", neurons: readout, size: 3, exponent: 0,
    connections: [
      CompiledConnection(source: 2, sourceSize: 5, weights: .fixed((0..<15).map { Int8($0) })),
      CompiledConnection(
        source: 0, sourceSize: 72,
        pooling: SourcePooling(height: 6, width: 6, channels: 2, window: 2),
        layout: .convolution(
          ConvolutionShape(
            height: 3, width: 3, inputChannels: 2, outputChannels: 3, kernelHeight: 3,
            kernelWidth: 3, stride: 2, padding: 0)),
        delay: 1, shift: 1, weights: .fixed((0..<54).map { Int8($0 - 27) })),
    ],
    phase: 4)
}
