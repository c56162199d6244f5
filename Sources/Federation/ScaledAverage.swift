/// Averages whole-number deltas whose steps are worth different powers of two.
///
/// All are lifted to the smallest exponent and summed in 64 bits without rounding; the mean is
/// rounded once, half to even, to a step of the base.
package enum ScaledAverage {
  /// One node's deltas of a layer.
  package struct Update: Sendable, Equatable {
    /// Samples trained: the weight in the mean.
    package var samples: UInt32
    /// A step of the deltas is worth `2^exponent`.
    package var exponent: Int
    /// What training added, at most 65,535 steps either way.
    package var deltas: [Int32]

    /// Deltas as they are given.
    package init(samples: UInt32, exponent: Int, deltas: [Int32]) {
      self.samples = samples
      self.exponent = exponent
      self.deltas = deltas
    }
  }

  /// The mean of all updates added to the base, whose steps are worth `2^exponent`.
  ///
  /// Exact as long as 2^span * samples is at most 2^46, so that sums stay below 2^62; span is how
  /// far the exponents are apart, the base's among them. Else refused as `exponent-span`.
  package static func merge(
    base: [Int16], exponent: Int, updates: [Update], bounds: ClosedRange<Int16>
  ) throws(AggregationError) -> [Int16] {
    guard !updates.isEmpty else { throw .noUpdates }
    let exponents = updates.map(\.exponent) + [exponent]
    let common = exponents.min() ?? exponent
    let (span, overflow) = (exponents.max() ?? exponent).subtractingReportingOverflow(common)
    let total = try check(base, updates)
    let limit = 46 - (64 - (total - 1).leadingZeroBitCount)
    guard !overflow, span <= limit else {
      throw .exponentSpan(found: overflow ? .max : span, limit: limit)
    }
    var sums = [Int64](repeating: 0, count: base.count)
    for update in updates {
      let weight = Int64(update.samples) << Int64(update.exponent - common)
      for index in sums.indices { sums[index] += weight * Int64(update.deltas[index]) }
    }
    let divisor = Int64(total) << Int64(exponent - common)
    return zip(base, sums).map { weight, sum in
      let merged = Int64(weight) + FederatedAverage.roundedQuotient(sum, divisor)
      return Int16(min(max(merged, Int64(bounds.lowerBound)), Int64(bounds.upperBound)))
    }
  }

  private static func check(
    _ base: [Int16], _ updates: [Update]
  ) throws(AggregationError) -> UInt64 {
    var total: UInt64 = 0
    for (place, update) in updates.enumerated() {
      total += UInt64(update.samples)
      guard update.samples > 0, total <= FederatedAverage.samplesMax else {
        throw .sampleCount(
          update: place, found: update.samples, limit: FederatedAverage.samplesMax)
      }
      guard update.deltas.count == base.count else {
        throw .elementCount(
          update: place, layer: 0, found: update.deltas.count, expected: base.count)
      }
      let limit = FederatedAverage.deltaMax.magnitude
      if let wide = update.deltas.first(where: { $0.magnitude > limit }) {
        throw .deltaRange(update: place, layer: 0, found: wide)
      }
    }
    return total
  }
}
