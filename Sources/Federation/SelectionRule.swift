/// How a round's cohort is drawn from the nodes that may be asked.
package enum SelectionRule: Sendable, Equatable {
  /// Every set of the wanted size is as likely as any other.
  case uniform
  /// Each node by itself with a chance in millionths; the number of nodes is left to chance.
  ///
  /// The only rule whose chance counts in a privacy account.
  case chance(perMillion: UInt32)
  /// One after the other without replacement, each with a chance in proportion to its score.
  case weighted(SelectionScore)
}

/// What makes a node more likely to be asked; a whole number of at least 1.
package enum SelectionScore: String, Sendable, Equatable {
  /// State of charge in thousandths, plus 1; a node on mains counts as full.
  case charge
  /// Thousandths of the node's energy of today that are left, plus 1; full without a limit.
  case energyLeft = "energy-left"
  /// Rounds since an update of the node last counted: rounds so far where none ever did.
  case staleness
  /// Loss, or share of samples missed, in thousandths, plus 1, as the node last reported.
  case loss
  /// Change of firing rate in thousandths, plus 1, as the node last reported (SFedCA, 2024).
  case firingRateChange = "firing-rate"
}
