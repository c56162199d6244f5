import ArgumentParser
import Federation
import FleetCore
import Workbench

extension JobFile {
  /// The job with what is left out filled in.
  ///
  /// `usualReports` are needed where nothing says how many.
  func specification(
    name: String, model: String, nodes: [String], usualReports: Int
  ) throws -> JobSpecification {
    let deadline = deadlineSeconds ?? 600
    guard (1...86_400).contains(deadline) else {
      throw ValidationError(
        "--deadline-seconds, or `deadlineSeconds` of the job file: found \(deadline), expected 1 "
          + "to 86400")
    }
    var job = JobSpecification(
      name: name, model: model, rounds: rounds ?? 10, samplesPerRound: samplesPerRound ?? 400,
      nodes: nodes, minimumReports: minimumReports ?? targetReports ?? usualReports,
      deadlineMilliseconds: deadline * 1_000, attemptsMax: attempts ?? 3,
      maxRegression: maxRegression ?? 2, seed: seed ?? 1, strategy: strategy ?? .fedAvg,
      compression: compression ?? .dense, cohort: try cohortTerms(), merge: merge ?? [:],
      joulesRatioMax: joulesRatioMax, keptModels: keptModels ?? 10,
      privacy: try privacy?.terms())
    if job.privacy != nil, selection == nil, targetReports == nil {
      // The account is for nodes that are each drawn by chance; that of all is 1.
      job.cohort.rule = .chance(perMillion: 1_000_000)
    }
    if minimumReports == nil, targetReports == nil, job.samplingPerMillion < 1_000_000 {
      job.minimumReports = max(1, job.expectedCohort / 2)
    }
    return job
  }

  /// How many of the nodes each round asks, and which, as flags and file say.
  private func cohortTerms() throws -> CohortTerms {
    let factor = overSelection ?? 1
    guard (1...100).contains(factor) else {
      throw ValidationError("--over-selection: found \(factor), expected 1 to 100")
    }
    let charge = leastCharge ?? 0
    guard (0...100).contains(charge) else {
      throw ValidationError("--least-charge: found \(charge), expected 0 to 100")
    }
    return CohortTerms(
      rule: selection ?? .uniform, target: targetReports,
      askedPerMille: Int((factor * 1_000).rounded()),
      leastChargePerMille: UInt32((charge * 10).rounded()))
  }
}
