import Federation
import Testing

@Suite struct AggregationTests {
  /// Rounding to whole steps, and the last bits of a sum.
  static let rounding = 0.5 + 1e-6

  /// Rounds of one strategy, each from the last one's model and state, against its oracle.
  private func rounds(
    _ strategy: Strategy, updates: Int, count: Int = 4, seed: UInt64,
    _ oracle: ([AggregationOracle.Update]) -> [Double]
  ) throws {
    var state = ServerState.none
    var weights: [[Int16]]?
    for round in 0..<count {
      // Seeds that are a multiple of 400 apart have the same shape.
      var fixture = AggregationFixture(updates: updates, seed: seed + 400 * UInt64(round))
      for (layer, weights) in (weights ?? []).enumerated() {
        fixture.base[layer].weights = weights
      }
      let result = try Aggregation(strategy).merge(
        base: fixture.base, updates: try fixture.updates(), state: state)
      let distance = fixture.furthest(result.weights, from: oracle(fixture.oracle()))
      #expect(distance <= Self.rounding, "\(strategy.name) seed \(seed) round \(round)")
      state = try ServerState(reading: result.state.encoded())
      #expect(state == result.state)
      weights = result.weights
    }
  }

  private static let seeds: [UInt64] = [400, 800, 1_200]

  @Test(arguments: seeds)
  func `means are those of the oracle`(seed: UInt64) throws {
    try rounds(try Strategy(.fedAvg), updates: 7, seed: seed) { AggregationOracle.mean($0) }
    try rounds(try Strategy(.fedProx, ["mu": 0.1]), updates: 1, seed: seed) {
      AggregationOracle.mean($0)
    }
    try rounds(try Strategy(.fedAvg, weighting: .uniform), updates: 5, seed: seed) {
      AggregationOracle.mean($0, uniform: true)
    }
    try rounds(try Strategy(.normClip, ["norm": 60]), updates: 6, seed: seed) {
      AggregationOracle.clipped($0, to: 60)
    }
    try rounds(try Strategy(.qFedAvg, ["q": 0.7]), updates: 6, seed: seed) {
      AggregationOracle.fair($0, q: 0.7, rate: 0.1)
    }
  }

  @Test(arguments: seeds)
  func `momentum is kept from round to round as the oracle keeps it`(seed: UInt64) throws {
    var oracle = AggregationOracle()
    try rounds(
      try Strategy(.fedAvgM, ["learningRate": 0.3, "momentum": 0.8]), updates: 5, seed: seed
    ) { oracle.momentum(AggregationOracle.mean($0), rate: 0.3, beta: 0.8) }
  }

  @Test(arguments: seeds)
  func `adaptive steps keep both moments as the oracle keeps them`(seed: UInt64) throws {
    var oracle = AggregationOracle()
    try rounds(try Strategy(.fedAdagrad), updates: 5, seed: seed) {
      oracle.adaptive(AggregationOracle.mean($0), rate: 0.1, beta1: 0.9, tau: 1e-3) { $0 + $1 }
    }
    oracle = AggregationOracle()
    try rounds(try Strategy(.fedAdam), updates: 5, seed: seed) {
      oracle.adaptive(AggregationOracle.mean($0), rate: 0.1, beta1: 0.9, tau: 1e-3) {
        0.99 * $0 + 0.01 * $1
      }
    }
    oracle = AggregationOracle()
    try rounds(try Strategy(.fedYogi), updates: 5, seed: seed) {
      oracle.adaptive(AggregationOracle.mean($0), rate: 0.01, beta1: 0.9, tau: 1e-3) { v, d2 in
        v - 0.01 * d2 * (v > d2 ? 1 : v < d2 ? -1 : 0)
      }
    }
  }

  @Test(arguments: seeds)
  func `control variates take their share of all nodes`(seed: UInt64) throws {
    var oracle = AggregationOracle()
    let strategy = try Strategy(.scaffold, ["population": 40, "learningRate": 0.5])
    var last = ServerState.none
    for round in 0..<3 {
      let fixture = AggregationFixture(updates: 4 + round, seed: seed)
      let result = try Aggregation(strategy).merge(
        base: fixture.base, updates: try fixture.updates(),
        controls: try fixture.controlChanges(), state: last)
      let updates = fixture.oracle()
      oracle.control(updates, population: 40)
      let change = AggregationOracle.mean(updates, uniform: true).map { 0.5 * $0 }
      #expect(fixture.furthest(result.weights, from: change) <= Self.rounding)
      for (found, wanted) in zip(result.state.first.flatMap { $0 }, oracle.first) {
        #expect(abs(found - wanted) <= 1e-9 * max(1, abs(wanted)))
      }
      last = result.state
    }
  }

  @Test(arguments: seeds)
  func `a buffer steps when it is full and leaves out what is stale`(seed: UInt64) throws {
    var oracle = AggregationOracle()
    let strategy = try Strategy(
      .fedBuff, ["size": 10, "stalenessMax": 3, "learningRate": 0.8])
    try rounds(strategy, updates: 7, count: 6, seed: seed) {
      oracle.buffer($0, limit: 3, size: 10, rate: 0.8)
    }
  }

  @Test(arguments: seeds)
  func `robust rules are those of the oracle`(seed: UInt64) throws {
    for updates in [1, 2, 3, 8, 17, 33] {
      try rounds(try Strategy(.median), updates: updates, count: 1, seed: seed) {
        AggregationOracle.byCoordinate($0, AggregationOracle.median)
      }
    }
    try rounds(try Strategy(.trimmedMean, ["share": 0.29]), updates: 21, count: 1, seed: seed) {
      AggregationOracle.byCoordinate($0) { AggregationOracle.trimmed($0, 6) }
    }
    try rounds(try Strategy(.krum, ["byzantine": 3]), updates: 9, count: 1, seed: seed) {
      AggregationOracle.multiKrum($0, 3, kept: 1)
    }
    try rounds(try Strategy(.multiKrum, ["byzantine": 2]), updates: 11, count: 1, seed: seed) {
      AggregationOracle.multiKrum($0, 2, kept: 7)
    }
    for (byzantine, updates) in [(1, 7), (2, 12), (3, 15)] {
      try rounds(
        try Strategy(.bulyan, ["byzantine": Double(byzantine)]), updates: updates, count: 1,
        seed: seed
      ) { AggregationOracle.bulyan($0, byzantine) }
    }
  }

  @Test func `whole steps are merged to the bytes of the exact average`() throws {
    for seed in 1...20 as ClosedRange<UInt64> {
      var random = SplitMix(state: seed)
      let count = Int.random(in: 1...3_000, using: &random)
      let base = (0..<count).map { _ in Int16.random(in: -32_640...32_639, using: &random) }
      let updates = (0..<Int.random(in: 1...12, using: &random)).map { _ in
        (
          samples: UInt32.random(in: 1...(seed % 2 == 0 ? .max : 9), using: &random),
          deltas: (0..<count).map { _ in Int32.random(in: -65_535...65_535, using: &random) }
        )
      }
      let exact = try FederatedAverage.merge(
        base: [base], updates: updates.map { ($0.samples, [$0.deltas]) }, bounds: [-9_000...9_000])
      let set = try UpdateSet(
        updates.enumerated().map { place, update in
          UpdateSet.Entry(
            node: "\(place)", facts: UpdateFacts(samples: update.samples),
            layers: [.int32(update.deltas)])
        }, elementCounts: [count])
      for kernels in AggregationKernels.available {
        let merged = try Aggregation(try Strategy(.fedAvg), kernels: kernels).merge(
          base: [BaseLayer(weights: base, bounds: -9_000...9_000)], updates: set)
        #expect(merged.weights == exact, "seed \(seed) \(kernels.name)")
      }
    }
  }

  /// The mean is 32,769.5 less 2^-38, and float64 holds steps of 2^-37 there; a half would go to
  /// the even 32,770.
  @Test func `a mean that is a hair below a half is not taken for one`() throws {
    let samples = [UInt32](repeating: .max - 15, count: 16)
    let updates =
      (samples + [255]).map { (samples: $0, deltas: [[Int32(32_770)]]) }
      + (samples + [256]).map { (samples: $0, deltas: [[Int32(32_769)]]) }
    let exact = try FederatedAverage.merge(
      base: [[-32_640]], updates: updates, bounds: [-32_640...32_639])
    #expect(exact == [[129]])
    let set = try UpdateSet(
      updates.enumerated().map { place, update in
        UpdateSet.Entry(
          node: "\(place)", facts: UpdateFacts(samples: update.samples),
          layers: [.int32(update.deltas[0])])
      }, elementCounts: [1])
    let merged = try Aggregation(try Strategy(.fedAvg)).merge(
      base: [BaseLayer(weights: [-32_640], bounds: -32_640...32_639)], updates: set)
    #expect(merged.weights == exact)
  }

  @Test func `an update that was read is merged as it was sent`() throws {
    let update = ModelUpdate(
      base: [UInt8](repeating: 1, count: 32), samples: 3, correct: 1,
      layers: [
        LayerDelta(layer: 4, exponent: -3, deltas: [7, -7]),
        LayerDelta(layer: 9, exponent: -3, values: .float32([0.5, 1.5])),
      ])
    let set = try UpdateSet(
      [UpdateSet.Entry(node: "a", update: try ModelUpdate(reading: update.encoded()))],
      elementCounts: [2, 2])
    #expect(set.facts == [UpdateFacts(samples: 3)])
    let base = [[10, 10], [0, 0]].map { BaseLayer(weights: $0, bounds: -99...99) }
    let merged = try Aggregation(try Strategy(.fedAvg)).merge(base: base, updates: set)
    #expect(merged.weights == [[17, 3], [0, 2]])
  }

  @Test(arguments: Strategy.Name.allCases)
  func `the order of arrival and the vector instructions change no byte`(
    name: Strategy.Name
  ) throws {
    var fixture = AggregationFixture(updates: 15, seed: 77)
    var random = SplitMix(state: 5)
    let strategy = try Self.example(name)
    var expected: Aggregation.Result?
    for kernels in AggregationKernels.available + [.best] {
      let order = fixture.entries.indices.shuffled(using: &random)
      fixture.entries = order.map { fixture.entries[$0] }
      fixture.controls = order.map { fixture.controls[$0] }
      let merge = Aggregation(strategy, kernels: kernels)
      let controls = name == .scaffold ? try fixture.controlChanges() : nil
      let first = try merge.merge(
        base: fixture.base, updates: try fixture.updates(), controls: controls)
      // A restart in the middle: the state is what its bytes say.
      let result = try merge.merge(
        base: fixture.base, updates: try fixture.updates(), controls: controls,
        state: try ServerState(reading: first.state.encoded()))
      let unbroken = try merge.merge(
        base: fixture.base, updates: try fixture.updates(), controls: controls,
        state: first.state)
      #expect(result == unbroken)
      #expect(result == expected ?? result, "\(kernels.name)")
      #expect(result.state.encoded() == (expected ?? result).state.encoded())
      expected = result
    }
  }

  /// Each strategy with parameters that 15 updates satisfy.
  static func example(_ name: Strategy.Name) throws -> Strategy {
    var given: [String: Double] = [:]
    for parameter in name.parameters where parameter.standard == nil && !parameter.isOptional {
      given[parameter.name] =
        ["mu": 0.1, "population": 20, "norm": 50, "byzantine": 3][parameter.name] ?? 1
    }
    return try Strategy(name, given)
  }
}
