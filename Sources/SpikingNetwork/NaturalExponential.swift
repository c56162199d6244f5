/// Exponential and logarithm in plain arithmetic: the same bits on every machine and C library.
package enum NaturalExponential {
  /// ln 2 in two parts: the high one has trailing zeros, so that its multiples are exact.
  private static let ln2High = 6.93147180369123816490e-01
  private static let ln2Low = 1.90821492927058770002e-10

  /// `e` to the power `x`, within 2 units in the last place; 0 below -745, infinity above 709.7.
  ///
  /// Range reduction to |r| <= ln 2 / 2, then the Taylor polynomial of degree 13.
  package static func exponential(_ x: Double) -> Double {
    if x.isNaN { return x }
    if x > 709.7 { return .infinity }
    if x < -745 { return 0 }
    let k = (x / (ln2High + ln2Low)).rounded(.toNearestOrEven)
    let r = (x - k * ln2High) - k * ln2Low
    var sum = 1.0
    for n in stride(from: 13.0, to: 0, by: -1) { sum = 1 + sum * r / n }
    return scaled(sum, by: Int(k))
  }

  /// The natural logarithm of `x`, within 2 units in the last place; NaN for `x <= 0`.
  ///
  /// `ln m = 2 atanh(s)`, `s = (m - 1) / (m + 1)` for m in 0.7 to 1.42, by its series.
  package static func logarithm(_ x: Double) -> Double {
    guard x > 0 else { return .nan }
    guard x.isFinite else { return x }
    var exponent = Int(x.exponent)
    var mantissa = x.significand
    if mantissa > 1.4142135623730951 {
      mantissa /= 2
      exponent += 1
    }
    let s = (mantissa - 1) / (mantissa + 1)
    var sum = 0.0
    for n in stride(from: 25.0, through: 1, by: -2) { sum = sum * s * s + 1 / n }
    return Double(exponent) * ln2High + (2 * s * sum + Double(exponent) * ln2Low)
  }

  /// The time constant in seconds that gives `decay` (0 to 1, exclusive) in a step of `timeStep`.
  package static func timeConstant(decay: Double, timeStep: Double) -> Double {
    -timeStep / logarithm(decay)
  }

  private static func scaled(_ value: Double, by exponent: Int) -> Double {
    guard exponent < -1000 else {
      return Double(sign: .plus, exponent: exponent, significand: value)
    }
    // In two steps, so that only the last one can round to a subnormal.
    let first = Double(sign: .plus, exponent: exponent + 100, significand: value)
    return first * Double(sign: .plus, exponent: -100, significand: 1)
  }
}
