/// Merges weights of one bit: each becomes what most nodes have.
package enum MajorityVote {
  /// Each node has one vote for each weight; where votes are equal the base's value stays.
  ///
  /// Votes by samples would let one node own the layer.
  ///
  /// - Parameters:
  ///   - base: weights, each the lower or the upper bound of `levels`.
  ///   - deltas: what training added, one array for each node, as long as `base`.
  package static func merge(
    base: [Int16], deltas: [[Int32]], levels: ClosedRange<Int16>
  ) throws(AggregationError) -> [Int16] {
    precondition(
      base.allSatisfy { $0 == levels.lowerBound || $0 == levels.upperBound },
      "base weights that are neither \(levels.lowerBound) nor \(levels.upperBound)")
    guard !deltas.isEmpty else { throw .noUpdates }
    var votes = [Int](repeating: 0, count: base.count)
    for (update, delta) in deltas.enumerated() {
      guard delta.count == base.count else {
        throw .elementCount(update: update, layer: 0, found: delta.count, expected: base.count)
      }
      for (index, change) in delta.enumerated() {
        let (weight, overflow) = Int32(base[index]).addingReportingOverflow(change)
        switch (overflow, weight) {
        case (false, Int32(levels.upperBound)): votes[index] += 1
        case (false, Int32(levels.lowerBound)): votes[index] -= 1
        default: throw .notBinary(update: update, index: index, found: weight)
        }
      }
    }
    return zip(base, votes).map { weight, votes in
      votes > 0 ? levels.upperBound : votes < 0 ? levels.lowerBound : weight
    }
  }
}
