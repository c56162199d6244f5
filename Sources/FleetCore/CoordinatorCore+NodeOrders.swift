package import FleetProtocol

extension CoordinatorCore {
  /// Decides what an operator asks about one node; asking twice changes nothing the second time.
  func decide(
    _ order: NodeOrder, on name: String, at now: Instant
  ) throws(CommandRefusal) -> CommandDecision {
    let id = try known([name])[0]
    guard let record = state.nodes[id] else { preconditionFailure("\(id) was just known") }
    switch order {
    case .replace(let key): return try replace(record, with: key, at: now)
    case .revoke: return revoke(record, at: now)
    case .label(let set, let remove):
      return try label(record, set: set, remove: remove, at: now)
    case .cordon: return try move(record, to: .cordoned, at: now)
    case .uncordon: return try move(record, to: .open, at: now)
    case .drain(let giveBack):
      var decision = try move(record, to: .draining, at: now)
      if giveBack { decision.changes += release(id, code: "drained", at: now) }
      return decision
    case .rotateKey: return try rotateKey(of: record, at: now)
    case .quarantine(let reason): return try quarantine(record, reason, at: now)
    case .pardon: return pardon(record, at: now)
    case .resetLearning: return try resetLearning(of: record, at: now)
    }
  }

  /// Rounds that wait for this node, in the order of their keys.
  package func awaitedRounds(of node: Identifier) -> [RoundKey] {
    state.rounds.values.filter { round in
      !round.state.isTerminal && round.awaited.contains(node)
    }.map(\.key).sorted()
  }

  /// Turns a key away that nobody holds.
  func rejectKey(_ publicKey: String, at now: Instant) throws(CommandRefusal) -> CommandDecision {
    guard Self.isPublicKey(publicKey) else {
      throw CommandRefusal(
        "public-key", "a CURVE public key has 40 Z85 characters; copy it from `node list --pending`"
      )
    }
    if let owner = owner(of: publicKey) {
      throw CommandRefusal(
        "duplicate-key", "this key is that of '\(owner)'; `node revoke \(owner)` takes it back")
    }
    if state.barredKeys[publicKey] != nil { return CommandDecision(changes: [], answer: publicKey) }
    let barred = BarredKey(publicKey: publicKey, reason: .rejected, at: now)
    let event = FleetEvent(
      at: now, kind: "key.rejected", subject: publicKey, detail: "turned away by an operator")
    return CommandDecision(
      changes: makeRoom() + [.keyBarred(barred), .event(event)], answer: publicKey)
  }

  /// Frees the key that was turned away longest ago where there are too many.
  private func makeRoom() -> [FleetChange] {
    let rejected = state.barredKeys.values.filter { $0.reason == .rejected }
    guard rejected.count >= BarredKey.rejectedMax,
      let oldest = rejected.min(by: { ($0.at, $0.publicKey) < ($1.at, $1.publicKey) })
    else { return [] }
    return [.keyFreed(oldest.publicKey)]
  }

  // MARK: one node

  private func revoke(_ record: NodeRecord, at now: Instant) -> CommandDecision {
    guard record.terms.revokedAt == nil else {
      return CommandDecision(changes: [], answer: record.id.text)
    }
    var terms = record.terms
    terms.revokedAt = now
    terms.isRotating = false
    let next = terms.nextKey
    terms.nextKey = nil
    let event = FleetEvent(record.id, "node.revoked", "its key is good no longer", at: now)
    let barred = next.map { key in
      [FleetChange.keyBarred(BarredKey(publicKey: key, reason: .retired, at: now))]
    }
    return CommandDecision(
      changes: [.nodeTerms(record.id, terms)] + (barred ?? []) + [.event(event)]
        + release(record.id, code: "revoked", at: now), answer: record.id.text)
  }

  /// Ends a node's part in every round that waits for it.
  func release(_ node: Identifier, code: String, at now: Instant) -> [FleetChange] {
    awaitedRounds(of: node).filter { key in
      // A sealed set is frozen, and nobody is awaited there.
      state.rounds[key]?.state.name != "sealed"
    }.flatMap { key in
      let event = FleetEvent(key, "offer.withdrawn", "\(node) was \(code)", at: now)
      return [FleetChange.participantClosed(key, node, .refused(code: code)), .event(event)]
    }
  }

  /// Deploys the published model below a learnt one, as a generation like any other: the node is
  /// told again until it has it, whichever process dies on the way.
  private func resetLearning(
    of record: NodeRecord, at now: Instant
  ) throws(CommandRefusal) -> CommandDecision {
    try checkAdmitted(record)
    try checkFreedom(of: [record.id])
    guard let desired = record.desired, let model = state.models[desired.model] else {
      throw CommandRefusal(
        "no-model", "'\(record.id)' was never told to run a model; deploy one first")
    }
    let isAsOrdered =
      !desired.serving.isShadow
      && (record.observed?.generation != desired.generation
        || record.observed?.phase.isTerminal != true || record.observed?.phase == .active)
    guard model.published != nil || isAsOrdered else {
      throw CommandRefusal(
        "not-serving",
        "'\(record.id)' serves another model than \(model.digest.short), which it was last told to "
          + "run; deploy the published model that it should serve")
    }
    var changes = release(record.id, code: "reset", at: now)
    let hasLearnt = desired.serving.learns || desired.serving.carriesLearning
    if let published = model.published ?? (hasLearnt ? model.digest : nil) {
      let generation = Generation(epoch: state.epoch, number: state.lastGeneration + 1)
      let assignment = DesiredAssignment(
        generation: generation, model: published, allowRollbackTo: desired.allowRollbackTo,
        isTrial: desired.isTrial, serving: ServingTerms(learns: desired.serving.learns),
        standIns: desired.standIns, decided: desired.decided)
      let detail =
        "from \(model.digest.short) back to \(published.short) as it was published, at generation "
        + "\(generation)"
      changes += [
        .desiredSet(record.id, assignment),
        .event(FleetEvent(record.id, "learning.reset", detail, at: now)),
      ]
    }
    return CommandDecision(changes: changes, answer: record.id.text)
  }

  private func replace(
    _ record: NodeRecord, with publicKey: String, at now: Instant
  ) throws(CommandRefusal) -> CommandDecision {
    if record.publicKey == publicKey, record.terms.revokedAt == nil {
      return CommandDecision(changes: [], answer: record.id.text)
    }
    try checkFresh(publicKey, for: record.id)
    var fresh = record
    fresh.publicKey = publicKey
    fresh.acceptedAt = now
    // Nothing that the former hardware said of itself holds for this one. What it counted stays:
    // counters belong to boots, and the new hardware has boots of its own.
    fresh.chip = ""
    fresh.accepted = .none
    fresh.observed = nil
    fresh.terms.agentVersion = ""
    fresh.terms.revokedAt = nil
    fresh.terms.isRotating = false
    fresh.terms.nextKey = nil
    fresh.terms.quarantine = nil
    fresh.terms.offences = nil
    let retired = ([record.publicKey] + (record.terms.nextKey.map { [$0] } ?? [])).map { key in
      FleetChange.keyBarred(BarredKey(publicKey: key, reason: .retired, at: now))
    }
    let event = FleetEvent(record.id, "node.replaced", "new hardware with a new key", at: now)
    var changes = retired + [.nodeAccepted(fresh), .event(event)]
    changes += release(record.id, code: "replaced", at: now)
    if state.barredKeys[publicKey] != nil { changes.append(.keyFreed(publicKey)) }
    return CommandDecision(changes: changes, answer: record.id.text)
  }

  /// A key that may become this node's: well-formed, nobody's, and never retired.
  func checkFresh(_ publicKey: String, for node: Identifier) throws(CommandRefusal) {
    guard Self.isPublicKey(publicKey) else {
      throw CommandRefusal(
        "public-key",
        "a CURVE public key has 40 Z85 characters; copy it from `node list --pending`")
    }
    if let owner = owner(of: publicKey) {
      throw CommandRefusal(
        "duplicate-key",
        "this key is or was that of '\(owner)'; each node, and each new hardware, needs its own")
    }
    if state.barredKeys[publicKey]?.reason == .retired {
      throw CommandRefusal(
        "retired-key", "this key was revoked or replaced and never comes back; make a new one")
    }
  }

  private func label(
    _ record: NodeRecord, set: [String: String], remove: [String], at now: Instant
  ) throws(CommandRefusal) -> CommandDecision {
    for name in set.keys.sorted() + remove.sorted() where !NodeTerms.isLabelName(name) {
      throw CommandRefusal(
        "label", "'\(name.prefix(80))' is no label; expected [a-z0-9][a-z0-9._/-]{0,62}")
    }
    for (name, value) in set.sorted(by: { $0.key < $1.key })
    where !NodeTerms.isLabelValue(value) {
      throw CommandRefusal(
        "label", "'\(value.prefix(80))' is no value of '\(name)'; expected [A-Za-z0-9._-]{0,63}")
    }
    var terms = record.terms
    for name in remove { terms.labels[name] = nil }
    for (name, value) in set { terms.labels[name] = value }
    guard terms.labels.count <= NodeTerms.labelsMax else {
      throw CommandRefusal(
        "labels",
        "\(terms.labels.count) labels on '\(record.id)', limit \(NodeTerms.labelsMax); "
          + "remove some")
    }
    let text = terms.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    return change(
      record, to: terms, "node.labelled", text.joined(separator: " "), at: now)
  }

  private func move(
    _ record: NodeRecord, to duty: NodeTerms.Duty, at now: Instant
  ) throws(CommandRefusal) -> CommandDecision {
    try checkAdmitted(record)
    var terms = record.terms
    terms.duty = duty
    return change(record, to: terms, "node.\(duty.rawValue)", "by an operator", at: now)
  }

  private func rotateKey(
    of record: NodeRecord, at now: Instant
  ) throws(CommandRefusal) -> CommandDecision {
    try checkAdmitted(record)
    var terms = record.terms
    terms.isRotating = true
    return change(
      record, to: terms, "key.rotating", "the agent is asked for a new key", at: now)
  }

  func checkAdmitted(_ record: NodeRecord) throws(CommandRefusal) {
    guard record.terms.revokedAt != nil else { return }
    throw CommandRefusal(
      "revoked", "'\(record.id)' is revoked; `node replace` gives its name new hardware")
  }

  func change(
    _ record: NodeRecord, to terms: NodeTerms, _ kind: String, _ detail: String, at now: Instant
  ) -> CommandDecision {
    guard terms != record.terms else {
      return CommandDecision(changes: [], answer: record.id.text)
    }
    return CommandDecision(
      changes: [
        .nodeTerms(record.id, terms), .event(FleetEvent(record.id, kind, detail, at: now)),
      ],
      answer: record.id.text)
  }

  // MARK: carrying out

  /// Shuts the doors that a decision closes, before anybody is told that it is done.
  mutating func enforce(
    _ decision: CommandDecision, at now: Instant, into directives: inout [CoordinatorDirective]
  ) {
    for change in decision.changes {
      switch change {
      case .nodeTerms(let node, let terms):
        guard terms.revokedAt != nil, let key = state.nodes[node]?.publicKey else { continue }
        directives.append(.denyKey(publicKey: key))
        expel(node, "its key was revoked", at: now, into: &directives)
      case .keyBarred(let key): directives.append(.denyKey(publicKey: key.publicKey))
      default: break
      }
    }
  }

  // MARK: rotation

  /// Takes the key that an agent made; from here on it may come in with either.
  mutating func note(
    nextKey publicKey: String, node: Identifier, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {
    guard !publicKey.isEmpty, var terms = state.nodes[node]?.terms, terms.isRotating,
      terms.nextKey != publicKey
    else { return }
    do throws(CommandRefusal) {
      try checkFresh(publicKey, for: node)
    } catch {
      count("next-key")
      return
    }
    // An agent that lost the key it made before makes another; the lost one is good no longer.
    let lost = terms.nextKey
    terms.nextKey = publicKey
    var changes: [FleetChange] = [
      .nodeTerms(node, terms),
      .event(FleetEvent(node, "key.offered", "the agent made a new key", at: now)),
    ]
    if let lost {
      changes.insert(
        .keyBarred(BarredKey(publicKey: lost, reason: .retired, at: now)), at: 0)
    }
    persist(changes, into: &directives)
    directives.append(.allowKey(publicKey: publicKey, node: node))
  }

  /// The first session with the new key ends the old one.
  mutating func finishRotation(
    of node: Identifier, using publicKey: String, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {
    guard var record = state.nodes[node], record.terms.nextKey == publicKey else { return }
    let old = record.publicKey
    record.publicKey = publicKey
    record.acceptedAt = now
    record.terms.nextKey = nil
    record.terms.isRotating = false
    persist(
      [
        .keyBarred(BarredKey(publicKey: old, reason: .retired, at: now)), .nodeAccepted(record),
        .event(FleetEvent(node, "key.rotated", "the old key is good no longer", at: now)),
      ], into: &directives)
    directives.append(.denyKey(publicKey: old))
    // What the old key still holds open would be cut at its next message; it is the same agent.
    if let session = sessions[node] {
      directives.append(.disconnect(session.control))
      if let data = session.data { directives.append(.disconnect(data)) }
    }
  }
}
