package import SpikingNetwork

extension Projection {
  /// Adds the neurons of a class that nobody has learned yet, behind `first` others.
  mutating func addFreeNeurons(
    to rule: EdgeLearningRule, _ weights: [Float], from first: Int, stream: UInt64
  ) {
    let free = rule.freeWeights(
      sources: weights.count / first, neurons: rule.neuronsPerClass, first: first, seed: 1,
      stream: stream)
    connectivity = .dense(weights: weights + free)
    var rule = rule
    if let plasticities = rule.plasticities {
      rule.plasticities =
        plasticities
        + [Double](repeating: rule.initialPlasticity, count: rule.neuronsPerClass)
    }
    plasticity = .edgeLearning(rule)
  }
}

extension SpikingNetwork {
  /// The network with what a chip has learned: weights of one bit `[source][neuron]`, and how
  /// plastic each neuron still is.
  ///
  /// Throws for a network without such weights, or with another number of them.
  package func takingEdgeLearning(
    bits: [Bool], plasticities: [Double]
  ) throws(NetworkError) -> SpikingNetwork {
    guard let index = projections.firstIndex(where: { $0.edgeLearning != nil }),
      var rule = projections[index].edgeLearning
    else {
      throw NetworkError(
        field: "projections", found: "none that learns by weights of one bit",
        expected: "one with `edgeLearning`", cure: "name the network that the model was made from")
    }
    let count = projections[index].weights.count
    guard bits.count == count, !plasticities.isEmpty, count % plasticities.count == 0 else {
      throw NetworkError(
        field: "projections[\(index)]", found: "\(count) weights",
        expected: "the \(bits.count) of the model",
        cure: "name the network that the model was made from")
    }
    var network = self
    let (neurons, sources) = (plasticities.count, count / plasticities.count)
    network.projections[index].weights = (0..<count).map { place in
      bits[place % sources * neurons + place / sources] ? 1 : 0
    }
    rule.plasticities = plasticities
    network.projections[index].plasticity = .edgeLearning(rule)
    try network.validate()
    return network
  }
}
