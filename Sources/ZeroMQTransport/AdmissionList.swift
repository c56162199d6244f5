internal import Synchronization

/// The keys that may come in, and the node that each one stands for.
final class AdmissionList: Sendable {
  /// What the list says of one key.
  enum Answer: Equatable {
    case admitted(nodeID: String)
    case unknown
    /// The self-test's own key: refused like any other, but nobody is told.
    case probe
  }

  private struct State {
    var nodes: [CurvePublicKey: String]
    var probes: Set<CurvePublicKey> = []
  }

  private let state: Mutex<State>
  private let admitsAnyKey: Bool

  init(_ nodes: [CurvePublicKey: String]) {
    state = Mutex(State(nodes: nodes))
    admitsAnyKey = false
  }

  /// A list for the enrolment endpoint: every key stands for itself.
  init(admittingAnyKey: Void) {
    state = Mutex(State(nodes: [:]))
    admitsAnyKey = true
  }

  func replace(with nodes: [CurvePublicKey: String]) { state.withLock { $0.nodes = nodes } }

  func allow(_ key: CurvePublicKey, as nodeID: String) {
    state.withLock { $0.nodes[key] = nodeID }
  }

  func expectProbe(_ key: CurvePublicKey) { state.withLock { _ = $0.probes.insert(key) } }

  func answer(for key: CurvePublicKey) -> Answer {
    if admitsAnyKey { return .admitted(nodeID: key.z85) }
    return known(key)
  }

  private func known(_ key: CurvePublicKey) -> Answer {
    state.withLock { state in
      if let nodeID = state.nodes[key] { return .admitted(nodeID: nodeID) }
      return state.probes.contains(key) ? .probe : .unknown
    }
  }
}
