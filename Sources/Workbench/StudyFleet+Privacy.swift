import Federation
import FleetCore

extension StudyFleet {
  /// The rounds that are over, with what each has spent; none for a job without privacy.
  static func paidRounds(_ setup: StudySetup, _ progress: StudyProgress) -> [RoundRecord] {
    let rows: [PrivacyLedgerRow]
    do throws(PrivacyError) {
      rows = try setup.job.accountAhead()?.rows ?? []
    } catch {
      preconditionFailure("a job that was admitted: \(error)")
    }
    return zip(progress.rounds.filter { $0.round > 0 }, rows).map { round, row in
      var record = RoundRecord(
        key: RoundKey(job: setup.name, round: round.round, attempt: round.attempts),
        base: progress.model, seed: 0, samples: setup.job.samplesPerRound, cohort: [],
        plannedAt: progress.at)
      record.state = .committed(
        RoundResult(
          sealedHash: round.model, model: round.model, accuracy: round.accuracy,
          accepted: round.isAccepted, committedAt: progress.at, privacy: row))
      return record
    }
  }
}
