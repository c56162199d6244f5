package import FleetCore

/// A budget of energy, and what it means for its nodes.
package struct BudgetView: Codable, Sendable, Equatable {
  /// What the operator said.
  package var budget: EnergyBudget
  /// Nodes that it is for now.
  package var nodes: Int
  /// Joules a day for each of them.
  package var joulesPerNode: Double

  /// A budget with its facts.
  package init(budget: EnergyBudget, nodes: Int, joulesPerNode: Double) {
    self.budget = budget
    self.nodes = nodes
    self.joulesPerNode = joulesPerNode
  }
}

/// How a node stands with its energy of today, by UTC.
package struct NodeEnergyView: Codable, Sendable, Equatable {
  /// Joules that it may use in a day.
  package var limitJoules: Double
  /// Joules that its chip has used today.
  package var usedJoules: Double
  /// Inferences of a thousand that it makes.
  package var ratePerMille: UInt32
  /// True where learning waits.
  package var isLearningPaused: Bool
  /// The smaller model that answers, 64 hexadecimal digits; nil where the ordered one does.
  package var standIn: String?

  /// What a node said.
  package init(_ energy: NodeEnergy) {
    limitJoules = Double(energy.limitNanojoules) * 1e-9
    usedJoules = Double(energy.usedNanojoules) * 1e-9
    ratePerMille = energy.ratePerMille
    isLearningPaused = energy.isLearningPaused
    standIn = energy.standIn?.hex
  }
}
