/// How an order has a node run its model.
package struct ServingTerms: Sendable, Equatable, Codable {
  /// All inferences, as a share.
  package static let perMilleMax: UInt32 = 1_000
  /// Longest probe.
  package static let probeInferencesMax: UInt32 = 1_000_000

  /// 0 where the model serves; else it runs beside what serves, on so many of a thousand
  /// inferences, and answers none of them.
  package var shadowPerMille: UInt32
  /// Inferences after which a model that serves is kept or given up; 0 keeps it at once.
  package var probeInferences: UInt32

  /// The model serves, for good and at once.
  package static let plain = ServingTerms()

  /// Terms with both numbers, each cut to its largest value.
  package init(shadowPerMille: UInt32 = 0, probeInferences: UInt32 = 0) {
    self.shadowPerMille = min(shadowPerMille, Self.perMilleMax)
    self.probeInferences = min(probeInferences, Self.probeInferencesMax)
  }

  /// True where the model only runs beside the one that serves.
  package var isShadow: Bool { shadowPerMille > 0 }
}

/// What a model did in its first inferences, and what the one before it had done.
package struct ProbeFigures: Sendable, Equatable {
  /// Counts of one model.
  package struct Tally: Sendable, Equatable {
    /// Inferences.
    package var inferences: UInt64 = 0
    /// Those whose label is known.
    package var labelled: UInt64 = 0
    /// Hits among them.
    package var correct: UInt64 = 0
    /// Spikes of its neurons.
    package var spikes: UInt64 = 0

    /// Nothing counted.
    package init() {}
  }

  /// The model on probation.
  package var probed: Tally
  /// The model before it; all zero where nothing is known of it.
  package var before: Tally

  /// Both tallies.
  package init(probed: Tally, before: Tally) {
    self.probed = probed
    self.before = before
  }
}
