package import SpikingNetwork

/// Networks for digits that show what a description can hold, before training.
package enum ExampleNetwork: String, Codable, Sendable, CaseIterable {
  /// 784-128-10, all projections dense and learning on the chip.
  case dense
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

  /// Channels of a sample that it takes.
  package var inputs: Int {
    switch self {
    case .sdsp, .eprop: 256
    case .stdp: 512
    case .dense, .fixed, .recurrent, .convolutional, .binary: 784
    }
  }

  /// One line for a person who chooses.
  package var summary: String {
    switch self {
    case .dense: "784-128-10, learns by the three-factor rule"
    case .fixed: "784-128-10 that does not learn on the chip (chip loihi)"
    case .recurrent: "784-256-10, the hidden neurons connected with themselves"
    case .convolutional: "28x28, 16 and 32 channels of 3x3, sum pooling, 10 outputs"
    case .binary: "784-128-10 with weights of one bit"
    case .sdsp: "256-10 for pictures of 16x16, learns by spike-driven plasticity (chip odin)"
    case .eprop: "256-128-10 for pictures of 16x16, learns by e-prop (chip reckon)"
    case .stdp:
      "512-10 for pictures of 16x16 with off channels, learns by pair STDP (chip cim-stdp)"
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
    }
  }
}
