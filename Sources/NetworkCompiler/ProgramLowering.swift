import CompiledModel
import SpikingNetwork

extension NetworkLowering {
  /// Largest multiplier of a term.
  private static let mantissaMax = 32767.0
  /// A multiplier from which on rounding changes a term by less than one per cent.
  private static let mantissaFine = 64.0
  /// Shifts make a finer multiplier as large as this.
  private static let mantissaWanted = 1024.0

  /// What one of the network's units counts in the integers of a connection.
  struct RuleUnits {
    /// One weight in units of learning weights.
    let weight: Double
    /// Step of a weight in the same.
    let step: Double

    /// One unit of a variable; a trace counts impulses.
    func one(_ variable: SumOfProducts.Variable, impulse: Int32) -> Double {
      switch variable {
      case .x0, .y0: 1
      case .w, .t: weight
      case .r: 256
      case .x1, .x2, .y1, .y2, .y3: Double(impulse)
      }
    }
  }

  /// A rule's program on the grid of a connection; nil, with a violation, for one that the chip's
  /// integers cannot hold.
  mutating func program(
    _ rule: ProgramRule, _ node: PopulationGraph.Node, unit: Double,
    bounds: (range: ClosedRange<Int16>, step: Int32)
  ) -> LearningProgram? {
    // Texts were judged with the network.
    guard let weightChange = try? rule.weightChange(),
      let tagChange = try? rule.tagChange() ?? SumOfProducts([])
    else { return nil }
    let own = Int32(1) << chip.arithmetic.learningShift
    let units = RuleUnits(
      weight: node.population.model.resistance / unit * 256, step: Double(bounds.step))
    let terms =
      weightChange.terms.map { (term: $0, ofTag: false) }
      + tagChange.terms.map { (term: $0, ofTag: true) }
    func scale(_ entry: (term: SumOfProducts.Term, ofTag: Bool), _ impulse: Int32) -> Double {
      entry.term.factors.reduce(
        entry.term.coefficient * units.weight / (entry.ofTag ? 1 : units.step) * 65536
      ) { $0 / units.one($1.variable, impulse: impulse) }
    }
    func largest(_ impulse: Int32) -> Double {
      terms.reduce(0) { max($0, abs(scale($1, impulse))) }
    }
    // Traces as fine as factors of ten bits and room for spikes in a row leave them.
    var impulse: Int32 = 4096
    let smallest = { (impulse: Int32) in
      terms.map { abs(scale($0, impulse)) }.filter { $0 > 0 }.min() ?? 0
    }
    while impulse > 256 {
      guard largest(impulse / 2) <= Self.mantissaMax else { break }
      let isCoarse = smallest(impulse) < Self.mantissaWanted
      guard isCoarse || saturates(rule, impulse: impulse) else { break }
      impulse /= 2
    }
    var program = LearningProgram(
      traces: traces(of: rule, impulse: impulse), terms: [],
      weightStep: bounds.step == own ? 0 : bounds.step)
    for (number, entry) in terms.enumerated() {
      let exact = scale(entry, impulse)
      guard
        let term = lowered(
          entry, number: number + 1, scale: exact, isPair: rule.isPairSTDP, units: units,
          impulse: impulse, node, program)
      else { return nil }
      program.terms.append(term)
    }
    program.terms = program.terms.inOrderOfOccasions
    return program
  }

  /// The running mean of rewards that all rules into a population share; nil without one, and, with
  /// a violation, for rules that do not agree.
  mutating func rewardMean(of node: PopulationGraph.Node) -> RewardMean? {
    let decays = node.edges.compactMap { edge -> Double?? in
      guard case .program(let rule)? = projection(edge).plasticity,
        (try? rule.weightChange().variables.contains(.r)) == true
          || (try? rule.tagChange()?.variables.contains(.r)) == true
      else { return nil }
      return .some(rule.rewardDecay)
    }
    guard let first = decays.first else { return nil }
    guard decays.allSatisfy({ $0 == first }) else {
      refuse(
        node.population.name, .learningUnsupported,
        limit: "one mean of rewards for all that feeds a population",
        need: "several of rewardDecay",
        cure: "give its rules that read r the same rewardDecay")
      return nil
    }
    return first.map { RewardMean(rate: Int32(((1 - $0) * 65536).rounded())) }
  }

  private mutating func lowered(
    _ entry: (term: SumOfProducts.Term, ofTag: Bool), number: Int, scale: Double, isPair: Bool,
    units: RuleUnits, impulse: Int32, _ node: PopulationGraph.Node, _ program: LearningProgram
  ) -> LearningProgram.Term? {
    let name = entry.term.name(number)
    // The pair form has no shifts, so that chips need none for it.
    let scaleMax = isPair ? Self.mantissaMax : Self.mantissaMax * 65536
    guard abs(scale) <= scaleMax else {
      let most = abs(entry.term.coefficient) * scaleMax / abs(scale)
      refuse(
        node.population.name, .learningUnsupported,
        limit: "a coefficient of at most \(ShortNumber.text(most, .down)) in \(name)",
        need: ShortNumber.text(abs(entry.term.coefficient)),
        cure: "make the changes of one spike smaller")
      return nil
    }
    var shift: Int32 = 0
    var mantissa = abs(scale)
    while mantissa > Self.mantissaMax {
      mantissa /= 2
      shift -= 1
    }
    if !isPair, mantissa < Self.mantissaFine, mantissa > 0 {
      while mantissa < Self.mantissaWanted, shift < 47 {
        mantissa *= 2
        shift += 1
      }
    }
    var factors: [LearningProgram.Factor] = []
    for factor in entry.term.factors {
      let one = units.one(factor.variable, impulse: impulse)
      let offset = (factor.offset * one).rounded()
      let limit = factor.variable == .r ? 512.0 : 32767.0
      guard abs(offset) <= limit else {
        refuse(
          node.population.name, .learningUnsupported,
          limit: "a constant of at most \(ShortNumber.text(limit / one, .down)) beside "
            + "`\(factor.variable.rawValue)`",
          need: "\(ShortNumber.text(abs(factor.offset), .up)) in \(name)",
          cure: "make the constant smaller")
        return nil
      }
      factors.append(LearningProgram.Factor(factor.variable.onChip, plus: Int32(offset)))
    }
    let term = LearningProgram.Term(
      changesTag: entry.ofTag, at: entry.term.occasion.onChip,
      mantissa: Int32((scale < 0 ? -mantissa : mantissa).rounded()), shift: shift, factors)
    let width = program.width(of: term)
    guard width <= LearningProgram.productBits else {
      refuse(
        node.population.name, .learningUnsupported,
        limit: "products of \(LearningProgram.productBits) bits", need: "\(width) bits in \(name)",
        cure: "multiply fewer traces, or let them be windows or nearest")
      return nil
    }
    return term
  }

  private func traces(of rule: ProgramRule, impulse: Int32) -> [LearningProgram.Trace] {
    SumOfProducts.Variable.allCases.compactMap { variable in
      guard let trace = rule.traces[variable.rawValue] else { return nil }
      let fall: LearningProgram.Fall
      if let shift = trace.shift {
        fall = .shift(Int32(shift))
      } else if let steps = trace.window {
        fall = .window(Int32(steps))
      } else {
        let factor = NaturalExponential.exponential(-network.timeStep / (trace.tau ?? 1))
        fall = .decay(DecayLowering.decay(factor))
      }
      return LearningProgram.Trace(
        variable.onChip, fall, impulse: impulse, isNearest: trace.nearest ?? false,
        readsBefore: trace.reads.map { $0 == .before } ?? !variable.isPresynaptic)
    }
  }

  /// Whether a trace of a neuron that spikes in every step meets its end.
  private func saturates(_ rule: ProgramRule, impulse: Int32) -> Bool {
    traces(of: rule, impulse: impulse).contains { trace in
      guard !trace.isSet else { return false }
      var value: Int32 = 0
      for _ in 0..<network.steps {
        switch trace.fall {
        case .decay(let decay): value = ChipArithmetic.decayed(value, by: decay)
        case .shift(let shift): value = max(0, value - max(1, value >> shift))
        case .window: break
        }
        value += impulse
        if value >= ChipArithmetic.traceLimit { return true }
      }
      return false
    }
  }

  /// The grid of a connection's learning weights: bounds on whole steps, and the step.
  ///
  /// A rule with bits of its own has 2^bits values from the lower bound on.
  mutating func grid(
    of rule: PlasticityRule?, factor: Double, _ node: PopulationGraph.Node
  ) -> (range: ClosedRange<Int16>, step: Int32) {
    if case .edgeLearning? = rule {
      return (0...EdgeLearningProgram.weight, Int32(EdgeLearningProgram.weight))
    }
    let range = bounds(of: rule, factor: factor)
    let own = Int32(1) << chip.arithmetic.learningShift
    guard case .program(let program)? = rule, let bits = program.bits else { return (range, own) }
    let room = Int32(range.upperBound) - Int32(range.lowerBound)
    let levels = Int32(1) << Int32(bits) - 1
    let step = room / levels / own * own
    guard step > 0 else {
      refuse(
        node.population.name, .learningUnsupported,
        limit: "\(room / own + 1) values of a weight between its bounds", need: "\(bits) bits",
        cure: "ask for fewer bits, or leave them out")
      return (range, own)
    }
    return (range.lowerBound...Int16(Int32(range.lowerBound) + levels * step), step)
  }
}

extension ProgramRule {
  /// Whether it is pair STDP, which chips may have without any other program.
  var isPairSTDP: Bool {
    guard dt == nil, bits == nil, traces.count == 2,
      traces.values.allSatisfy({ $0.tau != nil && $0.nearest != true && $0.reads == nil }),
      let sum = try? weightChange(), sum.terms.count == 2
    else { return false }
    return sum.terms.contains { term in
      term.occasion == .postsynapticSpike && term.coefficient >= 0 && term.factors.count == 1
        && term.factors[0].variable == .x1 && term.factors[0].offset <= 0
    }
      && sum.terms.contains { term in
        term.occasion == .presynapticSpike && term.coefficient <= 0
          && term.factors == [SumOfProducts.Factor(.y1)]
      }
  }
}

extension [LearningProgram.Term] {
  /// Terms that differ in order only are one program: those of columns first, then those of rows.
  fileprivate var inOrderOfOccasions: [LearningProgram.Term] {
    func rank(_ occasion: LearningProgram.Occasion) -> Int32 {
      switch occasion {
      case .postsynapticSpike: -2
      case .presynapticSpike: -1
      case .period(let exponent): exponent
      case .end: .max
      }
    }
    return enumerated()
      .sorted { (rank($0.element.occasion), $0.offset) < (rank($1.element.occasion), $1.offset) }
      .map(\.element)
  }
}

extension SumOfProducts.Term {
  /// Its number in its rule and its text.
  fileprivate func name(_ number: Int) -> String {
    "term \(number), `\(SumOfProducts([self]))`"
  }
}

extension SumOfProducts.Variable {
  fileprivate var onChip: LearningProgram.Variable {
    switch self {
    case .x0: .x0
    case .x1: .x1
    case .x2: .x2
    case .y0: .y0
    case .y1: .y1
    case .y2: .y2
    case .y3: .y3
    case .w: .w
    case .t: .t
    case .r: .r
    }
  }
}

extension SumOfProducts.Occasion {
  fileprivate var onChip: LearningProgram.Occasion {
    switch self {
    case .presynapticSpike: .presynapticSpike
    case .postsynapticSpike: .postsynapticSpike
    case .period(let exponent): .period(exponent: Int32(exponent))
    case .end: .end
    }
  }
}
