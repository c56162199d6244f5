import ArgumentParser
import FleetCore
import Foundation

/// A point in time as an option gives it: an ISO 8601 time, or how long ago.
enum TimeArgument {
  static func instant(_ text: String, _ option: String, _ now: Instant) throws -> Instant {
    let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
    if let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()),
      (0...100_000_000).contains(count)
    {
      return Instant(microseconds: max(0, now.microseconds - count * unit * 1_000_000))
    }
    do {
      let date = try Date(text, strategy: .iso8601)
      return Instant(microseconds: Int64(date.timeIntervalSince1970 * 1_000_000))
    } catch {
      throw ValidationError(
        "\(option): found `\(text)`, expected a time as 2026-01-31T12:00:00Z, or how long ago, "
          + "as 90s, 30m, 6h or 7d")
    }
  }
}
