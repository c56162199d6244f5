import FleetCore
import Synchronization

/// Keys that knocked and that nobody accepted: a bounded list in memory, newest last.
///
/// A stranger can fill nothing but this list; an agent that waits knocks again and reappears.
final class PendingKeys: Sendable {
  /// Keys kept; the one heard of longest ago makes room.
  static let keysMax = 1_000

  /// One key that knocked.
  struct Knock: Sendable {
    var publicKey: String
    var address: String
    var lastSeen: Instant
  }

  private struct State {
    var knocks: [Knock] = []
    /// Keys that an operator decided about already.
    var hidden: Set<String> = []
  }

  private let state = Mutex(State())

  func note(_ publicKey: String, address: String, at now: Instant) {
    state.withLock { state in
      guard !state.hidden.contains(publicKey) else { return }
      state.knocks.removeAll { $0.publicKey == publicKey }
      state.knocks.append(Knock(publicKey: publicKey, address: address, lastSeen: now))
      if state.knocks.count > Self.keysMax { state.knocks.removeFirst() }
    }
  }

  func forget(_ publicKey: String) {
    state.withLock { state in state.knocks.removeAll { $0.publicKey == publicKey } }
  }

  /// Shows these keys no more, and others again.
  func hide(_ keys: Set<String>) {
    state.withLock { state in
      state.hidden = keys
      state.knocks.removeAll { keys.contains($0.publicKey) }
    }
  }

  /// Newest first.
  var all: [Knock] { state.withLock { $0.knocks.reversed() } }
}
