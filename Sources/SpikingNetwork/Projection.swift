/// A connection from one population to another, with the rule that changes it, if any.
package struct Projection: Sendable, Equatable, Codable {
  /// Name of the population whose spikes are sent.
  package var source: String
  /// Name of the population that receives them.
  package var target: String
  /// Spikes are summed over windows of `pooling` x `pooling` places of the source first; 1 does not
  /// pool.
  ///
  /// The source has a shape if it is pooled.
  package var pooling: Int
  /// Who reaches whom.
  package var connectivity: Connectivity
  /// Steps by which spikes arrive late; at least 1 on some edge of every cycle.
  package var delay: Int
  /// How finely weights are kept on the chip.
  package var precision: WeightPrecision
  /// How the weights learn on the chip; nil for fixed weights.
  package var plasticity: PlasticityRule?
  /// What the weights of a neuron are scaled to sum to after each sample in which it fired; nil
  /// where they stay as the rule leaves them.
  package var normalisation: Double?

  /// Connects two named populations.
  package init(
    source: String, target: String, connectivity: Connectivity, pooling: Int = 1, delay: Int = 0,
    precision: WeightPrecision = .int8, plasticity: PlasticityRule? = nil,
    normalisation: Double? = nil
  ) {
    self.source = source
    self.target = target
    self.connectivity = connectivity
    self.pooling = pooling
    self.delay = delay
    self.precision = precision
    self.plasticity = plasticity
    self.normalisation = normalisation
  }

  /// Connects each neuron with each by weights, row-major `[target][source]`.
  package init(
    source: String, target: String, weights: [Float], plasticity: PlasticityRule? = nil
  ) {
    self.init(
      source: source, target: target, connectivity: .dense(weights: weights),
      plasticity: plasticity)
  }

  /// All weights in the order of the connectivity; a new value has the old one's count.
  package var weights: [Float] {
    get {
      switch connectivity {
      case .dense(let weights): weights
      case .sparse(let sparse): sparse.weights
      case .convolution(let convolution): convolution.weights
      case .oneToOne(let weight): [weight]
      }
    }
    set {
      switch connectivity {
      case .dense:
        connectivity = .dense(weights: newValue)
      case .sparse(var sparse):
        sparse.weights = newValue
        connectivity = .sparse(sparse)
      case .convolution(var convolution):
        convolution.weights = newValue
        connectivity = .convolution(convolution)
      case .oneToOne:
        connectivity = .oneToOne(weight: newValue[0])
      }
    }
  }
}
