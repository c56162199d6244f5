/// Weights behind a projection that keeps their signs only: training moves these.
///
/// The straight-through estimator (Bengio, Leonard, Courville 2013; BinaryConnect, Courbariaux
/// 2015): the forward pass uses `scale * sign(w)`, and the gradient by these values moves `w`
/// itself. `scale` is the mean of `|w|` (XNOR-Net, Rastegari 2016), as the compiler takes it.
struct LatentWeights<Scalar: BinaryFloatingPoint & Sendable>: Sendable {
  var values: [Scalar]
  /// Latent weights stay within plus and minus this: further out they would move the scale alone
  /// and take ever longer to change their sign.
  let limit: Scalar

  init(_ weights: [Scalar]) {
    values = weights
    limit = Self.limitInScales * Self.meanMagnitude(weights)
    clip()
  }

  /// Beyond nearly all weights at the start: of normal ones, 1 in 700 is larger than four means.
  private static var limitInScales: Scalar { 4 }

  /// Cuts to the limit what a step of training has moved beyond it.
  mutating func clip() {
    for n in values.indices { values[n] = max(-limit, min(limit, values[n])) }
  }

  /// Writes `scale * sign(w)` for each weight, the sign of 0 being +1.
  func binarise(into weights: inout [Scalar]) {
    let scale = Self.meanMagnitude(values)
    for n in values.indices { weights[n] = values[n] < 0 ? -scale : scale }
  }

  private static func meanMagnitude(_ values: [Scalar]) -> Scalar {
    guard !values.isEmpty else { return 0 }
    return Scalar(values.reduce(0.0) { $0 + Double(abs($1)) } / Double(values.count))
  }
}
