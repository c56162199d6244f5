/// What a strategy, with its merge rules, asks of a round; the strategy itself states it.
package struct StrategyTraits: Sendable, Equatable {
  /// What an update counts for in the sum.
  package enum Weighting: Sendable, Equatable {
    /// Every update once.
    case equal
    /// By its samples.
    case samples
    /// By its loss, age or anything else.
    case other
  }

  /// Its name, for refusals.
  package var name: String
  /// What an update counts for.
  package var weighting: Weighting
  /// Whether it looks at updates one by one: medians, distances, votes, matching.
  package var needsSingleUpdates: Bool
  /// Whether updates come without a cohort of their own, as into a buffer.
  package var isAsynchronous: Bool
  /// Whether a node sends more than its deltas, as control variates.
  package var sendsExtraState: Bool
  /// Whether merging gives neurons other places, as matching and union do.
  package var movesNeurons: Bool
  /// Whether nodes keep learnt state of their own between rounds.
  package var keepsNodeState: Bool

  /// The traits of averaging by samples, unless said.
  package init(
    name: String, weighting: Weighting = .samples, needsSingleUpdates: Bool = false,
    isAsynchronous: Bool = false, sendsExtraState: Bool = false, movesNeurons: Bool = false,
    keepsNodeState: Bool = false
  ) {
    self.name = name
    self.weighting = weighting
    self.needsSingleUpdates = needsSingleUpdates
    self.isAsynchronous = isAsynchronous
    self.sendsExtraState = sendsExtraState
    self.movesNeurons = movesNeurons
    self.keepsNodeState = keepsNodeState
  }
}

/// The parts of a job's rounds that do not go with each other everywhere.
package struct RoundSettings: Sendable, Equatable {
  /// How updates become a model.
  package var strategy: StrategyTraits
  /// How updates travel.
  package var compression: UpdateCompression
  /// Whether nodes add what compression left out to their next update.
  package var feedsResidualBack: Bool
  /// Whether only the sum of a cohort's updates is opened.
  package var isMasked: Bool
  /// Whether sums get noise and an account is kept.
  package var isPrivate: Bool
  /// How cohorts are drawn.
  package var selection: SelectionRule
  /// How large they are.
  package var size: CohortSize
  /// Whether a round is sealed when its target has come, before the deadline.
  package var sealsAtTarget: Bool

  /// Settings without any extras, unless said.
  package init(
    strategy: StrategyTraits, compression: UpdateCompression = .dense,
    feedsResidualBack: Bool = false, isMasked: Bool = false, isPrivate: Bool = false,
    selection: SelectionRule = .uniform, size: CohortSize, sealsAtTarget: Bool = true
  ) {
    self.strategy = strategy
    self.compression = compression
    self.feedsResidualBack = feedsResidualBack
    self.isMasked = isMasked
    self.isPrivate = isPrivate
    self.selection = selection
    self.size = size
    self.sealsAtTarget = sealsAtTarget
  }
}

/// Two parts of a job that do not go together.
package struct SettingsConflict: Sendable, Equatable, CustomStringConvertible {
  /// Stable code.
  package let code: String
  /// Which parts, and why not.
  package let description: String
}
