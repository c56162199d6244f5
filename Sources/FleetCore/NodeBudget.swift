import FleetProtocol

/// What one node may still send now; it outlives conversations, for a HELLO makes a new one.
struct NodeBudget: Sendable {
  private var messages: TokenBucket
  private var bytes: TokenBucket
  private var reports: TokenBucket
  /// When it was last told to wait, and until when.
  private var toldUntil: Instant?
  /// Nothing opens a conversation before this instant; set after malformed messages.
  private(set) var quarantinedUntil: Instant?

  /// Processes that a newer one with the same key took over from, newest last.
  var supersededBoots: [[UInt8]] = []
  /// When two live processes with this node's key were last seen.
  var duplicateAt: Instant?

  init(_ limits: TrafficLimits, at now: Instant) {
    messages = TokenBucket(limits.messages, at: now)
    bytes = TokenBucket(limits.bytes, at: now)
    reports = TokenBucket(limits.reports, at: now)
  }

  /// Nil when a message of that many bytes is within the budget, else the milliseconds to wait.
  mutating func refuse(bytes count: UInt64, at now: Instant) -> UInt32? {
    guard messages.take(at: now) else { return messages.milliseconds(until: messages.burst / 2) }
    guard bytes.take(count, at: now) else { return bytes.milliseconds(until: bytes.burst / 2) }
    return nil
  }

  /// True when one more line about this node may be written.
  mutating func takeReport(at now: Instant) -> Bool { reports.take(at: now) }

  /// True when the node was not told to wait yet, or that time has passed.
  mutating func takeWarning(_ milliseconds: UInt32, at now: Instant) -> Bool {
    if let toldUntil, now < toldUntil { return false }
    toldUntil = now.advanced(milliseconds: Int64(milliseconds))
    return true
  }

  mutating func quarantine(milliseconds: UInt32, at now: Instant) {
    quarantinedUntil = now.advanced(milliseconds: Int64(milliseconds))
  }

  /// Milliseconds that the quarantine still lasts; nil without one.
  mutating func quarantineLeft(at now: Instant) -> UInt32? {
    guard let until = quarantinedUntil, now < until else {
      quarantinedUntil = nil
      return nil
    }
    return UInt32(clamping: max(1, until.milliseconds(since: now)))
  }

  /// Goes on after the clock was put back.
  mutating func rewind(_ limits: TrafficLimits, to now: Instant) {
    toldUntil = nil
    guard let until = quarantinedUntil else { return }
    quarantinedUntil = min(
      until, now.advanced(milliseconds: Int64(limits.quarantineMilliseconds)))
  }
}
