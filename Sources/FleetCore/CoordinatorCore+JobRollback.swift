import FleetProtocol

extension CoordinatorCore {
  /// The stable code of a round that ended because its job went back.
  package static let rolledBackCode = "rolled-back"
  /// Rounds that a refusal names; the rest is counted.
  private static let roundsNamedMax = 8

  /// Takes a running job back to what it stood on after a round; 0 is before the first.
  ///
  /// An open round ends in the same transaction, and its next attempt begins from there, so that a
  /// restart anywhere finds either the job as it was or one that went back.
  func rollBackJob(
    _ name: String, to number: UInt32, at now: Instant
  ) throws(CommandRefusal) -> CommandDecision {
    guard let id = Identifier(name), var job = state.jobs[id] else {
      throw CommandRefusal(
        "unknown-job", "there is no job '\(name.prefix(80))'; see `federate status`")
    }
    let basis = try basis(of: job, after: number)
    guard job.state == .running else {
      throw CommandRefusal(
        "job-over",
        "job '\(id)' has \(job.state.rawValue) already; start another one from model "
          + "\(basis.model.short), which is that of round \(number)")
    }
    guard basis.model != job.current || basis.serverState != job.serverState else {
      throw CommandRefusal(
        "same-basis",
        "the next round of job '\(id)' grows from round \(number) already; name an earlier one")
    }
    let from = job.current
    job.basis = basis
    let detail = "round \(number), from model \(from.short) to \(basis.model.short)"
    var changes: [FleetChange] = [.jobRolledBack(id, to: basis)]
    if let round = latestRound(of: id) {
      changes = try endForRollback(round, job, detail, at: now) + changes
    }
    changes.append(
      .event(FleetEvent(at: now, kind: "job.rolled-back", subject: id.text, detail: detail)))
    return CommandDecision(changes: changes, answer: basis.model.hex)
  }

  private func basis(
    of job: JobRecord, after number: UInt32
  ) throws(CommandRefusal) -> JobBasis {
    guard let basis = state.basis(of: job, after: number) else {
      let accepted = state.acceptedRounds(of: job.id).map { "\($0.round.key.round)" }
      let more = accepted.count - Self.roundsNamedMax
      throw CommandRefusal(
        "unknown-round",
        "round \(number) of job '\(job.id)' has no model that was taken; name 0, which is before "
          + "the first round"
          + accepted.suffix(Self.roundsNamedMax).map { ", \($0)" }.joined()
          + (more > 0 ? ", or one of \(more) earlier ones" : ""))
    }
    guard state.models[basis.model] != nil else {
      throw CommandRefusal(
        "model-removed",
        "model \(basis.model.short) of round \(number) was removed; name another round: "
          + "`federate history \(job.id)` lists them")
    }
    return basis
  }

  /// What has to end before a job's next round can grow from somewhere else.
  private func endForRollback(
    _ round: RoundRecord, _ job: JobRecord, _ detail: String, at now: Instant
  ) throws(CommandRefusal) -> [FleetChange] {
    switch round.state {
    case .open:
      return [
        .roundFailed(round.key, code: Self.rolledBackCode, detail: "back to \(detail)"),
        .event(
          FleetEvent(
            round.key, "round.failed", "\(Self.rolledBackCode): back to \(detail)", at: now)),
      ]
    case .planned, .sealed:
      throw CommandRefusal(
        "round-busy",
        "round \(round.key) is \(round.state.name): "
          + (round.state == .planned ? "it is about to open" : "its updates are being merged")
          + "; go back once it is open or over")
    case .committed where round.key.round >= job.specification.rounds:
      throw CommandRefusal(
        "job-over",
        "all \(job.specification.rounds) rounds of job '\(job.id)' are done; start "
          + "another job from the model of the round that is wanted")
    case .committed, .failed, .cancelled: return []
    }
  }
}
