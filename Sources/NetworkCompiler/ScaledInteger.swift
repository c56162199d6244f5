/// A positive factor as `multiplier * 2^-shift`, the multiplier of 15 bits where shifts allow it.
struct ScaledInteger: Equatable {
  let multiplier: Int32
  let shift: Int32

  /// The nearest such factor; 0 for one that is too small, saturating for one that is too large.
  init(_ factor: Double, shiftMax: Int32 = 47) {
    guard factor > 0, factor.isFinite else {
      multiplier = 0
      shift = 0
      return
    }
    // A significand of 1 to 2 times 2^14 keeps 15 bits.
    let wanted = max(0, min(Int(shiftMax), 14 - Int(factor.exponent)))
    let scaled = (factor * Double(sign: .plus, exponent: wanted, significand: 1)).rounded()
    multiplier = Int32(min(65535, scaled))
    shift = Int32(wanted)
  }
}
