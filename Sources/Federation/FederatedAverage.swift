/// Federated averaging in integers: the same sealed set gives the same bytes on every machine.
///
/// McMahan et al. 2017, in the form w + sum(n_i * delta_i) / sum(n_i).
package enum FederatedAverage {
  /// Largest delta in steps of w16: the width of the weight itself.
  package static let deltaMax: Int32 = 65_535
  /// Largest sum of sample counts.
  ///
  /// Each product n * delta is below n * 2^16, so every partial sum is below 2^46 * 2^16 = 2^62
  /// and can never overflow 64 signed bits.
  package static let samplesMax: UInt64 = 1 << 46

  /// The weighted mean of all updates added to the base, rounded half to even, then clamped.
  ///
  /// `base` is w16 by layer; `deltas` have the same shape; `bounds` has one range for each layer.
  /// Everything is checked before anything is summed, so that a bad update moves no weight.
  /// Integer sums make the order of the updates irrelevant; callers still pass them in node order.
  package static func merge(
    base: [[Int16]], updates: [(samples: UInt32, deltas: [[Int32]])],
    bounds: [ClosedRange<Int16>]
  ) throws(AggregationError) -> [[Int16]] {
    let total = try check(base: base, updates: updates, bounds: bounds)
    var merged: [[Int16]] = []
    merged.reserveCapacity(base.count)
    for layer in base.indices {
      var sums = [Int64](repeating: 0, count: base[layer].count)
      for update in updates {
        let weight = Int64(update.samples)
        let deltas = update.deltas[layer]
        for index in sums.indices { sums[index] &+= weight &* Int64(deltas[index]) }
      }
      let (low, high) = (Int64(bounds[layer].lowerBound), Int64(bounds[layer].upperBound))
      merged.append(
        base[layer].indices.map { index in
          let weight = Int64(base[layer][index]) + roundedQuotient(sums[index], total)
          return Int16(min(max(weight, low), high))
        })
    }
    return merged
  }

  /// Everything that could go wrong, found before the first addition; returns the sum of samples.
  private static func check(
    base: [[Int16]], updates: [(samples: UInt32, deltas: [[Int32]])],
    bounds: [ClosedRange<Int16>]
  ) throws(AggregationError) -> Int64 {
    precondition(bounds.count == base.count, "\(bounds.count) bounds for \(base.count) layers")
    guard !updates.isEmpty else { throw .noUpdates }
    var total: UInt64 = 0
    for (position, update) in updates.enumerated() {
      guard update.samples > 0 else {
        throw .sampleCount(update: position, found: 0, limit: samplesMax)
      }
      total += UInt64(update.samples)
      guard total <= samplesMax else {
        throw .sampleCount(update: position, found: update.samples, limit: samplesMax)
      }
      guard update.deltas.count == base.count else {
        throw .layerCount(update: position, found: update.deltas.count, expected: base.count)
      }
      for (layer, deltas) in update.deltas.enumerated() {
        guard deltas.count == base[layer].count else {
          throw .elementCount(
            update: position, layer: layer, found: deltas.count, expected: base[layer].count)
        }
        for delta in deltas where delta.magnitude > deltaMax.magnitude {
          throw .deltaRange(update: position, layer: layer, found: delta)
        }
      }
    }
    return Int64(total)
  }

  /// `sum / total` rounded to the nearest whole number, a half to the even one; `total` > 0.
  static func roundedQuotient(_ sum: Int64, _ total: Int64) -> Int64 {
    var (quotient, remainder) = sum.quotientAndRemainder(dividingBy: total)
    if remainder < 0 {
      quotient -= 1
      remainder += total
    }
    let doubled = remainder * 2
    if doubled > total || (doubled == total && quotient & 1 != 0) { quotient += 1 }
    return quotient
  }
}
