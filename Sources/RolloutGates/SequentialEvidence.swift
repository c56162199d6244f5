/// What data say for and against a bound, good at any moment and however often one looks.
///
/// Both are natural logarithms of e-values: where the opposite of a claim is true, an e-value ever
/// reaches `1 / errorRate` with a probability of `errorRate` at most (Ville's inequality). So a
/// gate may look after every window and stop as soon as it knows.
package struct SequentialEvidence: Sendable, Equatable, Codable {
  /// For the claim that the true value keeps the bound.
  package var within: Double
  /// For the claim that it breaks the bound.
  package var beyond: Double

  /// Evidence for both claims.
  package init(within: Double, beyond: Double) {
    self.within = within
    self.beyond = beyond
  }

  /// No data.
  package static let none = SequentialEvidence(within: 0, beyond: 0)

  /// What may be said at an error rate in 0..<1, the greatest probability of ever being wrong.
  package func finding(errorRate: Double) -> GateFinding {
    precondition(errorRate > 0 && errorRate < 1, "an error rate of \(errorRate)")
    let enough = -PortableMath.naturalLogarithm(errorRate)
    // Both cannot be: the maximum of the likelihood lies on one side of the bound.
    if beyond >= enough { return .breach }
    return within >= enough ? .pass : .insufficient
  }
}

/// What a gate finds.
package enum GateFinding: String, Sendable, Codable, CaseIterable {
  /// The bound is kept.
  case pass
  /// The bound is broken.
  case breach
  /// The data do not say.
  case insufficient
}
