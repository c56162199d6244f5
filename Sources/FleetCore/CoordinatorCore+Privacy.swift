package import Federation
package import FleetProtocol

extension CoordinatorCore {
  /// The stable code of a job whose privacy budget does not bear another round.
  package static let budgetSpentCode = "budget-spent"

  /// What a private job needs besides: terms with a meaning, and a budget for a round.
  func checkPrivacy(of job: JobSpecification) throws(CommandRefusal) {
    guard let privacy = job.privacy else { return }
    do throws(PrivacyError) {
      var first = job
      first.rounds = 1
      _ = try first.accountAhead()
    } catch {
      switch error {
      case .budget(let epsilon, let limit):
        throw CommandRefusal(
          error.code,
          "one round takes epsilon to \(epsilon), the job's limit is \(limit); raise "
            + "`noiseMultiplier` or `epsilonMax`, or draw fewer nodes")
      case .weights, .parameters, .ledger: throw CommandRefusal(error.code, "\(error)")
      }
    }
    guard privacy.delta * Double(job.nodes.count) <= 1 else {
      throw CommandRefusal(
        "privacy-delta",
        "a delta of \(privacy.delta) with \(job.nodes.count) nodes, expected at most one in as "
          + "many: more would let a node be laid bare outright")
    }
    guard job.minimumReports <= job.expectedCohort else {
      throw CommandRefusal(
        "minimum-reports",
        "\(job.minimumReports) reports needed, but \(job.expectedCohort) nodes are drawn on "
          + "average; ask for fewer, or raise the chance")
    }
  }

  /// What a job's committed rounds have spent; nil for a job without privacy.
  ///
  /// Throws `ledger` where the stored rows do not add up.
  package func account(of job: JobRecord) throws(PrivacyError) -> PrivacyAccountant? {
    guard let privacy = job.specification.privacy else { return nil }
    return try PrivacyAccountant(
      epsilonMax: privacy.epsilonMax, delta: privacy.delta, rows: state.privacyLedger(of: job.id))
  }

  /// How a job ends whose budget does not bear a round; nil where the round may begin.
  func budgetEnding(_ job: JobRecord, round: UInt32) -> (state: JobState, detail: String)? {
    do throws(PrivacyError) {
      _ = try ledgerRow(of: round, job)
      return nil
    } catch {
      guard case .budget = error else { return (.failed, "\(error.code): \(error)") }
      return (
        .finished,
        "\(Self.budgetSpentCode): round \(round) of \(job.specification.rounds) was not begun, as "
          + "\(error)"
      )
    }
  }

  /// The ledger's row of a round, which its commit stores with the model; nil without privacy.
  func ledgerRow(
    of round: UInt32, _ job: JobRecord
  ) throws(PrivacyError) -> PrivacyLedgerRow? {
    guard let privacy = job.specification.privacy, var account = try account(of: job) else {
      return nil
    }
    return try account.charge(round, job.specification, privacy)
  }

  /// How the sum of a sealed set is made private; nil without privacy.
  func privacyOrder(
    _ round: RoundRecord, _ job: JobRecord, sealed: ContentDigest
  ) -> PrivacyOrder? {
    guard let privacy = job.specification.privacy else { return nil }
    guard let secret = job.secret else { preconditionFailure("\(job.id) has no secret") }
    return PrivacyOrder(
      clip: privacy.clip, noiseMilli: privacy.noiseMilli,
      expected: Int64(job.specification.expectedCohort),
      key: secret.noiseKey(of: round.key, sealed: sealed),
      seal: secret.seal(of: round.key, sealed: sealed))
  }
}

extension FleetState {
  /// What the committed rounds of a job have spent, in their order, those not taken too.
  package func privacyLedger(of job: Identifier) -> [PrivacyLedgerRow] {
    rounds.values.filter { $0.key.job == job }.sorted { $0.key < $1.key }.compactMap { round in
      if case .committed(let result) = round.state { result.privacy } else { nil }
    }
  }
}
