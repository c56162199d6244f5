package import FleetProtocol

/// One key in two live processes: a disk that was copied, or an agent that was started twice.
///
/// The newest process is served. One that was superseded is asked to wait for as long as its
/// successor lives, so that two of them never take turns.
extension CoordinatorCore {
  /// Superseded processes remembered per node.
  static let supersededMax = 4
  /// How long a superseded process is asked to wait.
  static let duplicateMillisecondsMax: UInt32 = 30_000

  /// Nodes whose key was lately used by two live processes, and when.
  package func duplicateSeen(_ node: Identifier) -> Instant? { budgets[node]?.duplicateAt }

  /// True where the process before was still alive; it is remembered as superseded.
  mutating func supersede(
    _ other: Session?, by boot: [UInt8], node: Identifier, at now: Instant
  ) -> Bool {
    guard let other, other.boot != boot, other.liveness == .online,
      now.milliseconds(since: other.lastHeard) < Int64(settings.heartbeatMilliseconds)
    else { return false }
    budget(of: node, at: now) { budget in
      budget.supersededBoots.removeAll { $0 == other.boot || $0 == boot }
      budget.supersededBoots.append(other.boot)
      if budget.supersededBoots.count > Self.supersededMax { budget.supersededBoots.removeFirst() }
    }
    return true
  }

  /// Milliseconds that a superseded process must wait; nil where it may come in.
  mutating func waitOfDuplicate(
    _ hello: WireHello, node: Identifier, at now: Instant
  ) -> UInt32? {
    let boot = [UInt8](hello.bootID)
    guard let session = sessions[node], session.boot != boot, session.liveness != .offline,
      budgets[node]?.supersededBoots.contains(boot) == true
    else { return nil }
    return Self.duplicateMillisecondsMax
  }

  /// Tells the operator, at the pace of everything that is written about one node.
  mutating func tellDuplicate(
    _ node: Identifier, at now: Instant, into directives: inout [CoordinatorDirective]
  ) {
    let isWorthALine = budget(of: node, at: now) { budget in
      budget.duplicateAt = now
      return budget.takeReport(at: now)
    }
    guard isWorthALine else { return }
    let detail =
      "two live agent processes use this node's key and the newest is served; if a disk was "
      + "copied, give the copy a key of its own and `node rotate-key \(node)`"
    persist(
      [.event(FleetEvent(node, "node.duplicate-identity", detail, at: now))], into: &directives)
  }
}
