import CompiledModel
import SpikingNetwork

extension NetworkLowering {
  /// The rule of layer `index` in integers; nil without a rule, or with one that is refused.
  mutating func plasticity(
    _ index: Int, neurons: NeuronProgram, quantised: [QuantisedWeights]
  ) -> PlasticityProgram? {
    let link = chain.links[index]
    guard let rule = link.projection.plasticity else { return nil }
    let name = link.population.name
    guard chip.features.learningWeightBits >= 16, chip.core.weightBits >= 8 else {
      refuse(
        name, .learningUnsupported,
        limit: "learning weights of \(chip.features.learningWeightBits) bits",
        need: "learning weights of 16 bits and inference weights of 8",
        cure: "compile for a chip that learns, or remove the rule")
      return nil
    }
    switch rule {
    case .pairSTDP(let rule):
      guard case .spiking = neurons else {
        refuse(
          name, .learningUnsupported, limit: "pair STDP onto neurons that spike",
          need: "pair STDP onto a readout", cure: "use three-factor learning for the readout")
        return nil
      }
      return .pairSTDP(pairSTDP(rule, link, exponent: quantised[index].exponent))
    case .threeFactor(let rule):
      guard acceptsThreeFactor(index, name) else { return nil }
      return .threeFactor(threeFactor(rule, index, neurons: neurons, quantised: quantised))
    }
  }

  private mutating func acceptsThreeFactor(_ index: Int, _ name: String) -> Bool {
    guard case .leakyIntegrator? = chain.links.last?.population.model else {
      refuse(
        name, .learningUnsupported, limit: "errors come from a readout", need: "a readout",
        cure: "end the network with a leaky integrator, one neuron a class")
      return false
    }
    guard index >= chain.links.count - 2 else {
      refuse(
        name, .learningUnsupported, limit: "the readout and the layer before it",
        need: "errors \(chain.links.count - 1 - index) layers below the readout",
        cure: "keep the weights of this layer fixed")
      return false
    }
    guard index == chain.links.count - 1 || chip.features.gradedErrors else {
      refuse(
        name, .learningUnsupported, limit: "no graded errors",
        need: "graded errors from the readout",
        cure: "keep the weights of this layer fixed, or compile for a chip with graded errors")
      return false
    }
    return true
  }

  private func threeFactor(
    _ rule: ThreeFactorRule, _ index: Int, neurons: NeuronProgram, quantised: [QuantisedWeights]
  ) -> ThreeFactorProgram {
    let link = chain.links[index]
    let classes = chain.links[chain.links.count - 1].population.size
    let one = Double(ChipArithmetic.fractionOne)
    var program = ThreeFactorProgram(
      preDecay: Self.decay(rule.preDecay), postDecay: Self.decay(rule.postDecay), impulse: 1024,
      preFactor: Self.factor(rule.aPre), postFactor: Self.factor(rule.aPost), psiMultiplier: 0,
      psiShift: 0, signalShift: 0, signalLimit: 1, gain: 0, gainShift: 0)
    fitSums(&program)

    // The largest product of error, pseudo-derivative and factor, and the unit of an error.
    var largest = one * one * Double(max(abs(program.preFactor), abs(program.postFactor)))
    var unit = 1 / one
    var height = 1.0
    if case .spiking(let spiking) = neurons {
      let psi = ScaledInteger(one / Double(spiking.threshold), shiftMax: 40)
      program.psiMultiplier = psi.multiplier
      program.psiShift = psi.shift
      // Errors of a step add up to less than two in magnitude, and mirrored weights may grow to
      // 127, so no signal is ever clipped.
      let readout = quantised[index + 1]
      largest *= Double(2 * ChipArithmetic.weightLimit) * (1 + Double(classes) / (2 * one))
      unit *= Double(sign: .plus, exponent: readout.exponent, significand: 1)
      height = rule.gamma
    }
    while largest / Self.power(program.signalShift) > Double(program.signalLimit) {
      program.signalShift += 1
    }

    let r = Self.resistance(link.population.model)
    let sumUnit =
      Self.power(program.signalShift) * unit / one / Double(ChipArithmetic.factorOne)
      / Double(program.impulse)
    let weightUnit = Double(sign: .plus, exponent: quantised[index].exponent - 8, significand: 1)
    let gain = ScaledInteger(rule.learningRate * height * r * r * sumUnit / weightUnit)
    program.gain = gain.multiplier
    program.gainShift = gain.shift
    return program
  }

  /// Chooses impulse and signal limit so that a sample's sums fit 32 bits.
  private func fitSums(_ program: inout ThreeFactorProgram) {
    while true {
      let traceMax = program.traceMax(steps: network.steps)
      let step = Int64(traceMax + program.impulse) * Int64(network.steps)
      program.signalLimit = Int32(min(32767, max(1, Int64(Int32.max) / step)))
      let saturates = traceMax == ChipArithmetic.traceLimit
      guard program.impulse > 64, saturates || program.signalLimit < 8192 else { return }
      program.impulse /= 2
    }
  }

  private func pairSTDP(
    _ rule: PairSTDPRule, _ link: LayerChain.Link, exponent: Int
  ) -> PairSTDPProgram {
    let impulse: Int32 = 256
    let r = Self.resistance(link.population.model)
    let unit = Double(sign: .plus, exponent: exponent - 8, significand: 1)
    let plus = rule.aPlus * r / unit / Double(impulse)
    let minus = rule.aMinus * r / unit / Double(impulse)
    // Both share the shift of the larger one.
    let larger = ScaledInteger(max(plus, minus), shiftMax: 40)
    let scale = Self.power(larger.shift)
    return PairSTDPProgram(
      preDecay: Self.decay(NaturalExponential.exponential(-network.timeStep / rule.tauPre)),
      postDecay: Self.decay(NaturalExponential.exponential(-network.timeStep / rule.tauPost)),
      impulse: impulse, potentiation: Int32(min(65535, (plus * scale).rounded())),
      depression: Int32(min(65535, (minus * scale).rounded())), shift: larger.shift)
  }

  private static func resistance(_ model: NeuronModel) -> Double {
    switch model {
    case .lif(let lif): lif.r
    case .leakyIntegrator(let integrator): integrator.r
    case .input: 1
    }
  }

  private static func factor(_ value: Double) -> Int32 {
    Int32((value * Double(ChipArithmetic.factorOne)).rounded())
  }

  private static func power(_ exponent: Int32) -> Double {
    Double(sign: .plus, exponent: Int(exponent), significand: 1)
  }
}
