/// FedAvg on 16-bit weights: `w + round(sum n_i delta_i / sum n_i)`, exact and in node order.
///
/// The quotient is rounded half to even. A delta that passed the door has 17 bits, a sample count
/// 32, so 2^14 contributions fit into the 64-bit sum.
package enum FederatedAverage {
  /// Largest number of contributions that the 64-bit sums hold.
  package static let contributionsMax = 16_384

  /// One node's part.
  package struct Contribution: Sendable, Equatable {
    /// Its weight.
    package var samples: UInt32
    /// Steps of `w16` for each plastic layer.
    package var deltas: [[Int32]]

    /// A part with its weight.
    package init(samples: UInt32, deltas: [[Int32]]) {
      self.samples = samples
      self.deltas = deltas
    }
  }

  /// The merged weights, kept within each layer's bounds; nothing is summed before all are checked.
  package static func merge(
    base: [[Int16]], contributions: [Contribution], bounds: [ClosedRange<Int16>]
  ) throws(AverageError) -> [[Int16]] {
    precondition(base.count == bounds.count, "\(bounds.count) bounds for \(base.count) layers")
    guard (1...contributionsMax).contains(contributions.count) else {
      throw .count(contributions.count)
    }
    let shape = base.map(\.count)
    var total: Int64 = 0
    for (position, contribution) in contributions.enumerated() {
      guard contribution.deltas.map(\.count) == shape else { throw .shape(position) }
      let limit = Int32(UpdateBounds.deltaMax)
      guard contribution.deltas.allSatisfy({ $0.allSatisfy { (-limit...limit).contains($0) } })
      else { throw .range(position) }
      total += Int64(contribution.samples)
    }
    guard total > 0 else { throw .noSamples }
    return base.indices.map { layer in
      let limits = bounds[layer]
      return base[layer].indices.map { index in
        var sum: Int64 = 0
        for contribution in contributions {
          sum += Int64(contribution.samples) * Int64(contribution.deltas[layer][index])
        }
        let merged = Int64(base[layer][index]) + roundedQuotient(sum, total)
        return Int16(min(max(merged, Int64(limits.lowerBound)), Int64(limits.upperBound)))
      }
    }
  }

  /// `sum / total`, rounded half to even; `total` is above zero.
  static func roundedQuotient(_ sum: Int64, _ total: Int64) -> Int64 {
    let (quotient, remainder) = sum.quotientAndRemainder(dividingBy: total)
    let twice = remainder.magnitude.multipliedReportingOverflow(by: 2)
    let isAbove = twice.overflow || twice.partialValue > UInt64(total)
    let isTie = !twice.overflow && twice.partialValue == UInt64(total)
    guard isAbove || (isTie && quotient & 1 != 0) else { return quotient }
    return quotient + (sum < 0 ? -1 : 1)
  }
}

/// Why a set of updates has no average.
package enum AverageError: Error, Sendable, Equatable, CustomStringConvertible {
  /// None, or more than the sums hold.
  case count(Int)
  /// The contribution at this position has other layers or sizes.
  case shape(Int)
  /// The contribution at this position holds a delta beyond 17 bits.
  case range(Int)
  /// All weights are zero.
  case noSamples

  /// Stable name.
  package var code: String {
    switch self {
    case .count: "update-count"
    case .shape: "shape"
    case .range: "weight-range"
    case .noSamples: "no-samples"
    }
  }

  package var description: String {
    switch self {
    case .count(let found):
      "\(found) updates, expected 1 to \(FederatedAverage.contributionsMax)"
    case .shape(let position): "update \(position) has other layers than the base"
    case .range(let position): "update \(position) holds a change of more than a weight's range"
    case .noSamples: "the updates were trained on no samples at all"
    }
  }
}
