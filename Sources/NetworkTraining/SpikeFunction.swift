import SpikingNetwork

/// How a potential becomes a spike.
package enum SpikeFunction: Sendable, Equatable {
  /// One above the threshold, with the triangle as pseudo-derivative: what is trained.
  case step
  /// A smooth stand-in `1 / (1 + exp(-slope * (v - theta)))` with its true derivative.
  ///
  /// Differences of the loss agree with the gradient only where the loss is smooth, so this is how
  /// the backward pass is checked.
  case sigmoid(slope: Double)

  func amplitude<Scalar: BinaryFloatingPoint>(_ potential: Scalar, threshold: Scalar) -> Scalar {
    switch self {
    case .step:
      return potential > threshold ? 1 : 0
    case .sigmoid(let slope):
      let x = slope * Double(potential - threshold)
      return Scalar(1 / (1 + NaturalExponential.exponential(-x)))
    }
  }

  func derivative<Scalar: BinaryFloatingPoint>(
    _ potential: Scalar, threshold: Scalar, gamma: Scalar
  ) -> Scalar {
    switch self {
    case .step:
      return gamma * max(0, 1 - abs(potential - threshold) / threshold)
    case .sigmoid(let slope):
      let value = amplitude(potential, threshold: threshold)
      return Scalar(slope) * value * (1 - value)
    }
  }
}
