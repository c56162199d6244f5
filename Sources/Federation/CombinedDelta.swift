/// What a set of updates comes to before any server step, with all its bits.
package enum CombinedDelta {
  /// The combined delta of each layer in steps; `stepExponents` are as in `BaseLayer`.
  package static func of(
    _ updates: some UpdateSource, _ rule: CombinationRule, stepExponents: [Int],
    _ kernels: AggregationKernels = .best
  ) throws(AggregationError) -> [[Double]] {
    let statistics = try UpdateStatistics.measure(
      updates, need: rule.need, worth: stepExponents, kernels)
    let combiner = CoordinateCombiner(try rule.plan(updates.facts, statistics), kernels)
    let divisor = combiner.divisor
    var deltas = updates.elementCounts.map { _ in [Double]() }
    try combiner.forEachBlock(of: updates, worth: stepExponents) { layer, range, sums in
      deltas[layer] += sums[..<range.count].map { $0 / divisor }
    }
    return deltas
  }
}
