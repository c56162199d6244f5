package import SpikingNetwork

/// Networks for 28x28 digits that show what a description can hold, before training.
package enum ExampleNetwork: String, Codable, Sendable, CaseIterable {
  /// 784-128-10, all projections dense and learning on the chip.
  case dense
  /// 784-256-10, the hidden population connected with itself over one step.
  case recurrent
  /// 28x28x1 to 28x28x16 to 14x14x32 to 10 by convolutions of 3x3 and windows of 2x2.
  case convolutional
  /// 784-128-10 with weights of one bit.
  case binary

  /// The network, named `digits-` and the case.
  package func network(
    weightSeed: UInt64 = 1, encoderSeed: UInt64 = 1
  ) throws(NetworkError) -> SpikingNetwork {
    switch self {
    case .dense:
      try NetworkTemplate(
        name: "digits-dense", encoderSeed: encoderSeed, weightSeed: weightSeed
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
    }
  }
}
