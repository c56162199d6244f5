/// Whole numbers x with probability proportional to exp(-x^2 / (2 * variance)), exactly.
///
/// Algorithms 1 to 3 of Canonne, Kamath and Steinke 2020 ("The discrete Gaussian for differential
/// privacy"): uniform bits and whole numbers only, so no rounding of a float weakens the noise
/// (Mironov 2012), and the same key gives the same noise after a restart.
package struct DiscreteGaussian: Sendable {
  /// Largest variance: 128 bits then hold every product.
  package static let varianceMax: UInt64 = 1 << 50

  private let variance: UInt128
  /// Scale of the discrete Laplace numbers that are drawn first: floor(sigma) + 1.
  private let scale: UInt128
  private var bits: Keystream

  /// Noise of a variance of 1 to `varianceMax`, from a secret key of 32 bytes that is used once.
  package init(variance: UInt64, key: [UInt8]) {
    precondition((1...Self.varianceMax).contains(variance), "a variance of \(variance)")
    self.variance = UInt128(variance)
    scale = UInt128(IntegerRoot.floor(variance)) + 1
    bits = Keystream(key: key)
  }

  /// The next number.
  package mutating func next() -> Int64 {
    while true {
      let drawn = laplace()
      let (size, target) = (UInt128(drawn.magnitude) * scale, variance)
      let distance = size > target ? size - target : target - size
      if isHit(distance * distance, 2 * variance * scale * scale) { return drawn }
    }
  }

  /// Probability proportional to exp(-|x| / scale).
  private mutating func laplace() -> Int64 {
    while true {
      let low = bits.below(scale)
      guard isHit(low, scale) else { continue }
      var high: UInt128 = 0
      while isHit(1, 1) { high += 1 }
      let size = Int64(low + scale * high)
      let isNegative = bits.below(2) == 1
      // Zero would come twice as often.
      if isNegative, size == 0 { continue }
      return isNegative ? -size : size
    }
  }

  /// True with probability exp(-numerator / denominator).
  private mutating func isHit(_ numerator: UInt128, _ denominator: UInt128) -> Bool {
    var numerator = numerator
    while numerator > denominator {
      guard isHitBelowOne(denominator, denominator) else { return false }
      numerator -= denominator
    }
    return isHitBelowOne(numerator, denominator)
  }

  /// The same for a quotient of at most 1, by von Neumann's series.
  private mutating func isHitBelowOne(_ numerator: UInt128, _ denominator: UInt128) -> Bool {
    var count: UInt128 = 1
    while bits.below(denominator * count) < numerator { count += 1 }
    return count % 2 == 1
  }
}

/// Square roots of whole numbers, exactly.
enum IntegerRoot {
  /// The largest whole number whose square is at most `square`.
  static func floor(_ square: UInt64) -> UInt64 {
    var root = UInt64(Double(square).squareRoot())
    while root.multipliedFullWidth(by: root) > (0, square) { root -= 1 }
    while (root + 1).multipliedFullWidth(by: root + 1) <= (0, square) { root += 1 }
    return root
  }

  /// The smallest whole number whose square is at least `square`.
  static func ceiling(_ square: UInt64) -> UInt64 {
    let root = floor(square)
    return root * root == square ? root : root + 1
  }
}
