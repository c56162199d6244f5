/// The weighted sum of a cohort's updates, where no single update is known or wanted.
package struct UpdateTotal: Sendable, Equatable {
  /// Sum of the weights, or what stands for it; at least 1.
  package var weight: Int64
  /// Sum of weight * delta in steps of w16, element by element, by layer.
  package var sums: [[Int64]]

  /// A total with its facts.
  package init(weight: Int64, sums: [[Int64]]) {
    precondition(weight >= 1, "a weight of \(weight), at least 1")
    self.weight = weight
    self.sums = sums
  }

  /// Adds an update of the same shape that counts once; the weight stays.
  package mutating func add(_ deltas: [[Int32]]) {
    precondition(deltas.map(\.count) == sums.map(\.count), "updates of two shapes")
    for layer in sums.indices {
      for index in sums[layer].indices { sums[layer][index] += Int64(deltas[layer][index]) }
    }
  }

  /// The mean added to the base, rounded half to even, then clamped: as `FederatedAverage` does.
  ///
  /// `base` is w16 by layer; `bounds` has one range for each layer.
  package func applied(
    to base: [[Int16]], bounds: [ClosedRange<Int16>]
  ) -> [[Int16]] {
    precondition(
      base.map(\.count) == sums.map(\.count) && bounds.count == base.count,
      "base of \(base.map(\.count)), sums of \(sums.map(\.count)), \(bounds.count) bounds")
    return zip(zip(base, sums), bounds).map { layer, bound in
      zip(layer.0, layer.1).map { weight, sum in
        let moved = Int64(weight) + FederatedAverage.roundedQuotient(sum, self.weight)
        return Int16(min(max(moved, Int64(bound.lowerBound)), Int64(bound.upperBound)))
      }
    }
  }
}
