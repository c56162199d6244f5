package import FleetProtocol

/// Everything the coordinator must not forget, as a value.
///
/// The database is the only truth: this value equals what the store would load, after every
/// transaction. It changes through `apply` alone.
package struct FleetState: Sendable, Equatable {
  /// Raised at every start of the coordinator; part of every generation and round offer.
  package var epoch: UInt64
  /// Last number given to a generation inside this epoch.
  package var lastGeneration: UInt64
  /// Accepted nodes by name.
  package var nodes: [Identifier: NodeRecord]
  /// Keys that nobody may come in with, by key.
  package var barredKeys: [String: BarredKey]
  /// Join tokens by name.
  package var joinTokens: [Identifier: JoinToken]
  /// Tokens of the admin endpoint by name.
  package var adminTokens: [Identifier: AdminToken]
  /// Models by digest.
  package var models: [ContentDigest: ModelRecord]
  /// Jobs by name.
  package var jobs: [Identifier: JobRecord]
  /// The newest attempt of the newest round and all before it, by key.
  package var rounds: [RoundKey: RoundRecord]
  /// Rollouts by name.
  package var rollouts: [Identifier: RolloutRecord]
  /// Energy that nodes may use in a day, by the budget's name.
  package var budgets: [Identifier: EnergyBudget]
  /// Root files by version, without holes: what nodes follow one by one.
  package var roots: [RootRecord]
  /// Answers to commands, by request id.
  package var answers: [String: CommandResponse]

  /// An empty fleet in its first epoch.
  package init(epoch: UInt64 = 1) {
    self.epoch = epoch
    lastGeneration = 0
    nodes = [:]
    barredKeys = [:]
    joinTokens = [:]
    adminTokens = [:]
    models = [:]
    jobs = [:]
    rounds = [:]
    rollouts = [:]
    budgets = [:]
    roots = []
    answers = [:]
  }

  /// Blobs that must stay on the disk: models, the updates of rounds that are not over, and what
  /// strategies of running jobs keep.
  package var neededBlobs: Set<ContentDigest> {
    var needed = Set(models.keys)
    for round in rounds.values where !round.state.isTerminal {
      for (_, update) in round.reported { needed.insert(update.digest) }
    }
    // A running job may go back to each of its models: with what its strategy kept there.
    for job in jobs.values where job.state == .running {
      let kept = acceptedRounds(of: job.id).filter { models[$0.result.model] != nil }
      needed.formUnion(kept.compactMap(\.result.state) + [job.serverState].compactMap(\.self))
    }
    return needed
  }

  /// Applies the changes of one transaction in order.
  package mutating func apply(_ changes: [FleetChange]) {
    for change in changes { apply(change) }
  }

  /// Applies one change; a change about something unknown breaks an invariant of the core.
  package mutating func apply(_ change: FleetChange) {
    switch change {
    case .nodeAccepted(let node): nodes[node.id] = node
    case .nodeChip(let node, let chip): updateNode(node) { $0.chip = chip }
    case .nodeTerms(let node, let terms): updateNode(node) { $0.terms = terms }
    case .keyBarred(let key): barredKeys[key.publicKey] = key
    case .keyFreed(let key): barredKeys[key] = nil
    case .joinTokenChanged(let token):
      guard let name = Identifier(token.name) else {
        preconditionFailure("a token without a name was stored")
      }
      joinTokens[name] = token
    case .joinTokenRemoved(let name): joinTokens[name] = nil
    case .adminTokenCreated(let token): adminTokens[token.name] = token
    case .adminTokenRevoked(let name, let at): adminTokens[name]?.revokedAt = at
    case .adminTokenUsed(let name, let at): adminTokens[name]?.usedAt = at
    case .adminTokenForgotten(let name): adminTokens[name] = nil
    case .modelAdded(let model): models[model.digest] = model
    case .modelRemoved(let digest, _): models[digest] = nil
    case .desiredSet(let node, let assignment):
      updateNode(node) { $0.desired = assignment }
      if assignment.generation.epoch == epoch {
        lastGeneration = max(lastGeneration, assignment.generation.number)
      }
    case .desiredAccepted(let node, let generation):
      updateNode(node) { $0.accepted = generation }
    case .observed(let node, let observed): updateNode(node) { $0.observed = observed }
    case .telemetryStored(let node, let boot, let windows, _):
      guard let last = windows.last else { return }
      updateNode(node) { $0.advance(boot: boot, through: last.sequence) }
    case .jobCreated(let job): jobs[job.id] = job
    case .jobEnded(let job, let state, let detail):
      updateJob(job) {
        $0.state = state
        $0.detail = detail
      }
    case .jobPaused(let job, let since): updateJob(job) { $0.pausedAt = since }
    case .jobRolledBack(let job, let basis): updateJob(job) { $0.basis = basis }
    case .rootAdded(let record, _): roots.append(record)
    case .noticesStored(let node, let through, let alarm):
      updateNode(node) {
        $0.noticesThrough = through
        $0.alarm = alarm
      }
    case .requestAnswered(let id, let response, _): answers[id] = response
    case .rolloutCreated(let rollout): rollouts[rollout.id] = rollout
    case .rolloutMoved(let id, let progress): updateRollout(id) { $0.progress = progress }
    case .rolloutMember(let id, let node, let member):
      updateRollout(id) { $0.members[node] = member }
    case .budgetSet(let budget):
      guard let name = Identifier(budget.name) else {
        preconditionFailure("a budget without a name was stored")
      }
      budgets[name] = budget
    case .budgetRemoved(let name): budgets[name] = nil
    case .event, .audited, .rolloutDecided: break
    default: applyRound(change)
    }
  }

  private mutating func applyRound(_ change: FleetChange) {
    switch change {
    case .roundPlanned(let round, _): rounds[round.key] = round
    case .roundOpened(let key, let at, let deadline):
      updateRound(key) {
        $0.state = .open(deadline: deadline)
        $0.openedAt = at
      }
    case .roundDeadlineMoved(let key, let deadline):
      updateRound(key) { $0.state = .open(deadline: deadline) }
    case .updateAccepted(let key, let node, let update):
      updateParticipant(key, node) { $0 = .reported(update) }
    case .participantClosed(let key, let node, let state):
      updateParticipant(key, node) { $0 = state }
    case .roundSealed(let key, let hash):
      updateRound(key) { round in
        round.state = .sealed(hash: hash)
        for index in round.participants.indices
        where round.participants[index].state == .pending {
          round.participants[index].state = .late
        }
      }
    case .roundCommitted(let key, let result, let model): commit(key, result, model)
    case .roundFailed(let key, let code, let detail):
      updateRound(key) { $0.state = .failed(code: code, detail: detail) }
    case .roundCancelled(let key): updateRound(key) { $0.state = .cancelled }
    default: preconditionFailure("\(change) is not about a round")
    }
  }

  private mutating func commit(_ key: RoundKey, _ result: RoundResult, _ model: ModelRecord?) {
    updateRound(key) { $0.state = .committed(result) }
    guard let model else { return }
    models[model.digest] = model
    updateJob(key.job) { job in
      job.current = model.digest
      job.serverState = result.state
      for accuracy in [result.baseAccuracy, result.accuracy].compactMap(\.self) {
        job.bestAccuracy = max(job.bestAccuracy ?? accuracy, accuracy)
      }
    }
  }

  private mutating func updateNode(_ id: Identifier, _ body: (inout NodeRecord) -> Void) {
    guard var record = nodes.removeValue(forKey: id) else {
      preconditionFailure("change about the unknown node \(id)")
    }
    body(&record)
    nodes[id] = record
  }

  private mutating func updateJob(_ id: Identifier, _ body: (inout JobRecord) -> Void) {
    guard var record = jobs.removeValue(forKey: id) else {
      preconditionFailure("change about the unknown job \(id)")
    }
    body(&record)
    jobs[id] = record
  }

  private mutating func updateRollout(
    _ id: Identifier, _ body: (inout RolloutRecord) -> Void
  ) {
    guard var record = rollouts.removeValue(forKey: id) else {
      preconditionFailure("change about the unknown rollout \(id)")
    }
    body(&record)
    rollouts[id] = record
  }

  private mutating func updateRound(_ key: RoundKey, _ body: (inout RoundRecord) -> Void) {
    guard var record = rounds.removeValue(forKey: key) else {
      preconditionFailure("change about the unknown round \(key)")
    }
    body(&record)
    rounds[key] = record
  }

  private mutating func updateParticipant(
    _ key: RoundKey, _ node: Identifier, _ body: (inout ParticipantState) -> Void
  ) {
    updateRound(key) { round in
      guard let index = round.participants.firstIndex(where: { $0.node == node }) else {
        preconditionFailure("change about \(node), which is not in the cohort of \(key)")
      }
      body(&round.participants[index].state)
    }
  }
}

extension NodeRecord {
  /// Boots whose progress is kept; telemetry of an older boot is acknowledged without storing.
  package static let bootsMax = 8

  /// Notes that telemetry of a boot is stored up to a sequence.
  package mutating func advance(boot: [UInt8], through: UInt64) {
    if let index = boots.firstIndex(where: { $0.boot == boot }) {
      boots[index].through = through
    } else {
      boots.append(BootProgress(boot: boot, through: through))
      if boots.count > Self.bootsMax { boots.removeFirst() }
    }
  }
}
