/// Logarithms from additions, multiplications and divisions alone.
///
/// IEEE 754 fixes those to the bit and a system's mathematics library does not: with them a gate
/// finds the same on every machine.
package enum PortableMath {
  private static let logTwo = 0.693_147_180_559_945_31

  /// The natural logarithm of a positive finite number, to about two units in the last place.
  ///
  /// `ln(m * 2^e) = e ln 2 + 2 artanh((m - 1) / (m + 1))`, the series cut where a term is below
  /// 2^-53 of the sum.
  package static func naturalLogarithm(_ value: Double) -> Double {
    precondition(value > 0 && value.isFinite, "the logarithm of \(value)")
    var (mantissa, exponent) = (value.significand, Double(value.exponent))
    if mantissa > 1.414_213_562_373_095_1 {
      mantissa /= 2
      exponent += 1
    }
    let quotient = (mantissa - 1) / (mantissa + 1)
    let square = quotient * quotient
    var sum = 0.0
    for odd in stride(from: 23.0, through: 1, by: -2) { sum = sum * square + 1 / odd }
    return exponent * logTwo + 2 * quotient * sum
  }

  /// The logarithm of the gamma function of a positive number, to about 1e-14 of its size.
  ///
  /// Stirling's series from 10 on, to which smaller numbers are raised by the recurrence
  /// (Abramowitz and Stegun 6.1.41 and 6.1.15).
  package static func logGamma(_ value: Double) -> Double {
    precondition(value > 0 && value.isFinite, "log gamma of \(value)")
    var (raised, product) = (value, 1.0)
    while raised < 10 {
      product *= raised
      raised += 1
    }
    let inverse = 1 / raised
    let square = inverse * inverse
    let coefficients = [-691.0 / 360_360, 1.0 / 1_188, -1.0 / 1_680, 1.0 / 1_260, -1.0 / 360]
    let series = coefficients.reduce(0) { ($0 + $1) * square } + 1.0 / 12
    let halfLogTwoPi = 0.918_938_533_204_672_74
    return (raised - 0.5) * naturalLogarithm(raised) - raised + halfLogTwoPi + series * inverse
      - naturalLogarithm(product)
  }

  /// `count * ln(probability)`, and 0 for no count whatever the probability.
  static func term(_ count: UInt64, _ probability: Double) -> Double {
    guard count > 0 else { return 0 }
    guard probability > 0 else { return -.infinity }
    return Double(count) * naturalLogarithm(probability)
  }
}
