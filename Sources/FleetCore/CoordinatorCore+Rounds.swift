import Crypto
import Federation
import FleetProtocol

extension CoordinatorCore {
  /// The stable code of a round that too few nodes reported to.
  static let quorumCode = "quorum"
  /// Pause before a set is aggregated again that could not be, for want of a disk.
  static let aggregationPauseMilliseconds: Int64 = 10_000

  // MARK: going on

  /// After a start: planned rounds open, open ones wait a little longer, sealed ones aggregate.
  mutating func resumeJobs(at now: Instant, into directives: inout [CoordinatorDirective]) {
    for id in state.jobs.keys.sorted() {
      guard let job = state.jobs[id], job.state == .running else { continue }
      if let round = latestRound(of: id), case .open(let deadline) = round.state {
        // Nodes need time to come back; never more than the round had in the first place.
        let grace = min(
          settings.restartGraceMilliseconds, job.specification.deadlineMilliseconds)
        let extended = now.advanced(milliseconds: Int64(grace))
        if extended > deadline {
          persist([.roundDeadlineMoved(round.key, deadline: extended)], into: &directives)
        }
      }
      advance(id, at: now, into: &directives)
    }
  }

  /// Seals or fails rounds whose time is over, and takes up what a failed transaction left.
  mutating func watchDeadlines(at now: Instant, into directives: inout [CoordinatorDirective]) {
    for id in state.jobs.keys.sorted() where state.jobs[id]?.state == .running {
      advance(id, at: now, into: &directives)
    }
  }

  /// Takes a running job as far as it can go by itself.
  ///
  /// The next step follows from the newest round alone, so that a restart anywhere repeats it.
  mutating func advance(
    _ id: Identifier, at now: Instant, into directives: inout [CoordinatorDirective]
  ) {
    while let job = state.jobs[id], job.state == .running {
      guard let round = latestRound(of: id) else {
        guard begin(job, round: 1, attempt: 1, at: now, into: &directives) else { return }
        continue
      }
      let (number, attempt) = (round.key.round, round.key.attempt)
      switch round.state {
      case .planned:
        guard job.pausedAt == nil else { return }
        open(round, job, at: now, into: &directives)
      case .open(let deadline):
        guard close(round, job, deadline: deadline, at: now, into: &directives) else { return }
      case .sealed(let hash):
        aggregate(round, job, hash: hash, at: now, into: &directives)
        return
      case .committed:
        if number >= job.specification.rounds {
          end(job, .finished, "\(number) rounds", at: now, into: &directives)
        } else if !begin(job, round: number + 1, attempt: 1, at: now, into: &directives) {
          return
        }
      case .failed(let code, let detail):
        let isTriedAgain =
          code == Self.quorumCode && attempt < job.specification.attemptsMax
          || code == Self.rolledBackCode
        if isTriedAgain {
          guard begin(job, round: number, attempt: attempt + 1, at: now, into: &directives)
          else { return }
        } else {
          end(job, .failed, "round \(number): \(code), \(detail)", at: now, into: &directives)
        }
      case .cancelled:
        end(job, .cancelled, "round \(number) was cancelled", at: now, into: &directives)
      }
    }
  }

  /// The newest attempt of the newest round of a job.
  func latestRound(of job: Identifier) -> RoundRecord? {
    var newest: RoundKey?
    for key in state.rounds.keys where key.job == job {
      newest = max(newest ?? key, key)
    }
    return newest.flatMap { state.rounds[$0] }
  }

  /// Plans a round where the job goes on and a cohort can be drawn; false where it has to wait.
  private mutating func begin(
    _ job: JobRecord, round: UInt32, attempt: UInt32, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) -> Bool {
    guard job.pausedAt == nil else { return false }
    // A job that waits for nodes asks at every tick, and its budget stays as it was.
    if waits[job.id] == nil, let ending = budgetEnding(job, round: round) {
      end(job, ending.state, ending.detail, at: now, into: &directives)
      return false
    }
    do throws(SelectionError) {
      let planned = try draw(job, round: round, attempt: attempt, at: now)
      waits[job.id] = nil
      persist([planned.change], into: &directives)
      return true
    } catch {
      let reason = "round \(round) waits for nodes: \(error)"
      if waits[job.id] == nil {
        directives.append(
          .report(FleetEvent(at: now, kind: "job.waits", subject: job.id.text, detail: reason)))
      }
      waits[job.id] = reason
      return false
    }
  }

  private mutating func open(
    _ round: RoundRecord, _ job: JobRecord, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {
    let deadline = now.advanced(
      milliseconds: Int64(job.specification.deadlineMilliseconds))
    let detail = "base \(round.base.short), \(round.participants.count) nodes"
    persist(
      [
        .roundOpened(round.key, at: now, deadline: deadline),
        .event(FleetEvent(round.key, "round.opened", detail, at: now)),
      ], into: &directives)
    for participant in round.participants {
      offer(round.key, to: participant.node, at: now, into: &directives)
    }
  }

  // MARK: closing

  /// Seals or fails an open round where it is time to; false while it goes on.
  private mutating func close(
    _ round: RoundRecord, _ job: JobRecord, deadline: Instant, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) -> Bool {
    let reports = round.reported.count
    let awaited = round.awaited.count
    let minimum = job.specification.minimumReports
    let isEnough = job.specification.cohort.target.map { reports >= $0 } ?? false
    let isOver = now >= deadline || awaited == 0 || isEnough
    if reports + awaited < minimum || (isOver && reports < minimum) {
      let detail = "\(reports) of \(round.participants.count) nodes reported, \(minimum) needed"
      persist(
        [
          .roundFailed(round.key, code: Self.quorumCode, detail: detail),
          .event(FleetEvent(round.key, "round.failed", "quorum: \(detail)", at: now)),
        ], into: &directives)
      dismiss(round.key, into: &directives)
      return true
    }
    guard isOver else {
      // The clock was put back since: a round never waits longer than it was given.
      let longest = now.advanced(milliseconds: Int64(job.specification.deadlineMilliseconds))
      if deadline > longest {
        persist([.roundDeadlineMoved(round.key, deadline: longest)], into: &directives)
      }
      return false
    }
    let hash = Self.sealedHash(of: round)
    let detail = "\(reports) updates, \(awaited) nodes late, hash \(hash.short)"
    persist(
      [
        .roundSealed(round.key, hash: hash),
        .event(FleetEvent(round.key, "round.sealed", detail, at: now)),
      ], into: &directives)
    for node in round.awaited {
      drop(UploadKey(round: round.key, node: node), into: &directives)
      answer(.late, round.key, node: node, into: &directives)
    }
    return true
  }

  /// SHA-256 over node, digest and samples of every accepted update in node order.
  ///
  /// A name is led by its length, so that no two sets give the same bytes. A loss that was measured
  /// is part of the set: it decides what an update counts for.
  package static func sealedHash(of round: RoundRecord) -> ContentDigest {
    var hash = SHA256()
    for (node, update) in round.reported {
      let name = Array(node.text.utf8)
      hash.update(data: [UInt8(name.count)] + name)
      hash.update(data: update.digest.bytes)
      hash.update(
        data: (0..<4).map { UInt8(truncatingIfNeeded: update.samples >> (8 * UInt32($0))) })
      guard update.lossMillionths > 0 else { continue }
      hash.update(
        data: (0..<4).map { UInt8(truncatingIfNeeded: update.lossMillionths >> (8 * UInt32($0))) })
    }
    guard let digest = ContentDigest(hash.finalize()) else {
      preconditionFailure("SHA-256 gave other than 32 bytes")
    }
    return digest
  }

  /// Tells nodes that still work for a round that it is gone, and forgets their uploads.
  mutating func dismiss(_ key: RoundKey, into directives: inout [CoordinatorDirective]) {
    guard let round = state.rounds[key] else { return }
    for node in round.awaited {
      drop(UploadKey(round: key, node: node), into: &directives)
      answer(.gone, key, node: node, into: &directives)
    }
  }

  // MARK: aggregation

  private mutating func aggregate(
    _ round: RoundRecord, _ job: JobRecord, hash: ContentDigest, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {
    if let asked = aggregations[round.key] {
      guard let again = asked, now >= again else { return }
    }
    guard let base = state.models[round.base] else {
      preconditionFailure("round \(round.key) has the unknown base \(round.base)")
    }
    aggregations = aggregations.filter { $0.key.job != round.key.job }
    aggregations[round.key] = .some(nil)
    directives.append(
      .aggregate(
        AggregationOrder(
          key: round.key, sealedHash: hash, base: base, published: base.published ?? base.digest,
          updates: round.reported.map {
            SealedEntry(
              node: $0.node, digest: $0.update.digest, samples: $0.update.samples,
              lossMillionths: $0.update.lossMillionths)
          }, strategy: job.specification.strategy, state: job.serverState,
          merge: job.specification.merge, measuresBase: job.bestAccuracy == nil,
          privacy: privacyOrder(round, job, sealed: hash))))
  }

  /// Records what came of a sealed set; the check's result is in the commit's transaction.
  mutating func finishRound(
    _ key: RoundKey, _ outcome: AggregationOutcome, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {
    let again = now.advanced(milliseconds: Self.aggregationPauseMilliseconds)
    // Looked at again only if the transaction below fails.
    aggregations[key] = .some(again)
    // Cancelled meanwhile, or a repeated answer: cancel wins and a commit happens once.
    guard let round = state.rounds[key], case .sealed(let hash) = round.state,
      let job = state.jobs[key.job], let base = state.models[round.base]
    else { return }
    switch outcome {
    case .unavailable(let detail):
      directives.append(.report(FleetEvent(key, "round.delayed", detail, at: now)))
    case .refused(let code, let detail):
      fail(key, code: code, detail, at: now, into: &directives)
      advance(key.job, at: now, into: &directives)
    case .made(let model, let accuracy, let baseAccuracy, let kept, let leftOut):
      guard model.structureDigest == base.structureDigest,
        model.published == base.published ?? base.digest
      else {
        fail(key, code: "structure", "not a successor of its base", at: now, into: &directives)
        advance(key.job, at: now, into: &directives)
        return
      }
      guard accuracy?.isFinite ?? true, baseAccuracy?.isFinite ?? true else {
        fail(key, code: "accuracy", "accuracy is not a number", at: now, into: &directives)
        advance(key.job, at: now, into: &directives)
        return
      }
      let best = job.bestAccuracy ?? baseAccuracy
      let reason = objection(to: model, accuracy, best: best, job)
      var result = RoundResult(
        sealedHash: hash, model: model.digest, accuracy: accuracy, accepted: reason == nil,
        committedAt: now, state: kept, leftOut: leftOut)
      result.reason = reason ?? ""
      (result.baseAccuracy, result.nanojoulesPerInference) = (
        baseAccuracy, model.nanojoulesPerInference
      )
      do throws(PrivacyError) {
        result.privacy = try ledgerRow(of: key.round, job)
        commit(key, result, model, at: now, into: &directives)
      } catch {
        fail(key, code: error.code, "\(error)", at: now, into: &directives)
      }
      advance(key.job, at: now, into: &directives)
    }
  }

  /// Why the held-out check does not take a merged model; nil where it does.
  private func objection(
    to model: ModelRecord, _ accuracy: Double?, best: Double?, _ job: JobRecord
  ) -> String? {
    let terms = job.specification
    if let accuracy, let best, accuracy < best - terms.maxRegression {
      return "accuracy \(accuracy) %, the best so far has \(best) %, at most "
        + "\(terms.maxRegression) points less are taken"
    }
    guard let limit = terms.joulesRatioMax else { return nil }
    guard let found = model.nanojoulesPerInference, let first = firstNanojoules(of: terms) else {
      return "joules per inference are not known, and `joulesRatioMax` is \(limit); let the "
        + "coordinator's `checkData` name samples of this sensor"
    }
    let ratio = Double(found) / Double(first)
    guard ratio > limit else { return nil }
    return "\(ratio) times the joules per inference of the job's first model, at most \(limit) "
      + "are taken"
  }

  /// What an inference of a job's first model takes; nil where it was never held against data.
  func firstNanojoules(of job: JobSpecification) -> UInt64? {
    ContentDigest(hex: job.model).flatMap { state.models[$0]?.nanojoulesPerInference }
      .flatMap { $0 > 0 ? $0 : nil }
  }

  private mutating func commit(
    _ key: RoundKey, _ result: RoundResult, _ model: ModelRecord, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {
    let measured = result.accuracy.map { ", held-out accuracy \($0) %" } ?? ""
    let verb = result.accepted ? "committed" : "rejected"
    // Updates that cancel out give the bytes of a model that is stored under its own manifest.
    let record = state.models[model.digest] ?? model
    var forgotten: [FleetChange] = []
    if result.accepted, let job = state.jobs[key.job] {
      forgotten = oldModels(of: job, beside: record.digest, at: now)
    }
    persist(
      [
        .roundCommitted(key, result, model: result.accepted ? record : nil),
        .event(
          FleetEvent(
            key, "round.\(verb)",
            "model \(model.digest.short)\(measured)"
              + (result.reason.isEmpty ? "" : ", not taken: \(result.reason)")
              + (result.leftOut.isEmpty
                ? "" : ", without \(result.leftOut.map(\.text).joined(separator: ", "))"),
            at: now)),
      ] + forgotten, into: &directives)
  }

  private mutating func fail(
    _ key: RoundKey, code: String, _ detail: String, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {
    persist(
      [
        .roundFailed(key, code: code, detail: detail),
        .event(FleetEvent(key, "round.failed", "\(code): \(detail)", at: now)),
      ], into: &directives)
  }

  private mutating func end(
    _ job: JobRecord, _ outcome: JobState, _ detail: String, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {
    let event = FleetEvent(
      at: now, kind: "job.\(outcome.rawValue)", subject: job.id.text, detail: detail)
    let isAsMeant = outcome == .finished && !detail.hasPrefix(Self.budgetSpentCode)
    persist(
      [
        .jobEnded(job.id, outcome, detail: isAsMeant ? "" : detail), .event(event),
      ], into: &directives)
  }
}
