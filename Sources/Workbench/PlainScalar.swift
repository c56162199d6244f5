/// Numbers and truths as settings may spell them: one spelling each, so that nobody reads another.
///
/// Octal, hexadecimal, sexagesimal and grouped digits, `yes` and `on` are YAML to some readers and
/// text to others; here they are refused.
enum PlainScalar {
  /// Digits without a leading zero, a minus before them or not.
  static func integer<Value: FixedWidthInteger>(_ text: String, as type: Value.Type) -> Value? {
    guard text.wholeMatch(of: /-?(0|[1-9][0-9]*)/) != nil else { return nil }
    return Value(text)
  }

  /// A decimal number with an exponent or without one; nil beyond what a `Double` holds.
  static func number(_ text: String) -> Double? {
    let pattern = /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+\-]?[0-9]+)?/
    guard text.wholeMatch(of: pattern) != nil, let number = Double(text), number.isFinite
    else { return nil }
    return number
  }

  /// `true` or `false`.
  static func truth(_ text: String) -> Bool? {
    switch text {
    case "true": true
    case "false": false
    default: nil
    }
  }
}
