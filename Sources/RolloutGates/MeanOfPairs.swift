/// A bound on the mean of differences between pairs of windows.
///
/// The anytime-valid t-test of Wang and Ramdas (2023), with a standard normal mixture over the
/// mean in units of the unknown deviation:
/// `e = sqrt(1 / (n + 1)) * ((n + 1) V / ((n + 1) V - S^2))^(n / 2)` for `n` differences from the
/// bound with sum `S` and sum of squares `V`. It takes the differences as normal: each is of means
/// over a window's inferences.
package struct MeanOfPairs: Sendable, Equatable {
  /// How many pairs.
  package private(set) var count: UInt64
  private var mean: Double
  /// Sum of the squared distances from the mean.
  private var spread: Double

  /// No pairs.
  package init() { (count, mean, spread) = (0, 0, 0) }

  /// Adds the difference of one pair (Welford 1962); it is finite.
  package mutating func add(_ difference: Double) {
    precondition(difference.isFinite, "a difference of \(difference)")
    count += 1
    let distance = difference - mean
    mean += distance / Double(count)
    spread += distance * (difference - mean)
  }

  /// The mean as it was measured; 0 without pairs.
  package var estimate: Double { mean }

  /// The standard deviation of the differences; 0 below two pairs.
  package var deviation: Double {
    count < 2 ? 0 : (spread / Double(count - 1)).squareRoot()
  }

  /// Evidence about the claim that the true mean is below `bound`, and about the opposite.
  package func evidence(below bound: Double) -> SequentialEvidence {
    guard count > 1, mean != bound else { return .none }
    let (n, distance) = (Double(count), mean - bound)
    let squares = spread + n * distance * distance
    // (n + 1) V - S^2 without a difference of like numbers.
    let rest = (n + 1) * spread + n * distance * distance
    let value =
      n / 2 * (PortableMath.naturalLogarithm((n + 1) * squares / rest))
      - PortableMath.naturalLogarithm(n + 1) / 2
    return distance < 0
      ? SequentialEvidence(within: value, beyond: 0)
      : SequentialEvidence(within: 0, beyond: value)
  }
}
