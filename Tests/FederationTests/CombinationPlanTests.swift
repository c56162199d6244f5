import Federation
import Testing

@Suite struct CombinationPlanTests {
  static func facts(_ samples: [UInt32]) -> [UpdateFacts] {
    samples.map { UpdateFacts(samples: $0, lossBefore: 1) }
  }

  private func refusal(
    _ rule: CombinationRule, _ facts: [UpdateFacts],
    _ statistics: UpdateStatistics = UpdateStatistics()
  ) -> AggregationError? {
    do throws(AggregationError) {
      _ = try rule.plan(facts, statistics)
      return nil
    } catch {
      #expect(!error.description.isEmpty && !error.code.isEmpty)
      return error
    }
  }

  private static func spread(_ count: Int) -> UpdateStatistics {
    UpdateStatistics(
      squaredNorms: (0..<count).map { Double($0 * $0) },
      distances: DistanceMatrix(count: count) { Double(($0 - $1) * ($0 - $1)) })
  }

  @Test func `weights are samples or all alike`() throws {
    let facts = Self.facts([3, 1, 4])
    #expect(
      try CombinationRule.mean(.samples).plan(facts, UpdateStatistics()).combiner
        == .weightedSum(coefficients: [3, 1, 4], divisor: 8))
    #expect(
      try CombinationRule.mean(.uniform).plan(facts, UpdateStatistics()).combiner
        == .weightedSum(coefficients: [1, 1, 1], divisor: 3))
  }

  @Test func `an update is scaled down to the norm and never up`() throws {
    let plan = try CombinationRule.clippedMean(norm: 2, .samples).plan(
      Self.facts([3, 1, 4]), UpdateStatistics(squaredNorms: [1, 4, 16]))
    #expect(plan.combiner == .weightedSum(coefficients: [3, 1, 2], divisor: 8))
  }

  @Test func `what is too stale is named and does not count`() throws {
    let facts = [0, 3, 4, 8].map { UpdateFacts(samples: 1, staleness: $0) }
    let plan = try CombinationRule.staleSum(limit: 3).plan(facts, UpdateStatistics())
    #expect(plan.members == [0, 1])
    #expect(plan.combiner == .weightedSum(coefficients: [1, 0.5], divisor: 1))
    #expect(plan.absent == [2: .stale(limit: 3), 3: .stale(limit: 3)])
    #expect(refusal(.staleSum(limit: 3), Array(facts.suffix(2))) == .noUpdates)
  }

  @Test func `rules that bear f harmful updates ask for enough others`() {
    for byzantine in 0...4 {
      let (krum, bulyan) = (2 * byzantine + 3, 4 * byzantine + 3)
      for (rule, needed) in [
        (CombinationRule.krum(byzantine: byzantine, selected: 1), krum),
        (.krum(byzantine: byzantine, selected: nil), krum),
        (.bulyan(byzantine: byzantine), bulyan),
      ] {
        let enough = Self.facts([UInt32](repeating: 5, count: needed))
        #expect(refusal(rule, enough, Self.spread(needed)) == nil)
        let short = refusal(rule, Array(enough.dropLast()), Self.spread(needed - 1))
        guard case .tooFew(_, needed - 1, needed, _)? = short else {
          Issue.record("\(rule) with \(needed - 1): \(String(describing: short))")
          continue
        }
      }
    }
    let eight = Self.facts([UInt32](repeating: 5, count: 8))
    #expect(refusal(.krum(byzantine: 2, selected: 6), eight, Self.spread(8)) == nil)
    #expect(
      refusal(.krum(byzantine: 2, selected: 7), eight, Self.spread(8))?.code == "too-few-updates")
  }

  @Test func `a trimmed mean that would trim nothing is refused`() throws {
    let rule = CombinationRule.trimmedMean(share: 0.2)
    #expect(
      refusal(rule, Self.facts([1, 1, 1, 1]))
        == .tooFew(
          rule: "trimmed-mean", found: 4, needed: 5,
          precondition: "share * n >= 1, or nothing is trimmed"))
    let plan = try rule.plan(Self.facts([1, 1, 1, 1, 1]), UpdateStatistics())
    #expect(plan.combiner == .trimmedMean(dropped: 1))
    // 0.29 * 100 is 28.999999999999996 in float64.
    let hundred = Self.facts([UInt32](repeating: 1, count: 100))
    #expect(
      try CombinationRule.trimmedMean(share: 0.29).plan(hundred, UpdateStatistics()).combiner
        == .trimmedMean(dropped: 29))
  }

  @Test func `samples have a sum that exact arithmetic holds`() {
    let limit = CombinationRule.samplesMax
    let many = Self.facts([UInt32](repeating: 1 << 31, count: 64))
    #expect(many.reduce(0) { $0 + UInt64($1.samples) } == limit)
    #expect(refusal(.mean(.samples), many) == nil)
    #expect(
      refusal(.mean(.samples), many + Self.facts([1]))
        == .sampleCount(update: 64, found: 1, limit: limit))
    #expect(
      refusal(.median, Self.facts([1, 0])) == .sampleCount(update: 1, found: 0, limit: limit))
    #expect(refusal(.mean(.uniform), []) == .noUpdates)
  }

  @Test func `a set has a size that memory and time allow`() {
    func admit(_ rule: CombinationRule, _ count: Int) -> AggregationError? {
      refusal(rule, Self.facts([UInt32](repeating: 1, count: count)), Self.spread(3))
    }
    #expect(admit(.median, 65_535) == nil)
    #expect(admit(.median, 65_536) == .tooMany(found: 65_536, limit: 65_535))
    let (krum, bulyan) = (
      CombinationRule.krum(byzantine: 1, selected: 1),
      CombinationRule.bulyan(byzantine: 1)
    )
    #expect(admit(krum, 1_025) == .tooMany(found: 1_025, limit: 1_024))
    #expect(admit(bulyan, 1_025) == .tooMany(found: 1_025, limit: 1_024))
  }

  @Test(arguments: [nil, Double.nan, -1, .infinity])
  func `fairness needs a loss that is a number`(loss: Double?) {
    let facts = [UpdateFacts(samples: 1, lossBefore: loss)]
    let found = refusal(
      .fairMean(q: 1, learningRate: 0.1), facts, UpdateStatistics(squaredNorms: [1]))
    #expect(found?.code == "loss")
  }

  @Test func `Krum chooses from the crowd and of equals the first`() {
    // Four close together, two far away and close to each other.
    let places = [10.0, 0, 0.5, 1, 1.5, 10.1]
    let selection = KrumSelection(
      distances: DistanceMatrix(count: 6) { (places[$0] - places[$1]) * (places[$0] - places[$1]) },
      byzantine: 1)
    #expect(selection.lowest(1) == [2])
    #expect(selection.lowest(4) == [1, 2, 3, 4])
    let equal = KrumSelection(distances: DistanceMatrix(count: 5) { _, _ in 1 }, byzantine: 1)
    #expect(equal.lowest(1) == [0])
    #expect(equal.repeated(3) == [0, 1, 2])
  }

  /// Flower takes the best theta of one pass.
  @Test func `Bulyan lets Krum choose again after each choice, not once for all`() {
    // Of one pass the pair of neighbours at 0 would both be in; once the first is taken, the
    // second has lost its neighbour.
    var random = SplitMix(state: 11)
    var differs = false
    for _ in 0..<200 {
      let places = (0..<7).map { _ in Double.random(in: 0...1, using: &random) }
      let distances = DistanceMatrix(count: 7) {
        (places[$0] - places[$1]) * (places[$0] - places[$1])
      }
      let selection = KrumSelection(distances: distances, byzantine: 1)
      var pool = Array(0..<7)
      for _ in 0..<5 {
        let scores = pool.map { candidate in
          pool.filter { $0 != candidate }.map { distances[candidate, $0] }.sorted()
            .prefix(max(1, pool.count - 3)).reduce(0, +)
        }
        let best = scores.indices.min { (scores[$0], $0) < (scores[$1], $1) } ?? 0
        pool.remove(at: best)
      }
      let chosen = (0..<7).filter { !pool.contains($0) }
      #expect(selection.repeated(5) == chosen)
      differs = differs || selection.lowest(5) != chosen
    }
    #expect(differs)
  }
}
