import CompiledModel
import SpikingNetwork

/// Models with more targets than one pass of a kernel sums, and with sums beyond 16 bits.
enum WideModels {
  static let all = [
    dense(700, 530, weight: 127), dense(700, 530, weight: -127), recurrent, convolution,
    learning("three-factor", threeFactor, targets: 300),
    learning("pair-stdp", pairSTDP, targets: 423), learning("sdsp", sdsp, targets: 423),
  ]

  /// Nearly all channels spike in each step: more than rows whose sum fits 16 bits.
  static func intensities(_ sample: UInt64, channels: Int) -> [UInt8] {
    let stream = CounterRandom(seed: 3, purpose: .training).stream(sample)
    return (0..<channels).map { channel in
      UInt8(truncatingIfNeeded: CounterRandom.draw(stream, UInt64(channel)) | 0x80)
    }
  }

  /// Numbers from `low` to `high`, the same each time.
  private static func values(_ count: Int, _ low: Int, _ high: Int, stream: UInt64) -> [Int] {
    let base = CounterRandom(seed: 11, purpose: .training).stream(stream)
    return (0..<count).map { index in
      low + Int(CounterRandom.draw(base, UInt64(index)) % UInt64(high - low + 1))
    }
  }

  private static func weights(_ count: Int, stream: UInt64) -> [Int8] {
    values(count, -127, 127, stream: stream).map { Int8($0) }
  }

  /// Cores of uneven sizes, whose ends lie between the words of sets of bits.
  private static func cores(_ layers: [CompiledLayer]) -> [PlacedCore] {
    var cores: [PlacedCore] = []
    for (index, layer) in layers.enumerated() {
      var first = 0
      while first < layer.size {
        let count = min(layer.size - first, 37 + 29 * cores.count)
        cores.append(
          PlacedCore(
            layer: index, firstNeuron: first, neuronCount: count, column: cores.count % 3,
            row: cores.count / 3))
        first += count
      }
    }
    return cores
  }

  private static func model(_ name: String, inputs: Int, _ layers: [CompiledLayer]) -> CompiledModel
  {
    SmallModels.model(
      name, steps: 5, inputs: inputs, arithmetic: .loihi, layers: layers, cores: cores(layers))
  }

  private static func dense(_ sources: Int, _ targets: Int, weight: Int8) -> CompiledModel {
    let rows = [Int8](repeating: weight, count: sources * targets)
    return model(
      "dense\(weight)", inputs: sources,
      [
        SmallModels.layer(
          "hidden", SmallModels.spiking(decay: 3900, threshold: 200_000), size: targets,
          [SmallModels.fixed(sources, rows)]),
        SmallModels.layer(
          "readout", SmallModels.readout(decay: 3000), size: 10, phase: 2,
          [SmallModels.fixed(from: 0, targets, weights(targets * 10, stream: 1))]),
      ])
  }

  private static let recurrent = model(
    "recurrent", inputs: 300,
    [
      SmallModels.layer(
        "hidden", SmallModels.spiking(decay: 3900, threshold: 90_000), size: 281,
        [
          SmallModels.fixed(300, weights(300 * 281, stream: 2)),
          SmallModels.fixed(from: 0, 281, weights(281 * 281, stream: 3), delay: 1),
        ])
    ])

  /// Most of 49 * 12 weights of 127 pass 16 bits.
  private static let convolution: CompiledModel = {
    let first = ConvolutionShape(
      height: 14, width: 14, inputChannels: 12, outputChannels: 11, kernelHeight: 7,
      kernelWidth: 7, stride: 1, padding: 3)
    let second = ConvolutionShape(
      height: 7, width: 7, inputChannels: 11, outputChannels: 33, kernelHeight: 3, kernelWidth: 4,
      stride: 2, padding: 1)
    let inputs = 14 * 14 * 12
    let planes = 14 * 14 * 11
    let pooling = SourcePooling(height: 14, width: 14, channels: 11, window: 2)
    return model(
      "convolution", inputs: inputs,
      [
        SmallModels.layer(
          "first", SmallModels.spiking(decay: 3000, threshold: 600_000), size: planes,
          [
            SmallModels.fixed(
              inputs, [Int8](repeating: 127, count: first.weightCount), .convolution(first))
          ]),
        SmallModels.layer(
          "second", SmallModels.spiking(decay: 3000, threshold: 50_000),
          size: second.outputHeight * second.outputWidth * 33, phase: 2,
          [
            SmallModels.fixed(
              from: 0, planes, weights(second.weightCount, stream: 4), .convolution(second),
              pooling: pooling)
          ]),
      ])
  }()

  private static let threeFactor = PlasticityProgram.threeFactor(
    ThreeFactorProgram(
      preDecay: 3800, postDecay: 3000, impulse: 1024, preFactor: 64, postFactor: 0,
      signalShift: 8, signalLimit: 9000, gain: 50_000))

  private static let pairSTDP = PlasticityProgram.pairSTDP(
    PairSTDPProgram(
      preDecay: 3800, postDecay: 3800, impulse: 4000, potentiation: 9000, depression: 7000,
      preTarget: 3000))

  private static let sdsp = PlasticityProgram.sdsp(
    SDSPProgram(
      potentialThreshold: 20_000, activityMin: 0, activityMaxUp: 6, activityMaxDown: 7,
      activityLeakSteps: 2, probability: 30_000))

  private static func plastic(
    from source: Int?, _ sources: Int, _ targets: Int, _ rule: PlasticityProgram, stream: UInt64
  ) -> CompiledConnection {
    let weights = values(sources * targets, -8000, 9000, stream: stream).map { Int16($0) }
    return CompiledConnection(
      source: source, sourceSize: sources, weights: .plastic(weights, rule, bounds: -8001...9002))
  }

  /// A layer that learns and, where its rule needs one, a readout that learns.
  private static func learning(
    _ name: String, _ rule: PlasticityProgram, targets: Int
  ) -> CompiledModel {
    let inputs = 333
    var psi: SpikingProgram.PseudoDerivative?
    var layers: [CompiledLayer] = []
    if case .threeFactor = rule {
      psi = SpikingProgram.PseudoDerivative(multiplier: NeuronValues(167), shift: 16)
      layers = [
        SmallModels.layer(
          "readout", SmallModels.readout(decay: 3900, logitMultiplier: 23, logitShift: 14),
          size: 19, phase: 2, [plastic(from: 0, targets, 19, rule, stream: 7)])
      ]
    }
    let hidden = SmallModels.layer(
      "hidden", SmallModels.spiking(decay: 3900, threshold: 100_000, refractorySteps: 1, psi: psi),
      size: targets, [plastic(from: nil, inputs, targets, rule, stream: 6)])
    return model(name, inputs: inputs, [hidden] + layers)
  }
}
