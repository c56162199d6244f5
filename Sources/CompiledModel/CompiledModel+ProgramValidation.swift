extension CompiledModel {
  /// Judges a program of learning: whatever passes runs without overflow.
  func validate(_ program: LearningProgram, _ path: FieldPath) throws(ModelError) {
    var names: [UInt8] = []
    for (index, trace) in program.traces.enumerated() {
      let path = path.at("traces[\(index)]")
      try path.require(
        trace.name.isTrace && trace.name.rawValue > (names.last ?? 0), "name", trace.name,
        "x1, x2, y1, y2, y3, each at most once in this order")
      names.append(trace.name.rawValue)
      switch trace.fall {
      case .decay(let decay): try path.range(decay, 0...4096, "decay")
      case .shift(let shift): try path.range(shift, 1...14, "shift")
      case .window(let steps): try path.range(steps, 0...4095, "window")
      }
      try path.range(trace.impulse, 1...4096, "impulse")
    }
    try path.range(program.terms.count, 1...LearningProgram.termsMax, "terms")
    for (index, term) in program.terms.enumerated() {
      try validate(term, of: program, path.at("terms[\(index)]"))
    }
    let reads = Set(program.terms.flatMap { $0.factors.map(\.variable) })
    try path.require(
      program.hasTags || !reads.contains(.t), "terms", "a tag that nothing changes",
      "a term that changes it")
  }

  func validateRewardMean(of index: Int, _ path: FieldPath) throws(ModelError) {
    guard let mean = layers[index].rewardMean else { return }
    let path = path.at("reward mean")
    try path.require(
      readsReward(index), "rate", mean.rate, "none but where a rule reads the reward")
    try path.range(mean.rate, 0...65536, "rate")
    try path.require(
      RewardMean.bounds.contains(mean.mean), "mean", mean.mean, "\(RewardMean.bounds)")
  }

  /// Whether some rule into a layer reads the reward.
  package func readsReward(_ layer: Int) -> Bool {
    layers[layer].connections.contains { $0.plasticity?.program?.readsReward == true }
  }

  private func validate(
    _ term: LearningProgram.Term, of program: LearningProgram, _ path: FieldPath
  ) throws(ModelError) {
    if case .period(let exponent) = term.occasion { try path.range(exponent, 0...12, "period") }
    try path.range(term.mantissa, -32767...32767, "mantissa")
    try path.range(term.shift, -16...47, "shift")
    try path.range(term.factors.count, 0...LearningProgram.factorsMax, "factors")
    for (index, factor) in term.factors.enumerated() {
      let path = path.at("factors[\(index)]")
      switch factor.variable {
      case .x0, .y0: try path.range(factor.offset, 0...0, "offset")
      case .r: try path.range(factor.offset, -512...512, "offset")
      case .x1, .x2, .y1, .y2, .y3, .w, .t:
        try path.range(factor.offset, -32767...32767, "offset")
      }
      try path.require(
        !factor.variable.isTrace || program.traces.contains { $0.name == factor.variable },
        "variable", factor.variable, "a declared trace")
    }
    try path.range(program.width(of: term), 0...LearningProgram.productBits, "product bits")
  }

  /// Judges the grid of learning weights: values from the lower bound on, a step apart.
  func validate(
    _ weights: [Int16], step: Int32, _ bounds: ClosedRange<Int16>, _ path: FieldPath
  ) throws(ModelError) {
    let own = Int32(1) << arithmetic.learningShift
    let range = Int32(bounds.upperBound) - Int32(bounds.lowerBound)
    try path.require(
      step > 0 && step <= 65535 && step % own == 0 && range % step == 0, "weight step", step,
      "multiples of \(own) that lead from \(bounds.lowerBound) to \(bounds.upperBound)")
    try path.require(
      weights.allSatisfy { (Int32($0) - Int32(bounds.lowerBound)) % step == 0 }, "weights",
      "a weight between steps", "steps of \(step) from \(bounds.lowerBound) on")
  }

  /// Steps between values of a plastic connection's weights, counted from its lower bound.
  package func weightStep(of index: ConnectionIndex) -> Int32 {
    let step = self[index].plasticity?.ownWeightStep ?? 0
    return step > 0 ? step : 1 << arithmetic.learningShift
  }
}
