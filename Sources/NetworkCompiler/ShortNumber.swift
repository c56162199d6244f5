/// Numbers of violations, for people: few digits.
enum ShortNumber {
  /// Four digits, or all before the point; rounded the way that keeps a limit a limit.
  static func text(
    _ value: Double, _ rounding: FloatingPointRoundingRule = .toNearestOrAwayFromZero
  ) -> String {
    guard value.isFinite, value != 0 else { return value == 0 ? "0" : "\(value)" }
    guard abs(value) < 1000 else {
      return abs(value) < 1e15 ? "\(Int(value.rounded(rounding)))" : "\(value)"
    }
    var exponent = 0
    var magnitude = abs(value)
    while magnitude < 1 {
      magnitude *= 10
      exponent -= 1
    }
    while magnitude >= 10 {
      magnitude /= 10
      exponent += 1
    }
    let signed = value < 0 ? -magnitude : magnitude
    var digits = Int((signed * 1000).rounded(rounding))
    while digits % 10 == 0 {
      digits /= 10
      exponent += 1
    }
    // The digits' last one counts 10^(exponent - 3); the standard library writes it shortest.
    return "\(Double("\(digits)e\(exponent - 3)") ?? value)".without(".0")
  }

  /// A share as a percentage of up to two digits after the point.
  static func percent(
    _ share: Double, _ rounding: FloatingPointRoundingRule = .toNearestOrAwayFromZero
  ) -> String {
    let hundredths = Int((share * 10_000).rounded(rounding))
    return "\(Double(hundredths) / 100)".without(".0") + " %"
  }
}

extension String {
  /// Without a suffix that it may have.
  fileprivate func without(_ suffix: String) -> String {
    hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
  }
}
