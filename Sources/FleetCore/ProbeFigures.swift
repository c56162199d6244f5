import RolloutGates

/// What a model did in its first inferences, and what the one before it had done.
package struct ProbeFigures: Sendable, Equatable {
  /// Counts of one model.
  package struct Tally: Sendable, Equatable {
    /// Inferences.
    package var inferences: UInt64
    /// Those whose label is known.
    package var labelled: UInt64
    /// Hits among them.
    package var correct: UInt64
    /// Spikes of its neurons.
    package var spikes: UInt64

    /// Counts; what is not given is nothing.
    package init(
      inferences: UInt64 = 0, labelled: UInt64 = 0, correct: UInt64 = 0, spikes: UInt64 = 0
    ) {
      self.inferences = inferences
      self.labelled = labelled
      self.correct = correct
      self.spikes = spikes
    }
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

extension ProbeFigures {
  /// Points of accuracy that a model may lose at once, as a share.
  ///
  /// A probe is the node's own guard against a model that is broken there; a rollout's gates look
  /// for finer differences.
  static let accuracyDropMax = 0.10
  /// How many times more or fewer spikes an inference may take.
  static let spikeRatioMax = 4.0
  /// Greatest probability of taking a loss within the bound for a greater one.
  static let errorRate = 0.001

  /// Why the model must not stay; nil where nothing speaks against it.
  func refusal() -> ModelRefusal? {
    guard probed.inferences > 0 else { return nil }
    if probed.spikes == 0, before.inferences == 0 || before.spikes > 0 {
      return ModelRefusal("silent", "no neuron fired in \(probed.inferences) inferences")
    }
    if let refusal = spikeRefusal() { return refusal }
    let drop = ProportionContrast([
      ProportionContrast.Arm(hits: before.correct, of: before.labelled),
      ProportionContrast.Arm(hits: probed.correct, of: probed.labelled, isSubtracted: true),
    ])
    guard
      drop.evidence(below: Self.accuracyDropMax).finding(errorRate: Self.errorRate) == .breach
    else { return nil }
    return ModelRefusal(
      "accuracy",
      "\(probed.correct) of \(probed.labelled) right, the model before it \(before.correct) of "
        + "\(before.labelled); a loss above \(Int(Self.accuracyDropMax * 100)) points is certain")
  }

  private func spikeRefusal() -> ModelRefusal? {
    guard before.spikes > 0, before.inferences > 0 else { return nil }
    let rate = Double(probed.spikes) / Double(probed.inferences)
    let ratio = rate / (Double(before.spikes) / Double(before.inferences))
    guard ratio > Self.spikeRatioMax || ratio < 1 / Self.spikeRatioMax else { return nil }
    return ModelRefusal(
      "spike-rate",
      "\(probed.spikes) spikes in \(probed.inferences) inferences, the model before it "
        + "\(before.spikes) in \(before.inferences); within a factor of "
        + "\(Int(Self.spikeRatioMax)) is expected")
  }
}
