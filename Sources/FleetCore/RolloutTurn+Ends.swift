import FleetProtocol

/// How a rollout ends, and who comes after.
extension RolloutTurn {
  /// The model stays: the floors of its name rise with orders that are no trial.
  mutating func complete() {
    for node in record.members.keys.sorted() {
      guard var member = record.members[node], member.step == .active,
        fleet.nodes[node]?.desired?.generation == member.generation
      else { continue }
      member.generation = generation
      put(member, node)
      changes.append(
        .desiredSet(
          node,
          DesiredAssignment(
            generation: generation, model: model,
            // What it has learnt since its wave stays.
            serving: ServingTerms(learns: specification.learns, carriesLearning: true),
            standIns: standIns, decided: progress.began)))
    }
    enter(state: .completed, "")
  }

  mutating func stop(_ cause: RevertCause, _ detail: String) {
    if specification.autoRevert {
      revert(cause, detail)
    } else {
      pause(detail)
    }
  }

  mutating func pause(_ reason: String) {
    record.progress.pausedAt = now
    enter(state: .paused, reason)
  }

  /// Goes on; the gate gets the time back in which nobody looked.
  mutating func resume() {
    if let pausedAt = progress.pausedAt, let deadline = progress.gateDeadline {
      let pause = max(0, now.milliseconds(since: pausedAt))
      record.progress.gateDeadline = deadline.advanced(milliseconds: pause)
    }
    record.progress.pausedAt = nil
    enter(state: .running, "")
  }

  /// Orders every node back to what it ran before.
  mutating func revert(_ cause: RevertCause, _ reason: String) {
    record.progress.cause = cause
    enter(state: .reverting, reason)
    for node in record.members.keys.sorted() {
      guard let member = record.members[node] else { continue }
      let desired = fleet.nodes[node]?.desired
      // A later rollout may have come and been taken back since this one was complete.
      let isOurs =
        (member.generation != nil && desired?.generation == member.generation)
        || (cause == .undo && desired?.model == model)
      guard member.step != .cancelled, member.step != .timedOut else { continue }
      if isOurs { giveBack(node) }
      // What failed here keeps saying so.
      guard !member.step.isFailure else { continue }
      if !member.hasServed {
        move(node, to: .cancelled, "the rollout was taken back before the model served here")
      } else if isOurs, member.before == nil {
        move(node, to: .cancelled, "it had no other model before this one, and keeps it")
      } else {
        move(node, to: isOurs ? .reverting : .cancelled)
      }
    }
  }

  mutating func endReverting() {
    guard record.underWay == 0, let cause = progress.cause else { return }
    enter(state: cause.outcome, progress.reason)
  }

  /// Orders a node's former model again, where there is one.
  mutating func giveBack(_ node: Identifier) {
    guard var member = record.members[node], let before = member.before else { return }
    member.generation = generation
    put(member, node)
    // A model that stayed has raised the floor of its name.
    let release = progress.cause == .undo ? fleet.models[before.model]?.releaseCounter : nil
    changes.append(
      .desiredSet(
        node,
        DesiredAssignment(
          generation: generation, model: before.model,
          allowRollbackTo: before.allowRollbackTo ?? release, isTrial: before.isTrial,
          // It comes back with what it had learnt.
          serving: ServingTerms(learns: before.serving.learns, carriesLearning: true),
          standIns: before.standIns, decided: before.decided)))
  }

  // MARK: who comes later

  /// Nodes that joined, or were away, follow a completed rollout one by one, on probation.
  mutating func serveLatecomers() {
    for node in record.members.keys.sorted() { retryIfBack(node) }
    send(
      record.members.keys.sorted().filter { mayServe($0) }, servingTerms, isTrial: false)
  }

  mutating func retryIfBack(_ node: Identifier) {
    guard let member = record.members[node], member.step == .timedOut, isOnline(node),
      isRested(member)
    else { return }
    move(node, to: .pending)
  }

  func isRested(_ member: RolloutMember) -> Bool {
    member.tries < RolloutMember.triesMax
      && now.milliseconds(since: member.since) >= Self.restMilliseconds(member.tries)
  }

  /// Pause before a node is sent on its way again: 10 s, doubled each time.
  static func restMilliseconds(_ tries: UInt32) -> Int64 { 10_000 << Int64(min(tries, 9)) }

  /// A node that failed waits for its wave again; false where it has failed too often.
  mutating func retry(_ node: Identifier) -> Bool {
    guard let member = record.members[node], member.step.isFailure,
      member.tries < RolloutMember.triesMax
    else { return false }
    var late = member
    // Its own wave may be over.
    late.wave = min(
      record.waveCount - 1,
      max(member.wave, progress.wave + (progress.stage == .baking ? 1 : 0)))
    record.members[node] = late
    move(node, to: .pending)
    return true
  }

  /// Takes a node in that the selector matches only now.
  mutating func adopt(_ node: NodeRecord) {
    let last = record.waveCount - 1
    let member = RolloutMember(wave: last, before: node.desired, since: now)
    put(member, node.id)
    event("rollout.joined", "\(node.id) follows")
  }

  /// Lets a node go that has not settled and that another rollout takes.
  mutating func release(_ node: Identifier, to other: Identifier) {
    guard let step = record.members[node]?.step,
      step == .pending || step == .timedOut || step.isUnderWay
    else { return }
    move(node, to: .cancelled, "follows rollout \(other)")
  }

  /// Gives everything under way more time after a restart.
  mutating func extend(by milliseconds: Int64) {
    let earliest = now.advanced(milliseconds: milliseconds)
    for (node, member) in record.members.sorted(by: { $0.key < $1.key }) {
      guard member.step.isUnderWay, let deadline = member.deadline, deadline < earliest else {
        continue
      }
      var member = member
      member.deadline = earliest
      put(member, node)
    }
    guard progress.state == .running, let deadline = progress.gateDeadline, deadline < earliest
    else { return }
    record.progress.gateDeadline = earliest
    changes.append(.rolloutMoved(record.id, progress))
  }
}
