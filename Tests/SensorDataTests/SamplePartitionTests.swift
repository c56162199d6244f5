import SensorData
import Testing

/// Samples are dealt whole, by the seed alone, and as skewed as was asked for.
@Suite struct SamplePartitionTests {
  private static let forms: [SamplePartition] = [
    .uniform, .shards(2), .dirichlet(0.05), .dirichlet(0.3), .dirichlet(100),
    .labels([[0, 1], [2]]),
  ]

  private func labels(_ count: Int) -> [UInt8] { (0..<count).map { UInt8($0 * 7 % 10) } }

  /// Share of a node's samples that have its commonest label, on average over the nodes.
  private func skew(_ hands: [[Int]], _ labels: [UInt8]) -> Double {
    hands.map { hand in
      let most = (0..<10).map { label in hand.count { Int(labels[$0]) == label } }.max() ?? 0
      return Double(most) / Double(hand.count)
    }.reduce(0, +) / Double(hands.count)
  }

  @Test(arguments: forms)
  func `every sample goes to exactly one node, and none goes without`(
    form: SamplePartition
  ) throws {
    let hands = try form.deal(labels(1_003), to: 20, seed: 3)
    #expect(hands.count == 20)
    #expect(hands.allSatisfy { !$0.isEmpty })
    #expect(hands.flatMap(\.self).sorted() == Array(0..<1_003))
  }

  @Test(arguments: forms)
  func `the seed decides who gets which`(form: SamplePartition) throws {
    let first = try form.deal(labels(500), to: 6, seed: 3)
    #expect(try form.deal(labels(500), to: 6, seed: 3) == first)
    #expect(try form.deal(labels(500), to: 6, seed: 4) != first)
  }

  @Test func `uniform hands are alike in number and in labels`() throws {
    let labels = labels(2_000)
    let hands = try SamplePartition.uniform.deal(labels, to: 10, seed: 1)
    #expect(hands.allSatisfy { $0.count == 200 })
    #expect(skew(hands, labels) < 0.2)
  }

  @Test func `two shards of sorted labels hold few labels`() throws {
    let labels = labels(2_000)
    let hands = try SamplePartition.shards(2).deal(labels, to: 10, seed: 1)
    #expect(hands.allSatisfy { $0.count == 200 })
    #expect(hands.allSatisfy { Set($0.map { labels[$0] }).count <= 3 })
  }

  @Test func `a small parameter of Dirichlet skews, a large one does not`() throws {
    let labels = labels(10_000)
    func skew(_ alpha: Double) throws -> Double {
      let seeds: [UInt64] = [1, 2, 3, 4, 5]
      return try seeds.map {
        self.skew(try SamplePartition.dirichlet(alpha).deal(labels, to: 10, seed: $0), labels)
      }.reduce(0, +) / 5
    }
    let (sharp, middle, flat) = (try skew(0.05), try skew(0.3), try skew(1_000))
    #expect(sharp > 0.6)
    #expect((0.3...0.6).contains(middle))
    #expect(flat < 0.15)
  }

  @Test func `shares of Dirichlet have its mean and variance`() throws {
    // A share of k = 4 nodes: mean 1 / k, variance (k - 1) / (k^2 (k alpha + 1)).
    let labels = [UInt8](repeating: 0, count: 4_000)
    for alpha in [0.3, 1, 5] {
      let shares = try (0..<400).map { seed in
        Double(
          try SamplePartition.dirichlet(alpha).deal(labels, to: 4, seed: UInt64(seed))[0].count)
          / 4_000
      }
      let mean = shares.reduce(0, +) / 400
      let variance = shares.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / 399
      let expected = 3 / (16 * (4 * alpha + 1))
      #expect(abs(mean - 0.25) < 0.05)
      #expect(abs(variance / expected - 1) < 0.3)
    }
  }

  @Test func `nodes get the labels that they own, and everybody those of nobody`() throws {
    let labels = labels(600)
    let hands = try SamplePartition.labels([[0, 1, 2], [3, 4]]).deal(labels, to: 4, seed: 1)
    for (node, hand) in hands.enumerated() {
      let found = Set(hand.map { Int(labels[$0]) })
      #expect(found == Set((node % 2 == 0 ? [0, 1, 2] : [3, 4]) + [5, 6, 7, 8, 9]))
    }
  }

  @Test func `fewer samples than nodes, pieces or owners are refused by name`() throws {
    #expect(throws: SensorDataError.self) {
      try SamplePartition.uniform.deal(labels(9), to: 10, seed: 1)
    }
    #expect(throws: SensorDataError.self) {
      try SamplePartition.shards(3).deal(labels(29), to: 10, seed: 1)
    }
    let error = #expect(throws: SensorDataError.self) {
      try SamplePartition.labels([[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [77]]).deal(
        labels(30), to: 2, seed: 1)
    }
    #expect(error?.description.contains("samples of node 2") == true)
    #expect(try SamplePartition.uniform.deal(labels(10), to: 10, seed: 1).count == 10)
  }

  @Test(arguments: [
    "", "uniform:1", "shards", "shards:0", "shards:1001", "shards:x", "dirichlet:0",
    "dirichlet:nan", "dirichlet:-1", "dirichlet:1e7", "labels:", "labels:0-300", "labels:4-2/1",
    "labels:1//2", "other",
  ])
  func `what is no partition is not read`(text: String) { #expect(SamplePartition(text) == nil) }

  @Test(arguments: forms)
  func `a partition reads what it writes`(form: SamplePartition) {
    #expect(SamplePartition(form.description) == form)
  }
}
