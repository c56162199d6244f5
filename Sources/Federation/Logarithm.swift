/// Natural logarithm and exponential out of + - * / alone: the same bits on every machine.
///
/// Good to about 1e-15; for privacy accounting, where a budget's end must not depend on a library.
enum Logarithm {
  private static let ln2 = 0.693147180559945309417232121458176568
  /// ln 2 in two parts, the first with zeros at its end, so that whole multiples of it are exact.
  private static let ln2High = 0x1.62E42FEEp-1
  private static let ln2Low = 0x1.A39EF35793C76p-33

  /// ln x for x > 0; minus infinity for 0.
  static func ln(_ x: Double) -> Double {
    guard x > 0, x.isFinite else { return x == 0 ? -.infinity : x }
    var (significand, exponent) = (x.significand, Double(x.exponent))
    if significand > 1.414213562373095 {
      significand /= 2
      exponent += 1
    }
    return exponent * ln2 + twiceArtanh((significand - 1) / (significand + 1))
  }

  /// ln(1 + x) for x >= 0, also where x is far below 1.
  static func ln1p(_ x: Double) -> Double { x < 0.4 ? twiceArtanh(x / (2 + x)) : ln(1 + x) }

  /// e^x; zero far below zero, infinity far above.
  static func exp(_ x: Double) -> Double {
    guard x > -745 else { return 0 }
    guard x < 710 else { return .infinity }
    let whole = (x / ln2).rounded()
    let rest = (x - whole * ln2High) - whole * ln2Low
    // Taylor's series; |rest| <= 0.347, so the 16th power is below 1e-20.
    var sum = 1.0
    for power in stride(from: 16.0, through: 1, by: -1) { sum = 1 + sum * rest / power }
    return sum * Double(sign: .plus, exponent: Int(whole), significand: 1)
  }

  /// ln((1 + s) / (1 - s)) by its series, for |s| <= 0.172.
  private static func twiceArtanh(_ s: Double) -> Double {
    let square = s * s
    var sum = 0.0
    for power in stride(from: 25.0, through: 1, by: -2) { sum = sum * square + 1 / power }
    return 2 * s * sum
  }
}
