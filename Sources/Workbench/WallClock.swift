package import FleetCore
import Foundation

/// The system's clock, which only shells read: cores are told the instant of every event.
package enum WallClock {
  /// Now.
  package static func now() -> Instant {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Instant(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
  }
}
