/// A bound on a sum and difference of proportions, each counted apart.
///
/// One arm bounds a share; two bound a difference, such as accuracy before less accuracy after;
/// four bound a difference of differences, which takes out what happens to a control group too.
///
/// The e-values are those of `UniversalInference`, exact for counts of any size.
package struct ProportionContrast: Sendable, Equatable {
  /// One proportion and its sign in the sum.
  package struct Arm: Sendable, Equatable {
    /// How often it was so.
    package var hits: UInt64
    /// How often it could have been.
    package var trials: UInt64
    /// True where the proportion is taken away.
    package var isSubtracted: Bool

    /// An arm of the sum; `hits` are `trials` at most.
    package init(hits: UInt64, of trials: UInt64, isSubtracted: Bool = false) {
      precondition(hits <= trials, "\(hits) hits of \(trials)")
      self.hits = hits
      self.trials = trials
      self.isSubtracted = isSubtracted
    }

    var sign: Double { isSubtracted ? -1 : 1 }
    var share: Double { trials == 0 ? 0.5 : Double(hits) / Double(trials) }

    func logLikelihood(_ share: Double) -> Double {
      PortableMath.term(hits, share) + PortableMath.term(trials - hits, 1 - share)
    }

    var logMixture: Double { UniversalInference.logMixture([hits, trials - hits]) }

    /// The likeliest share when each unit of the sum is worth `weight` in log likelihood.
    func share(at weight: Double) -> Double {
      let (k, n, c) = (Double(hits), Double(trials), weight * sign)
      // The root in 0...1 of c p^2 + (n - c) p - k, in the form that loses no digits.
      let root = ((n - c) * (n - c) + 4 * c * k).squareRoot()
      if n - c >= 0 { return n - c + root == 0 ? share : 2 * k / (n - c + root) }
      return (c - n + root) / (2 * c)
    }
  }

  /// The arms of the sum.
  package var arms: [Arm]

  /// A sum of proportions.
  package init(_ arms: [Arm]) {
    precondition(!arms.isEmpty, "a sum of no proportions")
    self.arms = arms
  }

  /// The sum as it was counted; an arm without trials counts as a half.
  package var estimate: Double { arms.reduce(0) { $0 + $1.sign * $1.share } }

  /// Evidence about the claim that the true sum is below `bound`, and about the opposite.
  package func evidence(below bound: Double) -> SequentialEvidence {
    guard arms.contains(where: { $0.trials > 0 }) else { return .none }
    let mixture = arms.reduce(0) { $0 + $1.logMixture }
    let best = arms.reduce(0) { $0 + $1.logLikelihood($1.share) }
    let atBound = logLikelihood(at: bound)
    return UniversalInference.evidence(
      mixture: mixture, best: best, atBound: atBound, isBelow: estimate < bound)
  }

  /// The greatest log likelihood of shares whose sum is the bound.
  private func logLikelihood(at bound: Double) -> Double {
    let most = Double(arms.count { !$0.isSubtracted })
    guard bound > most - Double(arms.count), bound < most else { return -.infinity }
    func sum(_ weight: Double) -> Double {
      arms.reduce(0) { $0 + $1.sign * $1.share(at: weight) }
    }
    // The sum rises with the weight, from all arms at their worst to all at their best.
    var (low, high) = (-1.0, 1.0)
    while sum(low) > bound { low *= 4 }
    while sum(high) < bound { high *= 4 }
    let weight = UniversalInference.bisect(low...high) { sum($0) < bound }.upperBound
    return arms.reduce(0) { $0 + $1.logLikelihood($1.share(at: weight)) }
  }
}
