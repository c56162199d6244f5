/// E-values from counts: the probability of the data under a mixture over all proportions, over
/// their greatest probability under the opposite of a claim (Wasserman, Ramdas, Balakrishnan 2020).
enum UniversalInference {
  /// The log probability of counted outcomes in their order, under Jeffreys' mixture.
  static func logMixture(_ counts: [UInt64]) -> Double {
    let kinds = Double(counts.count)
    let all = counts.reduce(0) { $0 + Double($1) }
    let observed = counts.reduce(0) { $0 + PortableMath.logGamma(Double($1) + 0.5) }
    return observed - PortableMath.logGamma(all + kinds / 2) + PortableMath.logGamma(kinds / 2)
      - kinds * PortableMath.logGamma(0.5)
  }

  /// Evidence from the log probability under the mixture, the greatest of all, and the greatest on
  /// the bound: it is the greatest on the side on which the estimate does not lie.
  static func evidence(
    mixture: Double, best: Double, atBound: Double, isBelow: Bool
  ) -> SequentialEvidence {
    SequentialEvidence(
      within: mixture - (isBelow ? atBound : best), beyond: mixture - (isBelow ? best : atBound))
  }

  /// Narrows a range to where something that holds below a point only ends to hold.
  static func bisect(
    _ range: ClosedRange<Double>, _ isBelow: (Double) -> Bool
  ) -> ClosedRange<Double> {
    var (low, high) = (range.lowerBound, range.upperBound)
    for _ in 0..<200 {
      let middle = low + (high - low) / 2
      guard middle > low, middle < high else { break }
      if isBelow(middle) { low = middle } else { high = middle }
    }
    return low...high
  }
}
