import Accelerator
import CompiledModel
import Crypto
import Federation
import FleetCore
import FleetProtocol
import NetworkCompiler
import NetworkTraining
import SpikingNetwork
import Testing
import Workbench

@Suite struct ChipRuntimeTests {
  private let published: PublishedModel
  private let digest: ContentDigest
  private let stream: LabelledSamples

  init() throws {
    published = try PublishedModel()
    digest = try #require(ContentDigest(SHA256.hash(data: published.bytes)))
    stream = Self.stream(count: 7, channels: 12)
  }

  private static func stream(count: Int, channels: Int, classes: Int = 3) -> LabelledSamples {
    var samples = LabelledSamples(channels: channels)
    for index in 0..<count {
      samples.append(
        LabelledSample(
          intensities: (0..<channels).map { UInt8(($0 * 37 + index * 91) % 256) },
          label: index % classes, id: 500 + UInt64(index)))
    }
    return samples
  }

  private func runtime() -> ChipRuntime { ChipRuntime(chip: "loihi-learn", stream: stream) }

  private func order(
    round: UInt32 = 1, samples: UInt32 = 20, firstOrdinal: UInt64 = 3
  ) throws -> TrainingOrder {
    TrainingOrder(
      key: RoundKey(job: try #require(Identifier("job")), round: round, attempt: 1), base: digest,
      samples: samples, seed: 11, firstOrdinal: firstOrdinal)
  }

  private func finish(_ runtime: inout ChipRuntime) throws -> FinishedTraining {
    while runtime.trainingKey != nil {
      if let finished = runtime.trainNext() { return finished }
    }
    throw NoOutcome()
  }

  private struct NoOutcome: Error {}

  @Test func `what a taught model is shown first is charged to its training`() throws {
    let chip = try ChipFile.chip(contentsOf: packageFile("fleet-configs/chips/cim-stdp.yaml"))
    let model = try NetworkCompiler.compile(ExampleNetwork.stdp.network(), for: chip).model
    let bytes = model.encoded()
    let digest = try #require(ContentDigest(SHA256.hash(data: bytes)))
    let stream = Self.stream(count: 3, channels: model.inputs)
    var runtime = ChipRuntime(chip: "cim-stdp", stream: stream)
    let outcome = runtime.load(digest, bytes: bytes)
    #expect(outcome == .ready)
    let probe = runtime.window()
    let order = try order(samples: 3, firstOrdinal: 0)
    try runtime.begin(order, base: bytes)
    let finished = try finish(&runtime)
    var alone = Accelerator(model)
    for position in 0..<3 {
      let sample = stream[position]
      _ = alone.learn(
        sample.intensities, sample: sample.id, label: sample.label, seed: order.seed,
        ordinal: UInt64(position))
    }
    #expect(alone.inferenceCounts.contains { $0 > 0 })
    #expect(finished.counts == alone.counts)
    let window = runtime.window()
    #expect(window.learningCounts == alone.counts)
    #expect(window.inferenceCounts == probe.inferenceCounts)
  }

  // MARK: models

  @Test func `what is counted before a model serves has a price too`() throws {
    let prices = wireBytes(published.model.prices.digest)
    var probed = runtime()
    #expect(probed.window().priceDigest.isEmpty)
    _ = probed.load(digest, bytes: published.bytes)
    #expect(probed.window().inferences == 1)
    #expect(probed.window().priceDigest == prices)
    #expect(probed.window().modelDigest.isEmpty)
    var trained = runtime()
    try trained.begin(order(), base: published.bytes)
    _ = trained.trainNext()
    #expect(trained.window().priceDigest == prices)
  }

  @Test func `a loaded model serves the stream in order and starts over at its end`() throws {
    var runtime = runtime()
    #expect(!runtime.isServing)
    let outcome = runtime.load(digest, bytes: published.bytes)
    #expect(outcome == .ready)
    let isServed = runtime.serve(digest)
    #expect(isServed)
    var chip = Accelerator(published.model)
    _ = chip.infer(stream[0].intensities, sample: stream[0].id)
    var hits: UInt64 = 0
    for index in 0..<10 {
      runtime.inferNext()
      let sample = stream[index % stream.count]
      if chip.infer(sample.intensities, sample: sample.id).label == sample.label { hits += 1 }
    }
    let window = runtime.window()
    #expect(window.inferences == 11, "ten and the probe")
    #expect(window.labelled == 10)
    #expect(window.correct == hits)
    #expect(window.recentLabelled == 10)
    #expect(UInt64(window.recentCorrect) == hits)
    #expect(window.inferenceCounts == chip.inferenceCounts)
    #expect(window.learningCounts.allSatisfy { $0 == 0 })
    #expect(window.chipTimeUs == chip.inferencePicoseconds / 1_000_000)
    #expect([UInt8](window.modelDigest) == digest.bytes)
    #expect([UInt8](window.priceDigest) == published.model.prices.digest)
    #expect(window.learningState == "idle")
  }

  @Test func `bytes that are no model are refused`() {
    var runtime = runtime()
    let outcome = runtime.load(digest, bytes: Array(published.bytes.dropLast(50)))
    guard case .refused(let code, let detail) = outcome else {
      Issue.record("a truncated model was taken")
      return
    }
    #expect(code == "model-unreadable")
    #expect(detail.contains("compiled model"))
    let isServed = runtime.serve(digest)
    #expect(!isServed)
  }

  @Test func `a model for another chip or another sensor is refused`() {
    var other = ChipRuntime(chip: "odin", stream: stream)
    let chip = other.load(digest, bytes: published.bytes)
    #expect(
      chip
        == .refused(
          code: "chip", detail: "compiled for `loihi-learn`, this node carries `odin`"))
    var wide = ChipRuntime(chip: "loihi-learn", stream: Self.stream(count: 3, channels: 13))
    let shape = wide.load(digest, bytes: published.bytes)
    #expect(
      shape
        == .refused(
          code: "stream-shape", detail: "model `small` has 12 inputs, the stream 13 channels"))
  }

  @Test func `counters never fall when the model changes, the recent window starts anew`() throws {
    var runtime = runtime()
    _ = runtime.load(digest, bytes: published.bytes)
    _ = runtime.serve(digest)
    for _ in 0..<5 { runtime.inferNext() }
    let before = runtime.window()
    let other = try PublishedModel(weightSeed: 2)
    let second = try #require(ContentDigest(SHA256.hash(data: other.bytes)))
    _ = runtime.load(second, bytes: other.bytes)
    let isServed = runtime.serve(second)
    #expect(isServed)
    let after = runtime.window()
    #expect(after.inferences == before.inferences + 1)
    #expect(zip(before.inferenceCounts, after.inferenceCounts).allSatisfy { $0 <= $1 })
    #expect(after.chipTimeUs >= before.chipTimeUs)
    #expect(after.recentLabelled == 0)
    #expect([UInt8](after.modelDigest) == second.bytes)
  }

  // MARK: training

  @Test func `what is sent and what is left make up what was learnt, to the step`() throws {
    func finished(
      _ compression: UpdateCompression, residual: [UInt8]? = nil
    ) throws -> FinishedTraining {
      var runtime = runtime()
      var order = try order()
      (order.compression, order.compressionSeed) = (compression, 5)
      try runtime.begin(order, base: published.bytes, residual: residual)
      return try finish(&runtime)
    }
    func steps(_ update: [UInt8]) throws -> [[Int32]] {
      try ModelUpdate(reading: update).layers.map { try $0.integerDeltas() }
    }
    let learnt = try steps(try finished(.dense).update)
    let first = try finished(.topK(perMille: 50, bytes: false))
    let left = try #require(first.residual)
    let kept = try UpdateResidual(reading: left.accepted).layers.map { try $0.integerDeltas() }
    let sent = try steps(first.update)
    for layer in learnt.indices {
      #expect(zip(sent[layer], kept[layer]).map { $0 + $1 } == learnt[layer])
      #expect(sent[layer].count { $0 != 0 } <= (learnt[layer].count + 19) / 20)
    }
    #expect(
      try UpdateResidual(reading: left.unused).layers.map { try $0.integerDeltas() } == learnt)
    #expect(first.update.count < 200 + learnt.reduce(0) { $0 + $1.count } / 5)
    // What is left goes into the next update.
    let second = try finished(.dense, residual: left.accepted)
    #expect(second.residual == nil)
    let dense = try finished(.dense).update
    #expect(second.update == dense)
    let third = try finished(.topK(perMille: 1_000, bytes: false), residual: left.accepted)
    let both = try steps(third.update)
    for layer in learnt.indices {
      #expect(zip(learnt[layer], kept[layer]).map { $0 + $1 } == both[layer])
    }
    #expect(
      try finished(.int8).update == (try finished(.int8)).update, "the same seed, the same bytes")
  }

  @Test func `what is left of another model is refused by name`() throws {
    var runtime = runtime()
    let other = UpdateResidual(shape: [LayerShape(layer: 0, count: 3, exponent: 0)])
    for bytes in [other.encoded(), [1, 2, 3]] {
      let refusal = try #require(throws: ChipRefusal.self) {
        try runtime.begin(try order(), base: published.bytes, residual: bytes)
      }
      #expect(refusal.code == ChipRefusal.residualCode)
    }
  }

  @Test func `an update is what the chip learnt from exactly the ordered samples`() throws {
    var runtime = runtime()
    try runtime.begin(try order(), base: published.bytes)
    #expect(runtime.window().learningState == "job/1.1")
    let finished = try finish(&runtime)
    var chip = Accelerator(published.model)
    var position = StreamOrder(count: stream.count)
    var hits: UInt32 = 0
    for ordinal in UInt64(3)..<23 {
      let sample = stream[position.position(of: ordinal)]
      let inference = chip.learn(
        sample.intensities, sample: sample.id, label: sample.label, seed: 11, ordinal: ordinal)
      if inference.label == sample.label { hits += 1 }
    }
    let update = try ModelUpdate(reading: finished.update)
    #expect(update.base == digest.bytes)
    #expect(update.samples == 20)
    #expect(update.correct == hits)
    #expect(update.layers.map { Int($0.layer) } == [0, 1])
    let base = published.model.learnedState
    let deltas = zip(chip.learnedState, base).map { zip($0, $1).map { Int32($0) - Int32($1) } }
    #expect(try update.layers.map { try $0.integerDeltas() } == deltas)
    #expect(deltas.contains { $0.contains { $0 != 0 } })
    #expect(finished.counts == chip.learningCounts)
    #expect(finished.nextOrdinal == 23)
    let window = runtime.window()
    #expect(window.learningSamples == 20)
    #expect(window.learningCorrect == UInt64(hits))
    #expect(window.learningCounts == chip.learningCounts)
    #expect(window.learningState == "idle")
  }

  @Test func `serving meanwhile changes nothing of the update`() throws {
    var quiet = runtime()
    try quiet.begin(try order(), base: published.bytes)
    let alone = try finish(&quiet)
    var busy = runtime()
    _ = busy.load(digest, bytes: published.bytes)
    _ = busy.serve(digest)
    try busy.begin(try order(), base: published.bytes)
    var beside: FinishedTraining?
    while beside == nil {
      busy.inferNext()
      beside = busy.trainNext()
    }
    #expect(beside == alone)
    #expect(busy.window().labelled == 20)
  }

  @Test func `a run given up leaves its counts, and the same order gives the same bytes`() throws {
    var runtime = runtime()
    try runtime.begin(try order(), base: published.bytes)
    for _ in 0..<5 { _ = runtime.trainNext() }
    runtime.stopTraining(try order().key)
    #expect(runtime.trainingKey == nil)
    let charged = runtime.window().learningCounts
    #expect(charged.contains { $0 > 0 })
    try runtime.begin(try order(), base: published.bytes)
    let second = try finish(&runtime)
    var fresh = self.runtime()
    try fresh.begin(try order(), base: published.bytes)
    let repeated = try finish(&fresh)
    #expect(repeated == second)
    #expect(runtime.window().learningSamples == 25)
    #expect(zip(charged, runtime.window().learningCounts).allSatisfy { $0 <= $1 })
  }

  @Test func `runs are trained one after the other in the order they came`() throws {
    var runtime = runtime()
    try runtime.begin(try order(round: 1, samples: 2), base: published.bytes)
    try runtime.begin(try order(round: 2, samples: 2), base: published.bytes)
    for round in UInt32(1)...2 {
      let finished = try finish(&runtime)
      #expect(finished.key.round == round)
    }
    let next = runtime.trainNext()
    #expect(next == nil)
  }

  @Test func `labels that the model does not have are refused before anything is learnt`() throws {
    var runtime = ChipRuntime(
      chip: "loihi-learn", stream: Self.stream(count: 8, channels: 12, classes: 5))
    let error = try #require(throws: ChipRefusal.self) {
      try runtime.begin(try order(), base: published.bytes)
    }
    #expect(error.code == "stream-labels")
    #expect(runtime.trainingKey == nil)
  }

  @Test func `a run of no samples is refused`() throws {
    var runtime = runtime()
    let error = try #require(throws: ChipRefusal.self) {
      try runtime.begin(try order(samples: 0), base: published.bytes)
    }
    #expect(error.code == "samples")
  }
}

@Suite struct StreamOrderTests {
  @Test(arguments: [1, 2, 7, 300])
  func `each epoch shows each sample once`(count: Int) {
    var order = StreamOrder(count: count)
    for epoch in 0..<3 {
      let start = UInt64(epoch * count)
      let positions = (start..<start + UInt64(count)).map { order.position(of: $0) }
      #expect(positions.sorted() == Array(0..<count))
    }
  }

  @Test func `an ordinal names its sample whatever was asked before`() {
    var forward = StreamOrder(count: 50)
    let positions = (0..<150).map { forward.position(of: UInt64($0)) }
    var backward = StreamOrder(count: 50)
    let reversed = (0..<150).reversed().map { backward.position(of: UInt64($0)) }
    #expect(reversed.reversed() == positions)
    #expect(Array(positions[..<50]) != Array(positions[50..<100]))
  }
}

@Suite struct RecentAccuracyTests {
  @Test func `only the last samples count`() {
    var recent = RecentAccuracy(size: 3)
    for isHit in [true, true, false] { recent.add(isHit) }
    #expect((recent.labelled, recent.correct) == (3, 2))
    for isHit in [false, false] { recent.add(isHit) }
    #expect((recent.labelled, recent.correct) == (3, 0))
    recent.add(true)
    #expect((recent.labelled, recent.correct) == (3, 1))
  }
}
