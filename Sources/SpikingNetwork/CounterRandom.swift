/// Random numbers as a pure function of counters, never of the order in which they are drawn.
///
/// `mix` is the finaliser of SplitMix64 (Steele, Lea, Flood 2014, Stafford's variant 13) and
/// `gamma` its odd constant. `key = mix(mix(seed + gamma) + purpose * gamma)`,
/// `stream(a, b) = mix(mix(key + (a + 1) * gamma) + (b + 1) * gamma)` and
/// `draw(stream, c) = mix(stream + (c + 1) * gamma)`, all modulo 2^64. So draws of one stream are
/// the outputs of SplitMix64 seeded with the stream's value. Golden values are in the tests.
package struct CounterRandom: Sendable {
  /// What a draw is for; two purposes never share draws.
  package enum Purpose: UInt64, Sendable {
    /// Input spikes.
    case encoder = 1
    /// Stochastic rounding of learnt weights.
    case rounding = 2
    /// Weights before any training.
    case initialWeights = 3
    /// Order of samples and other choices of a training desk.
    case training = 4
    /// Random weights that carry errors back.
    case feedback = 5
    /// Which samples of before are learnt again.
    case rehearsal = 6
    /// What a round does to weights beside their rule: pulls and corrections.
    case steering = 7
  }

  @usableFromInline static let gamma: UInt64 = 0x9E37_79B9_7F4A_7C15
  @usableFromInline let key: UInt64

  /// Draws for one purpose under one seed.
  package init(seed: UInt64, purpose: Purpose) {
    key = Self.mix(Self.mix(seed &+ Self.gamma) &+ purpose.rawValue &* Self.gamma)
  }

  /// The stream of draws that belongs to counters `a` and `b`.
  @inlinable
  package func stream(_ a: UInt64, _ b: UInt64 = 0) -> UInt64 {
    Self.draw(streams(a), b)
  }

  /// What all streams of counter `a` come from: `stream(a, b)` is draw b of it.
  @inlinable
  package func streams(_ a: UInt64) -> UInt64 {
    Self.mix(key &+ (a &+ 1) &* Self.gamma)
  }

  /// Draw number `c` of a stream: 64 uniform bits.
  @inlinable
  package static func draw(_ stream: UInt64, _ c: UInt64) -> UInt64 {
    mix(stream &+ (c &+ 1) &* gamma)
  }

  /// Number `k` of a stream's numbers of 16 bits: field `k & 3` of draw `k >> 2`.
  @inlinable
  package static func field(_ stream: UInt64, _ k: Int) -> Int {
    Int(truncatingIfNeeded: draw(stream, UInt64(k >> 2)) >> UInt64(16 * (k & 3))) & 0xFFFF
  }

  /// The finaliser of SplitMix64: a bijection of 64 bits.
  @inlinable
  package static func mix(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
