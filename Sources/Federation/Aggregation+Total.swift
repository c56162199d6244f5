extension Aggregation {
  /// The next model and state from a sum of which no single update is known.
  ///
  /// For rules that take the mean of updates: `total` stands for the whole set, and its weight for
  /// what the sum is divided by. Sums are below 2^53, which float64 holds exactly.
  package func merge(
    base: [BaseLayer], total: UpdateTotal, state: ServerState = .none
  ) throws(AggregationError) -> (weights: [[Int16]], state: ServerState) {
    guard case .mean = strategy.combination else {
      preconditionFailure("\(strategy.name.rawValue) from a sum alone")
    }
    let counts = base.map(\.weights.count)
    let step = strategy.serverStep
    try Self.checkShape(total.sums.map(\.count), counts)
    var result = Result(
      weights: base.map(\.weights), state: try initial(state, step, counts),
      plan: CombinationPlan(
        members: [], combiner: .weightedSum(coefficients: [], divisor: Double(total.weight))),
      statistics: UpdateStatistics())
    for (layer, sums) in total.sums.enumerated() {
      precondition(
        sums.allSatisfy { $0.magnitude < 1 << 53 }, "a sum that float64 does not hold")
      let block = StepBlock(
        layer: layer, range: sums.indices, divisor: Double(total.weight), buffered: 0)
      if step == .plain {
        block.addMean(sums.map(Double.init), base[layer], &result.weights[layer])
      } else {
        block.take(step, sums.map(Double.init), base[layer], &result)
      }
    }
    return (result.weights, result.state)
  }
}
