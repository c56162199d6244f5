import CompiledModel
import SpikingNetwork

/// Weights of one bit of a last layer that learns by competition.
extension NetworkLowering {
  /// The rule of weights of one bit into a population, if that is how it learns.
  func edgeLearning(into node: PopulationGraph.Node) -> EdgeLearningRule? {
    node.edges.lazy.compactMap { projection($0).edgeLearning }.first
  }

  func edgeProgram(_ rule: EdgeLearningRule) -> EdgeLearningProgram {
    let one = Double(EdgeLearningProgram.plasticityOne)
    return EdgeLearningProgram(
      activeSpikes: Int32(rule.activeSpikes),
      plasticityDecay: Int32((rule.plasticityDecay * 65536).rounded()),
      plasticityMin: Int32(plasticity(rule.minPlasticity)),
      competition: Int32((rule.learningCompetition * one).rounded()))
  }

  /// Plasticities of neurons that have not won yet, where some learn so.
  func plasticities(of node: PopulationGraph.Node) -> [Int16]? {
    guard let rule = edgeLearning(into: node), chip.features.rules.contains(.edgeLearning) else {
      return nil
    }
    return rule.plasticities?.map(plasticity)
      ?? [Int16](repeating: plasticity(rule.initialPlasticity), count: node.population.size)
  }

  private func plasticity(_ value: Double) -> Int16 {
    Int16(min(Double(Int16.max), (value * Double(EdgeLearningProgram.plasticityOne)).rounded()))
  }

  /// Weights of one bit in the chip's order, whatever the layer's units.
  func bits(of edge: PopulationGraph.Edge, into node: PopulationGraph.Node) -> [Int16] {
    let weights = weights(of: edge, into: node)
    var bits = [Int16](repeating: 0, count: weights.count)
    weights.forEach { _, _, position, weight in
      if weight > 0.5 { bits[position] = EdgeLearningProgram.weight }
    }
    return bits
  }

  /// What weights of one bit need of the place where they learn.
  mutating func acceptsEdgeLearning(
    _ projection: Projection, into node: PopulationGraph.Node
  ) -> Bool {
    let name = node.population.name
    func refuse(_ limit: String, _ need: String, _ cure: String) -> Bool {
      self.refuse(name, .learningUnsupported, limit: limit, need: need, cure: cure)
      return false
    }
    guard node.edges.count == 1 else {
      return refuse(
        "`edge-learning` of a population with one projection", "\(node.edges.count) projections",
        "let one population feed the last one")
    }
    guard chip.arithmetic.learningWeightBits >= 8 else {
      return refuse(
        "learning weights of \(chip.arithmetic.learningWeightBits) bits", "8 bits",
        "compile for a chip with wider learning weights")
    }
    return excludesOtherLearning(name)
  }

  /// Errors would come from a readout that has a neuron for each class.
  private mutating func excludesOtherLearning(_ name: String) -> Bool {
    let other = network.projections.first {
      if case .threeFactor = $0.plasticity { return true }
      return false
    }
    guard let other else { return true }
    refuse(
      name, .learningUnsupported, limit: "one kind of learning in a network",
      need: "`edge-learning` beside `three-factor` onto `\(other.target)`",
      cure: "train the other weights at the desk, and keep them fixed")
    return false
  }
}
