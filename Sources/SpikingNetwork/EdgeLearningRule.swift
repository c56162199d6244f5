/// Competitive learning of a last population with weights of one bit, as Akida's edge learning.
///
/// Several neurons stand for a class, neuron j for class `j / neuronsPerClass`, each with
/// `connectedInputs` weights of 1 and all others 0. Of a labelled sample the class's neurons
/// compete: the one with the largest overlap, weighted by how plastic it still is, moves weights
/// from inputs that were silent to inputs that were active, and becomes less plastic. Samples
/// without a label change nothing.
package struct EdgeLearningRule: Sendable, Equatable, Codable {
  /// Neurons that stand for one class.
  package var neuronsPerClass: Int
  /// Weights of 1 that each neuron has, whatever it learns.
  package var connectedInputs: Int
  /// Share of the due moves that a neuron makes at its first win, 0 to 1.
  package var initialPlasticity: Double
  /// Plasticity of each neuron where they have learned already; nil for the initial one.
  package var plasticities: [Double]?
  /// Share of its plasticity that a neuron loses with each win, 0 to 1.
  package var plasticityDecay: Double
  /// Plasticity below which no neuron falls.
  package var minPlasticity: Double
  /// What is added to plasticity to weight an overlap: the larger, the more neurons that have
  /// learned keep others of their class from learning the same.
  package var learningCompetition: Double
  /// Spikes in a sample from which on an input is active.
  package var activeSpikes: Int

  /// Takes the parameters as they are; `SpikingNetwork.validate()` judges them.
  package init(
    neuronsPerClass: Int, connectedInputs: Int, initialPlasticity: Double = 0.2,
    plasticityDecay: Double = 0.1, minPlasticity: Double = 0.01,
    learningCompetition: Double = 0.02, activeSpikes: Int = 1
  ) {
    self.neuronsPerClass = neuronsPerClass
    self.connectedInputs = connectedInputs
    self.initialPlasticity = initialPlasticity
    self.plasticityDecay = plasticityDecay
    self.minPlasticity = minPlasticity
    self.learningCompetition = learningCompetition
    self.activeSpikes = activeSpikes
  }

  /// Weights of neurons that have learned nothing: for each `connectedInputs` of the sources, at
  /// random, `[neuron][source]`.
  ///
  /// Neurons are numbered from `first` on, so that those that are added later draw others.
  package func freeWeights(
    sources: Int, neurons: Int, first: Int = 0, seed: UInt64, stream: UInt64
  ) -> [Float] {
    let random = CounterRandom(seed: seed, purpose: .initialWeights)
    var weights = [Float](repeating: 0, count: sources * neurons)
    for neuron in 0..<neurons {
      let order = CounterRandom.permutation(
        of: sources, stream: random.stream(stream, UInt64(first + neuron)))
      for source in order.prefix(connectedInputs) { weights[neuron * sources + source] = 1 }
    }
    return weights
  }
}

extension Projection {
  /// The rule of weights of one bit, if that is how the projection learns.
  package var edgeLearning: EdgeLearningRule? {
    if case .edgeLearning(let rule) = plasticity { return rule }
    return nil
  }
}

extension SpikingNetwork {
  /// Neurons of a population that stand for one class: more than 1 where it learns with weights of
  /// one bit.
  package func neuronsPerClass(of population: String) -> Int {
    projections.first { $0.target == population && $0.edgeLearning != nil }?
      .edgeLearning?.neuronsPerClass ?? 1
  }

  func validate(
    _ rule: EdgeLearningRule, of projection: Projection, into target: Population, at field: String
  ) throws(NetworkError) {
    try within(rule.initialPlasticity, 0...1, field + ".initialPlasticity")
    try within(rule.plasticityDecay, 0...1, field + ".plasticityDecay")
    try within(rule.minPlasticity, 0...rule.initialPlasticity, field + ".minPlasticity")
    try within(rule.learningCompetition, 0...32, field + ".learningCompetition")
    try within(
      Double(rule.activeSpikes), 1...Double(Self.stepsMax), field + ".activeSpikes")
    guard case .leakyIntegrator = target.model else {
      throw NetworkError(
        field: field, found: "it into `\(target.name)`, which spikes",
        expected: "a leaky integrator at the end", cure: "let the last population integrate")
    }
    if let plasticities = rule.plasticities {
      guard plasticities.count == target.size else {
        throw NetworkError(
          field: field + ".plasticities", found: "\(plasticities.count) values",
          expected: "\(target.size), one for each neuron of `\(target.name)`",
          cure: "give one for each neuron, or leave them out")
      }
      for plasticity in plasticities { try within(plasticity, 0...1, field + ".plasticities") }
    }
    guard rule.neuronsPerClass >= 1, target.size % rule.neuronsPerClass == 0 else {
      throw NetworkError(
        field: field + ".neuronsPerClass", found: "\(rule.neuronsPerClass)",
        expected: "a divisor of the \(target.size) neurons of `\(target.name)`",
        cure: "give each class as many neurons")
    }
    guard case .dense(let weights) = projection.connectivity else {
      throw NetworkError(
        field: field, found: "a layout other than dense", expected: "dense",
        cure: "connect the two densely")
    }
    let sources = weights.count / target.size
    try within(
      Double(rule.connectedInputs), 1...Double(max(1, sources)), field + ".connectedInputs")
    for neuron in 0..<target.size {
      let row = weights[neuron * sources..<(neuron + 1) * sources]
      let ones = row.count { $0 == 1 }
      guard ones == rule.connectedInputs, row.allSatisfy({ $0 == 0 || $0 == 1 }) else {
        throw NetworkError(
          field: field + ".connectedInputs",
          found: "neuron \(neuron) with \(ones) weights of 1"
            + (row.allSatisfy { $0 == 0 || $0 == 1 } ? "" : " and others than 0"),
          expected: "\(rule.connectedInputs) of 1, all others 0",
          cure: "set as many weights of each neuron to 1, and the others to 0")
      }
    }
  }
}
