/// A bound on how much more often one of two models is right, both asked the same questions.
///
/// Only the questions that they answer differently tell them apart, so far fewer are needed than
/// for two models with questions of their own. The e-values are those of `UniversalInference`, with
/// a multinomial of three outcomes.
package struct PairedProportions: Sendable, Equatable {
  /// Questions that the first alone answered right.
  package var onlyFirst: UInt64
  /// Questions that the second alone answered right.
  package var onlySecond: UInt64
  /// Questions that both or neither answered right.
  package var alike: UInt64

  /// Counted questions.
  package init(onlyFirst: UInt64, onlySecond: UInt64, alike: UInt64) {
    self.onlyFirst = onlyFirst
    self.onlySecond = onlySecond
    self.alike = alike
  }

  /// All questions.
  package var total: UInt64 { onlyFirst + onlySecond + alike }

  /// The first's share of right answers less the second's, as counted.
  package var estimate: Double {
    total == 0 ? 0 : (Double(onlyFirst) - Double(onlySecond)) / Double(total)
  }

  /// Evidence about the claim that the first is right by less than `bound` in 0..<1 more often.
  package func evidence(below bound: Double) -> SequentialEvidence {
    precondition(bound >= 0 && bound < 1, "a bound of \(bound)")
    guard total > 0 else { return .none }
    let counts = [onlyFirst, onlySecond, alike]
    let all = Double(total)
    let best = counts.reduce(0) { $0 + PortableMath.term($1, Double($1) / all) }
    let atBound = logLikelihood(at: bound)
    return UniversalInference.evidence(
      mixture: UniversalInference.logMixture(counts), best: best, atBound: atBound,
      isBelow: estimate < bound)
  }

  /// The greatest log likelihood of shares that differ by the bound.
  private func logLikelihood(at bound: Double) -> Double {
    func shares(_ second: Double) -> [Double] {
      [bound + second, second, max(0, 1 - bound - 2 * second)]
    }
    func slope(_ second: Double) -> Double {
      let shares = shares(second)
      func part(_ count: UInt64, _ share: Double) -> Double {
        count == 0 ? 0 : Double(count) / share
      }
      return part(onlyFirst, shares[0]) + part(onlySecond, shares[1]) - 2 * part(alike, shares[2])
    }
    // The log likelihood is concave in the share of the second: its slope falls.
    let range = UniversalInference.bisect(0...(1 - bound) / 2) { slope($0) > 0 }
    let second = range.lowerBound + (range.upperBound - range.lowerBound) / 2
    return zip([onlyFirst, onlySecond, alike], shares(second)).reduce(0) {
      $0 + PortableMath.term($1.0, $1.1)
    }
  }
}
