/// What the energy of an event is spent for; raw values are stable text.
package enum EnergyPurpose: String, CaseIterable, Sendable {
  /// What inference counts as well: synapses, neurons, spikes, their ways, and steps.
  case inference
  /// What learning alone counts: errors, feedback, traces and changes of weights.
  case learning
}

extension EventKind {
  /// What an event of this kind is for.
  ///
  /// Links count errors and spikes alike, so hops are inference: what learning costs is at least
  /// the sum of its own kinds, and what inference costs at most that of the others.
  package var purpose: EnergyPurpose {
    switch self {
    case .synapticOperation, .neuronAccess, .neuronUpdate, .spike, .message, .hopHorizontal,
      .hopVertical, .step, .sparseOperation, .convolutionOperation, .columnConversion:
      .inference
    case .errorMessage, .feedbackOperation, .traceUpdate, .learningOperation, .weightRead,
      .weightWrite:
      .learning
    }
  }
}

extension PriceTable {
  /// Joules of the events for one purpose among counts that are indexed by the kinds' raw values.
  ///
  /// Throws for an event of that purpose, or of an unknown kind, that was counted and has no price.
  package func joules(
    of counts: [UInt64], for purpose: EnergyPurpose
  ) throws(PricingError) -> Double {
    try totalJoules(
      of: counts.enumerated().map { index, count in
        // A kind that nobody knows stays, so that it is refused and not taken as free.
        EventKind(rawValue: index).map { $0.purpose == purpose } ?? true ? count : 0
      })
  }
}
