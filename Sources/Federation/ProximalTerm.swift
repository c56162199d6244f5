/// What FedProx adds to a node's loss.
///
/// It is `(mu / 2) * |v - w|^2`, w the round's base (Li et al. 2018). A chip takes the share `mu`
/// of its distance off each weight after each sample: the paper's mu times the learning rate.
package struct ProximalTerm: Sendable, Equatable {
  /// The largest share, in 65,536ths.
  package static let shareMax: UInt32 = 65_535

  /// Strength of the pull, per unit of weight.
  package var mu: Double

  /// A term of a strength of 0 or more.
  package init(mu: Double) {
    precondition(mu >= 0, "a pull of \(mu)")
    self.mu = mu
  }

  /// The penalty of weights that lie `distances` from the base.
  package func penalty(_ distances: [Double]) -> Double {
    mu / 2 * distances.reduce(0) { $0 + $1 * $1 }
  }

  /// The share of its distance that a weight loses after each sample, in 65,536ths.
  package var share: UInt32 { UInt32(min((mu * 65_536).rounded(), Double(Self.shareMax))) }

  /// What the gradient of a weight that lies `distance` from the base rises by.
  package func gradient(_ distance: Double) -> Double { mu * distance }
}
