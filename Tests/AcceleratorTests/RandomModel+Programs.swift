import CompiledModel

extension RandomModel {
  private var limit: Int { Int(arithmetic.potentialLimit) }

  /// What a layer's neurons compute; the layer's connections are complete.
  mutating func neurons(_ index: Int) -> NeuronProgram {
    let layer = layers[index]
    let scale = inputScale(layer)
    let membrane = MembraneProgram(
      decay: Int32(element([0, 1, 2048, 3686, 4000, 4095, 4096, pick(0...4096)])),
      currentDecay: chance(35) ? Int32(element([0, 2048, 3700, 4096])) : nil,
      bias: chance(60) ? NeuronValues(0) : values(layer.size, (-scale / 2)...(scale / 2)))
    guard layer.name != "readout" else {
      return .readout(
        ReadoutProgram(
          membrane: membrane, logitMultiplier: Int32(element([0, 1, 369, 23_637, 65_535])),
          logitShift: Int32(pick(0...30)), neuronsPerClass: Int32(neuronsPerClass)))
    }
    let threshold = values(
      layer.size, max(1, min(limit, scale / 4))...max(1, min(limit, scale * 2)))
    var program = SpikingProgram(
      membrane: membrane, threshold: threshold,
      reset: element(SpikingProgram.Reset.allCases),
      resetPotential: values(layer.size, (-scale / 2)...(scale / 2)),
      refractorySteps: Int32(element([0, 0, 1, 2, 5])))
    if chance(35) || layer.connections.contains(where: { Self.isEligible($0) }) {
      let top = element([scale, limit])
      program.adaptation = SpikingProgram.Adaptation(
        decay: Int32(element([0, 2048, 4000, 4096])), impulse: values(layer.size, 0...top))
    }
    if layer.connections.contains(where: { Self.isThreeFactor($0) }) {
      program.pseudoDerivative = pseudoDerivative(threshold)
    }
    if chance(25) {
      program.competition = SpikingProgram.Competition(
        inhibition: Int32(element([0, pick(0...min(limit, scale * 4)), limit])))
    }
    if rule != .none, chance(25) {
      program.homeostasis = homeostasis(layer.size, scale: scale)
    }
    return .spiking(program)
  }

  /// Rises of about a threshold, some at the end of their range.
  private mutating func homeostasis(
    _ size: Int, scale: Int
  ) -> SpikingProgram.Homeostasis {
    let shift = pick(0...8)
    let top = min(32_767, max(1, scale >> shift))
    return SpikingProgram.Homeostasis(
      impulse: Int32(element([0, 1, pick(0...top), 32_767])),
      decay: Int32(element([0, 42_950, 1 << 24, Int(Int32.max)])), shift: Int32(shift),
      rises: (0..<size).map { _ in Int16(chance(5) ? 32_767 : chance(30) ? 0 : pick(0...top)) })
  }

  /// Lets the neurons of a last layer that spikes stand for classes.
  mutating func addAssignment() {
    let last = layers.count - 1
    guard rule != .none, layers[last].name != "readout", layers[last].teacher == nil, chance(50)
    else { return }
    let classes = element([1, 2, 3, 10])
    let top = element([0, 3, 32_767])
    layers[last].assignment = ClassAssignment(
      classes: classes,
      counts: (0..<layers[last].size * classes).map { _ in Int16(pick(0...top)) })
  }

  static func isThreeFactor(_ connection: CompiledConnection) -> Bool {
    if case .threeFactor? = connection.plasticity { return true }
    return false
  }

  private static func isEligible(_ connection: CompiledConnection) -> Bool {
    guard case .threeFactor(let rule)? = connection.plasticity else { return false }
    return rule.adaptationFactor != 0
  }

  /// One value for all neurons or one for each, within the potential's range.
  private mutating func values(_ count: Int, _ range: ClosedRange<Int>) -> NeuronValues {
    let cut = max(-limit, range.lowerBound)...min(limit, max(-limit, range.upperBound))
    if chance(60) { return NeuronValues(Int32(pick(cut))) }
    return NeuronValues(each: (0..<count).map { _ in Int32(pick(cut)) })
  }

  /// At most 256 at the threshold, often just that.
  private mutating func pseudoDerivative(
    _ threshold: NeuronValues
  ) -> SpikingProgram.PseudoDerivative {
    let shift = pick(0...30)
    let multipliers = threshold.values.map { threshold in
      let largest = min(65_535, (257 << shift - 1) / Int(threshold))
      return Int32(largest)
    }
    return SpikingProgram.PseudoDerivative(
      multiplier: NeuronValues(each: multipliers), shift: Int32(shift))
  }

  /// Makes dense connections learn; there is one at least.
  mutating func addPlasticity() {
    switch rule {
    case .none: break
    case .threeFactor: addThreeFactor()
    case .pairSTDP, .sdsp, .program: addLocalRule()
    case .edge: addEdgeLearning()
    }
  }

  private mutating func addThreeFactor() {
    let last = layers.count - 1
    for index in 0..<last where chance(70) {
      var learns = false
      for place in layers[index].connections.indices where canLearn(index, place) && chance(70) {
        makePlastic(index, place, .threeFactor(threeFactor()))
        learns = true
      }
      guard learns else { continue }
      if chance(60) { layers[index].signal = signal(of: index) }
      switch layers[index].signal?.feedback {
      case .random?, .local?: if chance(50) { addFeedbackPath(from: index) }
      case .symmetric?, .adaptive?, nil: addFeedbackPath(from: index)
      }
    }
    if chance(20) { layers[last].signal = LearningSignalProgram(firstStep: firstStep()) }
    addFeedbackPath(from: last - 1)
    let places = layers[last].connections.indices.filter { canLearn(last, $0) }
    for place in places where chance(60) || place == places.last {
      makePlastic(last, place, .threeFactor(threeFactor()))
    }
  }

  private mutating func addLocalRule() {
    let last = layers.count - 1
    for index in layers.indices {
      for place in layers[index].connections.indices where canLearn(index, place) && chance(70) {
        makePlastic(index, place, localRule())
      }
    }
    if !layers.contains(where: { $0.connections.contains { $0.plasticity != nil } }) {
      addFeedbackPath(from: last > 0 ? last - 1 : -1)
      makePlastic(last, layers[last].connections.count - 1, localRule())
    }
    addRewardMeans()
    if chance(50), layers[last].connections.contains(where: { $0.plasticity != nil }) {
      let scale = min(limit, inputScale(layers[last]) * 4)
      layers[last].teacher = TeacherProgram(
        excitation: Int32(pick(0...scale)), inhibition: Int32(pick(0...scale)),
        onMistakes: chance(50))
    }
  }

  /// Lets rules see rewards less their mean.
  private mutating func addRewardMeans() {
    for index in layers.indices {
      let reads = layers[index].connections.contains {
        $0.plasticity?.program?.readsReward == true
      }
      guard reads, chance(50) else { continue }
      layers[index].rewardMean = RewardMean(
        rate: Int32(element([0, 1, 655, 6554, 65_536])),
        mean: Int16(element([0, -32_767, 32_767, pick(-32_767...32_767)])))
    }
  }

  private func canLearn(_ index: Int, _ place: Int) -> Bool {
    let connection = layers[index].connections[place]
    return connection.layout == .dense && connection.pooling == nil
  }

  private mutating func makePlastic(_ index: Int, _ place: Int, _ program: PlasticityProgram) {
    // Whole learning steps on either side of zero.
    let shift = Int(arithmetic.learningShift)
    if let step = program.program?.weightStep, step != 0 {
      return makeCoarse(index, place, program, step: Int(step))
    }
    let top = pick(1...(32_639 >> shift))
    let bottom = chance(50) ? 0 : -pick(0...(32_640 >> shift))
    let count = layers[index].connections[place].weights.count
    let weights = (0..<count).map { _ in Int16(pick(bottom...top) << shift) }
    layers[index].connections[place].precision = .int8
    layers[index].connections[place].weights = .plastic(
      weights, program, bounds: Int16(bottom << shift)...Int16(top << shift))
    guard bottom == 0, rule != .threeFactor, chance(50) else { return }
    let sources = layers[index].connections[place].sourceSize
    layers[index].connections[place].normalisation = Int32(
      element([1, pick(1...sources * 32_639), sources * (top << shift) / 2 + 1, Int(Int32.max)]))
  }

  private mutating func threeFactor() -> ThreeFactorProgram {
    var program = ThreeFactorProgram(
      preDecay: Int32(element([0, 2048, 3686, 4096])),
      postDecay: Int32(element([0, 2048, 4096])), impulse: Int32(element([1, 100, 1024, 4096])),
      preFactor: Int32(element([64, -64, 256, 0, 17])),
      postFactor: Int32(element([0, 0, 64, -32, 256])), signalShift: Int32(pick(0...20)),
      signalLimit: 1, gain: 0)
    if chance(25) { program.secondPreDecay = Int32(element([1, 2048, 3800, 4096])) }
    if chance(25) { program.readsTraceBefore = 1 }
    if chance(20) { program.isAppliedEachStep = 1 }
    if chance(20) { program.weightDecay = Int32(pick(1...16384)) }
    // Put right where the layer's threshold turns out not to adapt.
    if program.postFactor == 0, chance(30) { program.adaptationFactor = Int32(pick(1...4096)) }
    let perSignal = Int(program.traceMax(steps: steps) + program.impulse) * steps
    let largest = max(1, min(32_767, Int(Int32.max) / perSignal))
    program.signalLimit = Int32(chance(70) ? largest : pick(1...largest))
    // A sum times the gain stays below 2^47.
    let sum = perSignal * Int(program.signalLimit)
    let bits = program.weightDecay == 0 ? 47 : 46
    program.gain = Int32(min(Int(Int32.max), ((1 << bits) - 1) / sum) >> pick(0...6))
    return program
  }

  private mutating func firstStep() -> Int32 { Int32(pick(0...steps - 1)) }

  private mutating func signal(of index: Int) -> LearningSignalProgram {
    var signal = LearningSignalProgram(firstStep: chance(50) ? 0 : firstStep())
    switch pick(0...3) {
    case 0: break
    case 2:
      let shift = Int(arithmetic.learningShift)
      let count = layers[index].size * layers[layers.count - 1].size
      let most = 32_639 >> shift
      signal.feedback = .adaptive(
        (0..<count).map { _ in Int16(pick(-most...most) << shift) })
    case 1: signal.feedback = .random(seed: UInt64(pick(0...1000)))
    default:
      signal.feedback = .local(
        LocalReadoutProgram(
          seed: UInt64(pick(0...1000)), decay: Int32(element([0, 2048, 3686, 4096])),
          logitMultiplier: Int32(element([0, 369, 23_637, 65_535])), logitShift: Int32(pick(0...20))
        ))
    }
    if chance(50) {
      signal.rate = LearningSignalProgram.RateRegulariser(
        target: Int32(pick(0...256)), factor: Int32(element([1, 300, 2047])),
        shift: Int32(pick(4...16)))
    }
    return signal
  }

  /// Keeps eligibility by synapse to layers whose thresholds adapt, and within their decay.
  mutating func fitEligibility(_ index: Int) {
    var decay: Int32 = 0
    if case .spiking(let program) = layers[index].neurons { decay = program.adaptation?.decay ?? 0 }
    for place in layers[index].connections.indices {
      guard
        case .plastic(let weights, .threeFactor(var rule), let bounds) = layers[index].connections[
          place
        ].weights
      else { continue }
      rule.adaptationFactor = min(rule.adaptationFactor, decay)
      layers[index].connections[place].weights = .plastic(
        weights, .threeFactor(rule), bounds: bounds)
    }
  }

  private mutating func localRule() -> PlasticityProgram {
    if rule == .program { return .program(learningProgram()) }
    if rule == .pairSTDP {
      return .pairSTDP(
        PairSTDPProgram(
          preDecay: Int32(element([0, 2048, 3896, 4096])),
          postDecay: Int32(element([0, 2048, 3896, 4096])),
          impulse: Int32(element([1, 1024, 4096])), potentiation: factor(),
          depression: factor(), preTarget: Int32(element([0, 0, 500, 32_767]))))
    }
    return .sdsp(
      SDSPProgram(
        potentialThreshold: Int32(pick(-limit / 8...limit / 4)),
        activityMin: Int32(element([0, 0, 0, 1, 2])), activityMaxUp: Int32(pick(1...8)),
        activityMaxDown: Int32(pick(1...8)), activityLeakSteps: Int32(pick(1...6)),
        probability: Int32(element([0, 20_000, 40_000, 65_535, 65_536, 65_536]))))
  }

  /// A multiplier of pair STDP, as learning weights are wide.
  private mutating func factor() -> Int32 {
    Int32(pick(0...32_767) >> pick(0...12))
  }
}
