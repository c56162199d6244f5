import FleetProtocol

/// How finely telemetry is kept: each tier holds the last window of each of its intervals.
///
/// Counters are cumulative, so that a coarser tier counts the same and only knows it less often.
/// What a window shows of a moment, such as memory, is that of the interval's end.
package enum TelemetryTier: Int, Sendable, CaseIterable {
  case raw, minute, hour

  /// Length of an interval in microseconds; nil where every window is kept.
  package var microseconds: UInt64? {
    switch self {
    case .raw: nil
    case .minute: 60_000_000
    case .hour: 3_600_000_000
    }
  }

  /// The word for it in settings, commands and answers.
  package var name: String {
    switch self {
    case .raw: "raw"
    case .minute: "minute"
    case .hour: "hour"
    }
  }

  /// True where a window begins another interval than the one before it.
  ///
  /// Another model or price table does so too: what was counted belongs to one of them.
  func parts(_ earlier: WireTelemetryWindow, from later: WireTelemetryWindow) -> Bool {
    guard let microseconds else { return true }
    return earlier.atUs / microseconds != later.atUs / microseconds
      || earlier.priceDigest != later.priceDigest || earlier.modelDigest != later.modelDigest
  }
}
