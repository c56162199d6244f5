import FleetProtocol

/// Takes greetings in at a steady pace, so that a fleet that comes back at once neither stampedes
/// nor starves: who must wait is given a turn, and keeps it.
struct GreetingPace: Sendable {
  private let interval: Int64
  private let slack: Int64
  private let waitMax: Int64
  /// The instant of the next free turn.
  private var next: Instant
  private var turns: [Identifier: Instant]

  init(_ limits: TrafficLimits) {
    let rate = limits.greetings
    precondition((1...1_000_000).contains(rate.perSecond) && rate.burst > 0, "a pace of \(rate)")
    interval = Int64(1_000_000 / rate.perSecond)
    slack = interval * Int64(rate.burst)
    waitMax = Int64(limits.retryMillisecondsMax) * 1_000
    next = Instant(microseconds: 0)
    turns = [:]
  }

  /// Nil when the greeting is taken now, else the milliseconds until the node's turn.
  mutating func refuse(_ node: Identifier, at now: Instant) -> UInt32? {
    if let turn = turns[node] {
      guard turn > now else {
        turns[node] = nil
        return nil
      }
      return wait(until: turn, at: now)
    }
    // Unused turns are kept up to the burst.
    let earliest = Instant(microseconds: now.microseconds - slack + interval)
    let turn = max(next, earliest)
    let last = Instant(microseconds: now.microseconds + waitMax)
    // Beyond the longest wait that a peer obeys no turns are given: it asks again.
    guard turn <= last else { return wait(until: last, at: now) }
    next = Instant(microseconds: turn.microseconds + interval)
    guard turn > now else { return nil }
    turns[node] = turn
    return wait(until: turn, at: now)
  }

  /// Forgets the turns that nobody came for.
  mutating func forgetMissed(at now: Instant) {
    guard !turns.isEmpty else { return }
    turns = turns.filter { now.microseconds - $0.value.microseconds <= 2 * waitMax }
  }

  /// Goes on after the clock was put back: everybody asks anew.
  mutating func rewind() {
    next = Instant(microseconds: 0)
    turns = [:]
  }

  private func wait(until turn: Instant, at now: Instant) -> UInt32 {
    UInt32(clamping: (turn.microseconds - now.microseconds + 999) / 1_000)
  }
}
