/// A point in time: microseconds since 1970 UTC, as on the wire and in files.
///
/// The core never reads a clock: every instant is an argument.
package struct Instant: Sendable, Hashable, Comparable, Codable {
  /// Microseconds since 1970 UTC.
  package var microseconds: Int64

  /// Wraps a count of microseconds since 1970 UTC.
  package init(microseconds: Int64) { self.microseconds = microseconds }

  package static func < (left: Instant, right: Instant) -> Bool {
    left.microseconds < right.microseconds
  }

  /// The instant that many milliseconds later; saturates instead of overflowing.
  package func advanced(milliseconds: Int64) -> Instant {
    let (offset, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000)
    let (sum, carried) = microseconds.addingReportingOverflow(offset)
    return Instant(microseconds: overflow || carried ? .max : sum)
  }

  /// Whole milliseconds from `earlier` to this instant, negative when it lies before.
  package func milliseconds(since earlier: Instant) -> Int64 {
    let (difference, overflow) = microseconds.subtractingReportingOverflow(earlier.microseconds)
    return overflow ? .max : difference / 1_000
  }
}
