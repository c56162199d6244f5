package import Federation
import FleetProtocol

/// What a job's models may tell of whether any one node took part.
package struct PrivacyTerms: Sendable, Equatable, Codable {
  /// Noise multiplier z in thousandths: standard deviation of the noise over the clipping norm.
  package var noiseMilli: UInt32
  /// The norm that every update is cut to, in steps of w16.
  package var clip: UInt32
  /// The chance that the bound does not hold.
  package var delta: Double
  /// What the job may spend at most; no round begins that would go past it.
  package var epsilonMax: Double

  /// Terms with all their facts.
  package init(noiseMilli: UInt32, clip: UInt32, delta: Double, epsilonMax: Double) {
    self.noiseMilli = noiseMilli
    self.clip = clip
    self.delta = delta
    self.epsilonMax = epsilonMax
  }
}

extension JobSpecification {
  /// Whether it needs a secret that only the coordinator has.
  package var drawsInSecret: Bool { privacy != nil }

  /// Chance of a node to be in a round's cohort, in millionths.
  package var samplingPerMillion: UInt32 {
    if case .chance(let perMillion) = cohort.rule { perMillion } else { 1_000_000 }
  }

  /// Nodes that a round has on average where each is drawn by itself, at least 1.
  package var expectedCohort: Int {
    max(1, (nodes.count * Int(samplingPerMillion) + 500_000) / 1_000_000)
  }

  /// An account from which all rounds of the job were paid, or as many as its limit bears.
  ///
  /// Nil for a job without privacy. Throws `budget` where the limit bears none, and `parameters`.
  package func accountAhead() throws(PrivacyError) -> PrivacyAccountant? {
    guard let privacy else { return nil }
    var account = try PrivacyAccountant(epsilonMax: privacy.epsilonMax, delta: privacy.delta)
    for round in 0..<rounds {
      do throws(PrivacyError) {
        _ = try account.charge(round + 1, self, privacy)
      } catch {
        guard case .budget = error, round > 0 else { throw error }
        return account
      }
    }
    return account
  }
}

extension PrivacyAccountant {
  /// Spends for a round of a job.
  mutating func charge(
    _ round: UInt32, _ job: JobSpecification, _ privacy: PrivacyTerms
  ) throws(PrivacyError) -> PrivacyLedgerRow {
    try charge(
      round: round, samplingPerMillion: job.samplingPerMillion, noiseMilli: privacy.noiseMilli,
      clip: privacy.clip)
  }
}

/// How the sum of a sealed set is made private.
package struct PrivacyOrder: Sendable, Equatable {
  /// The norm that every update is cut to, in steps of w16.
  package var clip: UInt32
  /// Noise multiplier in thousandths.
  package var noiseMilli: UInt32
  /// Nodes that the round aims at: what the noisy sum is divided by.
  package var expected: Int64
  /// 32 secret bytes from which the noise of this set follows.
  package var key: [UInt8]
  /// What the successor's manifest says in place of the set's hash.
  ///
  /// Whoever knew all other updates could try the hash with and without one that he guesses.
  package var seal: ContentDigest

  /// An order with all its facts.
  package init(
    clip: UInt32, noiseMilli: UInt32, expected: Int64, key: [UInt8], seal: ContentDigest
  ) {
    self.clip = clip
    self.noiseMilli = noiseMilli
    self.expected = expected
    self.key = key
    self.seal = seal
  }
}
