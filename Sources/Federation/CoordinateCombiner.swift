import CKernels

/// Combines the elements of each coordinate as a plan says, a block of a layer at a time.
struct CoordinateCombiner: ~Copyable {
  private let plan: CombinationPlan
  private let kernels: AggregationKernels
  private let ranks: ClosedRange<Int>
  private let network: SortingNetwork
  private let rows: BlockRows
  private let keys: BlockRows

  /// A combiner with room for a block of all members where the plan sorts, else of one.
  init(_ plan: CombinationPlan, _ kernels: AggregationKernels) {
    self.plan = plan
    self.kernels = kernels
    let count = plan.members.count
    switch plan.combiner {
    case .weightedSum:
      ranks = 0...0
      rows = BlockRows(columns: BlockRows.sumColumns)
      keys = BlockRows(columns: 0)
    case .trimmedMean(let dropped):
      ranks = dropped...(count - 1 - dropped)
      rows = BlockRows(count: count)
      keys = BlockRows(columns: 16 * count)
    case .nearestToMedian:
      ranks = 0...(count - 1)
      rows = BlockRows(count: count)
      keys = BlockRows(columns: 16 * count)
    }
    network = SortingNetwork(rows: count, ranks: ranks)
  }

  /// What sums must be divided by; 1 where they are means already.
  var divisor: Double {
    guard case .weightedSum(_, let divisor) = plan.combiner else { return 1 }
    return divisor
  }

  /// Shows the sums or means of all layers, in steps, a block at a time.
  ///
  /// Returns the squared norms of members, in the unit of `worth`, the layers' `stepExponent`s.
  /// - Parameter limit: largest element that is not refused.
  @discardableResult
  func forEachBlock(
    of source: some UpdateSource, worth: [Int], limit: Float = Float(FederatedAverage.deltaMax),
    _ body: (_ layer: Int, _ range: Range<Int>, _ sums: [Double]) -> Void
  ) throws(AggregationError) -> [Double] {
    var coefficients: [Double]?
    if case .weightedSum(let factors, _) = plan.combiner { coefficients = factors }
    let columns = coefficients == nil ? BlockRows.columns : BlockRows.sumColumns
    var norms = [Double](repeating: 0, count: plan.members.count)
    var sums = [Double](repeating: 0, count: columns)
    for block in source.blocks(of: columns) {
      let scale = Double(sign: .plus, exponent: 2 * worth[block.layer], significand: 1)
      for index in sums.indices { sums[index] = 0 }
      for (place, update) in plan.members.enumerated() {
        let facts =
          if let coefficients {
            try add(source, update, block, coefficients[place], into: &sums)
          } else {
            try source.copy(block, of: update, to: rows.row(place), kernels)
          }
        try source.check(facts.peak, of: update, block, limit: limit)
        norms[place] += scale * facts.squares
      }
      if coefficients == nil { sort(block, into: &sums) }
      body(block.layer, block.range, sums)
    }
    return norms
  }

  private func add(
    _ source: some UpdateSource, _ update: Int, _ block: LayerBlock, _ coefficient: Double,
    into sums: inout [Double]
  ) throws(AggregationError) -> RowFacts {
    var facts = RowFacts()
    try source.withFloats(of: update, block, rows.row(0), kernels) { row in
      sums.withUnsafeMutableBufferPointer { sums in
        guard let sums = sums.baseAddress else { return }
        facts = kernels.table.pointee.accumulate(
          row, coefficient, Int32(block.range.count), sums)
      }
    }
    return facts
  }

  private func sort(_ block: LayerBlock, into means: inout [Double]) {
    var work = RankWork()
    work.rows = UnsafePointer(rows.row(0))
    work.stride = Int32(BlockRows.stride)
    work.count = Int32(plan.members.count)
    work.columns = Int32(block.paddedCount)
    work.first = Int32(ranks.lowerBound)
    work.last = Int32(ranks.upperBound)
    if case .nearestToMedian(let kept) = plan.combiner { work.nearest = Int32(kept) }
    work.scratch = UnsafeMutableRawPointer(keys.row(0))
    network.comparators.withUnsafeBufferPointer { comparators in
      work.comparators = comparators.baseAddress
      work.comparatorCount = Int32(comparators.count / 2)
      means.withUnsafeMutableBufferPointer { means in
        guard let means = means.baseAddress else { return }
        kernels.table.pointee.ranks(&work, means)
      }
    }
  }
}
