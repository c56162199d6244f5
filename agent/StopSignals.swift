import Dispatch
import Foundation
import Synchronization

/// SIGTERM and SIGINT as one message; stopping takes a second at most, so repeats change nothing.
final class StopSignals {
  private var sources: [any DispatchSourceSignal] = []

  /// Calls `stop` once, with the first signal's name, on a queue of its own.
  init(stop: @escaping @Sendable (String) -> Void) {
    let queue = DispatchQueue(label: "signals")
    let once = Once()
    for (number, name) in [(SIGTERM, "SIGTERM"), (SIGINT, "SIGINT")] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler {
        if once.isFirst() { stop(name) }
      }
      source.activate()
      sources.append(source)
    }
  }
}

/// True once.
private final class Once: Sendable {
  private let isSpent = Mutex(false)

  func isFirst() -> Bool {
    isSpent.withLock { isSpent in
      defer { isSpent = true }
      return !isSpent
    }
  }
}
