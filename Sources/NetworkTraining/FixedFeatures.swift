package import SpikingNetwork

/// The layers of a trained network before its output, to put a last layer behind that learns on the
/// chip.
package struct FixedFeatures {
  /// The network whose output is replaced.
  let network: SpikingNetwork
  /// The population before the output.
  let source: Population
  /// The name of the output.
  let output: String
  /// The projection that feeds the output.
  let feeding: Int

  /// What takes an output's place.
  struct LastLayer {
    let population: Population
    let weights: [Float]
    let rule: PlasticityRule
  }

  /// Throws for a network that does not end with one dense projection into a leaky integrator.
  package init(of network: SpikingNetwork) throws(NetworkError) {
    let output = try NetworkSimulator(network).output
    let last = network.populations[output]
    let feeding = network.projections.indices.filter {
      network.projections[$0].target == last.name
    }
    guard case .leakyIntegrator = last.model, feeding.count == 1,
      case .dense = network.projections[feeding[0]].connectivity,
      let source = network.population(named: network.projections[feeding[0]].source)
    else {
      throw NetworkError(
        field: "populations[\(output)]", found: "`\(last.name)`",
        expected: "a leaky integrator behind one dense projection",
        cure: "train a network that ends so")
    }
    (self.network, self.source, self.output) = (network, source, last.name)
    self.feeding = feeding[0]
  }

  /// The last layer of an example that has features behind these, whose weights stay as they are.
  package func network(
    _ example: ExampleNetwork, classes: Int, seed: UInt64
  ) throws(NetworkError) -> SpikingNetwork {
    let layer: LastLayer
    switch example {
    case .edge: layer = EdgeLearningTemplate.lastLayer(of: self, classes: classes, seed: seed)
    case .reward: layer = RewardTemplate.lastLayer(of: self, classes: classes, seed: seed)
    default: preconditionFailure("\(example) is no last layer behind features")
    }
    var grown = network
    grown.name = "digits-\(example.rawValue)"
    for index in grown.projections.indices { grown.projections[index].plasticity = nil }
    grown.populations[grown.populations.firstIndex { $0.name == output } ?? 0] = layer.population
    grown.projections[feeding] = Projection(
      source: source.name, target: output, weights: layer.weights, plasticity: layer.rule)
    try grown.validate()
    return grown
  }
}
