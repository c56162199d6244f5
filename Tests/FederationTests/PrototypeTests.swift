import Federation
import Testing

@Suite struct PrototypeTests {
  /// Neurons with distinct receptive fields, thresholds and histograms.
  private static func layer(
    _ neurons: Int, inputs: Int = 30, classes: Int = 4, seed: UInt64
  ) -> PrototypeLayer {
    var random = SplitMix(state: seed)
    return PrototypeLayer(
      inputs: inputs, neurons: neurons,
      weights: (0..<inputs * neurons).map { _ in
        Bool.random(using: &random) ? 0 : Int16.random(in: 0...32_639, using: &random)
      },
      thresholds: (0..<neurons).map { _ in Int16.random(in: 0...5_000, using: &random) },
      histogram: (0..<neurons * classes).map { _ in Int16.random(in: 0...300, using: &random) })
  }

  private static func noisy(_ layer: PrototypeLayer, seed: UInt64) -> PrototypeLayer {
    var random = SplitMix(state: seed)
    return PrototypeLayer(
      inputs: layer.inputs, neurons: layer.neurons,
      weights: layer.weights.map { weight in
        Int16(clamping: Int(weight) + Int.random(in: -400...400, using: &random))
      }, thresholds: layer.thresholds, histogram: layer.histogram)
  }

  private static let bounds = PrototypeAlignment.Bounds(weights: -32_640...32_639)

  private static func column(_ layer: PrototypeLayer, _ neuron: Int) -> [Int16] {
    (0..<layer.inputs).map { layer.weights[$0 * layer.neurons + neuron] }
  }

  @Test(arguments: [1, 2, 9, 40])
  func `neurons that a node has in another order are matched, and bring what is theirs`(
    neurons: Int
  ) throws {
    let base = Self.layer(neurons, seed: 12)
    var random = SplitMix(state: UInt64(neurons))
    for seed in 0..<5 as Range<UInt64> {
      let order = (0..<neurons).shuffled(using: &random)
      let node = Self.noisy(base, seed: seed).reordered(order)
      let found = PrototypeAlignment.order(of: node, to: base)
      #expect(found.map { order[$0] } == Array(0..<neurons))
      let aligned = node.reordered(found)
      #expect(aligned.thresholds == base.thresholds)
      #expect(aligned.histogram == base.histogram)
    }
  }

  /// Element-wise averages of unmatched prototypes are the mean of all of them.
  @Test func `averaging shuffled prototypes gives them back, where plain averaging smears them`()
    throws
  {
    let base = Self.layer(12, seed: 3)
    var random = SplitMix(state: 8)
    let nodes = (0..<6).map { _ in base.reordered((0..<12).shuffled(using: &random)) }
    let merged = try PrototypeAlignment.merge(
      reference: base, updates: nodes.map { (7, $0) }, bounds: Self.bounds)
    #expect(merged == base)
    let plain = try FederatedAverage.merge(
      base: [base.weights],
      updates: nodes.map { node in
        (7, [zip(node.weights, base.weights).map { Int32($0) - Int32($1) }])
      }, bounds: [-32_640...32_639])
    #expect(plain[0] != base.weights)
  }

  @Test func `the mean of aligned layers is weighted and exact`() throws {
    let base = PrototypeLayer(
      inputs: 2, neurons: 2, weights: [100, 0, 0, 100], thresholds: [10, 20], histogram: [1, 2])
    let node = PrototypeLayer(
      inputs: 2, neurons: 2, weights: [0, 200, 300, 0], thresholds: [40, 80], histogram: [5, 9])
    let merged = try PrototypeAlignment.merge(
      reference: base, updates: [(3, base), (1, node)], bounds: Self.bounds)
    #expect(merged.weights == [125, 0, 0, 150])
    // 10 + 70 / 4, a half to the even one, and 20 + 20 / 4.
    #expect(merged.thresholds == [28, 25])
    #expect(merged.histogram == [3, 3])
  }

  @Test func `a union of equal layers is that layer, in its places`() throws {
    let base = Self.layer(15, seed: 21)
    let result = try PrototypeUnion.merge([base, base, base])
    #expect(result.layer == base)
    #expect(result.origins.allSatisfy { $0.update == 0 })
  }

  @Test func `a union keeps what was used most and nothing twice`() throws {
    let (a, b) = (Self.layer(10, seed: 1), Self.layer(10, seed: 2))
    let result = try PrototypeUnion.merge([a, b])
    let ranked = [a, b].enumerated().flatMap { update, layer in
      (0..<10).map { (usage: layer.usage(of: $0), update: update, neuron: $0) }
    }.sorted { ($1.usage, $0.update, $0.neuron) < ($0.usage, $1.update, $1.neuron) }.prefix(10)
    #expect(
      Set(result.origins.map { [$0.update, $0.neuron] })
        == Set(ranked.map { [$0.update, $0.neuron] }))
    for (place, origin) in result.origins.enumerated() {
      let source = [a, b][origin.update]
      #expect(Self.column(result.layer, place) == Self.column(source, origin.neuron))
      #expect(result.layer.thresholds[place] == source.thresholds[origin.neuron])
      #expect(
        result.layer.histogram[place * 4..<place * 4 + 4]
          == source.histogram[origin.neuron * 4..<origin.neuron * 4 + 4])
    }
  }

  @Test func `of two neurons that are alike the one that was used more is kept`() throws {
    // Neurons 0 of both nodes are alike; neuron 1 of the first was never used.
    let first = PrototypeLayer(
      inputs: 3, neurons: 2, weights: [9, 0, 0, 0, 0, 5], histogram: [50, 0])
    let second = PrototypeLayer(
      inputs: 3, neurons: 2, weights: [90, 0, 1, 7, 0, 0], histogram: [60, 20])
    let result = try PrototypeUnion.merge([first, second])
    #expect(result.origins.map(\.update) == [1, 1])
    let strict = try PrototypeUnion.merge([first, second], similarityMax: 1)
    #expect(strict.origins.map(\.update) == [1, 0])
    #expect(strict.layer.histogram == [60, 50])
    #expect(throws: AggregationError.noUpdates) { try PrototypeUnion.merge([]) }
    #expect(throws: AggregationError.self) {
      try PrototypeUnion.merge([first], similarityMax: 1.01)
    }
  }

  @Test func `nodes that repeat others add nothing to a union`() throws {
    let layers = (0..<6).map { Self.layer(20, seed: $0 % 3) }
    let once = try PrototypeUnion.merge(layers)
    #expect(try PrototypeUnion.merge(layers) == once)
    #expect(Set(once.origins.map { [$0.update, $0.neuron] }).count == 20)
    // Nodes 3 to 5 repeat nodes 0 to 2 and can add nothing.
    #expect(once.origins.allSatisfy { $0.update < 3 })
  }
}
