import CompiledModel
import SpikingNetwork

/// A small model that `Tests/CrossCheck/metrics.py` writes for snnTorch as well.
///
/// It has every layout, pooling, a delay, biases, both resets and a current; all its values are
/// integers that floating point holds exactly.
enum NeuroBenchNetwork {
  private static func weights(_ count: Int, from first: Int, _ limit: Int)
    -> CompiledConnection.Weights
  {
    .fixed(
      (first..<first + count).map {
        $0 % 5 == 3 ? 0 : Int8(($0 * 37) % (2 * limit + 1) - limit)
      })
  }

  private static func spiking(
    _ threshold: Int32, _ reset: SpikingProgram.Reset = .soft, currentDecay: Int32? = nil,
    bias: [Int32] = [0]
  ) -> NeuronProgram {
    .spiking(
      SpikingProgram(
        membrane: MembraneProgram(
          decay: 4096, currentDecay: currentDecay, bias: NeuronValues(each: bias)),
        threshold: NeuronValues(threshold), reset: reset))
  }

  private static let layers = [
    CompiledLayer(
      name: "features",
      neurons: spiking(8000, bias: (0..<32).map { $0 % 2 == 0 ? 70 : -30 }), size: 32, exponent: 0,
      connections: [
        CompiledConnection(
          source: nil, sourceSize: 16,
          layout: .convolution(
            ConvolutionShape(
              height: 4, width: 4, inputChannels: 1, outputChannels: 2, kernelHeight: 3,
              kernelWidth: 3, stride: 1, padding: 1)),
          weights: weights(18, from: 9, 60))
      ], phase: 1),
    CompiledLayer(
      name: "hidden", neurons: spiking(4000, .hard, bias: (1...6).map { 50 * $0 }), size: 6,
      exponent: 0,
      connections: [
        CompiledConnection(
          source: 0, sourceSize: 32,
          pooling: SourcePooling(height: 4, width: 4, channels: 2, window: 2),
          weights: weights(48, from: 0, 90)),
        CompiledConnection(
          source: nil, sourceSize: 16,
          layout: .sparse(
            rowStarts: [0, 2, 2, 3, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 6, 6, 8],
            targets: [0, 4, 1, 2, 5, 3, 0, 1]),
          delay: 1, precision: .int4, weights: .fixed([7, -3, 0, 5, 6, 0, 7, -7])),
      ], phase: 2),
    CompiledLayer(
      name: "relay", neurons: spiking(9000, currentDecay: 2048), size: 6, exponent: 0,
      connections: [
        CompiledConnection(
          source: 1, sourceSize: 6, layout: .oneToOne, weights: .fixed([64]))
      ], phase: 3),
    CompiledLayer(
      name: "out",
      neurons: .readout(
        ReadoutProgram(
          membrane: MembraneProgram(decay: 4096), logitMultiplier: 1, logitShift: 22)),
      size: 3, exponent: 0,
      connections: [
        CompiledConnection(source: 2, sourceSize: 6, weights: weights(18, from: 4, 100))
      ], phase: 4),
  ]

  /// 16 channels, 12 steps, 3 classes.
  static let model = CompiledModel(
    name: "measured", chip: "test-chip", steps: 12, inputs: 16, input: .bernoulli(seed: 5),
    layers: layers,
    cores: layers.indices.map {
      PlacedCore(layer: $0, firstNeuron: 0, neuronCount: layers[$0].size, column: $0, row: 0)
    },
    prices: PriceTable(name: "none", prices: [:]),
    timing: TimingTable(picoseconds: [:], axonInPicoseconds: 0, barriers: []))

  /// Five samples whose lit channels spike in every step, which the draws of the seed allow.
  static let samples: LabelledSamples = {
    var samples = LabelledSamples(channels: 16)
    for sample in 0..<5 {
      samples.append(
        LabelledSample(
          intensities: (0..<16).map { ($0 * 7 + sample * 5 + $0 * sample) % 3 == 0 ? 255 : 0 },
          label: sample % 3, id: UInt64(sample)))
    }
    return samples
  }()
}
