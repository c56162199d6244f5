/// How the values of one layer are merged, by the rule that trained them.
///
/// Averaging prototypes that were learnt without labels destroys them: neuron 7 of one node and
/// neuron 7 of another stand for different things.
package enum MergeRule: String, Sendable, Codable, CaseIterable {
  /// The strategy's mean, element by element: gradient-trained from a common base.
  case average
  /// Neurons are matched first (`PrototypeAlignment`): STDP.
  case alignAverage = "align-average"
  /// The best neurons of all nodes side by side (`PrototypeUnion`): STDP, where nodes see
  /// different things.
  case unionPrune = "union-prune"
  /// What most nodes have (`MajorityVote`): weights of one bit.
  case majorityVote = "majority-vote"
  /// The base's values stay in the global model, each node's own on the node.
  case keepLocal = "keep-local"
  /// The mean of time constants, not of decays (`TimeConstantAverage`).
  case averageTimeConstants = "average-time-constants"
}
