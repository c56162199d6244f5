/// Lets a rate through with a burst on top, in integers: the same instants give the same answers.
struct TokenBucket: Sendable, Equatable {
  /// Tokens that come back each second.
  let perSecond: UInt64
  /// Most tokens that can be there.
  let burst: UInt64
  /// Millionths of a token.
  private var level: UInt64
  private var at: Instant

  /// A full bucket; rate and burst are at least 1 and below 2^40.
  init(_ rate: TrafficLimits.Rate, at now: Instant) {
    perSecond = rate.perSecond
    burst = rate.burst
    precondition(
      (1..<1 << 40).contains(perSecond) && (1..<1 << 40).contains(burst), "a bucket of \(rate)")
    level = burst * Self.scale
    at = now
  }

  private static let scale: UInt64 = 1_000_000

  /// Takes tokens; false, and nothing taken, where there are too few.
  mutating func take(_ tokens: UInt64 = 1, at now: Instant) -> Bool {
    refill(at: now)
    guard tokens <= burst, tokens * Self.scale <= level else { return false }
    level -= tokens * Self.scale
    return true
  }

  /// Milliseconds until that many tokens are there, at least 1; as many as fit where never.
  func milliseconds(until tokens: UInt64) -> UInt32 {
    let wanted = min(tokens, burst) * Self.scale
    let missing = wanted > level ? wanted - level : 0
    // A millisecond brings a thousandth of the rate: a thousand times it in millionths.
    return UInt32(clamping: max(1, (missing + perSecond * 1_000 - 1) / (perSecond * 1_000)))
  }

  private mutating func refill(at now: Instant) {
    // A clock that was put back brings nothing and takes nothing.
    let elapsed = max(
      0, now.microseconds.subtractingReportingOverflow(at.microseconds).partialValue)
    at = now
    let full = burst * Self.scale
    let (gain, overflow) = UInt64(elapsed).multipliedReportingOverflow(by: perSecond)
    level = overflow || gain > full - level ? full : level + gain
  }
}
