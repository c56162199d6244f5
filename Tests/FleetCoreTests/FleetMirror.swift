import FleetCore
import FleetProtocol

/// Stands for the coordinator's database: applies the same changes under the same guards.
///
/// The rules are those of the store's triggers and unique keys; a broken one is a violation that
/// the test then reports.
struct FleetMirror {
  var state: FleetState
  var violations: [String] = []
  var events: [FleetEvent] = []
  /// Sequences stored by node and boot.
  var windows: [Identifier: [[UInt8]: [UInt64]]] = [:]
  /// Every change in the order of its commit.
  var log: [FleetChange] = []

  init(state: FleetState) { self.state = state }

  mutating func commit(_ changes: [FleetChange]) {
    for change in changes {
      let before = violations.count
      check(change)
      guard violations.count == before else { return }
      state.apply(change)
      log.append(change)
    }
  }

  /// What a fresh process of the coordinator loads.
  func started() -> FleetState {
    var next = state
    next.epoch += 1
    next.lastGeneration = 0
    return next
  }

  private mutating func require(_ holds: Bool, _ rule: String) {
    if !holds { violations.append(rule) }
  }

  private mutating func check(_ change: FleetChange) {
    switch change {
    case .nodeAccepted(let node):
      require(
        !state.nodes.values.contains { $0.id != node.id && $0.publicKey == node.publicKey },
        "key of \(node.id) is not unique")
    case .nodeChip(let node, _), .desiredAccepted(let node, _), .observed(let node, _):
      require(state.nodes[node] != nil, "unknown node \(node)")
    case .nodeTerms(let node, _): require(state.nodes[node] != nil, "unknown node \(node)")
    case .modelAdded, .keyBarred, .keyFreed, .joinTokenChanged, .joinTokenRemoved, .budgetSet,
      .budgetRemoved,
      .adminTokenCreated, .adminTokenRevoked, .adminTokenUsed, .adminTokenForgotten, .audited:
      break
    case .modelRemoved(let digest, _):
      require(state.models[digest] != nil, "unknown model")
    case .desiredSet(let node, let assignment):
      require(state.nodes[node] != nil, "unknown node \(node)")
      require(state.models[assignment.model] != nil, "unknown model")
      let last = state.nodes[node]?.desired?.generation ?? .none
      require(assignment.generation > last, "generation \(assignment.generation) does not rise")
    case .telemetryStored(let node, let boot, let added, _):
      for window in added {
        let last = windows[node]?[boot]?.last ?? 0
        require(window.sequence > last, "window \(window.sequence) of \(node) counted twice")
        windows[node, default: [:]][boot, default: []].append(window.sequence)
      }
    case .jobCreated(let job):
      require(state.jobs[job.id] == nil, "job \(job.id) exists")
      require(state.models[job.current] != nil, "unknown model")
    case .jobEnded(let job, _, _):
      require(state.jobs[job]?.state == .running, "job \(job) is over")
    case .jobPaused(let job, let since):
      require(state.jobs[job]?.state == .running, "job \(job) is over")
      require((state.jobs[job]?.pausedAt == nil) != (since == nil), "job \(job) is so already")
    case .jobRolledBack(let job, let basis):
      require(state.jobs[job]?.state == .running, "job \(job) is over")
      require(state.models[basis.model] != nil, "unknown model")
    case .requestAnswered(let id, _, _):
      require(state.answers[id] == nil, "request \(id) was answered")
    case .event(let event): events.append(event)
    case .rootAdded(let record, _):
      let last = state.roots.last?.version
      require(last.map { record.version == $0 + 1 } ?? true, "root files leave a hole")
    case .noticesStored(let node, let through, _):
      require(state.nodes[node] != nil, "unknown node \(node)")
      require(through > state.nodes[node]?.noticesThrough ?? 0, "notices counted twice")
    case .rolloutCreated(let rollout):
      require(state.rollouts[rollout.id] == nil, "rollout \(rollout.id) exists")
      require(state.models[rollout.model] != nil, "unknown model")
    case .rolloutMoved(let id, let progress):
      let before = state.rollouts[id]?.progress.state
      require(
        before == progress.state || before?.next.contains(progress.state) == true,
        "rollout \(id) goes from \(before.map { "\($0)" } ?? "nothing") to \(progress.state)")
    case .rolloutMember(let id, let node, let member):
      require(state.nodes[node] != nil, "unknown node \(node)")
      guard let before = state.rollouts[id]?.members[node]?.step else { break }
      require(
        before == member.step || before.next.contains(member.step),
        "\(node) goes from \(before) to \(member.step)")
    case .rolloutDecided(let id, _):
      require(state.rollouts[id] != nil, "unknown rollout \(id)")
    default: checkRound(change)
    }
  }

  private mutating func checkRound(_ change: FleetChange) {
    switch change {
    case .roundPlanned(let round, _):
      require(state.rounds[round.key] == nil, "round \(round.key) exists")
      require(round.state == .planned && round.openedAt == nil, "a round starts planned")
      require(state.models[round.base] != nil, "unknown base")
      require(
        !state.rounds.values.contains { $0.key.job == round.key.job && !$0.state.isTerminal },
        "a job has two unfinished rounds")
    case .roundOpened(let key, _, _): requireState(of: key, ["planned"], "opened")
    case .roundDeadlineMoved(let key, _): requireState(of: key, ["open"], "extended")
    case .updateAccepted(let key, let node, _):
      requireState(of: key, ["open"], "counted")
      requirePending(node, key)
    case .participantClosed(let key, let node, let participant):
      requireState(of: key, ["planned", "open"], "closed")
      requirePending(node, key)
      require(
        participant.name == "refused" || participant.name == "late", "closed as \(participant)")
    case .roundSealed(let key, _): requireState(of: key, ["open"], "sealed")
    case .roundCommitted(let key, let result, _):
      require(
        state.rounds[key]?.state == .sealed(hash: result.sealedHash),
        "round \(key) is not sealed with that hash")
      require(
        !state.rounds.values.contains {
          $0.key.job == key.job && $0.key.round == key.round && $0.state.name == "committed"
        }, "round \(key) was committed before")
    case .roundFailed(let key, _, _): requireState(of: key, ["open", "sealed"], "failed")
    case .roundCancelled(let key):
      requireState(of: key, ["planned", "open", "sealed"], "cancelled")
    default: violations.append("unexpected change \(change)")
    }
  }

  private mutating func requireState(of key: RoundKey, _ names: [String], _ what: String) {
    let found = state.rounds[key]?.state.name ?? "missing"
    require(names.contains(found), "round \(key) is \(what) while \(found)")
  }

  private mutating func requirePending(_ node: Identifier, _ key: RoundKey) {
    require(
      state.rounds[key]?.participant(node)?.state == .pending,
      "\(node) is not pending in \(key)")
  }
}
