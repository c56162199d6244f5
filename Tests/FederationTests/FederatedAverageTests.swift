import Federation
import Testing

/// Splitmix64 (Steele, Lea, Flood 2014): a seeded generator for test inputs.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

@Suite struct FederatedAverageTests {
  typealias Update = (samples: UInt32, deltas: [[Int32]])

  static let full = Int16.min...Int16.max

  private func code(_ base: [[Int16]], _ updates: [Update]) -> String? {
    do throws(AggregationError) {
      _ = try FederatedAverage.merge(
        base: base, updates: updates, bounds: base.map { _ in Self.full })
      return nil
    } catch {
      #expect(!error.description.isEmpty)
      return error.code
    }
  }

  @Test func `the mean is weighted by samples and halves go to the even weight`() throws {
    let merged = try FederatedAverage.merge(
      base: [[0, 0, 0, 0, 10]],
      updates: [(1, [[4, 1, 3, -1, 0]]), (3, [[0, 1, 1, 1, 4]])], bounds: [Self.full])
    // 4/4, 4/4, 6/4 -> 2, 2/4 -> 0, 10 + 12/4
    #expect(merged == [[1, 1, 2, 0, 13]])
    let halves = try FederatedAverage.merge(
      base: [[0, 0, 0, 0]], updates: [(1, [[1, 3, -1, -3]]), (1, [[0, 0, 0, 0]])],
      bounds: [Self.full])
    #expect(halves == [[0, 2, 0, -2]])
  }

  @Test func `weights stay inside the bounds of their layer`() throws {
    let merged = try FederatedAverage.merge(
      base: [[32_000, -32_000], [100, -100]],
      updates: [(5, [[65_535, -65_535], [100, -100]])], bounds: [Self.full, -127...127])
    #expect(merged == [[32_767, -32_768], [127, -127]])
  }

  @Test func `random sets agree with an oracle in float64 and with every order of the updates`()
    throws
  {
    let seed: UInt64 = 0x5EED
    print("seed \(seed)")
    var random = SplitMix(state: seed)
    for _ in 0..<40 {
      let shape = (0..<3).map { _ in Int.random(in: 0...40, using: &random) }
      let base = shape.map { count in
        (0..<count).map { _ in Int16.random(in: -20_000...20_000, using: &random) }
      }
      var updates: [Update] = (0..<Int.random(in: 1...9, using: &random)).map { _ in
        let deltas = shape.map { count in
          (0..<count).map { _ in Int32.random(in: -9_000...9_000, using: &random) }
        }
        return (UInt32.random(in: 1...10_000_000, using: &random), deltas)
      }
      let bounds = shape.map { _ in Self.full }
      let merged = try FederatedAverage.merge(base: base, updates: updates, bounds: bounds)
      let total = updates.reduce(0.0) { $0 + Double($1.samples) }
      for layer in shape.indices {
        for index in 0..<shape[layer] {
          let sum = updates.reduce(0.0) {
            $0 + Double($1.samples) * Double($1.deltas[layer][index])
          }
          let exact = Double(base[layer][index]) + sum / total
          #expect(abs(Double(merged[layer][index]) - exact) <= 0.5 + 1e-9)
        }
      }
      updates.shuffle(using: &random)
      let shuffled = try FederatedAverage.merge(base: base, updates: updates, bounds: bounds)
      #expect(shuffled == merged)
    }
  }

  /// FedML's and FedSNN's averages overwrite instead of adding.
  @Test func `every client moves the model, not only the last one`() throws {
    let updates: [Update] = [(1, [[30]]), (1, [[0]]), (1, [[0]])]
    #expect(
      try FederatedAverage.merge(base: [[0]], updates: updates, bounds: [Self.full]) == [[10]])
    #expect(
      try FederatedAverage.merge(base: [[0]], updates: updates.reversed(), bounds: [Self.full])
        == [[10]])
  }

  /// FedSNN divides by the number of layers, not by the weights of the clients.
  @Test func `the divisor is the sum of samples, whatever the number of layers`() throws {
    let merged = try FederatedAverage.merge(
      base: [[0], [0], [0], [0]], updates: [(2, [[9], [9], [9], [9]])],
      bounds: [Self.full, Self.full, Self.full, Self.full])
    #expect(merged == [[9], [9], [9], [9]])
  }

  /// FLARE's streaming mean keeps the first layers of a client whose later layer has a wrong shape.
  @Test func `a client with one bad layer moves nothing at all`() {
    let good: Update = (1, [[1], [1, 1]])
    let bad: Update = (1, [[100], [100]])
    #expect(code([[0], [0, 0]], [good, bad]) == "shape")
    #expect(code([[0], [0, 0]], [good, (1, [[100]])]) == "shape")
  }

  /// Flower broadcasts one element over a whole array and takes any sample count.
  @Test func `nothing is broadcast and no weight of a client is taken on trust`() {
    #expect(code([[0, 0]], [(1, [[5]])]) == "shape")
    #expect(code([[0]], [(0, [[5]])]) == "sample-count")
    #expect(code([[0]], []) == "no-updates")
    #expect(code([[0]], [(1, [[65_536]])]) == "weight-range")
    #expect(code([[0]], [(1, [[.min]])]) == "weight-range")
    #expect(code([[0]], [(1, [[65_535]])]) == nil)
  }

  @Test func `the largest products stay exact`() throws {
    let updates: [Update] = (0..<1_000).map { _ in (UInt32.max, [[65_535, -65_535]]) }
    let merged = try FederatedAverage.merge(
      base: [[-32_768, 32_767]], updates: updates, bounds: [Self.full])
    #expect(merged == [[32_767, -32_768]])
  }

  @Test func `the sum of samples has a limit`() {
    let many: [Update] = (0..<16_385).map { _ in (UInt32.max, [[0]]) }
    #expect(code([[0]], many) == "sample-count")
    #expect(code([[0]], Array(many.prefix(16_384))) == nil)
  }
}
