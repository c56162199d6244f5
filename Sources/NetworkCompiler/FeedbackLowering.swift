import CompiledModel
import SpikingNetwork

/// Where a layer's errors come from, and what its cores hold for them.
extension NetworkLowering {
  /// What an error of a layer's neuron is a sum of.
  enum Feedback {
    /// The readout's own errors.
    case readout
    /// Errors times the weights of a connection to the readout, by its place there.
    case mirrored(edge: Int)
    /// Errors times random weights within plus and minus a scale.
    case random(scale: Double)
  }

  /// The first three-factor rule into a layer, whose signal all others share.
  func signalRule(of index: Int) -> ThreeFactorRule? {
    for edge in graph.nodes[index].edges {
      if case .threeFactor(let rule) = projection(edge).plasticity { return rule }
    }
    return nil
  }

  /// Nil, with a violation, for a layer that no errors reach.
  mutating func feedback(of index: Int) -> Feedback? {
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
    if let rule = signalRule(of: index), rule.feedback == .random || rule.feedback == .local {
      return .random(scale: rule.feedbackScaleOnChip)
    }
    if let found = mirroredEdge(of: index) { return .mirrored(edge: found) }
    refuse(
      node.population.name, .learningUnsupported,
      limit: "layers with a dense connection to the readout, without delay and pooling",
      need: "errors at a layer without one",
      cure: "keep the weights of this layer fixed, connect it to the readout, or give its rule "
        + "`random` or `local` feedback")
    return nil
  }

  private func mirroredEdge(of index: Int) -> Int? {
    guard let last = graph.nodes.last else { return nil }
    return last.edges.firstIndex { edge in
      let projection = projection(edge)
      guard edge.source == index, case .dense = projection.connectivity else { return false }
      return projection.delay == 0 && projection.pooling == 1
    }
  }

  /// What cores of a hidden layer hold for the way back of errors.
  func mirror(of index: Int) -> LoweredLayer.Mirror? {
    guard let last = graph.nodes.last, let rule = signalRule(of: index) else { return nil }
    let lag = last.phase - graph.nodes[index].phase + 1
    var mirror = LoweredLayer.Mirror(
      classes: last.population.size, learns: false, bits: 8, lag: lag,
      countsSpikes: rule.rate != nil)
    switch rule.feedback {
    case .random: return mirror
    case .local:
      mirror.lag = 1
      mirror.isLocal = true
      return mirror
    case .symmetric, .adaptive:
      guard let place = mirroredEdge(of: index) else { return nil }
      let projection = projection(last.edges[place])
      mirror.learns = projection.plasticity != nil
      mirror.bits = precision(of: projection).bits
      return mirror
    }
  }

  /// The unit of the sum of errors at a layer's neuron.
  func errorUnit(_ feedback: Feedback, units: [LayerUnits]) -> Double {
    let one = Double(ChipArithmetic.fractionOne)
    switch feedback {
    case .readout: return 1 / one
    case .mirrored(let edge): return units[graph.nodes.count - 1].unit(edge: edge) / one
    case .random(let scale): return scale / Double(ChipArithmetic.weightLimit) / one
    }
  }

  /// What decides a layer's learning signals in integers; nil for the plain form.
  mutating func learningSignal(_ index: Int, units: [LayerUnits]) -> LearningSignalProgram? {
    guard let rule = signalRule(of: index), agree(index, rule),
      let feedback = silently({ $0.feedback(of: index) })
    else { return nil }
    var signal = LearningSignalProgram()
    if let wanted = rule.signalSteps { signal.firstStep = Int32(max(0, network.steps - wanted)) }
    guard !graph.nodes[index].isReadout else {
      return signal == LearningSignalProgram() ? nil : signal
    }
    switch rule.feedback {
    case .symmetric: break
    case .adaptive:
      guard case .mirrored(let edge) = feedback else { break }
      signal.feedback = .adaptive(
        adaptiveWeights(rule, index, unit: units[graph.nodes.count - 1].unit(edge: edge)))
    case .random: signal.feedback = .random(seed: rule.feedbackSeed ?? 1)
    case .local:
      let unit = rule.feedbackScaleOnChip / Double(ChipArithmetic.weightLimit)
      let logit = ScaledInteger(16 / NaturalExponential.logarithm(2) * unit)
      signal.feedback = .local(
        LocalReadoutProgram(
          seed: rule.feedbackSeed ?? 1, decay: DecayLowering.decay(rule.localDecay ?? 0.9),
          logitMultiplier: logit.multiplier, logitShift: logit.shift))
    }
    if let rate = rule.rate {
      signal.rate = regulariser(rate, index, unit: errorUnit(feedback, units: units))
    }
    return signal == LearningSignalProgram() ? nil : signal
  }

  /// Random weights of 16 bits to start from, on whole learning steps.
  private func adaptiveWeights(_ rule: ThreeFactorRule, _ index: Int, unit: Double) -> [Int16] {
    let step = Double(1 << chip.arithmetic.learningShift)
    let factor =
      rule.feedbackScaleOnChip / Double(ChipArithmetic.weightLimit) / unit * 256 / step
    let legal = ChipArithmetic.learningWeights
    let random = FeedbackWeights(seed: rule.feedbackSeed ?? 1, layer: index)
    let classes = graph.nodes[graph.nodes.count - 1].population.size
    return (0..<graph.nodes[index].population.size).flatMap { neuron in
      random.row(neuron: neuron, classes: classes).map { weight in
        let most = (Double(legal.upperBound) / step).rounded(.down)
        let steps = max(-most, min(most, (Double(weight) * factor).rounded()))
        return Int16(steps * step)
      }
    }
  }

  /// A neuron off by one spike a step over the whole sample gets `strength` in units of errors.
  private mutating func regulariser(
    _ rate: ThreeFactorRule.RateRegulariser, _ index: Int, unit: Double
  ) -> LearningSignalProgram.RateRegulariser {
    let one = Double(ChipArithmetic.fractionOne)
    let most = Double(1 << 20) * unit
    guard rate.strength <= most else {
      refuse(
        graph.nodes[index].population.name, .learningUnsupported,
        limit: "a rate regulariser of at most \(ShortNumber.text(most, .down))",
        need: ShortNumber.text(rate.strength, .up), cure: "weaken it")
      return LearningSignalProgram.RateRegulariser(target: 0, factor: 0, shift: 0)
    }
    let ratio = rate.strength / (unit * one * Double(network.steps))
    var shift: Int32 = 0
    while shift < 31, ratio * Double(Int64(2) << Int64(shift)) <= 2047 { shift += 1 }
    let factor = (ratio * Double(Int64(1) << Int64(shift))).rounded(.down)
    return LearningSignalProgram.RateRegulariser(
      target: Int32((rate.target * one).rounded()), factor: Int32(min(2047, factor)), shift: shift)
  }

  /// Whether all rules into a layer ask for the same signal.
  private mutating func agree(_ index: Int, _ rule: ThreeFactorRule) -> Bool {
    let node = graph.nodes[index]
    for edge in node.edges {
      guard case .threeFactor(let other) = projection(edge).plasticity else { continue }
      let isSame =
        other.feedback == rule.feedback && other.signalSteps == rule.signalSteps
        && other.rate == rule.rate && other.localDecay == rule.localDecay
        && other.feedbackScale == rule.feedbackScale && other.feedbackSeed == rule.feedbackSeed
      guard !isSame else { continue }
      refuse(
        node.population.name, .learningUnsupported,
        limit: "one learning signal for all that feeds a population",
        need: "`\(rule.feedback.rawValue)` and `\(other.feedback.rawValue)`",
        cure: "give its rules the same feedback, signalSteps and rate")
      return false
    }
    return true
  }
}

extension ThreeFactorRule {
  /// Random weights lie within plus and minus it.
  var feedbackScaleOnChip: Double { feedbackScale ?? 0.5 }
}
