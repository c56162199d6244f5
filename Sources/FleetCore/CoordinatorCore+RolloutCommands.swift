import FleetProtocol
package import RolloutGates

/// What an operator may say to a rollout that has begun.
package enum RolloutOrder: Sendable, Equatable {
  /// No new orders; what is under way ends.
  case pause
  /// Goes on where it paused.
  case resume
  /// The gate at work counts as passed.
  case promote
  /// Takes the model back everywhere.
  case abort
  /// Takes a completed rollout back.
  case undo
  /// Nodes that failed are sent on their way again; all of them where none is named.
  case retry([String])
}

/// What the coordinator remembers of a rollout's gate between two looks; lost with the process.
package struct RolloutLook: Sendable, Equatable {
  /// The store is being read.
  package var isAwaited = false
  /// When the next look is due.
  package var nextAt: Instant
  /// What the last one found; nil before the first.
  package var last: GateAssessment?
}

extension CoordinatorCore {
  /// What a rollout would do; refused as `startRollout` would be, but for nodes that it leaves out.
  package func plan(
    _ specification: RolloutSpecification, at now: Instant
  ) throws(CommandRefusal) -> RolloutPlan {
    guard let id = Identifier(specification.name) else {
      throw CommandRefusal(
        "rollout-name",
        "'\(specification.name.prefix(80))' is not a name; use a-z, 0-9, '.', '_' and '-'")
    }
    guard state.rollouts[id] == nil else {
      throw CommandRefusal(
        "duplicate-rollout", "rollout '\(id)' exists; choose another name, such as '\(id)-2'")
    }
    let model = try storedModel(specification.model)
    try specification.check()
    _ = try known(specification.selector.nodes)
    try checkStandIns(
      specification.standIns.compactMap { ContentDigest(hex: $0) }, for: model, on: [])
    let (holders, limits) = (self.holders, state.energyLimits())
    var (changed, unchanged): ([Identifier], [Identifier]) = ([], [])
    var omitted: [RolloutPlan.Omitted] = []
    for node in state.nodes.keys.sorted() {
      guard let record = state.nodes[node], specification.selector.matches(record) else { continue }
      let isUnchanged = record.desired?.model == model.digest
      let energy =
        isUnchanged ? nil : energyOmission(of: node, specification, model.digest, limits: limits)
      if let omission = omission(of: record, model, holder: holders[node]) ?? energy {
        omitted.append(omission)
      } else if record.desired?.model == model.digest, record.desired?.serving.isShadow == false {
        unchanged.append(node)
      } else {
        changed.append(node)
      }
    }
    return RolloutPlan(
      record: deal(id, specification, model, changed, unchanged, at: now), omitted: omitted,
      unchanged: unchanged)
  }

  /// Unfinished rollouts by the nodes that they hold.
  var holders: [Identifier: Identifier] {
    var holders: [Identifier: Identifier] = [:]
    for rollout in state.rollouts.values where rollout.progress.state.holdsNodes {
      for (node, member) in rollout.members where member.step != .cancelled {
        holders[node] = rollout.id
      }
    }
    return holders
  }

  /// Nodes that a rollout holds are ordered by it alone.
  func checkFreedom(of nodes: [Identifier]) throws(CommandRefusal) {
    let holders = self.holders
    for node in nodes {
      guard let holder = holders[node] else { continue }
      throw CommandRefusal(
        "rollout",
        "rollout '\(holder)' holds '\(node)'; leave it out, wait for its end, or "
          + "`rollout abort \(holder)`")
    }
  }

  func omission(
    of node: NodeRecord, _ model: ModelRecord, holder: Identifier?
  ) -> RolloutPlan.Omitted? {
    if node.terms.revokedAt != nil {
      return .init(
        node: node.id, reason: .duty, detail: "revoked; `node replace` gives its name new hardware")
    }
    if !node.terms.takesWork {
      return .init(
        node: node.id, reason: .duty,
        detail: "\(node.terms.duty.rawValue); `node uncordon` lets it follow")
    }
    if let holder {
      return .init(
        node: node.id, reason: .rollout,
        detail: "rollout '\(holder)' holds it; wait for its end or `rollout abort \(holder)`")
    }
    return misfit(of: model, on: node).map { .init(node: node.id, reason: .chip, detail: $0) }
  }

  private func deal(
    _ id: Identifier, _ specification: RolloutSpecification, _ model: ModelRecord,
    _ changed: [Identifier], _ unchanged: [Identifier], at now: Instant
  ) -> RolloutRecord {
    let waves = RolloutPlan.waves(changed, specification)
    var members: [Identifier: RolloutMember] = [:]
    for (wave, nodes) in waves.enumerated() {
      for node in nodes {
        members[node] = RolloutMember(
          wave: wave, before: state.nodes[node]?.desired, since: now)
      }
    }
    for node in unchanged {
      // No part of any comparison: there is nothing before that it could be held against.
      var member = RolloutMember(wave: max(0, waves.count - 1), before: nil, since: now)
      (member.step, member.hasServed) = (.active, true)
      member.generation = state.nodes[node]?.desired?.generation
      member.detail = "it was told to run the model before"
      members[node] = member
    }
    let canShadow = waves.first?.contains { members[$0]?.before != nil } ?? false
    return RolloutRecord(
      id: id, specification: specification, model: model.digest, waveCount: max(1, waves.count),
      members: members,
      stage: specification.shadow != nil && canShadow ? .shadowing : .serving,
      began: Generation(epoch: state.epoch, number: state.lastGeneration), createdAt: now)
  }

  /// A rollout with all its nodes; its first orders follow with the next tick.
  func startRollout(
    _ specification: RolloutSpecification, at now: Instant
  ) throws(CommandRefusal) -> CommandDecision {
    let plan = try plan(specification, at: now)
    for reason in [RolloutPlan.Omission.rollout, .chip, .energy] {
      let refused = plan.omitted.filter { $0.reason == reason }
      guard let first = refused.first else { continue }
      let others = refused.count == 1 ? "" : " (and \(refused.count - 1) more like it)"
      throw CommandRefusal(reason.rawValue, "'\(first.node)': \(first.detail)\(others)")
    }
    let record = plan.record
    guard !record.members.isEmpty else {
      throw CommandRefusal(
        "no-nodes",
        "no node that takes work matches the selector; see `node list` and its labels")
    }
    guard plan.unchanged.count < record.members.count else {
      throw CommandRefusal(
        "no-change", "all \(record.members.count) nodes were told to run this model already")
    }
    let changed = record.members.count - plan.unchanged.count
    var changes: [FleetChange] = [
      .rolloutCreated(record),
      .event(
        FleetEvent(
          at: now, kind: "rollout.started", subject: record.id.text,
          detail: "model \(record.model.short) for \(changed) nodes in \(record.waveCount) waves")
      ),
    ]
    changes += releases(of: record.members.keys.sorted(), to: record.id, at: now)
    return CommandDecision(changes: changes, answer: record.id.text)
  }

  /// Decides what an operator says to a rollout; saying it twice changes nothing the second time.
  func decide(
    _ order: RolloutOrder, on name: String, by actor: String, at now: Instant
  ) throws(CommandRefusal) -> CommandDecision {
    guard let id = Identifier(name), let record = state.rollouts[id] else {
      throw CommandRefusal(
        "unknown-rollout", "there is no rollout '\(name.prefix(80))'; see `rollout list`")
    }
    var turn = RolloutTurn(record, fleet: state, sessions: sessions, at: now)
    let stands = record.progress.state
    switch order {
    case .pause where stands == .running: turn.pause("by \(actor)")
    case .resume where stands == .paused: turn.resume()
    case .promote where stands == .running || stands == .paused: turn.promote(by: actor)
    case .abort where stands == .running || stands == .paused:
      turn.revert(.abort, "by \(actor)")
    case .undo where stands == .completed:
      try checkFreedom(of: record.members.filter { $0.value.step == .active }.keys.sorted())
      turn.revert(.undo, "by \(actor)")
    case .retry(let names): try retry(names, in: &turn)
    case .pause where stands == .paused, .resume where stands == .running,
      .abort where stands == .reverting || stands == .aborted,
      .undo where stands == .undone:
      break
    case .pause, .resume, .promote, .abort, .undo:
      let hint = stands == .completed ? "; `rollout undo \(id)` takes it back" : ""
      throw CommandRefusal("rollout-state", "rollout '\(id)' is \(stands.rawValue)\(hint)")
    }
    return CommandDecision(changes: turn.changes, answer: id.text)
  }

  private func retry(
    _ names: [String], in turn: inout RolloutTurn
  ) throws(CommandRefusal) {
    let record = turn.record
    switch record.progress.state {
    case .running, .paused, .completed: break
    case .reverting, .failed, .aborted, .undone:
      throw CommandRefusal(
        "rollout-state",
        "rollout '\(record.id)' is \(record.progress.state.rawValue); apply the deployment again "
          + "under another name")
    }
    let named = try known(names)
    let failed = record.members.filter { $0.value.step.isFailure }.keys.sorted()
    for node in names.isEmpty ? failed : named {
      guard turn.retry(node) else {
        let step = record.members[node].map { "\($0.step.rawValue) after \($0.tries) tries" }
        throw CommandRefusal(
          "retry",
          "'\(node)' is \(step ?? "no part of the rollout"); a node that failed is sent at most "
            + "\(RolloutMember.triesMax) times")
      }
    }
  }
}
