import CompiledModel

extension GoldenCase {
  /// Rules that are data: each occasion, each kind of trace, tags, rewards and weights of few bits.
  static let programs: [GoldenCase] = [triplet, rewardedTags, rewardMean, window, oneBit]

  private static let shown: [Sample] = [
    .learnt(0, [255, 128, 0], label: 0), .learnt(1, [0, 200, 255], label: 1),
    .learnt(2, [255, 90, 0], label: 0), .shown([[0], [0, 1], [], [1, 2], [2], [0, 2]]),
  ]

  private static let start: [Int16] = [2000, 1000, 1500, 2500, 500, 3000]

  private static func output(
    _ name: String, _ program: LearningProgram, _ weights: [Int16], bounds: ClosedRange<Int16>,
    threshold: Int32 = 10, delay: Int = 0, bits: Int = 16, twoCores: Bool = false,
    teacher: TeacherProgram? = nil, rewardMean: RewardMean? = nil, shown: [Sample] = shown
  ) -> GoldenCase {
    let split = [
      PlacedCore(layer: 0, firstNeuron: 0, neuronCount: 1, column: 0, row: 0),
      PlacedCore(layer: 0, firstNeuron: 1, neuronCount: 1, column: 1, row: 0),
    ]
    var model = SmallModels.model(
      name, steps: 6, inputs: 3, arithmetic: SmallModels.arithmetic(learningWeightBits: bits),
      layers: [
        SmallModels.layer(
          "output", SmallModels.spiking(decay: 3686, threshold: threshold, reset: .hard),
          size: 2,
          [SmallModels.plastic(3, weights, .program(program), bounds: bounds, delay: delay)],
          teacher: teacher)
      ], cores: twoCores ? split : nil)
    model.layers[0].rewardMean = rewardMean
    return GoldenCase(model, shown)
  }

  /// Triplets of spikes, the four terms of which read traces before the spikes of a step.
  private static let triplet = output(
    "triplet-stdp",
    LearningProgram(
      traces: [
        .init(.x1, .decay(3859), impulse: 1024, readsBefore: false),
        .init(.x2, .decay(4050), impulse: 1024, readsBefore: true),
        .init(.y1, .decay(3976), impulse: 1024, readsBefore: true),
        .init(.y2, .decay(4060), impulse: 1024, readsBefore: true),
      ],
      terms: [
        .init(at: .postsynapticSpike, mantissa: 9000, [.init(.x1), .init(.y2)], 10),
        .init(at: .postsynapticSpike, mantissa: 3000, [.init(.x1)], 0),
        .init(at: .presynapticSpike, mantissa: -8000, [.init(.y1)], 0),
        .init(at: .presynapticSpike, mantissa: -4000, [.init(.y1), .init(.x2)], 10),
      ]), start, bounds: 0...4000, twoCores: true)

  /// A tag that fades and is turned into change at the end, by the label's judgement and by rewards
  /// that are given, one of which stands in a term of each spike.
  private static let rewardedTags = output(
    "rewarded-tags",
    LearningProgram(
      traces: [
        .init(.x1, .decay(3896), impulse: 1024, readsBefore: false),
        .init(.y1, .shift(2), impulse: 1024, readsBefore: true),
      ],
      terms: [
        .init(
          changesTag: true, at: .postsynapticSpike, mantissa: 5000, [.init(.x1)], -2),
        .init(changesTag: true, at: .presynapticSpike, mantissa: -9000, [.init(.y1)], 0),
        .init(changesTag: true, at: .period(exponent: 1), mantissa: -8192, [.init(.t)], 0),
        .init(at: .presynapticSpike, mantissa: 900, [.init(.r, plus: 16)], 0),
        .init(at: .end, mantissa: 128, [.init(.r), .init(.t)], 0),
      ]), start, bounds: -1000...4000, delay: 1,
    shown: [
      .learnt(0, [255, 128, 0], label: 0), .learnt(1, [0, 200, 255], label: 0),
      .learnt(2, [255, 90, 0], label: nil, reward: -128),
      .learnt(3, [255, 90, 200], label: 1, reward: 300), .learnt(4, [20, 255, 0], label: nil),
    ])

  /// Rewards less their running mean: given ones, one of which is 0, and those of a decision.
  private static let rewardMean = output(
    "reward-mean",
    LearningProgram(
      traces: [.init(.x1, .decay(3896), impulse: 1024, readsBefore: false)],
      terms: [
        .init(changesTag: true, at: .postsynapticSpike, mantissa: 5000, [.init(.x1)], -2),
        .init(at: .presynapticSpike, mantissa: 900, [.init(.r)], 0),
        .init(at: .end, mantissa: 128, [.init(.r), .init(.t)], 0),
      ]), start, bounds: -1000...4000, twoCores: true,
    rewardMean: RewardMean(rate: 16_384, mean: -3000),
    shown: [
      .learnt(0, [255, 128, 0], label: 0), .learnt(1, [0, 200, 255], label: 0),
      .learnt(2, [255, 90, 0], label: nil, reward: 0),
      .learnt(3, [255, 90, 200], label: 1, reward: 200), .learnt(4, [20, 255, 0], label: nil),
    ])

  /// A window, which pays no heed to how often a source spiked, coarse weights and a teacher.
  private static let window = output(
    "window-stdp",
    LearningProgram(
      traces: [
        .init(.x1, .window(1), impulse: 256, readsBefore: false),
        .init(.y3, .shift(1), impulse: 300, isNearest: true, readsBefore: false),
      ],
      terms: [
        .init(at: .postsynapticSpike, mantissa: 700, [.init(.x1, plus: -128)], 0),
        .init(at: .period(exponent: 0), mantissa: -300, [.init(.y3), .init(.x0)], 1),
        .init(at: .period(exponent: 1), mantissa: 50, [.init(.w, plus: -1024), .init(.y0)], 0),
      ]), start.map { $0 & ~31 }, bounds: -1024...4096, threshold: 20, bits: 11,
    teacher: TeacherProgram(excitation: 15, inhibition: 10))

  /// Weights of one bit that flip with a probability.
  private static let oneBit = output(
    "one-bit-stdp",
    LearningProgram(
      traces: [.init(.x1, .window(2), impulse: 256, readsBefore: false)],
      terms: [
        .init(at: .postsynapticSpike, mantissa: 200, [.init(.x1, plus: -64)], 0)
      ], weightStep: 3000), [3000, 0, 3000, 0, 0, 3000], bounds: 0...3000)
}

extension LearningProgram.Term {
  /// The shift last, as traces write a term.
  fileprivate init(
    changesTag: Bool = false, at occasion: LearningProgram.Occasion, mantissa: Int32,
    _ factors: [LearningProgram.Factor], _ shift: Int32
  ) {
    self.init(changesTag: changesTag, at: occasion, mantissa: mantissa, shift: shift, factors)
  }
}
