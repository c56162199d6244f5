import Federation
import FleetCore

extension JobSpecification {
  /// Noise, nodes that are each drawn by chance, and a budget that bears two of three rounds.
  mutating func makePrivate() {
    strategy = Self.uniform
    compression = .dense
    cohort = CohortTerms(rule: .chance(perMillion: seed.isMultiple(of: 2) ? 600_000 : 1_000_000))
    minimumReports = min(minimumReports, expectedCohort)
    privacy = PrivacyTerms(
      noiseMilli: 1_000, clip: 1_000, delta: 1e-3,
      epsilonMax: samplingPerMillion < 1_000_000 ? 5 : 6)
  }

  private static let uniform: Strategy = {
    do {
      return try Strategy(.fedAvg, weighting: .uniform)
    } catch {
      preconditionFailure("updates of FedAvg may count alike: \(error)")
    }
  }()
}
