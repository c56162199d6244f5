import CompiledModel

/// Programs of learning of any form that the chip accepts.
extension RandomModel {
  /// Weights on a grid of the rule's own, of a few values.
  mutating func makeCoarse(_ index: Int, _ place: Int, _ program: PlasticityProgram, step: Int) {
    let own = 1 << Int(arithmetic.learningShift)
    let (lowest, highest) = (-(32_640 / own * own), 32_639 / own * own)
    let levels = max(1, min(element([1, 3, 15]), (highest - lowest) / step))
    let last = (highest - levels * step - lowest) / own
    let bottom = chance(50) && levels * step <= highest ? 0 : lowest + pick(0...last) * own
    let count = layers[index].connections[place].weights.count
    let weights = (0..<count).map { _ in Int16(bottom + pick(0...levels) * step) }
    layers[index].connections[place].precision = .int8
    layers[index].connections[place].weights = .plastic(
      weights, program, bounds: Int16(bottom)...Int16(bottom + levels * step))
  }

  /// A few traces and terms; factors are dropped until the products fit.
  mutating func learningProgram() -> LearningProgram {
    let names: [LearningProgram.Variable] = [.x1, .x2, .y1, .y2, .y3]
    var program = LearningProgram(
      traces: names.compactMap { name in chance(60) ? trace(name) : nil }, terms: [])
    let shift = arithmetic.learningShift
    if chance(25) { program.weightStep = Int32(pick(1...min(20, 32_639 >> Int(shift)))) << shift }
    if chance(10) { program.weightStep = (32_639 >> shift) << shift }
    let hasTags = chance(40)
    let count = pick(1...4)
    for number in 0..<count {
      var term = self.term(of: program, hasTags: hasTags)
      term.changesTag = hasTags && (number == 0 || chance(40))
      while program.width(of: term) > LearningProgram.productBits { term.factors.removeLast() }
      // Changes of a few steps, mostly: what stands above 2^16 is whole steps.
      let most = program.width(of: term) - element([12, 16, 20, 24])
      term.shift = Int32(max(-6, min(47, most)))
      if program.width(of: term) > LearningProgram.productBits { term.shift = 0 }
      program.terms.append(term)
    }
    return program
  }

  private mutating func trace(_ name: LearningProgram.Variable) -> LearningProgram.Trace {
    let fall: LearningProgram.Fall =
      switch pick(0...3) {
      case 0: .shift(Int32(pick(1...14)))
      case 1: .window(Int32(element([0, 1, 3, 4095])))
      default: .decay(Int32(element([0, 2048, 3896, 4096])))
      }
    return LearningProgram.Trace(
      name, fall, impulse: Int32(element([1, 256, 1024, 4096])), isNearest: chance(25),
      readsBefore: chance(50))
  }

  private mutating func term(
    of program: LearningProgram, hasTags: Bool
  ) -> LearningProgram.Term {
    let occasion: LearningProgram.Occasion =
      switch pick(0...5) {
      case 0, 1: .presynapticSpike
      case 2, 3: .postsynapticSpike
      case 4: .period(exponent: Int32(pick(0...3)))
      default: .end
      }
    var variables = program.traces.map(\.name) + [.w, .r]
    if hasTags { variables.append(.t) }
    if occasion != .presynapticSpike { variables.append(.x0) }
    if occasion != .postsynapticSpike { variables.append(.y0) }
    let factors = (0..<pick(0...3)).map { _ in
      let variable = element(variables)
      let isFlag = variable == .x0 || variable == .y0
      let offset = variable == .r ? pick(-512...512) : pick(-32_767...32_767) >> pick(0...12)
      return LearningProgram.Factor(variable, plus: isFlag || chance(60) ? 0 : Int32(offset))
    }
    let size = pick(0...32_767) >> pick(0...12)
    return LearningProgram.Term(
      at: occasion, mantissa: Int32(chance(50) ? size : -size), factors)
  }
}
