package import Federation

/// How many of a job's nodes each round asks, and which.
package struct CohortTerms: Sendable, Equatable, Codable {
  /// How they are drawn where more may be asked than are wanted.
  package var rule: SelectionRule
  /// Updates at which a round is sealed; nil where every node is asked and waited for.
  package var target: Int?
  /// Nodes asked for each thousand of the target, 1,000 or more.
  package var askedPerMille: Int
  /// Least state of charge in thousandths; nodes on mains always have enough.
  package var leastChargePerMille: UInt32

  /// Terms with all their facts; without any, every node is asked.
  package init(
    rule: SelectionRule = .uniform, target: Int? = nil, askedPerMille: Int = 1_000,
    leastChargePerMille: UInt32 = 0
  ) {
    self.rule = rule
    self.target = target
    self.askedPerMille = askedPerMille
    self.leastChargePerMille = leastChargePerMille
  }
}

extension SelectionRule {
  /// Whether a cohort follows without a number of reports that are wanted.
  var needsNoTarget: Bool {
    switch self {
    case .uniform, .chance: true
    case .weighted: false
    }
  }
}

/// What was decided about one of a job's nodes when a round was planned, for `explain`.
package struct CohortNote: Sendable, Equatable, Codable {
  /// The node's name.
  package var node: String
  /// Whether it was asked.
  package var isPicked: Bool
  /// Stable code of the reason.
  package var code: String
  /// The reason in words.
  package var reason: String

  /// A note with its facts.
  package init(node: String, isPicked: Bool, code: String, reason: String) {
    self.node = node
    self.isPicked = isPicked
    self.code = code
    self.reason = reason
  }

  init(_ node: String, _ reason: SelectionReason) {
    self.init(
      node: node, isPicked: reason.isPicked, code: reason.code, reason: reason.description)
  }
}
