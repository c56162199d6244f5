import Foundation
import RolloutGates
import Testing

@Suite struct MeanOfPairsTests {
  @Test func `the evidence is the formula of the paper`() {
    let differences = [0.02, -0.01, 0.05, 0.03, 0.00, 0.04]
    var pairs = MeanOfPairs()
    differences.forEach { pairs.add($0) }
    for bound in [0.10, 0.02, -0.05] {
      let shifted = differences.map { $0 - bound }
      let (n, sum) = (Double(shifted.count), shifted.reduce(0, +))
      let squares = shifted.reduce(0) { $0 + $1 * $1 }
      let value = Foundation.log(
        (1 / (n + 1)).squareRoot()
          * pow((n + 1) * squares / ((n + 1) * squares - sum * sum), n / 2))
      let found = pairs.evidence(below: bound)
      let side = pairs.estimate < bound ? found.within : found.beyond
      #expect(abs(side - value) < 1e-12)
    }
    #expect(abs(pairs.estimate - 0.13 / 6) < 1e-15)
    #expect(abs(pairs.deviation - 0.0231660) < 1e-6)
  }

  @Test func `pairs that never differ still need a handful of them`() {
    var pairs = MeanOfPairs()
    var needed = 0
    while pairs.evidence(below: 0.1).finding(errorRate: 0.001) == .insufficient {
      pairs.add(0)
      needed += 1
    }
    #expect(needed == 8)
    var onBound = MeanOfPairs()
    for _ in 0..<1_000 { onBound.add(0.1) }
    #expect(onBound.evidence(below: 0.1) == .none)
  }

  @Test func `looking after every pair errs no more often than stated`() async {
    var wrong = 0
    for seed in 0..<400 {
      var random = SplitMix(state: UInt64(seed))
      var pairs = MeanOfPairs()
      for _ in 0..<200 {
        pairs.add(0.1 + 0.05 * random.normal())
        guard pairs.evidence(below: 0.1).finding(errorRate: 0.05) == .insufficient else {
          wrong += 1
          break
        }
      }
      await Task.yield()
    }
    #expect(wrong <= 28)
    print("wrong on the bound: \(wrong) of 400")
  }
}
