extension RoundSettings {
  /// All that does not go together, always in the same order; none where a job may run so.
  package var conflicts: [SettingsConflict] {
    [
      compressionConflicts, isMasked ? maskConflicts : [], isPrivate ? privacyConflicts : [],
    ].joined().compactMap { $0 }
  }

  private var compressionConflicts: [SettingsConflict?] {
    [
      compression == .sign && !feedsResidualBack
        ? SettingsConflict(
          code: "sign-residual",
          description: "signs alone are biased and need not converge; feed the residual back")
        : nil,
      feedsResidualBack && strategy.movesNeurons
        ? SettingsConflict(
          code: "residual-moved-neurons",
          description: "\(strategy.name) gives neurons other places, so that what a node left out "
            + "would be added to the weights of another neuron")
        : nil,
    ]
  }

  private var maskConflicts: [SettingsConflict?] {
    [
      strategy.needsSingleUpdates
        ? SettingsConflict(
          code: "masks-single-updates",
          description: "\(strategy.name) looks at updates one by one; under masks only their sum "
            + "is ever seen")
        : nil,
      strategy.isAsynchronous
        ? SettingsConflict(
          code: "masks-asynchronous",
          description: "\(strategy.name) has no cohort whose masks could cancel")
        : nil,
      strategy.sendsExtraState
        ? SettingsConflict(
          code: "masks-extra-state",
          description: "\(strategy.name) sends more than deltas, which masks do not cover")
        : nil,
      strategy.weighting == .other
        ? SettingsConflict(
          code: "masks-weights",
          description: "\(strategy.name) weighs each update by itself; under masks a node weighs "
            + "its own by its samples, or all count once")
        : nil,
      compression == .dense
        ? nil
        : SettingsConflict(
          code: "masks-compression",
          description: "masked words are uniform in every element and cannot be made smaller; "
            + "which elements a node leaves out, or its scale, would tell of its update"),
      size.asked > SecretSharing.holdersMax
        ? SettingsConflict(
          code: "masks-cohort-size",
          description: "\(size.asked) nodes are asked; masks and shares are for "
            + "\(SecretSharing.holdersMax) at most")
        : nil,
      size.quorum * 2 > size.asked
        ? nil
        : SettingsConflict(
          code: "masks-quorum",
          description: "a quorum of \(size.quorum) of \(size.asked) asked: the sum opens only "
            + "with the shares of more than half"),
    ]
  }

  private var privacyConflicts: [SettingsConflict?] {
    var chance: UInt32?
    if case .chance(let perMillion) = selection { chance = perMillion }
    let keepsState = feedsResidualBack || strategy.keepsNodeState
    return [
      strategy.weighting != .equal
        ? SettingsConflict(
          code: "privacy-weights",
          description: "\(strategy.name) lets one update count more than another; the noise "
            + "covers updates that count once")
        : nil,
      strategy.needsSingleUpdates
        ? SettingsConflict(
          code: "privacy-single-updates",
          description: "\(strategy.name) is no sum of clipped updates, so the noise that is added "
            + "to a sum does not cover it")
        : nil,
      strategy.isAsynchronous
        ? SettingsConflict(
          code: "privacy-asynchronous",
          description: "\(strategy.name) has no rounds that could be accounted for")
        : nil,
      strategy.sendsExtraState
        ? SettingsConflict(
          code: "privacy-extra-state",
          description: "\(strategy.name) sends more than deltas, without noise")
        : nil,
      chance == nil
        ? SettingsConflict(
          code: "privacy-selection",
          description: "a cohort of a wanted size lets one node push out another, and scores tell "
            + "of data; the account is for nodes that are each drawn by chance")
        : nil,
      chance.map { $0 < 1_000_000 } == true && keepsState
        ? SettingsConflict(
          code: "privacy-node-state",
          description: "what a node keeps tells which rounds it was drawn for, and a chance below "
            + "one counts only while that is hidden; draw all nodes, or keep nothing")
        : nil,
      sealsAtTarget
        ? SettingsConflict(
          code: "privacy-early-seal",
          description: "sealing at the target lets one node push out another that comes later; "
            + "wait for the deadline or for all")
        : nil,
    ]
  }
}
