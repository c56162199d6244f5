import Foundation

/// Numbers as people read them; a figure that is not there is a dash.
package enum Figure {
  /// What stands for a missing figure.
  package static let missing = "-"

  /// With so many digits after the point.
  package static func fixed(_ value: Double?, _ digits: Int) -> String {
    guard let value, value.isFinite else { return missing }
    return String(format: "%.\(digits)f", value)
  }

  /// Likewise, always with its sign.
  package static func signed(_ value: Double?, _ digits: Int) -> String {
    let text = fixed(value, digits)
    return text.hasPrefix("-") ? text : "+" + text
  }

  /// Joules with a prefix that leaves one to three digits before the point.
  package static func joules(_ value: Double?) -> String {
    guard let value, value.isFinite else { return missing }
    for (scale, unit) in [(1.0, "J"), (1e-3, "mJ"), (1e-6, "uJ"), (1e-9, "nJ")]
    where abs(value) >= scale {
      return "\(significant(value / scale)) \(unit)"
    }
    return value == 0 ? "0 J" : "\(significant(value / 1e-12)) pJ"
  }

  /// Bytes in B, KiB, MiB or GiB.
  package static func bytes(_ value: UInt64) -> String {
    for (scale, unit) in [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")]
    where value >= UInt64(scale) {
      return String(format: "%.1f %@", Double(value) / Double(scale), unit)
    }
    return "\(value) B"
  }

  /// A duration in milliseconds, seconds, minutes or hours.
  package static func duration(milliseconds: Int64?) -> String {
    guard let milliseconds else { return missing }
    switch milliseconds {
    case ..<1_000: return "\(milliseconds) ms"
    case ..<120_000: return fixed(Double(milliseconds) / 1_000, 1) + " s"
    case ..<7_200_000: return "\(milliseconds / 60_000) min"
    default: return "\(milliseconds / 3_600_000) h"
    }
  }

  /// A time of the wall clock as ISO 8601 in UTC, to the second.
  package static func instant(microseconds: Int64) -> String {
    let date = Date(timeIntervalSince1970: Double(microseconds) / 1_000_000)
    return date.ISO8601Format()
  }

  /// The first twelve digits of a digest.
  package static func digest(_ hex: String?) -> String {
    hex.map { String($0.prefix(12)) } ?? missing
  }

  private static func significant(_ value: Double) -> String {
    fixed(value, abs(value) >= 100 ? 0 : abs(value) >= 10 ? 1 : 2)
  }
}
