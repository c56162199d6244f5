import CompiledModel
import SpikingNetwork

extension NetworkLowering {
  /// Largest factor of potentiation or depression.
  private static let stdpFactorMax = 32767.0

  /// Nil, with a violation, for changes larger than the chip can make at one spike.
  mutating func pairSTDP(
    _ rule: PairSTDPRule, _ node: PopulationGraph.Node, unit: Double
  ) -> PairSTDPProgram? {
    let r = node.population.model.resistance
    let step = unit * Double(1 << chip.arithmetic.learningShift) / 256
    // Learning steps of one pair in 2^-16.
    let plus = rule.aPlus * r / step * 65536
    let minus = rule.aMinus * r / step * 65536
    var program = PairSTDPProgram(
      preDecay: DecayLowering.decay(
        NaturalExponential.exponential(-network.timeStep / rule.tauPre)),
      postDecay: DecayLowering.decay(
        NaturalExponential.exponential(-network.timeStep / rule.tauPost)),
      impulse: 4096, potentiation: 0, depression: 0)
    guard max(plus, minus) / 4096 <= Self.stdpFactorMax else {
      let most = Self.stdpFactorMax * 4096 / 65536 * step / r
      refuse(
        node.population.name, .learningUnsupported, limit: "changes of at most \(most) a pair",
        need: "\(max(rule.aPlus, rule.aMinus))", cure: "make aPlus and aMinus smaller")
      return nil
    }
    // Traces as fine as factors of ten bits and room for spikes in a row leave them.
    let wanted = [plus, minus].filter { $0 > 0 }.min() ?? 0
    while program.impulse > 256 {
      let half = Double(program.impulse / 2)
      guard max(plus, minus) / half <= Self.stdpFactorMax else { break }
      let isCoarse = wanted / Double(program.impulse) < 1024
      guard isCoarse || traceMax(program) >= ChipArithmetic.traceLimit else { break }
      program.impulse /= 2
    }
    program.potentiation = Int32((plus / Double(program.impulse)).rounded())
    program.depression = Int32((minus / Double(program.impulse)).rounded())
    let target = (rule.preTarget * Double(program.impulse)).rounded()
    guard target <= Double(ChipArithmetic.traceLimit) else {
      let most = Double(ChipArithmetic.traceLimit) / Double(program.impulse)
      refuse(
        node.population.name, .learningUnsupported,
        limit: "a target of at most \(most) spikes in a trace", need: "\(rule.preTarget)",
        cure: "lower preTarget")
      return nil
    }
    program.preTarget = Int32(target)
    return program
  }

  /// The larger of the two traces of a source or neuron that spikes in every step.
  private func traceMax(_ program: PairSTDPProgram) -> Int32 {
    let limit = ChipArithmetic.traceLimit
    let decay = max(program.preDecay, program.postDecay)
    var trace: Int32 = 0
    for _ in 0..<network.steps {
      trace = min(ChipArithmetic.decayed(trace, by: decay) + program.impulse, limit)
    }
    return trace
  }

  func sdsp(_ rule: SDSPRule, _ node: PopulationGraph.Node, units: LayerUnits) -> SDSPProgram {
    let unit = units.scales[0] / Double(1 << chip.arithmetic.inputShift)
    let threshold = rule.potentialThreshold * (node.population.model.threshold ?? 0)
    let limit = Double(chip.arithmetic.potentialLimit)
    return SDSPProgram(
      potentialThreshold: Int32(
        max(-limit, min(limit, ((threshold - offset(of: node)) / unit).rounded()))),
      activityMin: Int32(rule.activityMin), activityMaxUp: Int32(rule.activityMaxUp),
      activityMaxDown: Int32(rule.activityMaxDown),
      activityLeakSteps: Int32(rule.activityLeakSteps),
      probability: Int32((rule.probability * 65536).rounded()))
  }

  /// What a label adds to the neurons of a layer, as one of its rules has it.
  mutating func teacher(_ index: Int, units: LayerUnits) -> TeacherProgram? {
    let node = graph.nodes[index]
    var signals: [TeacherSignal] = []
    for edge in node.edges {
      let signal: TeacherSignal? =
        switch projection(edge).plasticity {
        case .pairSTDP(let rule): rule.teacher
        case .sdsp(let rule): rule.teacher
        case .threeFactor, nil: nil
        }
      if let signal, !signals.contains(signal) { signals.append(signal) }
    }
    guard let signal = signals.first, let vThreshold = node.population.model.threshold else {
      return nil
    }
    guard signals.count == 1, index == graph.nodes.count - 1 else {
      refuse(
        node.population.name, .learningUnsupported, limit: "one teacher, at the output",
        need: signals.count > 1 ? "\(signals.count) teachers" : "a teacher before the output",
        cure: "teach the last population alone, all of its rules alike")
      return nil
    }
    let threshold = vThreshold / (units.scales[0] / Double(1 << chip.arithmetic.inputShift))
    let limit = Double(chip.arithmetic.potentialLimit)
    let strengths = [signal.excitation, signal.inhibition].map { ($0 * threshold).rounded() }
    guard strengths.allSatisfy({ $0 <= limit }) else {
      refuse(
        node.population.name, .potentialRange,
        limit: "a teacher of at most \(limit / threshold) thresholds",
        need: "\(max(signal.excitation, signal.inhibition))", cure: "teach with less")
      return nil
    }
    return TeacherProgram(excitation: Int32(strengths[0]), inhibition: Int32(strengths[1]))
  }
}
