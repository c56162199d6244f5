import Dispatch
import FleetStore
import Logging

/// Tells the log that the disk fails: aloud when it begins, once a minute and when it ends.
struct FailureLog {
  private let log: Logger
  private var toldAt: UInt64?
  private var count = 0
  private static let pauseNanoseconds: UInt64 = 60_000_000_000

  init(log: Logger) { self.log = log }

  mutating func failed(_ error: StoreError) {
    let now = DispatchTime.now().uptimeNanoseconds
    count += 1
    let isDue = toldAt.map { now - $0 >= Self.pauseNanoseconds } ?? true
    if isDue { toldAt = now }
    log.log(
      level: isDue ? .error : .debug,
      "not stored, nothing of it counts; serving goes on, trying again: \(error)",
      metadata: ["kind": "store.failed", "failures": "\(count)"])
  }

  mutating func succeeded() {
    guard count > 0 else { return }
    log.notice(
      "the disk takes what it is given again",
      metadata: ["kind": "store.recovered", "failures": "\(count)"])
    count = 0
    toldAt = nil
  }
}
