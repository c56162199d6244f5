import FleetProtocol

/// Nodes whose updates are refused again and again: no round asks them until an operator does.
extension CoordinatorCore {
  /// Updates refused since the last one that counted after which a node is kept out of rounds.
  package static let offencesMax: UInt32 = 3

  /// What follows for a node from an update of it that was refused for what it holds.
  func offence(of node: Identifier, code: String, at now: Instant) -> [FleetChange] {
    guard var terms = state.nodes[node]?.terms, terms.quarantine == nil else { return [] }
    let count = (terms.offences ?? 0) + 1
    terms.offences = count
    guard count >= Self.offencesMax else { return [.nodeTerms(node, terms)] }
    let reason = "\(count) updates in a row were refused, the last one with \(code)"
    terms.quarantine = Quarantine(at: now, reason: reason)
    return [.nodeTerms(node, terms), .event(FleetEvent(node, "node.quarantined", reason, at: now))]
  }

  /// What follows for a node from an update of it that counts.
  func amends(of node: Identifier) -> [FleetChange] {
    guard var terms = state.nodes[node]?.terms, terms.offences != nil else { return [] }
    terms.offences = nil
    return [.nodeTerms(node, terms)]
  }

  func quarantine(
    _ record: NodeRecord, _ reason: String, at now: Instant
  ) throws(CommandRefusal) -> CommandDecision {
    try checkAdmitted(record)
    guard record.terms.quarantine == nil else {
      return CommandDecision(changes: [], answer: record.id.text)
    }
    var terms = record.terms
    let text = reason.isEmpty ? "by an operator" : String(reason.prefix(200))
    terms.quarantine = Quarantine(at: now, reason: text)
    var decision = change(record, to: terms, "node.quarantined", text, at: now)
    decision.changes += release(record.id, code: "quarantined", at: now)
    return decision
  }

  func pardon(_ record: NodeRecord, at now: Instant) -> CommandDecision {
    var terms = record.terms
    terms.quarantine = nil
    terms.offences = nil
    return change(record, to: terms, "node.pardoned", "by an operator", at: now)
  }
}
