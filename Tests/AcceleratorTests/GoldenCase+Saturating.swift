import CompiledModel

extension GoldenCase {
  /// Rules at the ends of their ranges, and what only models of an uncommon shape show.
  static let saturating: [GoldenCase] = [
    psiTraces, pairTraces, fullActivity, twoPaths,
  ]

  private static func factors(
    postDecay: Int32, postFactor: Int32, gain: Int32
  ) -> PlasticityProgram {
    .threeFactor(
      ThreeFactorProgram(
        preDecay: 2048, postDecay: postDecay, impulse: 512, preFactor: 48, postFactor: postFactor,
        signalShift: 14, signalLimit: 4096, gain: gain))
  }

  /// A neuron that its bias keeps at the threshold has the largest pseudo-derivative in each step.
  private static let watchful = SmallModels.spiking(
    decay: 0, bias: 32, threshold: 32, psi: .init(multiplier: NeuronValues(8), shift: 0))

  /// Traces of pseudo-derivatives that grow until they saturate; the readout's do not decay.
  private static let psiTraces = GoldenCase(
    SmallModels.model(
      "three-factor-saturating", steps: 136, inputs: 1,
      layers: [
        SmallModels.layer(
          "hidden", watchful, size: 1,
          [SmallModels.plastic(1, [300], factors(postDecay: 4095, postFactor: 20, gain: 1 << 11))]
        ),
        SmallModels.layer(
          "readout", SmallModels.readout(decay: 3000, logitMultiplier: 23, logitShift: 4), size: 2,
          phase: 2,
          [
            SmallModels.plastic(
              from: 0, 1, [-900, 600], factors(postDecay: 4096, postFactor: -3, gain: 1 << 14)),
            SmallModels.fixed(1, [2, -2]),
          ]),
      ]), [.learnt(3, [24], label: 0)])

  /// Traces of both sides that do not decay saturate at the eighth spike.
  private static let pairTraces = GoldenCase(
    SmallModels.model(
      "pair-stdp-saturating", steps: 10, inputs: 2,
      layers: [
        SmallModels.layer(
          "output", SmallModels.spiking(decay: 0, threshold: 2), size: 2,
          [
            SmallModels.plastic(
              2, [1500, 1000, 900, 1100],
              .pairSTDP(
                PairSTDPProgram(
                  preDecay: 4096, postDecay: 4096, impulse: 4096, potentiation: 300,
                  depression: 200, preTarget: 20_000)))
          ])
      ]), [.learnt(0, [255, 200], label: nil), .learnt(1, [140, 255], label: 1)])

  /// Activities stay at 7; of a sample without a label the teacher says nothing.
  private static let fullActivity = GoldenCase(
    SmallModels.model(
      "sdsp-saturating", steps: 12, inputs: 2,
      arithmetic: SmallModels.arithmetic(learningWeightBits: 8),
      layers: [
        SmallModels.layer(
          "output", SmallModels.spiking(decay: 2048, threshold: 10), size: 2,
          [
            SmallModels.plastic(
              2, [3072, 1024, 2560, 2048],
              .sdsp(
                SDSPProgram(
                  potentialThreshold: 4, activityMin: 1, activityMaxUp: 8, activityMaxDown: 7,
                  activityLeakSteps: 10, probability: 20_000)), bounds: -4096...4096)
          ], teacher: TeacherProgram(excitation: 30, inhibition: 1))
      ]), [.learnt(0, [255, 180], label: 0), .learnt(1, [200, 255], label: nil, ordinal: 5)])

  /// Two connections to the readout learn, and only the one without delay carries errors back.
  private static let twoPaths = GoldenCase(
    SmallModels.model(
      "three-factor-two-paths", steps: 6, inputs: 2,
      layers: [
        SmallModels.layer(
          "hidden",
          SmallModels.spiking(
            decay: 3686, threshold: 20, psi: .init(multiplier: NeuronValues(12), shift: 0)),
          size: 2,
          [
            SmallModels.plastic(
              2, [4000, 2500, 3000, -1500],
              factors(postDecay: 3000, postFactor: 0, gain: 1 << 18))
          ]),
        SmallModels.layer(
          "readout", SmallModels.readout(decay: 3686, logitMultiplier: 23, logitShift: 4), size: 2,
          phase: 2,
          [
            SmallModels.plastic(
              from: 0, 2, [500, -800, 100, 300],
              factors(postDecay: 3000, postFactor: 5, gain: 1 << 16), delay: 1),
            SmallModels.plastic(
              from: 0, 2, [1200, -600, -900, 700],
              factors(postDecay: 3000, postFactor: 0, gain: 1 << 16)),
          ]),
      ],
      cores: [
        PlacedCore(layer: 0, firstNeuron: 0, neuronCount: 1, column: 0, row: 0),
        PlacedCore(layer: 0, firstNeuron: 1, neuronCount: 1, column: 1, row: 0),
        PlacedCore(layer: 1, firstNeuron: 0, neuronCount: 1, column: 1, row: 1),
        PlacedCore(layer: 1, firstNeuron: 1, neuronCount: 1, column: 2, row: 1),
      ], port: CompiledModel.MeshPlace(column: 1, row: 2),
      timing: SmallModels.timing(barriers: [
        .init(tiles: 1, picoseconds: 9000), .init(tiles: 3, picoseconds: 11_000),
        .init(tiles: 5, picoseconds: 13_000),
      ])),
    [.learnt(4, [255, 128], label: 0, ordinal: 1), .learnt(2, [60, 230], label: 1, ordinal: 2)])
}
