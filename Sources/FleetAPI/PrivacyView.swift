import Federation
package import FleetCore

/// What a job tells of whether any one node took part, to all who see its models.
package struct PrivacyView: Codable, Sendable, Equatable {
  /// Standard deviation of the noise over the clipping norm.
  package var noiseMultiplier: Double
  /// The norm that every update is cut to, in steps of w16.
  package var clip: UInt32
  /// Chance of a node to be asked in a round.
  package var sampling: Double
  /// The chance that the bound does not hold.
  package var delta: Double
  /// What the job may spend at most.
  package var epsilonMax: Double
  /// What is spent after these rounds, at `delta`; nil where the ledger does not add up.
  package var epsilon: Double?
  /// Rounds that were paid for.
  package var rounds: Int

  /// What an account of a job stands at; nil for a job without privacy.
  package init?(_ job: JobSpecification, epsilon: Double?, rounds: Int) {
    guard let privacy = job.privacy else { return nil }
    noiseMultiplier = Double(privacy.noiseMilli) / 1_000
    clip = privacy.clip
    sampling = Double(job.samplingPerMillion) / 1_000_000
    delta = privacy.delta
    epsilonMax = privacy.epsilonMax
    self.epsilon = epsilon
    self.rounds = rounds
  }

  /// What a job's stored rounds have spent; nil for a job without privacy.
  package init?(_ job: JobRecord, in state: FleetState) {
    let rows = state.privacyLedger(of: job.id)
    // The row of a round has the sum of all rounds before it too.
    self.init(job.specification, epsilon: rows.last?.epsilon ?? 0, rounds: rows.count)
  }

  /// What all rounds of a job will have spent, as many as its limit bears; nil without privacy.
  package init?(forecastOf job: JobSpecification) {
    do throws(PrivacyError) {
      let account = try job.accountAhead()
      self.init(job, epsilon: account?.epsilon, rounds: account?.rows.count ?? 0)
    } catch {
      self.init(job, epsilon: nil, rounds: 0)
    }
  }
}
