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
          logitShift: Int32(pick(0...30))))
    }
    let threshold = values(
      layer.size, max(1, min(limit, scale / 4))...max(1, min(limit, scale * 2)))
    var program = SpikingProgram(
      membrane: membrane, threshold: threshold,
      reset: element(SpikingProgram.Reset.allCases),
      resetPotential: values(layer.size, (-scale / 2)...(scale / 2)),
      refractorySteps: Int32(element([0, 0, 1, 2, 5])))
    if chance(35) {
      let top = element([scale, limit])
      program.adaptation = SpikingProgram.Adaptation(
        decay: Int32(element([0, 2048, 4000, 4096])), impulse: values(layer.size, 0...top))
    }
    if layer.connections.contains(where: { Self.isThreeFactor($0) }) {
      program.pseudoDerivative = pseudoDerivative(threshold)
    }
    return .spiking(program)
  }

  static func isThreeFactor(_ connection: CompiledConnection) -> Bool {
    if case .threeFactor? = connection.plasticity { return true }
    return false
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
    case .pairSTDP, .sdsp: addLocalRule()
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
      if learns { addFeedbackPath(from: index) }
    }
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
    if chance(50), layers[last].connections.contains(where: { $0.plasticity != nil }) {
      let scale = min(limit, inputScale(layers[last]) * 4)
      layers[last].teacher = TeacherProgram(
        excitation: Int32(pick(0...scale)), inhibition: Int32(pick(0...scale)))
    }
  }

  private func canLearn(_ index: Int, _ place: Int) -> Bool {
    let connection = layers[index].connections[place]
    return connection.layout == .dense && connection.pooling == nil
  }

  private mutating func makePlastic(_ index: Int, _ place: Int, _ program: PlasticityProgram) {
    // Whole learning steps on either side of zero.
    let shift = Int(arithmetic.learningShift)
    let top = pick(1...(32_639 >> shift))
    let bottom = chance(50) ? 0 : -pick(0...(32_640 >> shift))
    let count = layers[index].connections[place].weights.count
    let weights = (0..<count).map { _ in Int16(pick(bottom...top) << shift) }
    layers[index].connections[place].precision = .int8
    layers[index].connections[place].weights = .plastic(
      weights, program, bounds: Int16(bottom << shift)...Int16(top << shift))
  }

  private mutating func threeFactor() -> ThreeFactorProgram {
    var program = ThreeFactorProgram(
      preDecay: Int32(element([0, 2048, 3686, 4096])),
      postDecay: Int32(element([0, 2048, 4096])), impulse: Int32(element([1, 100, 1024, 4096])),
      preFactor: Int32(element([64, -64, 256, 0, 17])),
      postFactor: Int32(element([0, 0, 64, -32, 256])), signalShift: Int32(pick(0...20)),
      signalLimit: 1, gain: 0)
    let perSignal = Int(program.traceMax(steps: steps) + program.impulse) * steps
    let largest = max(1, min(32_767, Int(Int32.max) / perSignal))
    program.signalLimit = Int32(chance(70) ? largest : pick(1...largest))
    // A sum times the gain stays below 2^47.
    let sum = perSignal * Int(program.signalLimit)
    program.gain = Int32(min(Int(Int32.max), ((1 << 47) - 1) / sum) >> pick(0...6))
    return program
  }

  private mutating func localRule() -> PlasticityProgram {
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
