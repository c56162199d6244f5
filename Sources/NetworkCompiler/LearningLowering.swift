import CompiledModel
import SpikingNetwork

extension NetworkLowering {
  /// The rule of a connection in integers; nil without a rule, or with one that is refused.
  mutating func plasticity(
    _ index: Int, _ place: Int, units: [LayerUnits]
  ) -> PlasticityProgram? {
    let node = graph.nodes[index]
    let projection = projection(node.edges[place])
    guard let rule = projection.plasticity, accepts(rule, of: projection, into: node) else {
      return nil
    }
    switch rule {
    case .pairSTDP(let rule):
      return pairSTDP(rule, node, unit: units[index].unit(edge: place)).map { .pairSTDP($0) }
    case .sdsp(let rule):
      return .sdsp(sdsp(rule, node, units: units[index]))
    case .threeFactor(let rule):
      guard let feedback = feedback(of: index) else { return nil }
      return threeFactor(rule, index, place, feedback: feedback, units: units)
        .map { .threeFactor($0) }
    }
  }

  /// What the chip and the place of a rule allow.
  private mutating func accepts(
    _ rule: PlasticityRule, of projection: Projection, into node: PopulationGraph.Node
  ) -> Bool {
    let name = node.population.name
    guard chip.features.rules.contains(rule.onChip) else {
      let rules = chip.features.rules.map(\.rawValue)
      refuse(
        name, .learningUnsupported,
        limit: rules.isEmpty ? "no learning" : "rules " + rules.joined(separator: ", "),
        need: "`\(rule.onChip.rawValue)`",
        cure: "compile for a chip that learns by this rule, or keep the weights fixed")
      return false
    }
    let seen = min(8, chip.arithmetic.learningWeightBits)
    guard chip.core.weightBits >= seen else {
      refuse(
        name, .learningUnsupported, limit: "weights of \(chip.core.weightBits) bits",
        need: "weights of \(seen) bits, as learning sees them",
        cure: "compile for a chip with wider weights, or keep the weights fixed")
      return false
    }
    guard case .dense = projection.connectivity, projection.pooling == 1 else {
      refuse(
        name, .learningUnsupported, limit: "dense connections that learn, without pooling",
        need: "`\(rule.onChip.rawValue)` from `\(projection.source)`",
        cure: "connect the two densely, or keep the weights fixed")
      return false
    }
    if case .threeFactor = rule { return excludesLocalRules(name) }
    checkStart(of: projection, rule, name)
    guard !node.isReadout else {
      refuse(
        name, .learningUnsupported, limit: "local rules onto neurons that spike",
        need: "`\(rule.onChip.rawValue)` onto a readout",
        cure: "use three-factor learning for the readout")
      return false
    }
    return true
  }

  /// Errors and local rules would change the same weights in the same sample.
  private mutating func excludesLocalRules(_ name: String) -> Bool {
    let local = network.projections.first {
      switch $0.plasticity {
      case .pairSTDP, .sdsp: true
      case .threeFactor, nil: false
      }
    }
    guard let local, let rule = local.plasticity else { return true }
    refuse(
      name, .learningUnsupported, limit: "one kind of learning in a network",
      need: "`three-factor` beside `\(rule.onChip.rawValue)` onto `\(local.target)`",
      cure: "learn by errors or by local rules, and keep the other weights fixed")
    return false
  }

  private mutating func checkStart(
    of projection: Projection, _ rule: PlasticityRule, _ name: String
  ) {
    guard let (low, high) = rule.weightRange else { return }
    let outside = projection.weights.first { Double($0) < low || Double($0) > high }
    if let outside {
      refuse(
        name, .weightRange, limit: "\(ShortNumber.text(low)) to \(ShortNumber.text(high))",
        need: "\(outside)",
        cure: "start with weights within the bounds of the rule")
    }
  }

  /// Where a layer's errors come from: the readout itself, or the first dense connection to it.
  enum Feedback {
    case readout
    /// The place of that connection among the readout's, and whether its weights learn.
    case mirrored(edge: Int, learns: Bool)
  }

  /// Nil, with a violation, for a layer that no errors reach.
  private mutating func feedback(of index: Int) -> Feedback? {
    let node = graph.nodes[index]
    guard let last = graph.nodes.last, last.isReadout else {
      refuse(
        node.population.name, .learningUnsupported, limit: "errors come from a readout",
        need: "a readout", cure: "end the network with a leaky integrator, one neuron a class")
      return nil
    }
    guard last.population.size <= CompiledModel.classesMax else {
      refuse(
        node.population.name, .learningUnsupported,
        limit: "errors of \(CompiledModel.classesMax) classes",
        need: "\(last.population.size) classes", cure: "tell fewer classes apart")
      return nil
    }
    if index == graph.nodes.count - 1 { return .readout }
    if let found = mirroredEdge(of: index) { return found }
    refuse(
      node.population.name, .learningUnsupported,
      limit: "layers with a dense connection to the readout, without delay and pooling",
      need: "errors at a layer without one",
      cure: "keep the weights of this layer fixed, or connect it to the readout")
    return nil
  }

  private func mirroredEdge(of index: Int) -> Feedback? {
    guard let last = graph.nodes.last else { return nil }
    for (place, edge) in last.edges.enumerated() where edge.source == index {
      let projection = projection(edge)
      guard case .dense = projection.connectivity, projection.delay == 0, projection.pooling == 1
      else { continue }
      return .mirrored(edge: place, learns: projection.plasticity != nil)
    }
    return nil
  }

  /// What cores of a hidden layer hold of the readout.
  func mirror(of index: Int) -> LoweredLayer.Mirror? {
    guard let last = graph.nodes.last,
      case .mirrored(let place, let learns)? = mirroredEdge(of: index)
    else { return nil }
    return LoweredLayer.Mirror(
      classes: last.population.size, learns: learns,
      bits: precision(of: projection(last.edges[place])).bits,
      lag: last.phase - graph.nodes[index].phase + 1)
  }

  /// Learning weights that a rule may reach, on whole steps of the chip.
  ///
  /// `factor` is what one weight of the description counts in units of inference weights.
  func bounds(of rule: PlasticityRule?, factor: Double) -> ClosedRange<Int16> {
    let legal = ChipArithmetic.learningWeights
    let step = Double(1 << chip.arithmetic.learningShift)
    var low = Double(legal.lowerBound)
    var high = Double(legal.upperBound)
    if let range = rule?.weightRange {
      low = max(low, range.low * factor * 256)
      high = min(high, range.high * factor * 256)
    }
    let first = (low / step).rounded(.up) * step
    let last = (high / step).rounded(.down) * step
    return Int16(min(first, last))...Int16(max(first, last))
  }
}

extension PlasticityRule {
  var onChip: ChipFeatures.Rule {
    switch self {
    case .threeFactor: .threeFactor
    case .pairSTDP: .pairSTDP
    case .sdsp: .sdsp
    }
  }

  /// The weights that a rule keeps to, where it has bounds of its own.
  var weightRange: (low: Double, high: Double)? {
    switch self {
    case .threeFactor: nil
    case .pairSTDP(let rule): (rule.weightMin, rule.weightMax)
    case .sdsp(let rule): (rule.weightMin, rule.weightMax)
    }
  }
}
