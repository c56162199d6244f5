/// Which updates of a set take part in the merge, and how their elements are combined.
package struct CombinationPlan: Sendable, Equatable {
  /// What is done with the elements of one coordinate.
  package enum Combiner: Sendable, Equatable {
    /// `sum(coefficients[u] * x[u]) / divisor`, one coefficient for each member.
    case weightedSum(coefficients: [Double], divisor: Double)
    /// The mean of what is left after so many of the lowest and of the highest are dropped.
    case trimmedMean(dropped: Int)
    /// The mean of so many that are nearest to the median.
    case nearestToMedian(kept: Int)
  }

  /// Why an update does not take part.
  package enum Absence: Sendable, Equatable {
    /// The model moved on further than the rule bears.
    case stale(limit: Int)
    /// It lies further from the others than those that were chosen.
    case notChosen
  }

  /// Updates that take part, by place in the set, rising.
  package var members: [Int]
  /// How they are combined.
  package var combiner: Combiner
  /// The others, with why.
  package var absent: [Int: Absence]

  /// A plan as it is given.
  package init(members: [Int], combiner: Combiner, absent: [Int: Absence] = [:]) {
    self.members = members
    self.combiner = combiner
    self.absent = absent
  }
}

/// How much an update counts.
package enum Weighting: String, Sendable, Codable, CaseIterable {
  /// As many times as it has samples.
  case samples
  /// Once, whatever it is; the only one under which privacy's noise is accounted for.
  case uniform
}

/// A rule that decides from statistics alone who takes part and with what coefficient.
package enum CombinationRule: Sendable, Equatable {
  /// The mean (McMahan et al. 2017).
  case mean(Weighting)
  /// The mean of updates that are first scaled down to a norm.
  case clippedMean(norm: Double, Weighting)
  /// The sum of updates scaled by `1 / sqrt(1 + staleness)` (Nguyen et al. 2022, FedBuff); an
  /// update that is more than `limit` versions behind is left out.
  case staleSum(limit: Int)
  /// q-FedAvg (Li et al. 2020): nodes with a larger loss count more.
  case fairMean(q: Double, learningRate: Double)
  /// The median of each coordinate (Yin et al. 2018).
  case median
  /// The mean of each coordinate without `floor(share * n)` at either end (Yin et al. 2018).
  case trimmedMean(share: Double)
  /// The mean of the `selected` updates that Krum scores lowest, n - f - 2 where it is nil.
  case krum(byzantine: Int, selected: Int?)
  /// Bulyan (El Mhamdi et al. 2018).
  case bulyan(byzantine: Int)

  /// The sum of samples that weighted sums bear.
  ///
  /// Every partial sum of samples times deltas of 16 bits is then a whole number below 2^53,
  /// which float64 holds exactly.
  package static let samplesMax: UInt64 = 1 << 37

  /// What it has to know of the updates.
  package var need: UpdateStatistics.Need {
    switch self {
    case .mean, .staleSum, .median, .trimmedMean: .nothing
    case .clippedMean, .fairMean: .norms
    case .krum, .bulyan: .distances
    }
  }

  /// Updates that a set may have.
  package static let updatesMax = 65_535
  /// Updates that a set may have where all pairs are compared.
  package static let comparedMax = 1_024

  /// Refuses a set that the rule cannot work with, before any element is looked at.
  ///
  /// Returns the sum of samples.
  @discardableResult
  package func admit(_ facts: [UpdateFacts]) throws(AggregationError) -> UInt64 {
    let count = facts.count
    let limit = need == .distances ? Self.comparedMax : Self.updatesMax
    guard count <= limit else { throw .tooMany(found: count, limit: limit) }
    let total = try Self.samples(facts)
    switch self {
    case .mean, .clippedMean, .staleSum, .fairMean, .median: break
    case .trimmedMean(let share):
      let dropped = Self.dropped(share, of: count)
      guard dropped > 0, 2 * dropped < count else {
        throw .tooFew(
          rule: "trimmed-mean", found: count, needed: Int((1 / share - 1e-9).rounded(.up)),
          precondition: "share * n >= 1, or nothing is trimmed")
      }
    case .krum(let byzantine, let selected):
      guard count >= 2 * byzantine + 3 else {
        throw .tooFew(
          rule: selected == 1 ? "krum" : "multi-krum", found: count, needed: 2 * byzantine + 3,
          precondition: "n >= 2f + 3, f = \(byzantine)")
      }
      if let selected, selected > count - byzantine {
        throw .tooFew(
          rule: "multi-krum", found: count, needed: selected + byzantine,
          precondition: "n >= selected + f, f = \(byzantine)")
      }
    case .bulyan(let byzantine):
      guard count >= 4 * byzantine + 3 else {
        throw .tooFew(
          rule: "bulyan", found: count, needed: 4 * byzantine + 3,
          precondition: "n >= 4f + 3, f = \(byzantine)")
      }
    }
    return total
  }

  /// The plan for a set, or the refusal that says which precondition is not met.
  ///
  /// `statistics` hold what `need` asks for.
  package func plan(
    _ facts: [UpdateFacts], _ statistics: UpdateStatistics
  ) throws(AggregationError) -> CombinationPlan {
    let total = try admit(facts)
    let all = Array(facts.indices)
    switch self {
    case .mean(let weighting):
      return CombinationPlan(
        members: all, combiner: Self.weighted(facts, weighting, total: total))
    case .clippedMean(let norm, let weighting):
      let factors = statistics.squaredNorms.map { squared in
        squared <= norm * norm ? 1 : norm / squared.squareRoot()
      }
      return CombinationPlan(
        members: all, combiner: Self.weighted(facts, weighting, total: total, factors: factors))
    case .staleSum(let limit): return try Self.stale(facts, limit: limit)
    case .fairMean(let q, let learningRate):
      return try Self.fair(facts, statistics, q: q, inverseRate: 1 / learningRate)
    case .median:
      return CombinationPlan(
        members: all, combiner: .trimmedMean(dropped: (facts.count - 1) / 2))
    case .trimmedMean(let share):
      return CombinationPlan(
        members: all, combiner: .trimmedMean(dropped: Self.dropped(share, of: facts.count)))
    case .krum(let byzantine, let selected):
      let kept = selected ?? facts.count - byzantine - 2
      return Self.chosen(
        Self.selection(statistics, byzantine).lowest(kept), of: facts.count,
        .weightedSum(
          coefficients: [Double](repeating: 1, count: kept), divisor: Double(kept)))
    case .bulyan(let byzantine):
      let kept = facts.count - 2 * byzantine
      return Self.chosen(
        Self.selection(statistics, byzantine).repeated(kept), of: facts.count,
        .nearestToMedian(kept: kept - 2 * byzantine))
    }
  }

  private static func samples(_ facts: [UpdateFacts]) throws(AggregationError) -> UInt64 {
    guard !facts.isEmpty else { throw .noUpdates }
    var total: UInt64 = 0
    for (update, fact) in facts.enumerated() {
      total += UInt64(fact.samples)
      guard fact.samples > 0, total <= samplesMax else {
        throw .sampleCount(update: update, found: fact.samples, limit: samplesMax)
      }
    }
    return total
  }

  private static func weighted(
    _ facts: [UpdateFacts], _ weighting: Weighting, total: UInt64, factors: [Double]? = nil
  ) -> CombinationPlan.Combiner {
    let weights = facts.map { weighting == .samples ? Double($0.samples) : 1 }
    return .weightedSum(
      coefficients: factors.map { zip(weights, $0).map { $0 * $1 } } ?? weights,
      divisor: weighting == .samples ? Double(total) : Double(facts.count))
  }
}

extension CombinationRule {
  private static func stale(
    _ facts: [UpdateFacts], limit: Int
  ) throws(AggregationError) -> CombinationPlan {
    let members = facts.indices.filter { facts[$0].staleness <= limit }
    guard !members.isEmpty else { throw .noUpdates }
    let absent = facts.indices.filter { facts[$0].staleness > limit }
    return CombinationPlan(
      members: members,
      combiner: .weightedSum(
        coefficients: members.map { 1 / (1 + Double(facts[$0].staleness)).squareRoot() },
        divisor: 1),
      absent: Dictionary(uniqueKeysWithValues: absent.map { ($0, .stale(limit: limit)) }))
  }

  /// w+ = w + sum(L F^q delta) / sum(h), h = q F^(q-1) L^2 |delta|^2 + L F^q, L = 1 / rate.
  private static func fair(
    _ facts: [UpdateFacts], _ statistics: UpdateStatistics, q: Double, inverseRate: Double
  ) throws(AggregationError) -> CombinationPlan {
    var coefficients: [Double] = []
    var divisor = 0.0
    for (update, fact) in facts.enumerated() {
      guard let told = fact.lossBefore, told.isFinite, told >= 0 else {
        throw .loss(update: update, found: fact.lossBefore)
      }
      // A loss of 0 would have a negative power; the reference adds as much.
      let loss = told + 1e-10
      let coefficient = inverseRate * ElementaryFunctions.power(loss, q)
      let gradient = inverseRate * inverseRate * statistics.squaredNorms[update]
      coefficients.append(coefficient)
      divisor += q * ElementaryFunctions.power(loss, q - 1) * gradient + coefficient
    }
    guard divisor.isFinite, divisor > 0 else {
      throw .parameter(name: "q", found: "\(q)", expected: "one under which losses stay finite")
    }
    return CombinationPlan(
      members: Array(facts.indices),
      combiner: .weightedSum(coefficients: coefficients, divisor: divisor))
  }

  private static func dropped(_ share: Double, of count: Int) -> Int {
    // A share of 0.29 times 100 falls short of 29 by the last bit.
    Int((share * Double(count) + 1e-9).rounded(.down))
  }

  private static func selection(
    _ statistics: UpdateStatistics, _ byzantine: Int
  ) -> KrumSelection {
    guard let distances = statistics.distances else {
      preconditionFailure("a rule that compares updates, without distances")
    }
    return KrumSelection(distances: distances, byzantine: byzantine)
  }

  private static func chosen(
    _ members: [Int], of count: Int, _ combiner: CombinationPlan.Combiner
  ) -> CombinationPlan {
    let absent = (0..<count).filter { !members.contains($0) }
    return CombinationPlan(
      members: members, combiner: combiner,
      absent: Dictionary(uniqueKeysWithValues: absent.map { ($0, .notChosen) }))
  }
}
