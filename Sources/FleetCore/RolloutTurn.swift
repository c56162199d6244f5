import FleetProtocol
import RolloutGates

/// One look at a rollout: what comes next follows from its record and the fleet alone, so that a
/// restart anywhere repeats it.
struct RolloutTurn {
  var record: RolloutRecord
  let fleet: FleetState
  /// Conversations by node.
  let sessions: [Identifier: Session]
  let now: Instant
  /// What the turn changes, in order.
  var changes: [FleetChange] = []
  /// True where the gate at work has something to look at.
  var wantsLook = false

  init(
    _ record: RolloutRecord, fleet: FleetState, sessions: [Identifier: Session], at now: Instant
  ) {
    self.record = record
    self.fleet = fleet
    self.sessions = sessions
    self.now = now
  }

  var specification: RolloutSpecification { record.specification }
  var progress: RolloutProgress { record.progress }
  var model: ContentDigest { record.model }

  /// One number for all that this turn orders.
  var generation: Generation { Generation(epoch: fleet.epoch, number: fleet.lastGeneration + 1) }

  /// Takes the rollout as far as it can go now.
  mutating func advance() {
    for node in record.members.keys.sorted() { follow(node) }
    switch progress.state {
    case .running: run()
    case .reverting: endReverting()
    case .completed: serveLatecomers()
    case .paused, .failed, .aborted, .undone: break
    }
  }

  // MARK: what nodes report

  mutating func follow(_ node: Identifier) {
    guard var member = record.members[node] else { return }
    let (step, found) = (member.step, fleet.nodes[node])
    guard let found, found.terms.revokedAt == nil else {
      if step == .pending || step.isUnderWay || step == .shadowing || step == .staged {
        move(node, to: .cancelled, "the node is revoked")
      }
      return
    }
    if step == .pending || step == .timedOut {
      let known = member.generation ?? member.before?.generation
      if let desired = found.desired, desired.generation != known {
        move(node, to: .cancelled, "another order took its place")
      }
      return
    }
    guard step.isUnderWay || step == .shadowing || step == .staged else { return }
    guard let generation = member.generation, found.desired?.generation == generation else {
      return move(node, to: .cancelled, "another order took its place")
    }
    if let observed = found.observed, observed.generation == generation {
      let reached = Self.step(observed.phase, isReverting: step == .reverting)
      if let reached, reached != step, step.next.contains(reached) {
        let detail =
          observed.code.isEmpty ? "" : "\(observed.code): \(String(observed.detail.prefix(200)))"
        return move(node, to: reached, detail)
      }
    }
    guard step.isUnderWay else { return }
    let longest = now.advanced(milliseconds: stepMilliseconds)
    guard let deadline = member.deadline, deadline <= longest else {
      // The clock was put back since: no step takes longer than it was given.
      member.deadline = longest
      return put(member, node)
    }
    if now >= deadline { timeOut(node) }
  }

  private static func step(_ phase: ModelPhase, isReverting: Bool) -> NodeStep? {
    switch phase {
    case .active: isReverting ? .reverted : .active
    case .failed: .failed
    case .refused: isReverting ? .failed : .refused
    case .downloading: isReverting ? nil : .downloading
    case .verifying: isReverting ? nil : .verifying
    case .staged: isReverting ? nil : .staged
    case .shadowing: isReverting ? nil : .shadowing
    case .probing: isReverting ? nil : .probing
    case .reverted: isReverting ? nil : .reverted
    }
  }

  /// A node that does not come back in time gets its former order back, so that it does not begin
  /// to run the model when nobody looks any more.
  mutating func timeOut(_ node: Identifier) {
    let step = record.members[node]?.step ?? .pending
    let detail =
      "\(step.rawValue) for \(specification.stepSeconds) s"
      + (isOnline(node) ? "" : "; the node is offline")
    if step != .reverting { giveBack(node) }
    move(node, to: .timedOut, detail)
  }

  // MARK: waves

  mutating func run() {
    if let start = specification.startsAt, now < start { return }
    let failures = record.failures
    guard failures <= specification.failuresMax + progress.forgiven else {
      let detail = "\(failures) nodes failed, \(specification.failuresMax) may"
      decide(.stopped, detail, nil)
      return stop(.failures, detail)
    }
    let wave = record.nodes(inWave: progress.wave)
    switch progress.stage {
    // Nobody here could, however long it waited.
    case .shadowing where !wave.isEmpty && wave.allSatisfy({ !knowsTerms($0) }):
      enter(.serving)
    case .shadowing:
      send(wave.filter { mayShadow($0) }, shadowTerms)
      if !wave.contains(where: { mayShadow($0) || isUnderWay($0) }) { openGate(after: 0) }
      look()
    case .serving:
      send(wave.filter { mayServe($0) }, servingTerms)
      if !wave.contains(where: { mayServe($0) || isUnderWay($0) }) { enter(.baking) }
    case .baking:
      guard !progress.waivesGate else { return goOn() }
      openGate(after: specification.bakeSeconds)
      look()
    }
  }

  /// Smaller models for when a node's energy is short.
  var standIns: [ContentDigest] { specification.standIns.compactMap { ContentDigest(hex: $0) } }

  var stepMilliseconds: Int64 { Int64(specification.stepSeconds) * 1_000 }

  /// A shadow does not learn, but may begin with what the present model has learnt.
  var shadowTerms: ServingTerms {
    ServingTerms(
      shadowPerMille: specification.shadow?.perMille ?? 0,
      carriesLearning: specification.carriesLearning)
  }

  var servingTerms: ServingTerms {
    ServingTerms(
      probeInferences: specification.probeInferences, learns: specification.learns,
      carriesLearning: specification.carriesLearning)
  }

  func isOnline(_ node: Identifier) -> Bool { sessions[node]?.liveness == .online }

  /// False where the agent is too old to wait with a model, or to run it beside another.
  func knowsTerms(_ node: Identifier) -> Bool {
    (sessions[node]?.version ?? Limits.servingTermsVersion) >= Limits.servingTermsVersion
  }

  func isUnderWay(_ node: Identifier) -> Bool {
    record.members[node]?.step.isUnderWay ?? false
  }

  func takesWork(_ node: Identifier) -> Bool {
    fleet.nodes[node]?.terms.takesWork ?? false
  }

  /// A shadow runs beside a model, so that a node without one has none.
  func mayShadow(_ node: Identifier) -> Bool {
    guard let member = record.members[node], member.step == .pending || member.step == .staged,
      takesWork(node), knowsTerms(node), member.before != nil,
      let observed = fleet.nodes[node]?.observed
    else { return false }
    switch observed.phase {
    case .active, .probing, .shadowing, .reverted, .staged: return true
    case .downloading, .verifying, .refused, .failed: return false
    }
  }

  func mayServe(_ node: Identifier) -> Bool {
    guard let step = record.members[node]?.step, takesWork(node) else { return false }
    return step == .pending || step == .staged || step == .shadowing
  }

  /// True where models may begin to run now.
  var isWindowOpen: Bool {
    specification.windows.isEmpty || specification.windows.contains { $0.isOpen(at: now) }
  }

  /// Orders the model for as many of these nodes as may be under way beside those that are.
  ///
  /// Outside the maintenance windows it is only brought to them.
  mutating func send(
    _ nodes: [Identifier], _ terms: ServingTerms, isTrial: Bool = true
  ) {
    let terms = isWindowOpen ? terms : .staged
    var room = specification.maxParallel - record.underWay
    for node in nodes where room > 0 {
      guard var member = record.members[node],
        terms != .staged || (member.step == .pending && knowsTerms(node))
      else { continue }
      room -= 1
      if member.step == .pending { member.tries += 1 }
      member.generation = generation
      member.hasServed = member.hasServed || !(terms.isShadow || terms.isStaged)
      record.members[node] = member
      changes.append(
        .desiredSet(
          node,
          DesiredAssignment(
            generation: generation, model: model, isTrial: isTrial, serving: terms,
            standIns: standIns, decided: progress.began)))
      move(node, to: .downloading)
    }
  }

  mutating func enter(_ stage: RolloutStage) {
    record.progress.stage = stage
    record.progress.stageSince = now
    record.progress.gateDeadline = nil
    changes.append(.rolloutMoved(record.id, progress))
  }

  mutating func enter(wave: Int) {
    record.progress.wave = wave
    record.progress.waivesGate = false
    let canShadow = record.nodes(inWave: wave).contains { mayShadow($0) }
    let shadows = specification.shadow.map { wave < $0.waves } ?? false
    event("rollout.wave", "wave \(wave + 1) of \(record.waveCount) begins")
    enter(shadows && canShadow ? .shadowing : .serving)
  }

  // MARK: changes

  mutating func move(_ node: Identifier, to step: NodeStep, _ detail: String = "") {
    guard var member = record.members[node], member.step != step else { return }
    precondition(
      member.step.next.contains(step), "\(node): no way from \(member.step) to \(step)")
    member.step = step
    if step == .pending { member.hasServed = false }
    member.since = now
    member.deadline = step.isUnderWay ? now.advanced(milliseconds: stepMilliseconds) : nil
    member.detail = detail
    put(member, node)
    guard step.isFailure else { return }
    event("rollout.node-\(step.rawValue)", "\(node): \(detail)")
  }

  mutating func put(_ member: RolloutMember, _ node: Identifier) {
    record.members[node] = member
    changes.append(.rolloutMember(record.id, node, member))
  }

  mutating func enter(state: RolloutState, _ reason: String) {
    precondition(
      progress.state.next.contains(state), "no way from \(progress.state) to \(state)")
    record.progress.state = state
    record.progress.reason = reason
    changes.append(.rolloutMoved(record.id, progress))
    event("rollout.\(state.rawValue)", reason)
  }

  mutating func event(_ kind: String, _ detail: String) {
    changes.append(
      .event(FleetEvent(at: now, kind: kind, subject: record.id.text, detail: detail)))
  }
}
