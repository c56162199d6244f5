import FleetProtocol

/// Nodes that have seen more than this coordinator knows of, whose state is an older copy.
extension CoordinatorCore {
  /// Brings a node back that holds a generation above the one it should have: what it should run is
  /// ordered again, under a fresh number of this epoch.
  ///
  /// Only a state that was restored makes such nodes: a generation is stored before it is sent.
  /// A node can make one up, and gets its own model again for it, once an epoch.
  mutating func catchUp(
    _ node: Identifier, claims: (accepted: Generation, observed: Generation), at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {
    let claimed = max(claims.accepted, claims.observed)
    guard let record = state.nodes[node], record.terms.revokedAt == nil,
      claimed.epoch < state.epoch
    else { return }
    guard let desired = record.desired else {
      // Told by each process once: nothing on the disk changes by it.
      guard claimed > .none, sessions[node]?.isAhead == false else { return }
      sessions[node]?.isAhead = true
      let detail =
        "the node holds generation \(claimed) of a deployment that this state does not know; it "
        + "goes on with its model until one is deployed"
      return persist([.event(FleetEvent(node, "node.ahead", detail, at: now))], into: &directives)
    }
    guard claimed > desired.generation, let model = state.models[desired.model] else { return }
    let fresh = Generation(epoch: state.epoch, number: state.lastGeneration + 1)
    var assignment = desired
    assignment.generation = fresh
    // It may have run a higher release since, whose number nobody here knows.
    assignment.allowRollbackTo = desired.allowRollbackTo ?? model.releaseCounter
    let detail =
      "the node holds generation \(claimed), newer than \(desired.generation) in this state, which "
      + "is an older copy; model \(desired.model.short) is ordered again at generation \(fresh), "
      + "and release \(model.releaseCounter) may follow a higher one"
    persist(
      [.desiredSet(node, assignment)] + renumbered(node, from: desired.generation, to: fresh)
        + [.event(FleetEvent(node, "node.ahead", detail, at: now))],
      into: &directives)
  }

  /// Rollouts follow a node's order by its number, and go on to do so.
  private func renumbered(
    _ node: Identifier, from old: Generation, to fresh: Generation
  ) -> [FleetChange] {
    var changes: [FleetChange] = []
    for rollout in state.rollouts.values.sorted(by: { $0.id < $1.id }) {
      guard var member = rollout.members[node] else { continue }
      if member.generation == old {
        member.generation = fresh
      } else if member.generation == nil, member.before?.generation == old {
        member.before?.generation = fresh
      } else {
        continue
      }
      changes.append(.rolloutMember(rollout.id, node, member))
    }
    return changes
  }
}
