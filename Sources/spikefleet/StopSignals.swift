import Dispatch
import Foundation
import Synchronization

/// The signals that ask a process to end, as one call.
final class StopSignals {
  private var sources: [any DispatchSourceSignal] = []
  private let caught = Caught()

  private final class Caught: Sendable {
    private let first = Mutex<Int32?>(nil)

    var number: Int32? { first.withLock { $0 } }

    /// True for the first signal only.
    func take(_ number: Int32) -> Bool {
      first.withLock { first in
        defer { first = first ?? number }
        return first == nil
      }
    }
  }

  /// Calls `stop` at the first SIGINT, SIGTERM or SIGHUP; more of them change nothing.
  init(_ stop: @escaping @Sendable () -> Void) {
    let caught = self.caught
    for number in [SIGINT, SIGTERM, SIGHUP] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { if caught.take(number) { stop() } }
      source.activate()
      sources.append(source)
    }
  }

  /// The signal that came, if one did.
  var number: Int32? { caught.number }
}
