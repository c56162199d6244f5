import Foundation
import RolloutGates
import Testing

/// Each evidence against a search of its own over a grid, and its error rates against dice.
@Suite struct ProportionTests {
  typealias Arm = ProportionContrast.Arm

  static func term(_ count: UInt64, _ share: Double) -> Double {
    count == 0 ? 0 : share <= 0 ? -.infinity : Double(count) * Foundation.log(share)
  }

  static func logLikelihood(_ arm: Arm, _ share: Double) -> Double {
    term(arm.hits, share) + term(arm.trials - arm.hits, 1 - share)
  }

  static func logBeta(_ arm: Arm) -> Double {
    let (a, b) = (Double(arm.hits) + 0.5, Double(arm.trials - arm.hits) + 0.5)
    return systemLogGamma(a) + systemLogGamma(b) - systemLogGamma(a + b) - Foundation.log(Double.pi)
  }

  @Test(arguments: [(80, 100, 90, 100), (0, 50, 3, 60), (50, 50, 50, 50), (7, 200, 180, 190)])
  func `a difference of two shares agrees with a search over a grid`(
    after: Int, of afterTrials: Int, before: Int, of beforeTrials: Int
  ) {
    let first = Arm(hits: UInt64(before), of: UInt64(beforeTrials))
    let second = Arm(hits: UInt64(after), of: UInt64(afterTrials), isSubtracted: true)
    let steps = 4_000
    for bound in [-0.1, 0, 0.02, 0.3] {
      var (under, over) = (-Double.infinity, -Double.infinity)
      for step in 0...steps {
        let share = Double(step) / Double(steps)
        // For the second share all of 0...1 on either side of the bound: the best is the nearest to
        // its own share.
        let own = second.trials == 0 ? 0.5 : Double(second.hits) / Double(second.trials)
        let edge = share - bound
        let one = Self.logLikelihood(first, share)
        let least = max(0, edge)
        if least <= 1 { under = max(under, one + Self.logLikelihood(second, max(own, least))) }
        let most = min(1, edge)
        if most >= 0 { over = max(over, one + Self.logLikelihood(second, min(own, most))) }
      }
      let mixture = Self.logBeta(first) + Self.logBeta(second)
      let found = ProportionContrast([first, second]).evidence(below: bound)
      #expect(abs(found.within - (mixture - over)) < 1e-3, "within \(bound)")
      #expect(abs(found.beyond - (mixture - under)) < 1e-3, "beyond \(bound)")
    }
  }

  @Test func `four arms find the worst case on the bound`() {
    let arms = [
      Arm(hits: 930, of: 1_000), Arm(hits: 410, of: 500, isSubtracted: true),
      Arm(hits: 1_900, of: 2_000, isSubtracted: true), Arm(hits: 2_700, of: 3_000),
    ]
    let contrast = ProportionContrast(arms)
    var random = SplitMix(state: 4)
    let bound = 0.02
    // Only shares near the likeliest can be the best on the bound.
    var best = -Double.infinity
    for _ in 0..<400_000 {
      var shares = arms.map { arm in
        min(max(Double(arm.hits) / Double(arm.trials) + random.normal() * 0.03, 1e-6), 1 - 1e-6)
      }
      let sum = shares[0] - shares[1] - shares[2]
      shares[3] = bound - sum
      guard (0.0...1).contains(shares[3]) else { continue }
      best = max(best, zip(arms, shares).reduce(0) { $0 + Self.logLikelihood($1.0, $1.1) })
    }
    let mixture = arms.reduce(0) { $0 + Self.logBeta($1) }
    let evidence = contrast.evidence(below: bound)
    let side = contrast.estimate < bound ? evidence.within : evidence.beyond
    // A random search finds a little less than the maximum, never more.
    #expect(side <= mixture - best + 1e-9)
    #expect(side >= mixture - best - 0.2)
  }

  @Test func `an arm without trials leaves everything open`() {
    let contrast = ProportionContrast([
      Arm(hits: 990, of: 1_000), Arm(hits: 0, of: 0, isSubtracted: true),
    ])
    #expect(contrast.evidence(below: 0.02).finding(errorRate: 0.2) == .insufficient)
    #expect(ProportionContrast([Arm(hits: 0, of: 0)]).evidence(below: 0.5) == .none)
    #expect(
      PairedProportions(onlyFirst: 0, onlySecond: 0, alike: 0).evidence(below: 0.1) == .none)
  }

  @Test(arguments: [(30, 10, 960), (0, 0, 400), (60, 0, 940), (0, 80, 920), (300, 300, 400)])
  func `pairs agree with a search over a grid`(first: Int, second: Int, alike: Int) {
    let pairs = PairedProportions(
      onlyFirst: UInt64(first), onlySecond: UInt64(second), alike: UInt64(alike))
    let bound = 0.02
    let steps = 200_000
    var best = -Double.infinity
    for step in 0...steps {
      let share = Double(step) / Double(steps) * (1 - bound) / 2
      best = max(
        best,
        Self.term(pairs.onlyFirst, bound + share) + Self.term(pairs.onlySecond, share)
          + Self.term(pairs.alike, 1 - bound - 2 * share))
    }
    let all = Double(pairs.total)
    let free = [pairs.onlyFirst, pairs.onlySecond, pairs.alike].reduce(0) {
      $0 + Self.term($1, Double($1) / all)
    }
    var mixture = systemLogGamma(1.5) - systemLogGamma(all + 1.5)
    for count in [first, second, alike] {
      mixture += systemLogGamma(Double(count) + 0.5) - systemLogGamma(0.5)
    }
    let found = pairs.evidence(below: bound)
    let isBelow = pairs.estimate < bound
    #expect(abs(found.within - (mixture - (isBelow ? best : free))) < 1e-2)
    #expect(abs(found.beyond - (mixture - (isBelow ? free : best))) < 1e-2)
  }

  @Test func `looking after every window errs no more often than stated`() async {
    // Right on the bound both findings are wrong; 400 fleets at 5 % each way.
    var wrong = 0
    for seed in 0..<400 {
      var random = SplitMix(state: UInt64(seed))
      var pairs = PairedProportions(onlyFirst: 0, onlySecond: 0, alike: 0)
      for _ in 0..<60 {
        for _ in 0..<50 {
          let drawn = Double.random(in: 0..<1, using: &random)
          if drawn < 0.05 { pairs.onlyFirst += 1 }
          if drawn >= 0.05, drawn < 0.08 { pairs.onlySecond += 1 }
          if drawn >= 0.08 { pairs.alike += 1 }
        }
        guard pairs.evidence(below: 0.02).finding(errorRate: 0.05) == .insufficient else {
          wrong += 1
          break
        }
      }
      await Task.yield()
    }
    #expect(wrong <= 40)
    print("wrong on the bound: \(wrong) of 400")
  }

  @Test func `a model five points worse is found and an equal one passes`() async {
    var asked: [GateFinding: [UInt64]] = [:]
    for seed in 0..<100 {
      for (lost, expected) in [(0.08, GateFinding.breach), (0.03, .pass)] {
        var random = SplitMix(state: UInt64(seed) << 8)
        var pairs = PairedProportions(onlyFirst: 0, onlySecond: 0, alike: 0)
        var finding = GateFinding.insufficient
        while finding == .insufficient, pairs.total < 50_000 {
          for _ in 0..<100 {
            if random.chance(lost) {
              pairs.onlyFirst += 1
            } else if random.chance(0.03) {
              pairs.onlySecond += 1
            } else {
              pairs.alike += 1
            }
          }
          finding = pairs.evidence(below: 0.02).finding(errorRate: 0.001)
        }
        #expect(finding == expected, "seed \(seed)")
        asked[expected, default: []].append(pairs.total)
      }
      await Task.yield()
    }
    for (finding, counts) in asked {
      print("\(finding): median \(counts.sorted()[50]) most \(counts.max() ?? 0) questions")
    }
  }
}
