import CompiledModel

extension GoldenCase {
  /// One case for each rule and what varies in it.
  static let learning: [GoldenCase] = [
    threeFactor, threeFactorRecurrent, randomFeedback, adaptiveFeedback, localFeedback, eachStep,
    eligibility,
    pairSTDP, pairSTDPTeacher, sdsp, sdspTeacher, sdspMistakes,
  ]

  static let learnt: [Sample] = [
    .learnt(0, [255, 128, 0], label: 0), .learnt(1, [0, 200, 255], label: 1),
    .learnt(2, [255, 90, 0], label: 0), .shown([[0], [0, 1], [], [1, 2], [2], [0, 2]]),
  ]

  private static func factors(
    preFactor: Int32 = 64, postFactor: Int32 = 0, signalShift: Int32, gain: Int32
  ) -> PlasticityProgram {
    .threeFactor(
      ThreeFactorProgram(
        preDecay: 3686, postDecay: 2048, impulse: 1024, preFactor: preFactor,
        postFactor: postFactor, signalShift: signalShift, signalLimit: 4096, gain: gain))
  }

  private static func hidden(_ threshold: Int32) -> NeuronProgram {
    SmallModels.spiking(
      decay: 3686, threshold: threshold,
      psi: .init(multiplier: NeuronValues((256 << 8) / threshold), shift: 8))
  }

  /// A hidden layer on two cores and a readout, both learn.
  static let threeFactor = GoldenCase(
    SmallModels.model(
      "three-factor", steps: 6, inputs: 3,
      layers: [
        SmallModels.layer(
          "hidden", hidden(20), size: 3,
          [
            SmallModels.plastic(
              3, [4000, 2500, -1000, 3000, 3000, 3000, -2000, 1000, 6000],
              factors(signalShift: 14, gain: 1 << 19))
          ]),
        SmallModels.layer(
          "readout", SmallModels.readout(decay: 3686, logitMultiplier: 23, logitShift: 4), size: 2,
          phase: 2,
          [
            SmallModels.plastic(
              from: 0, 3, [900, -900, 0, 500, -700, 700],
              factors(signalShift: 14, gain: 1 << 17))
          ]),
      ],
      cores: [
        PlacedCore(layer: 0, firstNeuron: 0, neuronCount: 2, column: 0, row: 0),
        PlacedCore(layer: 0, firstNeuron: 2, neuronCount: 1, column: 1, row: 0),
        PlacedCore(layer: 1, firstNeuron: 0, neuronCount: 2, column: 1, row: 1),
      ]), learnt)

  /// The same with a recurrent connection that learns, the postsynaptic term and coarse weights.
  ///
  /// The readout's weights stay.
  private static let threeFactorRecurrent = GoldenCase(
    SmallModels.model(
      "three-factor-recurrent", steps: 6, inputs: 3,
      arithmetic: SmallModels.arithmetic(learningWeightBits: 12),
      layers: [
        SmallModels.layer(
          "hidden", hidden(20), size: 2,
          [
            SmallModels.fixed(3, [15, 5, 12, 12, 5, 15]),
            SmallModels.plastic(
              from: 0, 2, [0, 1600, -1600, 0],
              factors(postFactor: -32, signalShift: 13, gain: 1 << 14),
              bounds: -2048...2048, delay: 1),
          ]),
        SmallModels.layer(
          "readout", SmallModels.readout(decay: 4096, logitMultiplier: 23, logitShift: 4), size: 2,
          phase: 2, [SmallModels.fixed(from: 0, 2, [5, -5, -4, 4])]),
      ]), learnt)

  private static func pairs(
    preTarget: Int32, potentiation: Int32, depression: Int32
  ) -> PlasticityProgram {
    .pairSTDP(
      PairSTDPProgram(
        preDecay: 3896, postDecay: 3000, impulse: 1024, potentiation: potentiation,
        depression: depression, preTarget: preTarget))
  }

  private static let start: [Int16] = [2000, 1000, 1500, 2500, 500, 3000]

  private static let pairSTDP = GoldenCase(
    SmallModels.model(
      "pair-stdp", steps: 6, inputs: 3,
      layers: [
        SmallModels.layer(
          "output", SmallModels.spiking(decay: 3686, threshold: 10, reset: .hard), size: 2,
          [
            SmallModels.plastic(
              3, start, pairs(preTarget: 0, potentiation: 9000, depression: 7000), bounds: 0...3000)
          ])
      ],
      cores: [
        PlacedCore(layer: 0, firstNeuron: 0, neuronCount: 1, column: 0, row: 0),
        PlacedCore(layer: 0, firstNeuron: 1, neuronCount: 1, column: 1, row: 0),
      ]), learnt)

  /// A teacher, a target for presynaptic traces, weights of 11 bits and a delay.
  private static let pairSTDPTeacher = GoldenCase(
    SmallModels.model(
      "pair-stdp-teacher", steps: 6, inputs: 3,
      arithmetic: SmallModels.arithmetic(learningWeightBits: 11),
      layers: [
        SmallModels.layer(
          "output", SmallModels.spiking(decay: 3686, threshold: 20), size: 2,
          [
            SmallModels.plastic(
              3, start.map { $0 & ~31 }, pairs(preTarget: 700, potentiation: 300, depression: 200),
              bounds: -1024...4096,
              delay: 1)
          ], teacher: TeacherProgram(excitation: 15, inhibition: 10))
      ]), learnt)

  private static func driven(
    threshold: Int32, activityMin: Int32, probability: Int32
  ) -> PlasticityProgram {
    .sdsp(
      SDSPProgram(
        potentialThreshold: threshold, activityMin: activityMin, activityMaxUp: 4,
        activityMaxDown: 3,
        activityLeakSteps: 3, probability: probability))
  }

  private static let sdsp = GoldenCase(
    SmallModels.model(
      "sdsp", steps: 6, inputs: 3,
      arithmetic: SmallModels.arithmetic(learningWeightBits: 8),
      layers: [
        SmallModels.layer(
          "output", SmallModels.spiking(decay: 3686, threshold: 10), size: 2,
          [
            SmallModels.plastic(
              3, [2048, 1024, 1536, 2560, 512, 3072],
              driven(threshold: 5, activityMin: 1, probability: 40_000),
              bounds: 0...3072)
          ])
      ]), learnt)

  private static let sdspTeacher = taughtSDSP(
    "sdsp-teacher", TeacherProgram(excitation: 80, inhibition: 40))

  /// Taught where the label was not found only.
  private static let sdspMistakes = taughtSDSP(
    "sdsp-mistakes", TeacherProgram(excitation: 80, inhibition: 40, onMistakes: true))

  /// Weights of three bits, as the chips that had this rule first keep them.
  private static func taughtSDSP(_ name: String, _ teacher: TeacherProgram) -> GoldenCase {
    GoldenCase(
      SmallModels.model(
        name, steps: 6, inputs: 3,
        arithmetic: SmallModels.arithmetic(learningWeightBits: 3),
        layers: [
          SmallModels.layer(
            "output", SmallModels.spiking(decay: 3686, threshold: 60, reset: .hard), size: 2,
            [
              SmallModels.plastic(
                3, [8192, 0, 16_384, 8192, 0, 8192],
                driven(threshold: 0, activityMin: 0, probability: 30_000),
                bounds: 0...24_576)
            ], teacher: teacher)
        ]), learnt)
  }
}
