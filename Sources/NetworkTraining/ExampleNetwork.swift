package import SpikingNetwork

/// Networks for digits that show what a description can hold, before training.
package enum ExampleNetwork: String, Codable, Sendable, CaseIterable {
  /// 784-128-10, all projections dense and learning on the chip.
  case dense
  /// `dense` for spoken digits: 1024-128-10, 64 places of a simulated cochlea in 16 slices of time.
  case speech
  /// 784-128-10 that does not learn on the chip, with a hard reset; fits `loihi`.
  case fixed
  /// 784-256-10, the hidden population connected with itself over one step.
  case recurrent
  /// 28x28x1 to 28x28x16 to 14x14x32 to 10 by convolutions of 3x3 and windows of 2x2.
  case convolutional
  /// 784-128-10 with weights of one bit.
  case binary
  /// 256-10 for digits of 16x16, learning by spike-driven plasticity with a teacher; fits `odin`.
  case sdsp
  /// 256-128-10 for digits of 16x16, learning by e-prop; fits `reckon`.
  case eprop
  /// 512-10 for digits of 16x16 and their off channels, learning by pair STDP with a teacher; fits
  /// `cim-stdp`.
  case stdp
  /// 784-100, winner-take-all STDP (Diehl and Cook 2015), learning without labels.
  case winnerTakeAll = "wta-stdp"
  /// The same with 400 neurons.
  case winnerTakeAll400 = "wta-stdp-400"
  /// `dense` with errors along fixed random weights and a pull of rates.
  case epropRandom = "eprop-random"
  /// `dense` with errors along random weights that take the readout's changes.
  case epropAdaptive = "eprop-adaptive"
  /// `dense` with thresholds that adapt and eligibility by synapse.
  case epropALIF = "eprop-alif"
  /// `dense` whose weights change in each step.
  case ottt
  /// `dense` with a postsynaptic term and errors of the last five steps.
  case stllr
  /// `dense` with errors from a random readout of the hidden population's own, and traces filtered
  /// twice.
  case decolle
  /// 784-512 and ten times fifty neurons with weights of one bit, which compete by class.
  case edge
  /// 784-512-10, the output learning by reward alone; the hidden population from trained features.
  case reward

  /// Channels of a sample that it takes.
  package var inputs: Int {
    switch self {
    case .sdsp, .eprop: 256
    case .speech: 1_024
    case .stdp: 512
    case .dense, .fixed, .recurrent, .convolutional, .binary, .winnerTakeAll, .winnerTakeAll400:
      784
    case .epropRandom, .epropAdaptive, .epropALIF, .ottt, .stllr, .decolle, .edge, .reward: 784
    }
  }

  /// Whether it is a last layer that can stand behind trained features.
  package var hasFeatures: Bool { self == .edge || self == .reward }

  /// One line for a person who chooses.
  package var summary: String {
    switch self {
    case .dense: "784-128-10, learns by the three-factor rule"
    case .speech: "1024-128-10 for spoken digits, learns by the three-factor rule"
    case .fixed: "784-128-10 that does not learn on the chip (chip loihi)"
    case .recurrent: "784-256-10, the hidden neurons connected with themselves"
    case .convolutional: "28x28, 16 and 32 channels of 3x3, sum pooling, 10 outputs"
    case .binary: "784-128-10 with weights of one bit"
    case .sdsp: "256-10 for pictures of 16x16, learns by spike-driven plasticity (chip odin)"
    case .eprop: "256-128-10 for pictures of 16x16, learns by e-prop (chip reckon)"
    case .stdp:
      "512-10 for pictures of 16x16 with off channels, learns by pair STDP (chip cim-stdp)"
    case .winnerTakeAll: "784-100, winner-take-all STDP without labels (chip loihi-learn)"
    case .winnerTakeAll400: "784-400, winner-take-all STDP without labels (chip loihi-learn)"
    case .epropRandom: "784-128-10, e-prop with random feedback (chip loihi-learn)"
    case .epropAdaptive: "784-128-10, e-prop with feedback that adapts (chip loihi-learn)"
    case .epropALIF: "784-128-10, e-prop of neurons whose thresholds adapt (chip loihi-learn)"
    case .ottt: "784-128-10, OTTT with a change in each step (chip loihi-learn)"
    case .stllr: "784-128-10, S-TLLR (chip loihi-learn)"
    case .edge:
      "784-512-500, a last layer of one-bit weights learns by competition (chip loihi-learn)"
    case .reward: "784-512-10, the last layer learns by reward alone (chip loihi-learn)"
    case .decolle: "784-128-10, local errors as in DECOLLE (chip loihi-learn)"
    }
  }

  /// The network, named `digits-` and the case.
  package func network(
    weightSeed: UInt64 = 1, encoderSeed: UInt64 = 1
  ) throws(NetworkError) -> SpikingNetwork {
    switch self {
    case .dense:
      try NetworkTemplate(
        name: "digits-dense", encoderSeed: encoderSeed, weightSeed: weightSeed
      ).network()
    case .speech:
      try NetworkTemplate(
        name: "digits-speech", inputs: 1_024, encoderSeed: encoderSeed, weightSeed: weightSeed
      ).network()
    case .fixed:
      try NetworkTemplate(
        name: "digits-fixed", reset: .hard, encoderSeed: encoderSeed, weightSeed: weightSeed,
        plasticity: nil
      ).network()
    case .recurrent:
      try NetworkTemplate(
        name: "digits-recurrent", hidden: [256], hiddenDeviation: 0.03, recurrentDeviation: 0.05,
        encoderSeed: encoderSeed, weightSeed: weightSeed, plasticity: nil
      ).network()
    case .convolutional:
      try ConvolutionalTemplate(encoderSeed: encoderSeed, weightSeed: weightSeed).network()
    case .binary:
      try NetworkTemplate(
        name: "digits-binary", hiddenDeviation: 0.035, encoderSeed: encoderSeed,
        weightSeed: weightSeed, precision: .binary, plasticity: nil
      ).network()
    case .sdsp: try LocalLearningTemplate.sdsp(encoderSeed, weightSeed)
    case .eprop:
      try NetworkTemplate(
        name: "digits-eprop", inputs: 256, hidden: [128], hiddenDeviation: 0.08,
        outputDeviation: 0.08, encoderSeed: encoderSeed, weightSeed: weightSeed,
        plasticity: .threeFactor(ThreeFactorRule(learningRate: 0.004))
      ).network()
    case .stdp: try LocalLearningTemplate.stdp(encoderSeed, weightSeed)
    case .winnerTakeAll:
      try LocalLearningTemplate.winnerTakeAll(neurons: 100, encoderSeed, weightSeed)
    case .winnerTakeAll400:
      try LocalLearningTemplate.winnerTakeAll(neurons: 400, encoderSeed, weightSeed)
    case .edge, .reward:
      try FixedFeatures(
        of: NetworkTemplate(
          name: "digits-features", hidden: [512], encoderSeed: encoderSeed,
          weightSeed: weightSeed, plasticity: nil
        ).network()
      ).network(self, classes: 10, seed: weightSeed)
    case .epropRandom, .epropAdaptive, .epropALIF, .ottt, .stllr, .decolle:
      try ThreeFactorTemplate.network(self, encoderSeed, weightSeed)
    }
  }
}
