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

  /// The model is only brought to the node and checked; another order runs it.
  package var isStaged: Bool
  /// The model goes on learning from the node's own samples while it serves.
  package var learns: Bool
  /// It begins with what the model before it has learnt on the node, where it has the same
  /// structure; else it begins as it was published.
  package var carriesLearning: Bool

  /// The model serves, for good and at once.
  package static let plain = ServingTerms()
  /// The model is brought to the node.
  package static let staged = ServingTerms(isStaged: true)

  /// Terms with both numbers, each cut to its largest value.
  package init(
    shadowPerMille: UInt32 = 0, probeInferences: UInt32 = 0, isStaged: Bool = false,
    learns: Bool = false, carriesLearning: Bool = false
  ) {
    self.isStaged = isStaged
    self.learns = learns
    self.carriesLearning = carriesLearning
    self.shadowPerMille = min(shadowPerMille, Self.perMilleMax)
    self.probeInferences = min(probeInferences, Self.probeInferencesMax)
  }

  /// Terms as somebody asks for them; nil where a number is above its largest value, or both are
  /// given.
  ///
  /// A shadow runs until the next order, so a probe would have no beginning after it; and one that
  /// judged inferences which answer nothing would keep or throw out a model that does not serve.
  package init?(
    askedShadowPerMille shadow: UInt32, probeInferences probe: UInt32, isStaged: Bool = false,
    learns: Bool = false, carriesLearning: Bool = false
  ) {
    guard shadow <= Self.perMilleMax, probe <= Self.probeInferencesMax, shadow == 0 || probe == 0
    else { return nil }
    self.init(
      shadowPerMille: shadow, probeInferences: probe, isStaged: isStaged, learns: learns,
      carriesLearning: carriesLearning)
  }

  /// True where the model only runs beside the one that serves.
  package var isShadow: Bool { shadowPerMille > 0 }
}
