import Federation
import Testing

/// What goes wrong in other systems, each once as a test that this one does not do it.
@Suite struct ReferenceDefectTests {
  private static func set(_ deltas: [[Int16]], staleness: [UInt32]? = nil) throws -> UpdateSet {
    try UpdateSet(
      deltas.enumerated().map { place, delta in
        UpdateSet.Entry(
          node: "node-\(place)",
          facts: UpdateFacts(samples: 1, staleness: staleness?[place] ?? 0),
          layers: delta.map { .int16([$0]) })
      }, elementCounts: deltas[0].map { _ in 1 })
  }

  private static func base(_ layers: Int) -> [BaseLayer] {
    (0..<layers).map { _ in BaseLayer(weights: [0], bounds: -9_999...9_999) }
  }

  /// FedML's SCAFFOLD overwrites the sum of changes with the last client's, for w and for c.
  @Test func `SCAFFOLD keeps every client's change, not only the last one's`() throws {
    let merge = Aggregation(try Strategy(.scaffold, ["population": 4]))
    let controls = try Self.set([[40], [0], [0]])
    let result = try merge.merge(
      base: Self.base(1), updates: try Self.set([[300], [0], [0]]), controls: controls)
    #expect(result.weights == [[100]])
    #expect(result.state.first == [[10]])
  }

  /// FLARE's SCAFFOLD averages c over the cohort, by steps, without |S| / N.
  @Test func `SCAFFOLD's control variate moves by one share of all nodes, not of the cohort`()
    throws
  {
    for population in [3.0, 6, 60] {
      let result = try Aggregation(try Strategy(.scaffold, ["population": population])).merge(
        base: Self.base(1), updates: try Self.set([[1], [1], [1]]),
        controls: try Self.set([[60], [60], [60]]))
      #expect(result.state.first == [[180 / population]])
    }
    #expect(throws: AggregationError.self) {
      _ = try Aggregation(try Strategy(.scaffold, ["population": 2])).merge(
        base: Self.base(1), updates: try Self.set([[1], [1], [1]]),
        controls: try Self.set([[1], [1], [1]]))
    }
  }

  /// FedSNN's sparse average overwrites instead of adding and divides by the number of layers.
  @Test func `every client counts and the number of layers does not`() throws {
    let deltas: [[Int16]] = [[90, 90, 90, 90], [30, 30, 30, 30], [0, 0, 0, 0]]
    for set in [deltas, deltas.reversed()] {
      let result = try Aggregation(try Strategy(.fedAvg)).merge(
        base: Self.base(4), updates: try Self.set(set))
      #expect(result.weights == [[40], [40], [40], [40]])
    }
  }

  /// FLARE's streaming mean keeps the first layers of a client that is then refused.
  @Test func `a client that is refused in a late layer has moved no early one`() throws {
    var merged: Aggregation.Result?
    #expect(throws: AggregationError.nonFinite(update: 1, layer: 1, index: 0)) {
      let set = try UpdateSet(
        [
          UpdateSet.Entry(
            node: "good", facts: UpdateFacts(samples: 1), layers: [.int16([4]), .int16([4])]),
          UpdateSet.Entry(
            node: "with-nan", facts: UpdateFacts(samples: 1),
            layers: [.int16([9]), .float32([.nan])]),
        ], elementCounts: [1, 1])
      merged = try Aggregation(try Strategy(.fedAvg)).merge(base: Self.base(2), updates: set)
    }
    #expect(merged == nil)
  }

  @Test func `a node's control variate becomes the mean gradient that it saw`() {
    // K steps y <- y - rate * (g - c_i + c) from w add up to delta.
    let (own, global, rate, steps) = (0.75, -0.5, 0.01, 20)
    let gradients = (0..<steps).map { Double($0) * 0.3 - 2 }
    let delta = gradients.reduce(0) { $0 - rate * ($1 - own + global) }
    let change = ControlVariate.change(global: global, delta: delta, steps: steps, rate: rate)
    #expect(abs(own + change - gradients.reduce(0, +) / Double(steps)) < 1e-12)
  }

  /// FLARE's FedBuff scales by 1 / (1 + sqrt(tau)).
  @Test func `a stale update is scaled by the root of one more than its age`() throws {
    let result = try Aggregation(try Strategy(.fedBuff, ["size": 1])).merge(
      base: Self.base(1), updates: try Self.set([[1_000]], staleness: [3]))
    // 1000 / sqrt(1 + 3); the other formula gives 366.
    #expect(result.weights == [[500]])
  }

  /// FLARE's FedBuff counts an update that it has just refused.
  @Test func `an update that is refused does not fill the buffer`() throws {
    let merge = Aggregation(try Strategy(.fedBuff, ["size": 2, "stalenessMax": 4]))
    let result = try merge.merge(
      base: Self.base(1), updates: try Self.set([[100], [100]], staleness: [0, 5]))
    #expect(result.weights == [[0]])
    #expect(result.state.buffered == 1)
    let next = try merge.merge(
      base: Self.base(1), updates: try Self.set([[300]]), state: result.state)
    #expect(next.weights == [[200]])
    #expect(next.state.buffered == 0)
  }

  /// Flower's documentation of FedProx adds the norm instead of its square.
  @Test func `the proximal pull is the gradient of half the squared distance`() throws {
    let term = try #require(try Strategy(.fedProx, ["mu": 0.5]).proximalTerm)
    #expect(try Strategy(.fedAvg).proximalTerm == nil)
    #expect(term.penalty([3, -4]) == 0.25 * 25)
    #expect(term.gradient(3) == 1.5)
    for distance in [-2.0, 0.25, 7] {
      let slope = (term.penalty([distance + 1e-6]) - term.penalty([distance - 1e-6])) / 2e-6
      #expect(abs(slope - term.gradient(distance)) < 1e-6)
    }
  }

  /// Flower's FedAdam adds a bias correction that the paper's algorithm does not have.
  @Test func `the first adaptive step is the paper's, without a correction of its bias`() throws {
    let given = ["learningRate": 100, "tau": 10, "beta1": 0.9, "beta2": 0.99]
    let result = try Aggregation(try Strategy(.fedAdam, given)).merge(
      base: Self.base(1), updates: try Self.set([[200]]))
    let (m, v) = (0.1 * 200, 0.99 * 100 + 0.01 * 40_000)
    #expect(result.weights == [[Int16((100 * m / (v.squareRoot() + 10)).rounded())]])
  }

  /// Flower's strategies start v at 0, where a first small delta makes a step of full length.
  @Test func `the first mean square is that of tau, not zero`() throws {
    let given: [String: Double] = ["learningRate": 1_000, "tau": 100, "beta1": 0]
    let result = try Aggregation(try Strategy(.fedAdagrad, given)).merge(
      base: Self.base(1), updates: try Self.set([[1]]))
    // 1000 / (sqrt(100^2 + 1) + 100), and not 1000 / (1 + 100).
    #expect(result.weights == [[5]])
  }

  /// Flower broadcasts, takes NaN, and takes any number of samples.
  @Test func `what is not finite, too wide or of another shape is refused by every strategy`()
    throws
  {
    for name in Strategy.Name.allCases {
      let strategy = try AggregationTests.example(name)
      for (bad, code) in [
        (LayerDelta.Values.float32([.nan, 0]), "non-finite"),
        (.float32([0, .infinity]), "non-finite"), (.int32([65_536, 0]), "weight-range"),
        (.int32([0, .min]), "weight-range"), (.float32([0, 1e30]), "weight-range"),
        (.float32([0, Float(65_535).nextUp]), "weight-range"),
        (.int16([1]), "shape"),
      ] {
        #expect(Self.code(strategy, bad) == code, "\(name)")
      }
      #expect(Self.code(strategy, .int32([65_535, -65_535])) == nil)
    }
  }

  private static func code(_ strategy: Strategy, _ odd: LayerDelta.Values) -> String? {
    do {
      let entries = (0..<15).map { place in
        UpdateSet.Entry(
          node: "\(place)", facts: UpdateFacts(samples: 2, lossBefore: 1),
          layers: [place == 14 ? odd : .int16([1, 2])])
      }
      let set = try UpdateSet(entries, elementCounts: [2])
      let base = [BaseLayer(weights: [0, 0], bounds: -100...100)]
      let controls = strategy.name == .scaffold ? set : nil
      _ = try Aggregation(strategy).merge(base: base, updates: set, controls: controls)
      return nil
    } catch {
      return error.code
    }
  }

  @Test func `a node that is in the set twice is refused`() {
    let entry = UpdateSet.Entry(
      node: "a", facts: UpdateFacts(samples: 1), layers: [.int16([1])])
    #expect(throws: AggregationError.duplicate(node: "a")) {
      _ = try UpdateSet([entry, entry], elementCounts: [1])
    }
  }
}
