import CompiledModel
import SpikingNetwork

extension NetworkLowering {
  /// The rule of a connection in integers; nil without a rule, or with one that is refused.
  mutating func plasticity(
    _ index: Int, _ place: Int, units: [LayerUnits],
    grid: (range: ClosedRange<Int16>, step: Int32)
  ) -> PlasticityProgram? {
    let node = graph.nodes[index]
    let projection = projection(node.edges[place])
    guard let rule = projection.plasticity, accepts(rule, of: projection, into: node) else {
      return nil
    }
    let unit = units[index].unit(edge: place)
    switch rule {
    case .pairSTDP(let rule):
      return program(rule.program, node, unit: unit, bounds: grid).map { .program($0) }
    case .program(let rule):
      return program(rule, node, unit: unit, bounds: grid).map { .program($0) }
    case .edgeLearning(let rule): return .edge(edgeProgram(rule))
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
    let isWithin =
      chip.features.rules.contains(rule.onChip)
      || rule.onChip == .pairSTDP && chip.features.rules.contains(.sumOfProducts)
    guard isWithin else {
      let rules = chip.features.rules.map(\.rawValue)
      refuse(
        name, .learningUnsupported,
        limit: rules.isEmpty ? "no learning" : "rules " + rules.joined(separator: ", "),
        need: "`\(rule.onChip.rawValue)`",
        cure: "compile for a chip that learns by this rule, or keep the weights fixed")
      return false
    }
    let seen = min(8, chip.arithmetic.learningWeightBits)
    guard chip.core.weightBits >= seen || rule.onChip == .edgeLearning else {
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
    if case .edgeLearning = rule { return acceptsEdgeLearning(projection, into: node) }
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
      case .pairSTDP, .sdsp, .program, .edgeLearning: true
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
    case .program(let rule): rule.isPairSTDP ? .pairSTDP : .sumOfProducts
    case .edgeLearning: .edgeLearning
    }
  }

  /// The weights that a rule keeps to, where it has bounds of its own.
  var weightRange: (low: Double, high: Double)? {
    switch self {
    case .threeFactor, .edgeLearning: nil
    case .pairSTDP(let rule): (rule.weightMin, rule.weightMax)
    case .sdsp(let rule): (rule.weightMin, rule.weightMax)
    case .program(let rule): (rule.weightMin, rule.weightMax)
    }
  }
}
