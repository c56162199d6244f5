import Federation
import FleetProtocol
import SwiftProtobuf

extension CoordinatorCore {
  /// Most rounds of one job.
  package static let roundsMax: UInt32 = 10_000
  /// Most attempts of one round.
  package static let attemptsMax: UInt32 = 100

  /// A job; its first round is planned as soon as a cohort can be drawn.
  func startJob(
    _ specification: JobSpecification, secret: JobSecret?, at now: Instant
  ) throws(CommandRefusal) -> CommandDecision {
    var (job, nodes) = try checked(specification, at: now)
    if specification.drawsInSecret {
      precondition(secret != nil, "job \(job.id) draws in secret and came without one")
      job.secret = secret
    }
    let detail =
      "\(specification.rounds) rounds on \(nodes.count) nodes from \(job.current.short)"
    let event = FleetEvent(at: now, kind: "job.started", subject: job.id.text, detail: detail)
    return CommandDecision(changes: [.jobCreated(job), .event(event)], answer: job.id.text)
  }

  /// The job of a specification that holds, and its nodes.
  func checked(
    _ specification: JobSpecification, at now: Instant
  ) throws(CommandRefusal) -> (JobRecord, [Identifier]) {
    guard let id = Identifier(specification.name) else {
      throw CommandRefusal(
        "job-name",
        "'\(specification.name.prefix(80))' is not a name; use a-z, 0-9, '.', '_' and '-'")
    }
    guard state.jobs[id] == nil else {
      throw CommandRefusal("duplicate-job", "job '\(id)' exists; choose another name")
    }
    let model = try storedModel(specification.model)
    try checkNumbers(of: specification)
    let nodes = try checkCohort(of: specification, model)
    try checkStrategy(of: specification)
    try checkPrivacy(of: specification)
    try checkPermit(of: model, at: now)
    let job = JobRecord(
      id: id, specification: specification, current: model.digest, createdAt: now)
    return (job, nodes)
  }

  private func checkNumbers(of job: JobSpecification) throws(CommandRefusal) {
    let samplesMax = UInt32(Limits.roundSamplesMax)
    guard (1...Self.roundsMax).contains(job.rounds) else {
      throw CommandRefusal("rounds", "\(job.rounds) rounds, expected 1 to \(Self.roundsMax)")
    }
    guard (1...samplesMax).contains(job.samplesPerRound) else {
      throw CommandRefusal(
        "samples", "\(job.samplesPerRound) samples a round, expected 1 to \(samplesMax)")
    }
    guard job.deadlineMilliseconds > 0 else {
      throw CommandRefusal("deadline", "a deadline of 0 ms; expected 1 or more")
    }
    guard (1...Self.attemptsMax).contains(job.attemptsMax) else {
      throw CommandRefusal(
        "attempts", "\(job.attemptsMax) attempts, expected 1 to \(Self.attemptsMax)")
    }
    guard job.maxRegression.isFinite, (0...100).contains(job.maxRegression) else {
      throw CommandRefusal(
        "max-regression", "\(job.maxRegression) points, expected 0 to 100")
    }
    guard (1...Self.roundsMax).contains(job.keptModels) else {
      throw CommandRefusal(
        "kept-models", "\(job.keptModels) models to keep, expected 1 to \(Self.roundsMax)")
    }
    guard let ratio = job.joulesRatioMax else { return }
    guard ratio.isFinite, ratio > 0 else {
      throw CommandRefusal(
        "joules-ratio",
        "`joulesRatioMax` \(ratio), expected more than 0; 1.1 lets a merged model take a tenth "
          + "more than the job's model")
    }
    guard firstNanojoules(of: job) != nil else {
      throw CommandRefusal(
        "joules-ratio",
        "`joulesRatioMax` is set and nothing is known of the joules per inference of the model; "
          + "let the coordinator's `checkData` name samples of its sensor and push it again")
    }
  }

  private func checkCohort(
    of job: JobSpecification, _ model: ModelRecord
  ) throws(CommandRefusal) -> [Identifier] {
    let nodes = try known(job.nodes)
    try checkDuty(of: nodes)
    guard !nodes.isEmpty, nodes.count == job.nodes.count else {
      throw CommandRefusal(
        "nodes", "\(job.nodes.count) names of \(nodes.count) nodes; name each node once")
    }
    guard (1...nodes.count).contains(job.minimumReports) else {
      throw CommandRefusal(
        "minimum-reports",
        "\(job.minimumReports) reports of \(nodes.count) nodes, expected 1 to \(nodes.count)")
    }
    try checkSize(of: job, nodes: nodes.count)
    try checkChips(of: model, on: nodes)
    for node in nodes {
      let others = state.jobs.values.filter {
        $0.state == .running && $0.specification.nodes.contains(node.text)
      }.count
      guard others < Limits.openRoundsMax else {
        throw CommandRefusal(
          "open-rounds", "'\(node)' takes part in \(others) running jobs; wait or cancel one")
      }
    }
    return nodes
  }

  private func checkSize(of job: JobSpecification, nodes: Int) throws(CommandRefusal) {
    guard job.cohort.leastChargePerMille <= 1_000 else {
      throw CommandRefusal(
        "least-charge",
        "a least charge of \(job.cohort.leastChargePerMille) thousandths, expected 0 to 1000")
    }
    guard let target = job.cohort.target else {
      guard job.cohort.rule.needsNoTarget, job.cohort.askedPerMille == 1_000 else {
        throw CommandRefusal(
          "cohort-size",
          "a way to draw a cohort without a number of reports that are wanted; give "
            + "`targetReports`")
      }
      return
    }
    guard target <= nodes else {
      throw CommandRefusal(
        "cohort-size", "\(target) reports wanted of \(nodes) nodes, expected 1 to \(nodes)")
    }
    do throws(SelectionError) {
      _ = try CohortSize(
        target: target, quorum: job.minimumReports, askedPerMille: job.cohort.askedPerMille)
    } catch {
      throw CommandRefusal(error.code, "\(error)")
    }
  }

  /// The rule has to work with as few updates as a round may have.
  private func checkStrategy(of job: JobSpecification) throws(CommandRefusal) {
    if let reason = job.strategy.name.needOfNodes {
      throw CommandRefusal(
        "strategy",
        "\(job.strategy.name.rawValue) \(reason), which agents do not do yet; choose "
          + "another strategy")
    }
    do throws(AggregationError) {
      try job.strategy.combination.admit(
        Array(repeating: UpdateFacts(samples: job.samplesPerRound), count: job.minimumReports))
    } catch {
      throw CommandRefusal(
        error.code, "with \(job.minimumReports) reports, as few as a round may have: \(error)")
    }
  }

  /// Nodes believe a successor only under its publisher's permit, so no job starts without one.
  private func checkPermit(of model: ModelRecord, at now: Instant) throws(CommandRefusal) {
    let publishedDigest = model.published ?? model.digest
    guard let published = state.models[publishedDigest],
      let manifest = CarriedManifest.unverified(published.manifest)
    else {
      throw CommandRefusal(
        "manifest", "the manifest of \(publishedDigest.short) is not readable; push it again")
    }
    guard manifest.hasPermit, manifest.permit.untilUs > now.microseconds else {
      throw CommandRefusal(
        "no-permit",
        "the manifest of \(publishedDigest.short) does not permit federation now;"
          + " sign one that does and push it")
    }
  }

  /// Begins no more rounds; the one under way ends as it does.
  func pauseJob(_ name: String, at now: Instant) throws(CommandRefusal) -> CommandDecision {
    try movePause(of: name, to: now, "job.paused", "no round is begun until it is resumed", at: now)
  }

  /// Begins rounds again.
  func resumeJob(_ name: String, at now: Instant) throws(CommandRefusal) -> CommandDecision {
    try movePause(of: name, to: nil, "job.resumed", "by the operator", at: now)
  }

  private func movePause(
    of name: String, to since: Instant?, _ kind: String, _ detail: String, at now: Instant
  ) throws(CommandRefusal) -> CommandDecision {
    let job = try knownJob(name)
    guard job.state == .running else {
      throw CommandRefusal("job-over", "job '\(job.id)' is \(job.state.rawValue) already")
    }
    guard (job.pausedAt == nil) != (since == nil) else {
      return CommandDecision(changes: [], answer: job.id.text)
    }
    return CommandDecision(
      changes: [
        .jobPaused(job.id, since: since),
        .event(FleetEvent(at: now, kind: kind, subject: job.id.text, detail: detail)),
      ], answer: job.id.text)
  }

  private func knownJob(_ name: String) throws(CommandRefusal) -> JobRecord {
    guard let id = Identifier(name), let job = state.jobs[id] else {
      throw CommandRefusal(
        "unknown-job", "there is no job '\(name.prefix(80))'; see `federate status`")
    }
    return job
  }

  /// Cancel always wins: over an open round and over one that is being aggregated.
  func cancelJob(_ name: String, at now: Instant) throws(CommandRefusal) -> CommandDecision {
    let job = try knownJob(name)
    let id = job.id
    switch job.state {
    case .cancelled: return CommandDecision(changes: [], answer: id.text)
    case .finished, .failed:
      throw CommandRefusal("job-over", "job '\(id)' has \(job.state.rawValue) already")
    case .running: break
    }
    var changes: [FleetChange] = []
    if let round = latestRound(of: id), !round.state.isTerminal {
      changes.append(.roundCancelled(round.key))
      changes.append(
        .event(FleetEvent(round.key, "round.cancelled", "the job was cancelled", at: now)))
    }
    let detail = "cancelled by the operator"
    changes.append(.jobEnded(id, .cancelled, detail: detail))
    changes.append(
      .event(FleetEvent(at: now, kind: "job.cancelled", subject: id.text, detail: detail)))
    return CommandDecision(changes: changes, answer: id.text)
  }
}

/// A manifest as it is carried, without a look at its signatures.
enum CarriedManifest {
  /// What the manifest says; only for bytes that were verified before, or for a report.
  static func unverified(_ envelope: [UInt8]) -> WireManifest? {
    do {
      let carried = try WireEnvelope(serializedBytes: envelope)
      return try WireManifest(serializedBytes: [UInt8](carried.payload))
    } catch {
      return nil
    }
  }
}
