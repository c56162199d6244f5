/// Logarithm, exponential and power from sums, products and quotients alone.
///
/// A system's own functions differ in the last bit from machine to machine, and what they give
/// would become part of a model. These give the same bits wherever float64 is IEEE 754's, within
/// a few units of the last place.
package enum ElementaryFunctions {
  // ln 2 in two parts: products of the first with whole numbers below 2^20 are exact.
  private static let ln2High = 0x1.62E42FEE00000p-1
  private static let ln2Low = 0x1.A39EF35793C76p-33

  /// Natural logarithm of a finite x > 0.
  ///
  /// x = m * 2^e with m in sqrt(1/2)...sqrt(2), and ln m = 2 artanh((m - 1) / (m + 1)).
  package static func log(_ x: Double) -> Double {
    precondition(x > 0 && x.isFinite, "the logarithm of \(x)")
    var mantissa = x.significand
    var exponent = Double(x.exponent)
    if mantissa > 1.4142135623730951 {
      mantissa /= 2
      exponent += 1
    }
    let ratio = (mantissa - 1) / (mantissa + 1)
    let square = ratio * ratio
    // |ratio| <= 0.1716, so that the first term left out is below 2^-60 of the sum.
    var sum = 0.0
    for term in stride(from: 25.0, through: 3.0, by: -2.0) { sum = (sum + 1 / term) * square }
    return exponent * ln2High + (exponent * ln2Low + 2 * (ratio + ratio * sum))
  }

  /// e^x; 0 and infinity beyond what float64 holds.
  ///
  /// x = k * ln 2 + r with |r| <= ln(2) / 2, and a Taylor series for r.
  package static func exp(_ x: Double) -> Double {
    guard x < 709.7 else { return .infinity }
    guard x > -708 else { return 0 }
    let scale = (x / 0.6931471805599453).rounded(.toNearestOrEven)
    let rest = (x - scale * ln2High) - scale * ln2Low
    var sum = 1.0
    // 0.3466^15 / 15! is below 2^-60.
    for term in stride(from: 14.0, through: 1.0, by: -1.0) { sum = 1 + sum * rest / term }
    return Double(sign: .plus, exponent: Int(scale), significand: sum)
  }

  /// x^power of a finite x > 0.
  package static func power(_ x: Double, _ power: Double) -> Double {
    power == 0 ? 1 : power == 1 ? x : exp(power * log(x))
  }
}
