import CompiledModel
import SpikingNetwork

extension NetworkLowering {
  /// A gain from which on rounding changes the learning rate by less than one per cent.
  private static let gainFine = 64.0

  /// Nil, with a violation, for a learning rate that the chip cannot express.
  mutating func threeFactor(
    _ rule: ThreeFactorRule, _ index: Int, _ place: Int, feedback: Feedback, units: [LayerUnits]
  ) -> ThreeFactorProgram? {
    let node = graph.nodes[index]
    let one = Double(ChipArithmetic.fractionOne)
    var program = ThreeFactorProgram(
      preDecay: DecayLowering.decay(rule.preDecay), postDecay: DecayLowering.decay(rule.postDecay),
      impulse: 1024, preFactor: Self.factor(rule.aPre), postFactor: Self.factor(rule.aPost),
      signalShift: 0, signalLimit: 1, gain: 0)
    program.secondPreDecay = DecayLowering.decay(rule.secondPreDecay ?? 0)
    program.readsTraceBefore = rule.postTrace == .before ? 1 : 0
    program.isAppliedEachStep = rule.applied == .step ? 1 : 0
    program.weightDecay = Int32(((rule.weightDecay ?? 0) * 65536).rounded())
    if rule.eligibility == .synapse {
      guard let factor = adaptationFactor(rule, node) else { return nil }
      program.adaptationFactor = factor
    }
    fitSums(&program)

    // The largest product of error, pseudo-derivative and factor, and the unit of an error.
    var largest = one * one * Double(max(abs(program.preFactor), abs(program.postFactor)))
    let unit = errorUnit(feedback, units: units)
    var height = 1.0
    if !node.isReadout, let last = graph.nodes.last {
      // Errors of a step add up to less than two in magnitude, and mirrored weights may grow to
      // 127, so no signal is clipped unless the learning rate asks for more.
      let classes = Double(last.population.size)
      largest *= Double(2 * ChipArithmetic.weightLimit) * (1 + classes / (2 * one))
      if let rate = rule.rate {
        largest += rate.strength / unit * one * Double(abs(program.preFactor))
      }
      height = rule.gamma
    }
    while largest / Self.power(program.signalShift) > Double(program.signalLimit) {
      program.signalShift += 1
    }

    let r = node.population.model.resistance
    let step =
      units[index].unit(edge: place) * Double(1 << chip.arithmetic.learningShift) / 256
    func gain() -> Double {
      let sum =
        Self.power(program.signalShift) * unit / one / Double(ChipArithmetic.factorOne)
        / Double(program.impulse)
      return rule.learningRate * height * r * r * sum / step * 4_294_967_296
    }
    // `sum * gain` stays below 2^47, or half of it where weights decay.
    let sumMax =
      Int64(program.signalLimit) * Int64(program.traceMax(steps: network.steps) + program.impulse)
      * Int64(network.steps)
    let gainMax = Double(
      min(Int64(Int32.max), ((1 << (program.weightDecay == 0 ? 47 : 46)) - 1) / sumMax))
    while gain() > gainMax, program.signalShift > 0 { program.signalShift -= 1 }
    while gain() < Self.gainFine, largest / Self.power(program.signalShift) > 1024 {
      program.signalShift += 1
    }
    let found = gain()
    guard found <= gainMax, found >= 0.5 || rule.learningRate * height == 0 else {
      let isLow = found < 0.5
      let limit = rule.learningRate / found * (isLow ? 0.5 : gainMax)
      refuse(
        node.population.name, .learningUnsupported,
        limit: "a learning rate of at " + (isLow ? "least" : "most") + " \(limit)",
        need: "\(rule.learningRate)", cure: "choose a learning rate within the chip's range")
      return nil
    }
    program.gain = Int32(found.rounded())
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

  /// How far a rise of the threshold shares in the pseudo-derivative; nil, with a violation, where
  /// the chip has no trace for it.
  private mutating func adaptationFactor(
    _ rule: ThreeFactorRule, _ node: PopulationGraph.Node
  ) -> Int32? {
    guard case .adaptiveLIF(let adaptive) = node.population.model, rule.aPost == 0 else {
      refuse(
        node.population.name, .learningUnsupported,
        limit: "eligibility by synapse for thresholds that adapt, without aPost",
        need: "`eligibility: synapse`", cure: "keep eligibility by neuron here")
      return nil
    }
    let share = rule.gamma * adaptive.beta / adaptive.lif.vThreshold
    let decay = adaptive.adaptationDecay(timeStep: network.timeStep)
    guard share <= decay else {
      refuse(
        node.population.name, .learningUnsupported,
        limit: "gamma * beta / vThreshold of at most \(ShortNumber.text(decay, .down))",
        need: ShortNumber.text(share, .up), cure: "lower gamma or beta")
      return nil
    }
    return max(1, min(DecayLowering.decay(decay) - 1, Int32((share * 4096).rounded())))
  }

  static func factor(_ value: Double) -> Int32 {
    Int32((value * Double(ChipArithmetic.factorOne)).rounded())
  }

  private static func power(_ exponent: Int32) -> Double {
    Double(sign: .plus, exponent: Int(exponent), significand: 1)
  }
}
