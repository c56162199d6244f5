package import FleetProtocol

/// Holds telemetry against what a node can have counted: pure rules, judged as windows are stored.
///
/// What fails is stored and marked, never dropped: an operator must see it, and a gate must not.
package struct TelemetryPlausibility: Sendable, Equatable {
  /// Joules of one event by kind, nil where a kind has no price; by digest of the price table.
  package var prices: [ContentDigest: [Double?]]
  /// Most watts that a chip of this fleet can draw.
  package var wattsMax: Double
  /// How far a node's clock may be ahead.
  package var clockAheadMicroseconds: Int64
  /// Price tables that one node may report counts under; more are summed up without a price.
  package var priceTablesMax: Int

  /// Before 2020 there were no agents: a clock that says so was never set.
  static let clockFloorMicroseconds: Int64 = 1_577_836_800_000_000

  /// The bounds of a fleet of small machines, with no price table known yet.
  package init(
    wattsMax: Double = 100, clockAheadMicroseconds: Int64 = 300_000_000, priceTablesMax: Int = 64
  ) {
    prices = [:]
    self.wattsMax = wattsMax
    self.clockAheadMicroseconds = clockAheadMicroseconds
    self.priceTablesMax = priceTablesMax
  }

  /// The marks of a window that came after another of the same boot, nil for a boot's first.
  package func flags(
    of window: WireTelemetryWindow, after previous: WireTelemetryWindow?, receivedAt: Instant
  ) -> TelemetryFlags {
    var flags: TelemetryFlags = []
    let before = previous?.sequence ?? 0
    if window.start > before, window.start - before > 1 { flags.insert(.gap) }
    if window.mergedFrom != 0 { flags.insert(.merged) }
    let at = Int64(clamping: window.atUs)
    if at < Self.clockFloorMicroseconds
      || at - receivedAt.microseconds > clockAheadMicroseconds
    {
      flags.insert(.clock)
    }
    if let previous {
      if window.atUs < previous.atUs { flags.insert(.clock) }
      if fell(window, previous) { flags.insert(.counterFell) }
    }
    judgePower(of: window, after: previous, &flags)
    return flags
  }

  private func fell(_ window: WireTelemetryWindow, _ previous: WireTelemetryWindow) -> Bool {
    let scalars: [KeyPath<WireTelemetryWindow, UInt64>] = [
      \.inferences, \.labelled, \.correct, \.learningSamples, \.learningCorrect, \.chipTimeUs,
      \.busyTimeUs, \.cpuTimeUs, \.sentBytes, \.receivedBytes,
    ]
    if scalars.contains(where: { window[keyPath: $0] < previous[keyPath: $0] }) { return true }
    return fell(window.inferenceCounts, previous.inferenceCounts)
      || fell(window.learningCounts, previous.learningCounts)
  }

  private func fell(_ now: [UInt64], _ before: [UInt64]) -> Bool {
    before.enumerated().contains { index, count in
      count > (index < now.count ? now[index] : 0)
    }
  }

  private func judgePower(
    of window: WireTelemetryWindow, after previous: WireTelemetryWindow?,
    _ flags: inout TelemetryFlags
  ) {
    guard let digest = ContentDigest(window.priceDigest) else { return }
    guard let table = prices[digest],
      let inference = joules(window.inferenceCounts, previous?.inferenceCounts ?? [], table),
      let learning = joules(window.learningCounts, previous?.learningCounts ?? [], table)
    else {
      flags.insert(.unpriced)
      return
    }
    let spent = inference + learning
    guard spent > 0 else { return }
    // A boot's first window has no beginning of its own: what the processor did bounds it.
    func since(_ path: KeyPath<WireTelemetryWindow, UInt64>) -> UInt64 {
      let (now, then) = (window[keyPath: path], previous?[keyPath: path] ?? 0)
      return now > then ? now - then : 0
    }
    var elapsed = max(since(\.chipTimeUs), since(\.busyTimeUs), since(\.cpuTimeUs))
    if previous != nil { elapsed = max(elapsed, since(\.atUs)) }
    if spent > wattsMax * Double(elapsed) * 1e-6 { flags.insert(.power) }
  }

  /// Nil where an event was counted that has no price.
  private func joules(_ now: [UInt64], _ before: [UInt64], _ table: [Double?]) -> Double? {
    var sum = 0.0
    for (index, count) in now.enumerated() {
      let earlier = index < before.count ? before[index] : 0
      guard count > earlier else { continue }
      guard index < table.count, let price = table[index] else { return nil }
      sum += Double(count - earlier) * price
    }
    return sum
  }
}
