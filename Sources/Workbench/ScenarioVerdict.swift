/// Held-out accuracies of a scenario's models in percent, and whether they are what it expects.
package struct ScenarioVerdict: Codable, Sendable, Equatable {
  /// A node that learnt alone.
  package struct LoneNode: Codable, Sendable, Equatable {
    /// Its name.
    package var name: String
    /// Accuracy of what it learnt.
    package var accuracy: Double

    /// A node and its accuracy.
    package init(name: String, accuracy: Double) {
      self.name = name
      self.accuracy = accuracy
    }
  }

  /// One condition and whether it holds.
  package struct Check: Codable, Sendable, Equatable {
    /// What is asked.
    package var condition: String
    /// Whether it holds.
    package var holds: Bool
  }

  /// The model that was deployed first.
  package var base: Double
  /// Each node on its own samples alone.
  package var lone: [LoneNode]
  /// The last committed round's model.
  package var federated: Double
  /// One chip on the samples of all nodes.
  package var pooled: Double

  /// The accuracies of one run.
  package init(base: Double, lone: [LoneNode], federated: Double, pooled: Double) {
    self.base = base
    self.lone = lone
    self.federated = federated
    self.pooled = pooled
  }

  /// Every condition, in the order of a report.
  package func checks(_ expect: Scenario.Expectation) -> [Check] {
    func text(_ value: Double) -> String { Figure.fixed(value, 1) }
    let best = lone.map(\.accuracy).max() ?? 0
    return [
      Check(
        condition: "base model \(text(base)) % >= \(text(expect.baseAccuracy)) %",
        holds: base >= expect.baseAccuracy),
      Check(
        condition: "federated \(text(federated)) % >= base model + \(text(expect.federatedGain)) = "
          + "\(text(base + expect.federatedGain)) %",
        holds: federated >= base + expect.federatedGain),
      Check(
        condition: "federated \(text(federated)) % > best lone node \(text(best)) %",
        holds: federated > best),
      Check(
        condition: "federated \(text(federated)) % >= pooled - \(text(expect.pooledDistance)) = "
          + "\(text(pooled - expect.pooledDistance)) %",
        holds: federated >= pooled - expect.pooledDistance),
    ]
  }
}
