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

  private let knocks = Mutex<[Knock]>([])

  func note(_ publicKey: String, address: String, at now: Instant) {
    knocks.withLock { knocks in
      knocks.removeAll { $0.publicKey == publicKey }
      knocks.append(Knock(publicKey: publicKey, address: address, lastSeen: now))
      if knocks.count > Self.keysMax { knocks.removeFirst() }
    }
  }

  func forget(_ publicKey: String) {
    knocks.withLock { knocks in knocks.removeAll { $0.publicKey == publicKey } }
  }

  /// Newest first.
  var all: [Knock] { knocks.withLock { $0.reversed() } }
}
