import Foundation

/// A test aid: kills the process at one chosen point around its transactions, as a power cut would.
///
/// Point 2k - 1 lies before transaction k of this run, point 2k right after it.
final class CrashPoint {
  static let variable = "SPIKEFLEET_CRASH_AT"
  private let point: Int?
  private var reachedCount = 0

  init(environment: [String: String]) {
    point = environment[Self.variable].flatMap(Int.init)
  }

  func reached() {
    guard let point else { return }
    reachedCount += 1
    if reachedCount == point { kill(getpid(), SIGKILL) }
  }
}
