/// What one gate has found, with the evidence it found it from.
package struct GateResult: Sendable, Equatable, Codable {
  /// What a gate looks at.
  package enum Subject: String, Sendable, Codable, CaseIterable {
    case accuracy
    case joules = "joules-per-inference"
    case spikesHigh = "spikes-above"
    case spikesLow = "spikes-below"
    case latency
    case disagreement
  }

  /// What it looks at.
  package var subject: Subject
  /// The measured value in the bound's own unit; nil without data.
  package var estimate: Double?
  /// The bound.
  package var bound: Double
  /// Inputs or window pairs that it rests on.
  package var observations: UInt64
  /// Natural logarithms of the e-values for and against.
  package var evidence: SequentialEvidence
  /// What it found.
  package var finding: GateFinding
}

extension GateResult {
  /// What it found, for a person.
  package var sentence: String {
    let found = estimate.map { subject.words(of: $0) } ?? "nothing measured"
    let limit = (subject == .spikesLow ? "at least " : "at most ") + subject.words(of: bound)
    return "\(subject.title) \(found), \(limit) allowed"
  }
}

extension GateResult.Subject {
  /// What is measured, for a person.
  package var title: String {
    switch self {
    case .accuracy: "accuracy lost"
    case .disagreement: "answers that differ"
    case .joules: "joules an inference"
    case .latency: "chip time an inference"
    case .spikesHigh, .spikesLow: "spikes an inference"
    }
  }

  /// A value in its unit: points, per cent, or a multiple of the present model's.
  package func words(of value: Double) -> String {
    func digits(_ value: Double, _ scale: Double) -> String {
      let hundredths = (value * scale * 100).rounded()
      guard abs(hundredths) < 1e15 else { return "\(value * scale)" }
      let (whole, part) = Int(abs(hundredths)).quotientAndRemainder(dividingBy: 100)
      let sign = hundredths < 0 ? "-" : ""
      return part == 0
        ? "\(sign)\(whole)" : "\(sign)\(whole)." + (part < 10 ? "0" : "") + "\(part)"
    }
    return switch self {
    case .accuracy: digits(value, 100) + " points"
    case .disagreement: digits(value, 100) + " %"
    case .joules, .latency, .spikesHigh, .spikesLow: digits(value, 1) + " times"
    }
  }
}

/// What all gates have found together.
package struct GateAssessment: Sendable, Equatable, Codable {
  /// One result for each bound that is set, in the order of `GateResult.Subject`.
  package var results: [GateResult]
  /// Inputs that the new model has answered.
  package var samples: UInt64

  /// Holds the evidence against the bounds.
  package init(_ evidence: GateEvidence, bounds: GateBounds) {
    samples = evidence.samples
    results = GateResult.Subject.allCases.compactMap { subject in
      Self.result(subject, evidence, bounds)
    }
    guard samples < bounds.samplesMin else { return }
    for index in results.indices where results[index].finding == .pass {
      results[index].finding = .insufficient
    }
  }

  /// A breach of one is a breach; to pass takes all of them.
  package var finding: GateFinding {
    if results.contains(where: { $0.finding == .breach }) { return .breach }
    return results.allSatisfy { $0.finding == .pass } ? .pass : .insufficient
  }

  private static func result(
    _ subject: GateResult.Subject, _ evidence: GateEvidence, _ bounds: GateBounds
  ) -> GateResult? {
    switch subject {
    case .accuracy:
      guard let bound = bounds.accuracyDropMax else { return nil }
      let observed = evidence.accuracy
      return judge(
        subject, observed?.estimate, bound, evidence.accuracy == nil ? 0 : evidence.samples,
        observed?.evidence(below: bound) ?? .none, bounds.errorRate)
    case .disagreement:
      guard let bound = bounds.disagreementMax else { return nil }
      let contrast = evidence.disagreements.map { ProportionContrast([$0]) }
      return judge(
        subject, contrast?.estimate, bound, evidence.disagreements?.trials ?? 0,
        contrast?.evidence(below: bound) ?? .none, bounds.errorRate)
    case .joules:
      return ratio(subject, evidence, bounds.joulesRatioMax, bounds.errorRate) { $0.joules }
    case .latency:
      return ratio(subject, evidence, bounds.latencyRatioMax, bounds.errorRate) {
        Double($0.microseconds)
      }
    case .spikesHigh:
      return ratio(subject, evidence, bounds.spikesRatioMax, bounds.errorRate) {
        Double($0.spikes)
      }
    case .spikesLow:
      return ratio(
        subject, evidence, bounds.spikesRatioMin, bounds.errorRate, isFloor: true
      ) { Double($0.spikes) }
    }
  }

  /// Ratios of costs an inference, pair by pair.
  private static func ratio(
    _ subject: GateResult.Subject, _ evidence: GateEvidence, _ bound: Double?,
    _ errorRate: Double, isFloor: Bool = false, _ cost: (WindowCost) -> Double?
  ) -> GateResult? {
    guard let bound else { return nil }
    var mean = MeanOfPairs()
    for pair in evidence.pairs where pair.present.inferences > 0 && pair.new.inferences > 0 {
      guard let present = cost(pair.present), let new = cost(pair.new), present > 0 else {
        continue
      }
      let ratio =
        new / Double(pair.new.inferences) / (present / Double(pair.present.inferences))
      mean.add(isFloor ? -ratio : ratio)
    }
    let found = mean.evidence(below: isFloor ? -bound : bound)
    let estimate = mean.count == 0 ? nil : isFloor ? -mean.estimate : mean.estimate
    return judge(subject, estimate, bound, mean.count, found, errorRate)
  }

  private static func judge(
    _ subject: GateResult.Subject, _ estimate: Double?, _ bound: Double, _ observations: UInt64,
    _ evidence: SequentialEvidence, _ errorRate: Double
  ) -> GateResult {
    GateResult(
      subject: subject, estimate: estimate, bound: bound, observations: observations,
      evidence: evidence, finding: evidence.finding(errorRate: errorRate))
  }
}
