/// Uniform numbers by counter: a draw depends on its counters alone, never on the order of visits.
///
/// Splitmix64 (Steele, Lea and Flood, 2014). For rounding, never for keys, masks or privacy.
struct CounterDraws {
  private static let gamma: UInt64 = 0x9E37_79B9_7F4A_7C15
  private let key: UInt64

  /// The draws of one layer under one seed.
  init(seed: UInt64, layer: UInt32) {
    key = Self.mix(Self.mix(seed &+ Self.gamma) &+ (UInt64(layer) &+ 1) &* Self.gamma)
  }

  /// A number below `limit` for counter `index`.
  ///
  /// Each number is as likely as any other to within limit / 2^64.
  func below(_ limit: UInt64, _ index: Int) -> UInt64 {
    let draw = Self.mix(key &+ (UInt64(index) &+ 1) &* Self.gamma)
    return draw.multipliedFullWidth(by: limit).high
  }

  private static func mix(_ word: UInt64) -> UInt64 {
    var mixed = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
