import FleetProtocol

extension CoordinatorCore {
  /// Those that a refusal names; the rest is counted.
  private static let keepersMax = 5

  /// Forgets a model, unless somebody needs it.
  func removeModel(
    _ digest: ContentDigest, at now: Instant
  ) throws(CommandRefusal) -> CommandDecision {
    guard let model = state.models[digest] else {
      throw CommandRefusal(
        "unknown-model", "model \(digest.short) is not stored; see `model list`")
    }
    let keepers = keepers(of: model)
    guard keepers.isEmpty else {
      let more = keepers.count - Self.keepersMax
      throw CommandRefusal(
        "model-needed",
        "model \(digest.short) is needed: "
          + keepers.prefix(Self.keepersMax).joined(separator: "; ")
          + (more > 0 ? "; and \(more) more" : ""))
    }
    let event = FleetEvent(
      at: now, kind: "model.removed", subject: model.name.text,
      detail: "release \(model.releaseCounter), \(digest.short), \(model.size) bytes")
    return CommandDecision(
      changes: [.modelRemoved(digest, at: now), .event(event)], answer: digest.hex)
  }

  /// Forgets models of a job's earlier rounds that it keeps no longer and nobody else needs.
  ///
  /// Rounds remember what they gave, so that the lineage of later models stays whole.
  func oldModels(
    of job: JobRecord, beside newest: ContentDigest, at now: Instant
  ) -> [FleetChange] {
    var kept: Set = [newest]
    var changes: [FleetChange] = []
    for (_, result) in state.acceptedRounds(of: job.id).reversed()
    where !kept.contains(result.model) {
      if kept.count < Int(job.specification.keptModels) {
        kept.insert(result.model)
        continue
      }
      guard let model = state.models[result.model], model.published != nil,
        keepers(of: model).isEmpty
      else { continue }
      kept.insert(result.model)
      changes.append(.modelRemoved(result.model, at: now))
      changes.append(
        .event(
          FleetEvent(
            at: now, kind: "model.removed", subject: model.name.text,
            detail: "\(result.model.short), job '\(job.id)' keeps the last "
              + "\(job.specification.keptModels)")))
    }
    return changes
  }

  /// Who needs a model, each in words.
  private func keepers(of model: ModelRecord) -> [String] {
    let digest = model.digest
    var keepers: [String] = []
    for node in state.nodes.values.sorted(by: { $0.id < $1.id })
    where node.terms.revokedAt == nil {
      if node.desired?.model == digest {
        keepers.append("node '\(node.id)' is to run it")
      } else if let observed = node.observed, observed.model == digest, observed.phase.isHeld {
        keepers.append("node '\(node.id)' says that it is \(observed.phase.rawValue) there")
      }
    }
    for rollout in state.rollouts.values.sorted(by: { $0.id < $1.id }) {
      if let reason = reason(of: rollout, toKeep: digest) { keepers.append(reason) }
    }
    for job in state.jobs.values.sorted(by: { $0.id < $1.id }) where job.state == .running {
      let rounds = state.rounds.values.filter { $0.key.job == job.id && !$0.state.isTerminal }
      let needed = [job.current.hex, job.specification.model] + rounds.map(\.base.hex)
      if needed.contains(digest.hex) { keepers.append("job '\(job.id)' learns from it") }
    }
    for other in state.models.values.sorted(by: { $0.digest < $1.digest })
    where other.published == digest {
      keepers.append("model \(other.digest.short) grew from it")
    }
    let prices = state.models.values.count { $0.priceDigest == model.priceDigest }
    if prices == 1 {
      keepers.append(
        "it is the last model with the prices of its chip, by which joules are told; push another "
          + "for that chip")
    }
    return keepers
  }

  /// Why a rollout needs a model; nil where it does not.
  private func reason(of rollout: RolloutRecord, toKeep digest: ContentDigest) -> String? {
    let name = "rollout '\(rollout.id)' (\(rollout.progress.state.rawValue))"
    switch rollout.progress.state {
    case .failed, .aborted, .undone: return nil
    case .running, .paused, .reverting:
      if rollout.model == digest { return "\(name) brings it" }
      let isBefore = rollout.members.values.contains {
        $0.before?.model == digest && $0.step != .cancelled
      }
      return isBefore ? "\(name) may bring it back" : nil
    case .completed:
      // What the nodes run meanwhile is theirs to keep.
      let isBefore = rollout.members.contains { node, member in
        member.before?.model == digest && member.step == .active
          && state.nodes[node]?.desired?.model == rollout.model
      }
      return isBefore ? "`rollout undo \(rollout.id)` would bring it back" : nil
    }
  }
}

extension ModelPhase {
  /// True where the model lies on the node's disk and is used, or about to be.
  fileprivate var isHeld: Bool {
    switch self {
    case .downloading, .verifying, .active, .staged, .shadowing, .probing: true
    case .refused, .failed, .reverted: false
    }
  }
}
