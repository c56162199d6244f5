internal import FleetProtocol
internal import Synchronization

/// The keys by which an agent knows its coordinator: one, and another while that is being changed.
final class PinnedKeys: Sendable {
  private let keys: [CurvePublicKey]
  private let turns = Atomic<Int>(0)

  init(_ keys: [CurvePublicKey]) {
    precondition(!keys.isEmpty, "an agent that pins no key would talk to nobody")
    self.keys = keys
  }

  /// The key to dial with.
  var current: CurvePublicKey { keys[turns.load(ordering: .relaxed) % keys.count] }

  /// After a broken handshake it is the next one's turn, for the coordinator may have that by now.
  func note(_ event: AgentTransportEvent) {
    // Data is dialled when control stands: by then the key is the right one.
    guard case .disconnected(.control, reason: .handshake) = event else { return }
    turns.wrappingAdd(1, ordering: .relaxed)
  }
}
