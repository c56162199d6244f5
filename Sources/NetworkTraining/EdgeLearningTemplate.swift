package import SpikingNetwork

/// Classifiers whose last layer learns by weights of one bit, behind features that are fixed.
package enum EdgeLearningTemplate {
  /// Neurons of each class, their weights of 1, and the rule's constants: chosen on 10,000 training
  /// digits that were held out, see docs/LEARNING.md.
  private static let rule = EdgeLearningRule(
    neuronsPerClass: 50, connectedInputs: 128, initialPlasticity: 0.3, plasticityDecay: 0.03,
    minPlasticity: 0.01, learningCompetition: 0.02, activeSpikes: 5)

  /// 784-512 with random weights, and the last layer behind it.
  static func network(
    _ encoderSeed: UInt64, _ weightSeed: UInt64
  ) throws(NetworkError) -> SpikingNetwork {
    let features = try NetworkTemplate(
      name: "digits-edge", hidden: [512], encoderSeed: encoderSeed, weightSeed: weightSeed,
      plasticity: nil
    ).network()
    return try network(behind: features, classes: 10, seed: weightSeed)
  }

  /// The last population of a trained network replaced by one that learns on the chip; all other
  /// weights stay as they are.
  ///
  /// Throws for a network that does not end with one dense projection into a leaky integrator.
  package static func network(
    behind features: SpikingNetwork, name: String? = nil, classes: Int, seed: UInt64
  ) throws(NetworkError) -> SpikingNetwork {
    var network = features
    if let name { network.name = name }
    let output = try NetworkSimulator(features).output
    let last = network.populations[output].name
    let feeding = network.projections.indices.filter { network.projections[$0].target == last }
    guard case .leakyIntegrator = network.populations[output].model, feeding.count == 1,
      case .dense = network.projections[feeding[0]].connectivity,
      let source = network.population(named: network.projections[feeding[0]].source)
    else {
      throw NetworkError(
        field: "populations[\(output)]", found: "`\(last)`",
        expected: "a leaky integrator behind one dense projection",
        cure: "train a network that ends so")
    }
    for index in network.projections.indices { network.projections[index].plasticity = nil }
    var rule = rule
    rule.connectedInputs = min(rule.connectedInputs, max(1, source.size / 4))
    rule.activeSpikes = min(rule.activeSpikes, network.steps)
    let neurons = classes * rule.neuronsPerClass
    // Nothing is left of a potential after a step: its sum over the steps is the overlap.
    network.populations[output] = Population(
      name: last, size: neurons,
      model: .leakyIntegrator(LeakyIntegratorParameters(tauMem: network.timeStep / 16)))
    network.projections[feeding[0]] = Projection(
      source: source.name, target: last,
      weights: rule.freeWeights(
        sources: source.size, neurons: neurons, seed: seed, stream: UInt64(feeding[0])),
      plasticity: .edgeLearning(rule))
    try network.validate()
    return network
  }
}
