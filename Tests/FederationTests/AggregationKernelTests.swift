import Federation
import Foundation
import Testing

/// The kernels against plain Swift that adds in the same order: equal bits, at every level.
@Suite struct AggregationKernelTests {
  private static func rows(_ count: Int, _ elements: Int, seed: UInt64) -> [[Float]] {
    var random = SplitMix(state: seed)
    return (0..<count).map { _ in
      (0..<elements).map { _ in
        // Zeros of both signs, tiny, and wide values among ordinary ones.
        switch Int.random(in: 0..<20, using: &random) {
        case 0: -0.0
        case 1: Float.leastNonzeroMagnitude
        case 2: Float.random(in: -60_000...60_000, using: &random)
        default: Float.random(in: -300...300, using: &random)
        }
      }
    }
  }

  private static func set(_ rows: [[Float]]) throws -> UpdateSet {
    try UpdateSet(
      rows.enumerated().map { place, row in
        UpdateSet.Entry(
          node: String(UnicodeScalar(UInt8(65 + place))),
          facts: UpdateFacts(samples: UInt32(3 * place + 1), lossBefore: 1), layers: [.float32(row)]
        )
      }, elementCounts: [rows[0].count])
  }

  private static func laneSum(_ lanes: [Double]) -> Double {
    ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6]))
      + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]))
  }

  private static func blocks(_ elements: Int, of columns: Int = 1_024) -> [Range<Int>] {
    stride(from: 0, to: elements, by: columns).map { $0..<min($0 + columns, elements) }
  }

  private static func squares(_ row: [Float], columns: Int) -> Double {
    blocks(row.count, of: columns).reduce(0) { total, block in
      var lanes = [Double](repeating: 0, count: 8)
      for (place, index) in block.enumerated() {
        let x = Double(row[index])
        lanes[place % 8] += x * x
      }
      return total + laneSum(lanes)
    }
  }

  private static func distance(_ a: [Float], _ b: [Float]) -> Double {
    blocks(a.count).reduce(0) { total, block in
      var lanes = [Float](repeating: 0, count: 16)
      for (place, index) in block.enumerated() {
        let apart = a[index] - b[index]
        lanes[place % 16] += apart * apart
      }
      return total + laneSum((0..<8).map { Double(lanes[$0]) + Double(lanes[$0 + 8]) })
    }
  }

  @Test(arguments: AggregationKernels.available.map(\.name))
  func `norms and distances have the bits of plain Swift`(level: String) throws {
    let kernels = try #require(AggregationKernels.available.first { $0.name == level })
    for elements in [1, 7, 8, 9, 15, 16, 17, 1_023, 1_024, 1_025, 2_500] {
      for count in [3, 4, 5, 6, 7, 11] {
        let rows = Self.rows(count, elements, seed: UInt64(elements * 100 + count))
        let base = [BaseLayer(weights: [Int16](repeating: 0, count: elements), bounds: -5...5)]
        let result = try Aggregation(
          try Strategy(.krum, ["byzantine": 0]), kernels: kernels
        ).merge(base: base, updates: try Self.set(rows))
        #expect(result.statistics.squaredNorms == rows.map { Self.squares($0, columns: 1_024) })
        let distances = try #require(result.statistics.distances)
        for i in 0..<count {
          for j in i + 1..<count { #expect(distances[i, j] == Self.distance(rows[i], rows[j])) }
        }
      }
    }
  }

  @Test(arguments: AggregationKernels.available.map(\.name))
  func `norms are the same whether a rule asks for them or not`(level: String) throws {
    let kernels = try #require(AggregationKernels.available.first { $0.name == level })
    for elements in [3, 4_096, 4_097, 9_001] {
      let rows = Self.rows(4, elements, seed: UInt64(elements))
      let base = [BaseLayer(weights: [Int16](repeating: 0, count: elements), bounds: -5...5)]
      for strategy in [try Strategy(.fedAvg), try Strategy(.normClip, ["norm": 1])] {
        let result = try Aggregation(strategy, kernels: kernels).merge(
          base: base, updates: try Self.set(rows))
        #expect(
          result.statistics.squaredNorms == rows.map { Self.squares($0, columns: 2_048) })
      }
    }
  }

  @Test(arguments: AggregationKernels.available.map(\.name))
  func `sums, medians, trimmed and nearest means have the bits of plain Swift`(
    level: String
  ) throws {
    let kernels = try #require(AggregationKernels.available.first { $0.name == level })
    for (elements, count) in [(5, 3), (40, 5), (1_030, 12), (17, 7), (33, 16), (64, 40)] {
      let rows = Self.rows(count, elements, seed: UInt64(elements + count))
      for (name, given, rule) in Self.rules(count) {
        let strategy = try Strategy(name, given)
        let mean = try CombinedDelta.of(
          try Self.set(rows), strategy.combination, stepExponents: [0], kernels)
        let columns = (0..<elements).map { index in rule(rows.map { $0[index] }) }
        #expect(mean == [columns], "\(name) of \(count) by \(elements)")
      }
    }
  }

  private static func rules(
    _ count: Int
  ) -> [(Strategy.Name, [String: Double], ([Float]) -> Double)] {
    let ascending = { (column: [Float]) in column.sorted().map { Double($0) } }
    let dropped = count / 3
    return [
      (
        .fedAvg, [:],
        { column in
          let total = (0..<count).reduce(0) { $0 + 3 * $1 + 1 }
          return column.enumerated().reduce(0.0) {
            $0 + Double(3 * $1.offset + 1) * Double($1.element)
          } / Double(total)
        }
      ),
      (.median, [:], { AggregationOracle.median(ascending($0)) }),
      (
        .trimmedMean, ["share": 1.0 / 3],
        { AggregationOracle.trimmed(ascending($0), dropped) }
      ),
    ]
  }

  @Test func `logarithm, exponential and power are right to the last places`() {
    var random = SplitMix(state: 3)
    for _ in 0..<20_000 {
      let x = Foundation.exp(Double.random(in: -300...300, using: &random))
      let found = ElementaryFunctions.log(x)
      #expect(abs(found - log(x)) <= 4 * max(abs(log(x)), 1e-16).ulp)
      let y = Double.random(in: -700...700, using: &random)
      #expect(abs(ElementaryFunctions.exp(y) / exp(y) - 1) <= 2e-15)
      let (base, power) = (
        Double.random(in: 1e-10...50, using: &random), Double.random(in: -3...10, using: &random)
      )
      #expect(abs(ElementaryFunctions.power(base, power) / pow(base, power) - 1) <= 5e-14)
    }
    #expect(ElementaryFunctions.log(1) == 0)
    #expect(ElementaryFunctions.exp(0) == 1)
    #expect(ElementaryFunctions.exp(-1e9) == 0)
    #expect(ElementaryFunctions.exp(1e9) == .infinity)
  }
}
