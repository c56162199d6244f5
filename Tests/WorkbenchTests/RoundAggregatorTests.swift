import CompiledModel
import Federation
import FleetCore
import FleetProtocol
import Testing
import Workbench

/// A sealed set becomes one signed model: the same bytes every time, within the publisher's permit.
@Suite struct RoundAggregatorTests {
  private let published: PublishedModel
  private let aggregator: RoundAggregator

  init() throws {
    published = try PublishedModel()
    aggregator = RoundAggregator(federationKeys: [published.federation])
  }

  private func update(_ delta: Int32, samples: UInt32, base: ContentDigest) -> [UInt8] {
    ModelUpdate(
      base: base.bytes, samples: samples, correct: 0,
      layers: UpdateDoor.shape(of: published.model).map { shape in
        LayerDelta(
          layer: shape.layer, exponent: shape.exponent,
          deltas: [Int32](repeating: delta, count: shape.count))
      }
    ).encoded()
  }

  private func successor(
    maxDrift: UInt32 = 65_535, _ updates: [(delta: Int32, samples: UInt32)],
    strategy: Strategy = .fedAvg, state: [UInt8]? = nil, privacy: PrivacyOrder? = nil,
    at now: Int64 = 2_000_000
  ) throws -> RoundAggregator.Successor {
    let base = try published.record(published.manifest(maxDrift: maxDrift)).digest
    return try successor(
      maxDrift: maxDrift, samples: updates.map(\.samples),
      updates.map { update($0.delta, samples: $0.samples, base: base) }, strategy: strategy,
      state: state, privacy: privacy, at: now)
  }

  private func successor(
    maxDrift: UInt32 = 65_535, samples: [UInt32], _ updates: [[UInt8]],
    strategy: Strategy = .fedAvg, state: [UInt8]? = nil, privacy: PrivacyOrder? = nil,
    at now: Int64 = 2_000_000
  ) throws -> RoundAggregator.Successor {
    let manifest = published.manifest(maxDrift: maxDrift)
    let base = try published.record(manifest)
    let job = try #require(Identifier("learn"))
    let order = AggregationOrder(
      key: RoundKey(job: job, round: 1, attempt: 1), sealedHash: base.digest, base: base,
      published: base.digest,
      updates: try samples.enumerated().map { index, samples in
        SealedEntry(
          node: try #require(Identifier("node-\(index)")), digest: base.digest, samples: samples)
      }, strategy: strategy, privacy: privacy)
    return try aggregator.aggregate(
      order, base: published.bytes, published: (manifest, published.bytes),
      updates: updates.map { UpdateBytes($0) }, state: state, at: Instant(microseconds: now))
  }

  @Test func `a private sum is cut, noised by its key alone, and over the size aimed at`() throws {
    let uniform = try Strategy(.fedAvg, weighting: .uniform)
    let updates = [(delta: Int32(3_000), samples: UInt32(1)), (delta: 5, samples: 9)]
    let values = published.model.learnedState.map(\.count).reduce(0, +)
    func merged(_ key: UInt8, clip: UInt32 = 100) throws -> RoundAggregator.Successor {
      let seal = try #require(ContentDigest([UInt8](repeating: 9, count: 32)))
      return try successor(
        updates, strategy: uniform,
        privacy: PrivacyOrder(
          clip: clip, noiseMilli: 500, expected: 4, key: [UInt8](repeating: key, count: 32),
          seal: seal))
    }
    let first = try merged(1)
    #expect(try merged(1).bytes == first.bytes, "again after a crash, at another instant")
    #expect(try merged(2).bytes != first.bytes)
    let manifest = try published.root.successorManifest(first.record.manifest)
    #expect([UInt8](manifest.provenance.sealedDigest) == [UInt8](repeating: 9, count: 32))
    // Two updates of norm 100 at most, and noise of deviation 50, over 4.
    let moved = zip(first.model.learnedState.joined(), published.model.learnedState.joined())
      .map { Double($0) - Double($1) }
    let deviation = (moved.reduce(0) { $0 + $1 * $1 } / Double(values)).squareRoot()
    #expect(deviation > 10 && deviation < 16)
  }

  @Test func `the mean is weighted by samples and keeps the structure`() throws {
    let merged = try successor([(delta: 10, samples: 100), (delta: 40, samples: 300)])
    let bounds = published.model.learnedBlocks.map(\.bounds)
    for layer in published.model.learnedState.indices {
      let expected = published.model.learnedState[layer].map { weight in
        let sum = Int32(weight) + Int32((10.0 * 100 + 40 * 300) / 400 + 0.25)
        return Int16(
          clamping: min(max(sum, Int32(bounds[layer].lowerBound)), Int32(bounds[layer].upperBound)))
      }
      let found = merged.model.learnedState[layer]
      #expect(zip(found, expected).allSatisfy { abs(Int32($0) - Int32($1)) <= 1 })
    }
    #expect(merged.model.structureDigest == published.model.structureDigest)
  }

  @Test func `fractions beside compressed layers are merged like any others`() throws {
    let shapes = UpdateDoor.shape(of: published.model)
    let base = try published.record(published.manifest(maxDrift: 65_535)).digest
    func update(_ last: (Int) -> LayerDelta.Values) -> [UInt8] {
      let values = shapes.enumerated().map { place, shape in
        place == shapes.count - 1
          ? last(shape.count) : .float32([Float](repeating: 2, count: shape.count))
      }
      return ModelUpdate(
        base: base.bytes, samples: 3, correct: 0,
        layers: zip(shapes, values).map {
          LayerDelta(layer: $0.layer, exponent: $0.exponent, values: $1)
        }
      ).encoded()
    }
    let mixed = update { .int8(scale: 2, [Int8](repeating: 1, count: $0)) }
    let dense = update { .int32([Int32](repeating: 2, count: $0)) }
    #expect(mixed[4] == 2 && dense[4] == 1)
    #expect(shapes.count > 1)
    let merged = try successor(samples: [3], [mixed])
    #expect(merged.model.learnedState == (try successor(samples: [3], [dense])).model.learnedState)
    #expect(merged.model.learnedState != published.model.learnedState)
  }

  @Test func `what a strategy keeps changes the next step, and is read back exactly`() throws {
    let strategy = try Strategy(.fedAvgM, ["momentum": 0.5])
    let first = try successor(
      [(delta: 64, samples: 5), (delta: 64, samples: 7)], strategy: strategy)
    let state = try #require(first.serverState)
    let second = try successor(
      [(delta: 64, samples: 5), (delta: 64, samples: 7)], strategy: strategy, state: state)
    let weights = published.model.learnedState[0]
    let bounds = published.model.learnedBlocks[0].bounds
    for (steps, merged) in [(64, first), (96, second)] {
      let expected = weights.map { Int16(min(Int32($0) + Int32(steps), Int32(bounds.upperBound))) }
      #expect(merged.model.learnedState[0] == expected)
    }
    let plain = try successor([(delta: 64, samples: 5)])
    #expect(plain.serverState == nil && plain.leftOut.isEmpty)
  }

  @Test func `an update that lies far off counts for nothing under Krum, and is named`() throws {
    let updates: [(delta: Int32, samples: UInt32)] = [
      (10, 5), (11, 5), (10, 5), (9_000, 5), (9, 5),
    ]
    let merged = try successor(
      updates, strategy: try Strategy(.multiKrum, ["byzantine": 1, "selected": 3]))
    #expect(merged.leftOut.contains { $0.text == "node-3" })
    #expect(merged.leftOut.count == 2)
    let moved = zip(merged.model.learnedState[0], published.model.learnedState[0])
      .map { Int32($0) - Int32($1) }
    #expect(moved.allSatisfy { (0...11).contains($0) })
  }

  @Test func `the same set gives the same bytes whenever it is merged`() throws {
    let first = try successor([(delta: 3, samples: 5), (delta: -9, samples: 7)])
    let second = try successor([(delta: 3, samples: 5), (delta: -9, samples: 7)], at: 3_000_000)
    #expect(first.bytes == second.bytes)
    #expect(first.record.manifest == second.record.manifest)
  }

  @Test func `a successor is signed by the federation key and names where it comes from`() throws {
    let merged = try successor([(delta: 1, samples: 1)])
    let manifest = try published.root.successorManifest(merged.record.manifest)
    #expect(throws: TrustError.self) {
      _ = try published.root.publishedManifest(merged.record.manifest)
    }
    #expect(manifest.releaseCounter == 3)
    #expect(manifest.provenance.round.job == "learn")
    #expect(manifest.expiresUs == 8_000_000)
    #expect(merged.record.published?.bytes == [UInt8](manifest.provenance.publishedDigest))
    #expect(try CompiledModel(reading: merged.bytes) == merged.model)
  }

  @Test func `no weight drifts further than the publisher permits`() throws {
    let merged = try successor(maxDrift: 4, [(delta: 200, samples: 1)])
    for (found, origin) in zip(merged.model.learnedState, published.model.learnedState) {
      #expect(zip(found, origin).allSatisfy { abs(Int32($0) - Int32($1)) <= 4 })
    }
  }
}
