import CompiledModel
import Federation
import FleetProtocol

/// A round that can be planned, with what was decided about each of the job's nodes.
struct PlannedRound {
  let round: RoundRecord
  let notes: [CohortNote]

  var change: FleetChange { .roundPlanned(round, notes: notes) }
}

extension CoordinatorCore {
  /// Draws a round's cohort; an attempt reuses its round's seed for the nodes' noise.
  ///
  /// Without a target everybody who takes rounds is asked, wherever he is: who is away may come
  /// back before the deadline; by chance each is with that chance. With one, only nodes that are
  /// heard are.
  func draw(
    _ job: JobRecord, round: UInt32, attempt: UInt32, at now: Instant
  ) throws(SelectionError) -> PlannedRound {
    let terms = job.specification.cohort
    let candidates = job.specification.nodes.compactMap { name in
      Identifier(name).map { candidate($0, isFromAll: terms.target == nil) }
    }
    let decisions: [(node: String, reason: SelectionReason)]
    if let target = terms.target ?? (terms.rule == .uniform ? nil : candidates.count) {
      // A job that waits for nodes asks at every tick: what its rounds say is not needed for that.
      let free = candidates.count { $0.hindrance == nil }
      let histories =
        free < job.specification.minimumReports ? [:] : histories(of: job, before: round)
      let selector = CohortSelector(
        rule: terms.rule,
        size: try CohortSize(
          target: target, quorum: job.specification.minimumReports,
          askedPerMille: terms.askedPerMille),
        chargeLeastPerMille: terms.leastChargePerMille,
        seed: job.secret?.cohortSeed
          ?? (0..<8).map { UInt8(truncatingIfNeeded: job.specification.seed >> (8 * $0)) })
      let selection = try selector.select(
        candidates.map { histories[$0.node]?.completing($0) ?? $0 }, round: round,
        attempt: attempt)
      decisions = selection.decisions.map { ($0.node, $0.reason) }
    } else {
      decisions = candidates.map { candidate in
        (candidate.node, candidate.hindrance.map { .hindered($0) } ?? .needed)
      }
    }
    var seeds = SeedSequence(state: job.specification.seed &+ UInt64(round))
    let record = RoundRecord(
      key: RoundKey(job: job.id, round: round, attempt: attempt), base: job.current,
      seed: seeds.next(), samples: job.specification.samplesPerRound,
      cohort: decisions.filter(\.reason.isPicked).compactMap { Identifier($0.node) },
      plannedAt: now)
    return PlannedRound(round: record, notes: decisions.map { CohortNote($0.node, $0.reason) })
  }

  /// A node as the drawing sees it; who is away counts only where all are asked.
  func candidate(_ node: Identifier, isFromAll: Bool) -> SelectionCandidate {
    var candidate = SelectionCandidate(node: node.text)
    let terms = state.nodes[node]?.terms
    let session = sessions[node]
    if terms?.takesWork != true {
      candidate.hindrance = .cordoned
    } else if terms?.quarantine != nil {
      candidate.hindrance = .quarantined
    } else if !isFromAll, session == nil || session?.liveness == .offline {
      candidate.hindrance = .offline
    }
    candidate.chargePerMille = session?.chargePerMille
    if let energy = session?.energy, energy.limitNanojoules > 0 {
      let left = energy.limitNanojoules - min(energy.usedNanojoules, energy.limitNanojoules)
      // At most 1,000, as what is left is at most the limit.
      candidate.energyLeftPerMille = UInt32(
        energy.limitNanojoules.dividingFullWidth(left.multipliedFullWidth(by: 1_000)).quotient)
    }
    return candidate
  }

  /// What the rounds of a job say about its nodes, by name.
  private func histories(of job: JobRecord, before round: UInt32) -> [String: NodeHistory] {
    guard case .weighted = job.specification.cohort.rule else { return [:] }
    var histories: [String: NodeHistory] = [:]
    let records = state.rounds.values.filter { $0.key.job == job.id && $0.key.round < round }
    for record in records.sorted(by: { $0.key < $1.key }) {
      for (node, update) in record.reported {
        histories[node.text, default: NodeHistory()].note(update, in: record.key.round)
      }
    }
    return histories
  }
}

/// What a node's updates of a job say about it.
private struct NodeHistory {
  private var lastRound: UInt32?
  private var lossPerMille: UInt32?
  private var spikesPerSample: Double?
  private var firingRateChangePerMille: UInt32?

  mutating func note(_ update: UpdateRecord, in round: UInt32) {
    lastRound = round
    guard update.samples > 0 else { return }
    let missed = UInt64(update.samples) - UInt64(min(update.correct, update.samples))
    lossPerMille = UInt32(missed * 1_000 / UInt64(update.samples))
    let spike = EventKind.spike.rawValue
    guard spike < update.counts.count else { return }
    let rate = Double(update.counts[spike]) / Double(update.samples)
    if let before = spikesPerSample, before > 0 {
      firingRateChangePerMille = UInt32(min(abs(rate / before - 1) * 1_000, 1_000_000))
    }
    spikesPerSample = rate
  }

  func completing(_ candidate: SelectionCandidate) -> SelectionCandidate {
    var candidate = candidate
    candidate.lastRound = lastRound
    candidate.lossPerMille = lossPerMille
    candidate.firingRateChangePerMille = firingRateChangePerMille
    return candidate
  }
}
