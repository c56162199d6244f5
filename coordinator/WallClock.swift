import FleetCore
import Foundation

/// The only clock of this process: the core is told the instant of every event.
enum WallClock {
  static func now() -> Instant {
    Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
  }
}
