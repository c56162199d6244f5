import Federation
import Foundation
import Testing

@Suite struct PrivateSumTests {
  private func key(_ seed: UInt64) -> [UInt8] {
    var random = SplitMix(state: seed)
    return (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) }
  }

  /// Chi-square against exact chances; cells below 20 expected are put together at both ends.
  private func chiSquare(variance: UInt64, count: Int, seed: UInt64) -> (Double, Int) {
    var noise = DiscreteGaussian(variance: variance, key: key(seed))
    let far = Int(Double(variance).squareRoot() * 8) + 3
    let chances = (-far...far).map { exp(-Double($0 * $0) / (2 * Double(variance))) }
    let total = chances.reduce(0, +)
    var counts = [Int](repeating: 0, count: chances.count)
    for _ in 0..<count {
      let drawn = Int(noise.next()) + far
      guard counts.indices.contains(drawn) else { return (.infinity, 1) }
      counts[drawn] += 1
    }
    var (square, cells, expected, seen) = (0.0, 0, 0.0, 0.0)
    for index in chances.indices {
      expected += chances[index] / total * Double(count)
      seen += Double(counts[index])
      guard expected >= 20 else { continue }
      square += (seen - expected) * (seen - expected) / expected
      cells += 1
      (expected, seen) = (0, 0)
    }
    return (square, cells - 1)
  }

  @Test(arguments: [1, 2, 3, 4, 10, 1_000] as [UInt64])
  func `noise has the exact chances of the discrete Gaussian`(variance: UInt64) {
    let seed: UInt64 = 0xD15C + variance
    let (square, degrees) = chiSquare(variance: variance, count: 200_000, seed: seed)
    print("seed \(seed), variance \(variance): chi-square \(square) at \(degrees) degrees")
    #expect(abs(square - Double(degrees)) < 5 * (2 * Double(degrees)).squareRoot())
  }

  @Test func `large noise has its variance, no mean, and the tails of a Gaussian`() {
    for variance: UInt64 in [1 << 20, 999_999_999_989, DiscreteGaussian.varianceMax] {
      var noise = DiscreteGaussian(variance: variance, key: key(variance))
      let (count, deviation) = (20_000, Double(variance).squareRoot())
      let drawn = (0..<count).map { _ in Double(noise.next()) / deviation }
      let mean = drawn.reduce(0, +) / Double(count)
      let square = drawn.reduce(0) { $0 + $1 * $1 } / Double(count)
      let within = Double(drawn.filter { abs($0) < 1 }.count) / Double(count)
      print("variance \(variance): mean \(mean), square \(square), within one \(within)")
      #expect(abs(mean) < 0.036)
      #expect(abs(square - 1) < 0.05)
      #expect(abs(within - 0.6827) < 0.017)
    }
  }

  @Test func `the same key gives the same noise, another key another`() {
    let draw = { (key: [UInt8]) in
      var noise = DiscreteGaussian(variance: 10_000, key: key)
      return (0..<100).map { _ in noise.next() }
    }
    #expect(draw(key(1)) == draw(key(1)))
    #expect(draw(key(1)) != draw(key(2)))
  }

  @Test func `a clipped update is never longer than the norm and keeps its direction`() {
    let seed: UInt64 = 0xC11B
    print("seed \(seed)")
    var random = SplitMix(state: seed)
    for _ in 0..<300 {
      let size = Int32.random(in: 1...65_535, using: &random)
      let deltas = (0..<3).map { _ in
        (0..<Int.random(in: 0...30, using: &random)).map { _ in
          Int32.random(in: -size...size, using: &random)
        }
      }
      let clip = UInt32.random(in: 1...200_000, using: &random)
      let norm = deltas.joined().reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      let found = PrivateSum.clipped(deltas, to: clip)
      let squares = found.joined().reduce(0) { $0 + UInt64($1.magnitude) * UInt64($1.magnitude) }
      #expect(squares <= UInt64(clip) * UInt64(clip))
      guard norm > Double(clip) else {
        #expect(found == deltas)
        continue
      }
      for (one, other) in zip(found.joined(), deltas.joined()) {
        let exact = Double(other) * Double(clip) / norm
        // Rounded to zero, and the norm is rounded up by less than 1.
        #expect(abs(exact) + 1e-6 >= abs(Double(one)))
        #expect(abs(exact - Double(one)) < 1 + abs(exact) / norm + 1e-6)
      }
    }
  }

  @Test func `the longest update that may come is clipped exactly`() {
    let deltas = [[Int32]](repeating: [Int32](repeating: -65_535, count: 100_000), count: 3)
    let found = PrivateSum.clipped(deltas, to: 1_000_000)
    // 65,535 * 10^6 / ceil(65,535 * sqrt(300,000)) = 1,825.7.
    #expect(found == deltas.map { $0.map { _ in -1_825 } })
  }

  /// Flower's unaccounted path adds the same noise to a weighted mean.
  @Test func `updates that do not count once are refused`() throws {
    let updates: [(weight: UInt32, deltas: [[Int32]])] = [(1, [[3, 4]]), (2, [[1, 1]])]
    #expect(throws: PrivacyError.weights(update: 1, found: 2)) {
      try PrivateSum.total(updates, clip: 5)
    }
    #expect(throws: PrivacyError.weights(update: 0, found: 0)) {
      try PrivateSum.total([(0, [[1]])], clip: 5)
    }
    let total = try PrivateSum.total([(1, [[30, 40]]), (1, [[1, -1]])], clip: 5)
    #expect(total == UpdateTotal(weight: 2, sums: [[4, 3]]))
  }

  @Test func `noise is added to each element, the same again, over the expected size`() throws {
    let zero = UpdateTotal(weight: 3, sums: [[Int64](repeating: 0, count: 30_000), [5]])
    let noised = try zero.noised(clip: 100, noiseMilli: 1_500, expected: 8, key: key(7))
    #expect(noised.weight == 8)
    #expect(try zero.noised(clip: 100, noiseMilli: 1_500, expected: 8, key: key(7)) == noised)
    let square = noised.sums[0].reduce(0.0) { $0 + Double($1) * Double($1) } / 30_000
    // (1.5 * 100)^2, to five standard deviations of its estimate.
    #expect(abs(square / 22_500 - 1) < 5 * (2.0 / 30_000).squareRoot())
    #expect(
      Set(noised.sums[0]).count > 600, "noise of 150 steps takes hundreds of values")
  }
}
