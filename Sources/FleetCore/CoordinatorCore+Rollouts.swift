import FleetProtocol
import RolloutGates

/// What the coordinator does about rollouts by itself: tick by tick, and look by look.
extension CoordinatorCore {
  /// Longest pause between two looks of a gate.
  static let lookPauseMilliseconds: Int64 = 30_000

  /// What a turn of a rollout changes.
  ///
  /// The turn ends before the state changes, which would be copied for it.
  func changes(
    of record: RolloutRecord, at now: Instant, _ take: (inout RolloutTurn) -> Void
  ) -> [FleetChange] {
    var turn = RolloutTurn(record, fleet: state, sessions: sessions, at: now)
    take(&turn)
    return turn.changes
  }

  /// Rollouts that may have something to do, oldest first.
  private var liveRollouts: [Identifier] {
    state.rollouts.values.filter(\.isLive).sorted { $0.isOlder(than: $1) }.map(\.id)
  }

  /// After a start: nodes need time to come back.
  mutating func resumeRollouts(at now: Instant, into directives: inout [CoordinatorDirective]) {
    seeksLatecomers = true
    for id in liveRollouts {
      guard let record = state.rollouts[id] else { continue }
      let grace = Int64(settings.restartGraceMilliseconds)
      persist(changes(of: record, at: now) { $0.extend(by: grace) }, into: &directives)
    }
  }

  /// Takes every rollout as far as it can go by itself.
  mutating func watchRollouts(at now: Instant, into directives: inout [CoordinatorDirective]) {
    if seeksLatecomers { adoptLatecomers(at: now, into: &directives) }
    for id in liveRollouts {
      guard let record = state.rollouts[id] else { continue }
      var wantsLook = false
      let changes = changes(of: record, at: now) { turn in
        turn.advance()
        wantsLook = turn.wantsLook
      }
      carry(changes, into: &directives)
      if wantsLook { look(id, at: now, into: &directives) }
    }
  }

  /// Stores what a turn changes and tells nodes what it orders.
  mutating func carry(_ changes: [FleetChange], into directives: inout [CoordinatorDirective]) {
    persist(changes, into: &directives)
    for change in changes {
      if case .desiredSet(let node, _) = change { reconcile(node, into: &directives) }
    }
  }

  /// Has the newest rollout that is alive and selects a node take it in.
  private mutating func adoptLatecomers(
    at now: Instant, into directives: inout [CoordinatorDirective]
  ) {
    seeksLatecomers = false
    let alive = state.rollouts.values.filter(\.takesLatecomers)
      .sorted { $1.isOlder(than: $0) }
    guard !alive.isEmpty else { return }
    let holders = self.holders
    var adopted: [Identifier: [NodeRecord]] = [:]
    for node in state.nodes.values.sorted(by: { $0.id < $1.id })
    where node.terms.takesWork && holders[node.id] == nil {
      guard let rollout = alive.first(where: { $0.specification.selector.matches(node) }),
        rollout.members[node.id] == nil,
        node.desired.map({ $0.decided <= rollout.progress.began }) ?? true,
        let model = state.models[rollout.model],
        omission(of: node, model, holder: nil) == nil
      else { continue }
      adopted[rollout.id, default: []].append(node)
    }
    for rollout in alive {
      guard let nodes = adopted[rollout.id] else { continue }
      persist(
        releases(of: nodes.map(\.id), to: rollout.id, at: now)
          + changes(of: rollout, at: now) { turn in for node in nodes { turn.adopt(node) } },
        into: &directives)
    }
  }

  /// Rollouts that are complete let nodes go that another one takes, and order them nothing more.
  func releases(of nodes: [Identifier], to taker: Identifier, at now: Instant) -> [FleetChange] {
    state.rollouts.values.filter { $0.progress.state == .completed && $0.id != taker }
      .sorted { $0.isOlder(than: $1) }
      .flatMap { other in
        changes(of: other, at: now) { turn in
          for node in nodes { turn.release(node, to: taker) }
        }
      }
  }

  // MARK: looks

  private mutating func look(
    _ id: Identifier, at now: Instant, into directives: inout [CoordinatorDirective]
  ) {
    var look = looks[id] ?? RolloutLook(nextAt: now)
    guard !look.isAwaited, now >= look.nextAt, let record = state.rollouts[id],
      let order = assessment(of: record, at: now)
    else { return }
    look.isAwaited = true
    looks[id] = look
    directives.append(.assess(order))
  }

  /// What the gate at work has to look at; nil while no node has come that far.
  private func assessment(of record: RolloutRecord, at now: Instant) -> AssessmentOrder? {
    let progress = record.progress
    let step: NodeStep = progress.stage == .shadowing ? .shadowing : .active
    func subject(_ node: Identifier, _ member: RolloutMember, since: Instant) -> AssessedNode? {
      member.before.map { AssessedNode(node: node, before: $0.model, changedAt: since) }
    }
    let members = record.members.sorted { $0.key < $1.key }
    let subjects = members.compactMap { node, member in
      member.wave == progress.wave && member.step == step
        ? subject(node, member, since: member.since) : nil
    }
    guard let first = subjects.map(\.changedAt).min() else { return nil }
    let control = members.filter { $0.value.step == .pending }
      .prefix(AssessmentOrder.controlMax)
      .compactMap { subject($0.key, $0.value, since: first) }
    return AssessmentOrder(
      key: AssessmentKey(rollout: record.id, wave: progress.wave, stage: progress.stage),
      model: record.model, subjects: subjects, control: control, until: now,
      bounds: record.specification.gates)
  }

  /// Takes what a look found, where the rollout still stands where it was asked.
  mutating func take(
    _ key: AssessmentKey, _ outcome: AssessmentOutcome, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {
    guard let record = state.rollouts[key.rollout] else { return }
    let progress = record.progress
    let waited = now.milliseconds(since: progress.stageSince)
    var look = looks[key.rollout] ?? RolloutLook(nextAt: now)
    look.isAwaited = false
    look.nextAt = now.advanced(
      milliseconds: min(max(waited / 20, 1_000), Self.lookPauseMilliseconds))
    guard progress.state == .running, progress.wave == key.wave, progress.stage == key.stage
    else {
      looks[key.rollout] = look
      return
    }
    switch outcome {
    case .unavailable(let detail):
      directives.append(
        .report(
          FleetEvent(
            at: now, kind: "rollout.gate-unreadable", subject: key.rollout.text, detail: detail)))
    case .made(let assessment):
      look.last = assessment
      carry(changes(of: record, at: now) { $0.judge(assessment) }, into: &directives)
    }
    looks[key.rollout] = look
  }
}
