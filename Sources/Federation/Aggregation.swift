/// One layer of a round's base model.
package struct BaseLayer: Sendable, Equatable {
  /// The weights, w16.
  package var weights: [Int16]
  /// The range that merged weights keep to.
  package var bounds: ClosedRange<Int16>
  /// A step of w16 is worth `2^stepExponent` in the unit of norms and learning rates.
  package var stepExponent: Int

  /// A layer as the base has it; `stepExponent` is -128 to 127.
  package init(weights: [Int16], bounds: ClosedRange<Int16>, stepExponent: Int = 0) {
    precondition((-128...127).contains(stepExponent), "a step exponent of \(stepExponent)")
    self.weights = weights
    self.bounds = bounds
    self.stepExponent = stepExponent
  }
}

/// Merges a sealed set of updates into the base by a strategy.
///
/// A pure function of base, set, strategy and state: the same bytes on every machine, whatever
/// its vector instructions. Whole steps under weights that are whole numbers are summed exactly.
package struct Aggregation: Sendable {
  /// The rule.
  package let strategy: Strategy
  private let kernels: AggregationKernels

  /// A merge by a strategy.
  package init(_ strategy: Strategy, kernels: AggregationKernels = .best) {
    self.strategy = strategy
    self.kernels = kernels
  }

  /// What a merge gives.
  package struct Result: Sendable, Equatable {
    /// The next model's weights by layer.
    package var weights: [[Int16]]
    /// What the strategy keeps for the next round.
    package var state: ServerState
    /// Who took part, and how.
    package var plan: CombinationPlan
    /// What the plan was made from.
    package var statistics: UpdateStatistics
  }

  /// The next model and state; nothing is changed where this throws.
  ///
  /// - Parameters:
  ///   - updates: deltas in node order, with as many elements as the base's layers.
  ///   - controls: changes of the nodes' control variates in the same order, for SCAFFOLD only.
  ///   - state: what the last round left, or `.none` before the first.
  package func merge(
    base: [BaseLayer], updates: some UpdateSource,
    controls: (some UpdateSource)? = UpdateSet?.none, state: ServerState = .none
  ) throws(AggregationError) -> Result {
    let counts = base.map(\.weights.count)
    let step = strategy.serverStep
    try check(counts, updates, controls)
    try strategy.combination.admit(updates.facts)
    let state = try initial(state, step, counts)
    let statistics = try UpdateStatistics.measure(
      updates, need: strategy.combination.need, worth: base.map(\.stepExponent), kernels)
    let plan = try strategy.combination.plan(updates.facts, statistics)
    var result = Result(
      weights: base.map(\.weights), state: state, plan: plan, statistics: statistics)
    try takeStep(base, updates, &result)
    if case .control(_, let population) = step, let controls {
      try add(controls, base, population: population, to: &result.state)
    }
    return result
  }

  private func check(
    _ counts: [Int], _ updates: some UpdateSource, _ controls: (some UpdateSource)?
  ) throws(AggregationError) {
    try Self.checkShape(updates.elementCounts, counts)
    guard case .control(_, let population) = strategy.serverStep else {
      precondition(controls == nil, "control variates for \(strategy.name.rawValue)")
      return
    }
    guard let controls else {
      throw .parameter(name: "controls", found: "none", expected: "one for each update")
    }
    try Self.checkShape(controls.elementCounts, counts)
    guard controls.facts.count == updates.facts.count else {
      throw .parameter(
        name: "controls", found: "\(controls.facts.count)", expected: "\(updates.facts.count)")
    }
    guard updates.facts.count <= population else {
      throw .parameter(
        name: "population", found: "\(population)",
        expected: "at least the \(updates.facts.count) nodes of the round")
    }
  }

  static func checkShape(_ found: [Int], _ expected: [Int]) throws(AggregationError) {
    guard found.count == expected.count else {
      throw .layerCount(update: 0, found: found.count, expected: expected.count)
    }
    for layer in found.indices where found[layer] != expected[layer] {
      throw .elementCount(
        update: 0, layer: layer, found: found[layer], expected: expected[layer])
    }
  }

  func initial(
    _ state: ServerState, _ step: ServerStep, _ counts: [Int]
  ) throws(AggregationError) -> ServerState {
    let fresh = step.initialState(counts)
    guard state != .none else { return fresh }
    guard state.kind == fresh.kind, state.first.map(\.count) == fresh.first.map(\.count) else {
      throw .state(
        found: "\(state.kind) of layers \(state.first.map(\.count))",
        expected: "\(fresh.kind) of layers \(fresh.first.map(\.count))")
    }
    return state
  }

  private func takeStep(
    _ base: [BaseLayer], _ updates: some UpdateSource, _ result: inout Result
  ) throws(AggregationError) {
    let combiner = CoordinateCombiner(result.plan, kernels)
    let step = strategy.serverStep
    let divisor = combiner.divisor
    let buffered = Int(result.state.buffered) + result.plan.members.count
    let norms = try combiner.forEachBlock(
      of: updates, worth: base.map(\.stepExponent)
    ) { layer, range, sums in
      let block = StepBlock(layer: layer, range: range, divisor: divisor, buffered: buffered)
      if step == .plain {
        block.addMean(sums, base[layer], &result.weights[layer])
      } else {
        block.take(step, sums, base[layer], &result)
      }
    }
    if result.statistics.squaredNorms.isEmpty {
      result.statistics.squaredNorms = [Double](repeating: 0, count: updates.facts.count)
      for (place, update) in result.plan.members.enumerated() {
        result.statistics.squaredNorms[update] = norms[place]
      }
    }
    if case .buffer(_, let size) = step {
      result.state.buffered = buffered >= size ? 0 : UInt32(buffered)
    }
  }

  /// c+ = c + (1 / population) * sum of changes, over the nodes of this round.
  private func add(
    _ controls: some UpdateSource, _ base: [BaseLayer], population: Int,
    to state: inout ServerState
  ) throws(AggregationError) {
    let members = Array(controls.facts.indices)
    let combiner = CoordinateCombiner(
      CombinationPlan(
        members: members,
        combiner: .weightedSum(coefficients: members.map { _ in 1 }, divisor: 1)), kernels)
    // Changes are gradients, not bound by the width of a weight.
    let limit = Float.greatestFiniteMagnitude
    try combiner.forEachBlock(
      of: controls, worth: base.map(\.stepExponent), limit: limit
    ) { layer, range, sums in
      let scale = Double(sign: .plus, exponent: base[layer].stepExponent, significand: 1)
      for (place, index) in range.enumerated() {
        state.first[layer][index] += sums[place] * scale / Double(population)
      }
    }
  }
}

/// The step of one block of a layer.
struct StepBlock {
  let layer: Int
  let range: Range<Int>
  let divisor: Double
  let buffered: Int

  /// Adds the mean, rounded half to even, to the base.
  ///
  /// Exact where sum and divisor are whole numbers: a quotient below 2^16 that is not half way
  /// between two whole numbers is more than 2^-38 off for any divisor up to 2^37, and float64
  /// rounds it by 2^-38 at most.
  func addMean(_ sums: [Double], _ base: BaseLayer, _ weights: inout [Int16]) {
    let (low, high) = (Double(base.bounds.lowerBound), Double(base.bounds.upperBound))
    weights.withUnsafeMutableBufferPointer { weights in
      for (place, index) in range.enumerated() {
        // What is added lies where float64 holds whole numbers only.
        let mean = (sums[place] / divisor + 0x1.8p52) - 0x1.8p52
        weights[index] = Int16(min(max(Double(weights[index]) + mean, low), high))
      }
    }
  }

  /// Takes a step that keeps numbers.
  func take(
    _ step: ServerStep, _ sums: [Double], _ base: BaseLayer, _ result: inout Aggregation.Result
  ) {
    let scale = Double(sign: .plus, exponent: base.stepExponent, significand: 1)
    let hasSecond = !result.state.second.isEmpty
    for (place, index) in range.enumerated() {
      var first = result.state.first[layer][index]
      var second = hasSecond ? result.state.second[layer][index] : 0
      let change = step.change(
        sums[place] / divisor * scale, buffered: buffered, &first, &second)
      result.state.first[layer][index] = first
      if hasSecond { result.state.second[layer][index] = second }
      result.weights[layer][index] = rounded(
        Double(base.weights[index]) + change / scale, base.bounds)
    }
  }

  /// Half to even, then within the bounds.
  private func rounded(_ weight: Double, _ bounds: ClosedRange<Int16>) -> Int16 {
    let whole = weight.rounded(.toNearestOrEven)
    return Int16(min(max(whole, Double(bounds.lowerBound)), Double(bounds.upperBound)))
  }
}
