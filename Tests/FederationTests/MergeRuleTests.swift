import Federation
import Foundation
import Testing

@Suite struct MergeRuleTests {
  private func code(_ body: () throws(AggregationError) -> Void) -> String? {
    do throws(AggregationError) {
      try body()
      return nil
    } catch {
      #expect(!error.description.isEmpty)
      return error.code
    }
  }

  @Test func `each one-bit weight becomes what most nodes have, and a tie changes nothing`() throws
  {
    let base: [Int16] = [0, 0, 256, 256, 0, 256]
    let up: Int32 = 256
    let nodes: [[Int32]] = [
      [up, 0, -up, 0, up, 0], [up, up, -up, 0, 0, 0], [0, 0, 0, -up, up, -up],
      [0, up, 0, 0, up, -up],
    ]
    let merged = try MajorityVote.merge(base: base, deltas: nodes, levels: 0...256)
    #expect(merged == [0, 0, 256, 256, 256, 256])
    #expect(
      try MajorityVote.merge(base: base, deltas: nodes.reversed(), levels: 0...256) == merged)
    for seed in 1...20 as ClosedRange<UInt64> {
      var random = SplitMix(state: seed)
      let base = (0..<50).map { _ in Bool.random(using: &random) }
      let nodes = (0..<Int.random(in: 1...9, using: &random)).map { _ in
        (0..<50).map { _ in Bool.random(using: &random) }
      }
      let merged = try MajorityVote.merge(
        base: base.map { $0 ? 9 : -9 },
        deltas: nodes.map { node in
          zip(node, base).map { ($0 ? 9 : -9) - ($1 ? 9 : -9) }
        }, levels: -9...9)
      for index in base.indices {
        let votes = nodes.count { $0[index] }
        let wanted = 2 * votes == nodes.count ? base[index] : 2 * votes > nodes.count
        #expect(merged[index] == (wanted ? 9 : -9))
      }
    }
  }

  @Test func `what is not one of the two values is refused`() {
    for delta: Int32 in [1, 255, 257, .max, .min] {
      #expect(
        code { () throws(AggregationError) in
          _ = try MajorityVote.merge(base: [256, 0], deltas: [[0, delta]], levels: 0...256)
        } == "not-binary")
    }
    #expect(
      code { () throws(AggregationError) in
        _ = try MajorityVote.merge(base: [0], deltas: [[0, 0]], levels: 0...256)
      } == "shape")
    #expect(
      code { () throws(AggregationError) in
        _ = try MajorityVote.merge(base: [0], deltas: [], levels: 0...256)
      } == "no-updates")
  }

  private typealias Leak = TimeConstantAverage.Leak

  @Test func `a decay that all nodes share comes back`() throws {
    for decay in 0...TimeConstantAverage.decayOne {
      let leaks = [3, 1, 900].map { Leak(decay: decay, step: 0.001, samples: $0) }
      #expect(try TimeConstantAverage.merge(leaks, step: 0.001) == decay)
    }
  }

  /// Averaging alpha over nodes with other steps gives a time constant that none of them has.
  @Test func `time constants are averaged, not decays, whatever the steps`() throws {
    var random = SplitMix(state: 71)
    var differs = 0
    for _ in 0..<300 {
      let leaks = (0..<Int.random(in: 1...6, using: &random)).map { _ in
        Leak(
          decay: Int32.random(in: 1...4_095, using: &random),
          step: [0.0005, 0.001, 0.004].randomElement(using: &random) ?? 1,
          samples: UInt32.random(in: 1...1_000, using: &random))
      }
      let total = leaks.reduce(0.0) { $0 + Double($1.samples) }
      let tau =
        leaks.reduce(0.0) {
          $0 - Double($1.samples) * $1.step / log(Double($1.decay) / 4_096)
        } / total
      let wanted = exp(-0.001 / tau) * 4_096
      let found = try TimeConstantAverage.merge(leaks, step: 0.001)
      #expect(abs(Double(found) - min(wanted, 4_095)) <= 0.5 + 1e-9)
      let naive = leaks.reduce(0.0) { $0 + Double($1.samples) * Double($1.decay) } / total
      if abs(naive - Double(found)) > 1 { differs += 1 }
    }
    #expect(differs > 200)
    // One node twice as fine: the same time constant, and so the coarse node's own decay.
    let fine = Leak(decay: 3_620, step: 0.001, samples: 1)
    let coarse = Leak(decay: 3_199, step: 0.002, samples: 1)
    #expect(try TimeConstantAverage.merge([fine, coarse], step: 0.002) == 3_199)
  }

  @Test func `leaks and no leaks have no mean, and a leak is not rounded away`() throws {
    let leaky = Leak(decay: 4_095, step: 0.001, samples: 1)
    let none = Leak(decay: 4_096, step: 0.001, samples: 1)
    #expect(try TimeConstantAverage.merge([none, none], step: 0.001) == 4_096)
    #expect(
      code { () throws(AggregationError) in
        _ = try TimeConstantAverage.merge([leaky, none], step: 0.001)
      } == "mixed-leak")
    #expect(try TimeConstantAverage.merge([leaky], step: 1e-6) == 4_095)
    let gone = Leak(decay: 0, step: 0.001, samples: 1)
    #expect(try TimeConstantAverage.merge([gone, gone], step: 0.001) == 0)
    for bad in [
      Leak(decay: -1, step: 1, samples: 1), Leak(decay: 4_097, step: 1, samples: 1),
      Leak(decay: 5, step: .nan, samples: 1), Leak(decay: 5, step: 0, samples: 1),
    ] {
      #expect(
        code { () throws(AggregationError) in
          _ = try TimeConstantAverage.merge([bad], step: 1)
        } == "strategy-parameter")
    }
  }

  private typealias Scaled = ScaledAverage.Update

  @Test func `deltas of other exponents are lifted, summed exactly and rounded once`() throws {
    // 3 steps of 2^-2 and 1 step of 2^1 are 2.75; half of that is 1.375 and 2.75 half steps.
    let updates = [
      Scaled(samples: 1, exponent: -2, deltas: [3]), Scaled(samples: 1, exponent: 1, deltas: [1]),
    ]
    let halves = try ScaledAverage.merge(
      base: [10], exponent: -1, updates: updates, bounds: -99...99)
    #expect(halves == [13])
    let wholes = try ScaledAverage.merge(
      base: [10], exponent: 0, updates: updates, bounds: -99...99)
    #expect(wholes == [11])
    for seed in 1...40 as ClosedRange<UInt64> {
      var random = SplitMix(state: seed)
      let base = (0..<9).map { _ in Int16.random(in: -9_000...9_000, using: &random) }
      let updates = (0..<Int.random(in: 1...7, using: &random)).map { _ in
        Scaled(
          samples: UInt32.random(in: 1...90_000, using: &random),
          exponent: Int.random(in: -9...0, using: &random),
          deltas: base.map { _ in Int32.random(in: -3_000...3_000, using: &random) })
      }
      let exponent = Int.random(in: -9...0, using: &random)
      let merged = try ScaledAverage.merge(
        base: base, exponent: exponent, updates: updates, bounds: -32_640...32_639)
      let total = updates.reduce(0.0) { $0 + Double($1.samples) }
      for index in base.indices {
        let sum = updates.reduce(0.0) {
          $0 + Double($1.samples) * Double($1.deltas[index])
            * pow(2, Double($1.exponent - exponent))
        }
        let wanted = min(max(Double(base[index]) + sum / total, -32_640), 32_639)
        #expect(abs(Double(merged[index]) - wanted) <= 0.5 + 1e-9)
      }
    }
  }

  @Test func `with one exponent it is the exact average, and a span has a limit`() throws {
    let base: [Int16] = [5, -7]
    let deltas: [[Int32]] = [[9, -2], [-65_535, 65_535]]
    let plain = try FederatedAverage.merge(
      base: [base], updates: [(4, [deltas[0]]), (3, [deltas[1]])], bounds: [-999...999])
    let scaled = try ScaledAverage.merge(
      base: base, exponent: -8,
      updates: [
        Scaled(samples: 4, exponent: -8, deltas: deltas[0]),
        Scaled(samples: 3, exponent: -8, deltas: deltas[1]),
      ], bounds: -999...999)
    #expect([scaled] == plain)
    for (span, expected) in [(14, nil), (15, "exponent-span"), (.max, "exponent-span")] {
      let wide = [Scaled(samples: .max, exponent: span, deltas: [65_535])]
      var merged: [Int16] = [999]
      let found = code { () throws(AggregationError) in
        merged = try ScaledAverage.merge(
          base: [0], exponent: 0, updates: wide, bounds: -999...999)
      }
      #expect(found == expected)
      #expect(merged == [999], "span \(span)")
    }
    let low = [Scaled(samples: 1, exponent: .min, deltas: [1])]
    #expect(
      code { () throws(AggregationError) in
        _ = try ScaledAverage.merge(base: [0], exponent: 1, updates: low, bounds: -9...9)
      } == "exponent-span")
  }
}
