/// Sums of updates that tell little about any single node: central differential privacy.
///
/// Each update counts once, is cut to a norm, and the sum gets discrete Gaussian noise. It hides
/// whether a node took part from all who see the models, not from the coordinator itself.
package enum PrivateSum {
  /// An update cut to a norm of at most `clip` steps of w16, the direction kept.
  ///
  /// Whole numbers only: |delta| * clip / ceil(norm), rounded to zero, so the result is never
  /// longer than `clip`. A shorter update stays as it is.
  package static func clipped(_ deltas: [[Int32]], to clip: UInt32) -> [[Int32]] {
    var squares: UInt64 = 0
    for layer in deltas {
      // Updates have fewer than 2^31 elements, each below 2^16.
      for delta in layer { squares += UInt64(delta.magnitude) * UInt64(delta.magnitude) }
    }
    let (norm, clip) = (IntegerRoot.ceiling(squares), UInt64(clip))
    guard norm > clip else { return deltas }
    return deltas.map { layer in
      layer.map { delta in
        let size = Int32(UInt64(delta.magnitude) * clip / norm)
        return delta < 0 ? -size : size
      }
    }
  }

  /// The sum of updates cut to `clip`, each of weight 1.
  ///
  /// Throws `weights` for any other weight: with unequal ones the noise no longer covers the
  /// largest share one node can have. `updates` are at least one and of one shape.
  package static func total(
    _ updates: [(weight: UInt32, deltas: [[Int32]])], clip: UInt32
  ) throws(PrivacyError) -> UpdateTotal {
    precondition(!updates.isEmpty, "no updates")
    for (position, update) in updates.enumerated() where update.weight != 1 {
      throw .weights(update: position, found: update.weight)
    }
    var total = UpdateTotal(
      weight: Int64(updates.count),
      sums: updates[0].deltas.map { [Int64](repeating: 0, count: $0.count) })
    for update in updates { total.add(clipped(update.deltas, to: clip)) }
    return total
  }
}

extension UpdateTotal {
  /// The sum with noise, over the cohort's expected size.
  ///
  /// Element by element in order, a discrete Gaussian of variance ceil((noise * clip)^2), noise
  /// in thousandths. The divisor is the size that was aimed at, not the one that came: that one
  /// depends on who took part.
  ///
  /// - Parameters:
  ///   - clip: the norm that every update in the sum was cut to, in steps of w16.
  ///   - noiseMilli: noise multiplier z in thousandths.
  ///   - expected: nodes that the round aims at, at least 1.
  ///   - key: 32 secret bytes of this round and attempt, stored before they are used.
  /// - Throws: `parameters` where noise * clip is below 1 step or above 2^25.
  package func noised(
    clip: UInt32, noiseMilli: UInt32, expected: Int64, key: [UInt8]
  ) throws(PrivacyError) -> UpdateTotal {
    let variance = try PrivateSum.variance(clip: clip, noiseMilli: noiseMilli)
    var noise = DiscreteGaussian(variance: variance, key: key)
    return UpdateTotal(
      weight: expected, sums: sums.map { layer in layer.map { $0 + noise.next() } })
  }
}

extension PrivateSum {
  /// ceil((noise * clip)^2), 1 to `DiscreteGaussian.varianceMax`.
  static func variance(clip: UInt32, noiseMilli: UInt32) throws(PrivacyError) -> UInt64 {
    let deviation = UInt128(clip) * UInt128(noiseMilli)
    let variance = (deviation * deviation + 999_999) / 1_000_000
    // Below one step the noise would mostly be zero.
    guard deviation >= 1_000, variance <= UInt128(DiscreteGaussian.varianceMax) else {
      throw .parameters(
        "noise of \(noiseMilli) thousandths of \(clip) steps, 1 to 2^25 steps in all")
    }
    return UInt64(variance)
  }
}
