import CKernels

/// What a plan is made from, besides the facts of the updates.
package struct UpdateStatistics: Sendable, Equatable {
  /// What a rule has to know.
  package enum Need: Sendable, Equatable {
    /// Nothing: elements are looked at while they are summed.
    case nothing
    /// Norms of the updates.
    case norms
    /// Norms, and distances of all pairs.
    case distances
  }

  /// Squared Euclidean norms in the unit of the steps' worth.
  ///
  /// Where the rule needs none they come from the merge itself, and an update that takes no part
  /// has 0.
  package var squaredNorms: [Double]
  /// Squared distances in the same unit, nil where nobody needs them.
  package var distances: DistanceMatrix?

  /// Statistics as they are given.
  package init(squaredNorms: [Double] = [], distances: DistanceMatrix? = nil) {
    self.squaredNorms = squaredNorms
    self.distances = distances
  }
}

extension UpdateStatistics {
  /// Reads all updates once, a block of all at a time, and refuses what is not finite or too wide.
  ///
  /// Sums of squares are in float64, differences for distances in float32, both in an order that
  /// depends on nothing but shape and need. `worth` are the layers' `stepExponent`s.
  static func measure(
    _ source: some UpdateSource, need: Need, worth: [Int], _ kernels: AggregationKernels
  ) throws(AggregationError) -> UpdateStatistics {
    switch need {
    case .nothing: return UpdateStatistics()
    case .norms: return UpdateStatistics(squaredNorms: try norms(source, worth, kernels))
    case .distances: return try distances(source, worth, kernels)
    }
  }

  private static func norms(
    _ source: some UpdateSource, _ worth: [Int], _ kernels: AggregationKernels
  ) throws(AggregationError) -> [Double] {
    var norms = [Double](repeating: 0, count: source.facts.count)
    let scratch = BlockRows(columns: BlockRows.sumColumns)
    for block in source.blocks(of: BlockRows.sumColumns) {
      let scale = Double(sign: .plus, exponent: 2 * worth[block.layer], significand: 1)
      for update in norms.indices {
        var facts = RowFacts()
        try source.withFloats(of: update, block, scratch.row(0), kernels) { row in
          facts = kernels.table.pointee.inspect(row, Int32(block.range.count))
        }
        try source.check(facts.peak, of: update, block, limit: Float(FederatedAverage.deltaMax))
        norms[update] += scale * facts.squares
      }
    }
    return norms
  }

  private static func distances(
    _ source: some UpdateSource, _ worth: [Int], _ kernels: AggregationKernels
  ) throws(AggregationError) -> UpdateStatistics {
    let count = source.facts.count
    var norms = [Double](repeating: 0, count: count)
    var distances = DistanceMatrix(count: count)
    let rows = BlockRows(count: count)
    for block in source.blocks(of: BlockRows.columns) {
      let scale = Double(sign: .plus, exponent: 2 * worth[block.layer], significand: 1)
      for update in 0..<count {
        let facts = try source.copy(block, of: update, to: rows.row(update), kernels)
        try source.check(facts.peak, of: update, block, limit: Float(FederatedAverage.deltaMax))
        norms[update] += scale * facts.squares
      }
      distances.squares.withUnsafeMutableBufferPointer { matrix in
        guard let matrix = matrix.baseAddress else { return }
        kernels.table.pointee.distances(
          rows.row(0), Int32(BlockRows.stride), Int32(count), Int32(block.paddedCount), scale,
          matrix)
      }
    }
    return UpdateStatistics(squaredNorms: norms, distances: distances)
  }
}
