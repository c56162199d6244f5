/// How many requests of strangers are looked at, all of them together.
package struct EnrolmentPace: Sendable {
  /// Requests at once, beyond those of each second.
  package static let burst: UInt64 = 20
  private var bucket: TokenBucket

  /// A full pace.
  package init(perSecond: UInt64, at now: Instant) {
    bucket = TokenBucket(TrafficLimits.Rate(perSecond: perSecond, burst: Self.burst), at: now)
  }

  /// True where one more request may be looked at.
  package mutating func take(at now: Instant) -> Bool { bucket.take(at: now) }
}
