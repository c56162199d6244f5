import Federation
import Testing

@Suite struct CohortSelectorTests {
  private func nodes(_ count: Int) -> [SelectionCandidate] {
    (0..<count).map { SelectionCandidate(node: "node-\($0 / 10)\($0 % 10)") }
  }

  private func selector(
    _ rule: SelectionRule, target: Int, quorum: Int = 1, askedPerMille: Int = 1_000
  ) throws -> CohortSelector {
    CohortSelector(
      rule: rule,
      size: try CohortSize(target: target, quorum: quorum, askedPerMille: askedPerMille),
      seed: Array("a seed".utf8))
  }

  private func reason(
    _ selection: CohortSelection, _ node: String
  ) -> SelectionReason? {
    selection.decisions.first { $0.node == node }?.reason
  }

  private func code(_ work: () throws -> Void) -> String? {
    do {
      try work()
      return nil
    } catch let error as SelectionError {
      return error.description.isEmpty ? "no text" : error.code
    } catch {
      return "\(error)"
    }
  }

  @Test func `every node and every pair is in uniform cohorts equally often`() throws {
    let selector = try selector(.uniform, target: 5)
    let candidates = nodes(16)
    let rounds = 24_000
    var single = [String: Double]()
    var pairs = [String: Double]()
    for round in 1...rounds {
      let cohort = try selector.select(candidates, round: UInt32(round), attempt: 1).cohort
      #expect(cohort.count == 5)
      for (index, node) in cohort.enumerated() {
        single[node, default: 0] += 1
        for other in cohort[(index + 1)...] { pairs[node + other, default: 0] += 1 }
      }
    }
    let chiSquare = { (counts: [String: Double], cells: Double) in
      let expected = counts.values.reduce(0, +) / cells
      return counts.values.reduce((cells - Double(counts.count)) * expected) {
        $0 + ($1 - expected) * ($1 - expected) / expected
      }
    }
    // Draws without replacement vary less than independent ones: times (16 - 1) / (16 - 5).
    let (one, two) = (chiSquare(single, 16) * 15 / 11, chiSquare(pairs, 120))
    print("chi-square \(one) at 15 degrees, pairs \(two) at 119")
    #expect(one < 45 && one > 2)
    #expect(two < 200 && two > 50)
  }

  @Test func `the order of candidates and other candidates change no draw`() throws {
    let seed: UInt64 = 0x5E1
    print("seed \(seed)")
    var random = SplitMix(state: seed)
    let rules: [SelectionRule] = [
      .uniform, .chance(perMillion: 400_000), .weighted(.loss), .weighted(.charge),
    ]
    for rule in rules {
      let selector = try selector(rule, target: 7, askedPerMille: 1_300)
      for round: UInt32 in 1...50 {
        var candidates = nodes(30)
        for index in candidates.indices {
          candidates[index].lossPerMille = UInt32.random(in: 0...900, using: &random)
          candidates[index].chargePerMille = UInt32.random(in: 0...1_000, using: &random)
        }
        let selection = try selector.select(candidates, round: round, attempt: 1)
        candidates.shuffle(using: &random)
        #expect(try selector.select(candidates, round: round, attempt: 1) == selection)
        // One that was not drawn goes: nobody else moves in or out.
        guard let out = selection.decisions.first(where: { !$0.reason.isPicked })?.node else {
          continue
        }
        let fewer = candidates.filter { $0.node != out }
        #expect(
          try selector.select(fewer, round: round, attempt: 1).cohort == selection.cohort)
      }
    }
  }

  @Test func `rounds, attempts and seeds draw anew`() throws {
    var selector = try selector(.uniform, target: 10)
    let first = try selector.select(nodes(60), round: 1, attempt: 1)
    #expect(try selector.select(nodes(60), round: 1, attempt: 1) == first)
    #expect(try selector.select(nodes(60), round: 2, attempt: 1).cohort != first.cohort)
    #expect(try selector.select(nodes(60), round: 1, attempt: 2).cohort != first.cohort)
    selector.seed.append(0)
    #expect(try selector.select(nodes(60), round: 1, attempt: 1).cohort != first.cohort)
  }

  @Test func `a node is hit by itself as often as the chance says, and at the ends always`() throws
  {
    let candidates = nodes(10)
    for (chance, least, most) in [
      (250_000, 24_300, 25_700), (0, 0, 0), (1_000_000, 100_000, 100_000),
    ]
      as [(UInt32, Int, Int)]
    {
      let selector = try selector(.chance(perMillion: chance), target: 5)
      var hits = 0
      for round in 1...10_000 {
        do throws(SelectionError) {
          hits += try selector.select(candidates, round: UInt32(round), attempt: 1).cohort.count
        } catch { #expect(error == .tooFew(found: 0, quorum: 1)) }
      }
      #expect((least...most).contains(hits))
    }
  }

  @Test func `the first drawn is so in proportion to the score`() throws {
    var candidates = nodes(4)
    // Scores 1, 101, 201 and, never having reported, 201.
    for (index, loss) in ([0, 100, 200] as [UInt32]).enumerated() {
      candidates[index].lossPerMille = loss
    }
    let selector = try selector(.weighted(.loss), target: 1)
    var counts = [String: Double]()
    let rounds = 50_000
    for round in 1...rounds {
      let cohort = try selector.select(candidates, round: UInt32(round), attempt: 1).cohort
      counts[cohort[0], default: 0] += 1
    }
    let expected = [1.0, 101, 201, 201].map { $0 / 504 * Double(rounds) }
    let square = zip(candidates, expected).reduce(0.0) {
      let seen = counts[$1.0.node] ?? 0
      return $0 + (seen - $1.1) * (seen - $1.1) / $1.1
    }
    print("chi-square \(square) at 3 degrees")
    #expect(square < 25)
  }

  @Test func `each score is what is documented`() throws {
    var candidates = nodes(3)
    candidates[0].chargePerMille = 400
    candidates[0].energyLeftPerMille = 250
    candidates[0].lastRound = 9
    candidates[0].firingRateChangePerMille = 30
    candidates[1].lastRound = 2
    candidates[1].firingRateChangePerMille = 80
    let expected: [(SelectionScore, [UInt64])] = [
      (.charge, [401, 1_001, 1_001]), (.energyLeft, [251, 1_001, 1_001]),
      (.staleness, [1, 8, 10]), (.firingRateChange, [31, 81, 81]), (.loss, [1, 1, 1]),
    ]
    for (score, scores) in expected {
      let selector = try selector(.weighted(score), target: 1)
      let selection = try selector.select(candidates, round: 10, attempt: 1)
      let found = selection.decisions.map { entry -> UInt64 in
        switch entry.reason {
        case .drawn(_, _, let score), .notDrawn(_, _, let score): score
        default: 0
        }
      }
      #expect(found == scores, "\(score)")
    }
  }

  @Test func `who cannot be asked is never asked, and is told why`() throws {
    var candidates = nodes(12)
    for (index, hindrance) in SelectionCandidate.Hindrance.allCases.enumerated() {
      candidates[index].hindrance = hindrance
    }
    candidates[5].chargePerMille = 199
    candidates[6].chargePerMille = 200
    candidates[7].energyLeftPerMille = 0
    candidates[8].energyLeftPerMille = 1
    var selector = try selector(.uniform, target: 4, quorum: 2)
    selector.chargeLeastPerMille = 200
    var seen: Set<String> = []
    for round: UInt32 in 1...200 {
      let selection = try selector.select(candidates, round: round, attempt: 1)
      seen.formUnion(selection.cohort)
      #expect(reason(selection, "node-00")?.code == "offline")
      #expect(reason(selection, "node-04")?.code == "unfit")
      #expect(reason(selection, "node-05") == .lowCharge(found: 199, least: 200))
      #expect(reason(selection, "node-07") == .energySpent)
      #expect(selection.decisions.map(\.node) == candidates.map(\.node))
      #expect(selection.decisions.allSatisfy { !$0.reason.description.isEmpty })
    }
    #expect(seen == ["node-06", "node-08", "node-09", "node-10", "node-11"])
    for index in 8..<12 { candidates[index].hindrance = .busy }
    #expect(code { _ = try selector.select(candidates, round: 1, attempt: 1) } == "too-few-nodes")
    selector.size = try CohortSize(target: 1, quorum: 1)
    let last = try selector.select(candidates, round: 1, attempt: 1)
    #expect(last.cohort == ["node-06"] && reason(last, "node-06") == .needed)
    candidates.append(candidates[3])
    #expect(code { _ = try selector.select(candidates, round: 1, attempt: 1) } == "node-twice")
  }

  @Test func `more are asked than wanted, rounded up, and sizes have to fit each other`() throws {
    #expect(try CohortSize(target: 10, quorum: 5, askedPerMille: 1_301).asked == 14)
    #expect(try CohortSize(target: 10, quorum: 10).asked == 10)
    let selection = try selector(.uniform, target: 3, askedPerMille: 1_500)
      .select(nodes(9), round: 1, attempt: 1)
    #expect(selection.cohort.count == 5)
    for (target, quorum, asked) in [(0, 0, 1_000), (3, 4, 1_000), (3, 0, 1_000), (3, 1, 999)] {
      #expect(
        code { _ = try CohortSize(target: target, quorum: quorum, askedPerMille: asked) }
          == "cohort-size")
    }
  }
}
