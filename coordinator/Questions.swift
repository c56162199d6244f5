import FleetCore
import FleetProtocol
import Synchronization

/// Who waits for which agent's answer: the core bounds how many, and how long.
final class Questions: Sendable {
  private struct State {
    var last: UInt64 = 0
    var waiting: [UInt64: CheckedContinuation<QueryOutcome, Never>] = [:]
  }

  private let state = Mutex(State())

  /// Asks with a fresh number and waits for what comes of it.
  func ask(_ send: (UInt64) -> Void) async -> QueryOutcome {
    await withCheckedContinuation { continuation in
      let id = state.withLock { state in
        state.last += 1
        state.waiting[state.last] = continuation
        return state.last
      }
      send(id)
    }
  }

  func answer(_ id: UInt64, _ outcome: QueryOutcome) {
    state.withLock { $0.waiting.removeValue(forKey: id) }?.resume(returning: outcome)
  }
}
