import Accelerator
import CompiledModel
import Crypto
import FleetCore
import FleetProtocol
import SpikingNetwork
import Testing
import Workbench

/// A model that learns while it serves, what it keeps of it, and what it costs.
@Suite struct ServingLearnerTests {
  private let model: CompiledModel
  private let bytes: [UInt8]
  private let digest: ContentDigest
  private let stream: LabelledSamples
  private static let seed: UInt64 = 99

  init() throws {
    let published = try PublishedModel()
    (model, bytes) = (published.model, published.bytes)
    digest = try #require(ContentDigest(SHA256.hash(data: bytes)))
    var samples = LabelledSamples(channels: 12)
    for index in 0..<7 {
      samples.append(
        LabelledSample(
          intensities: (0..<12).map { UInt8(($0 * 37 + index * 91) % 256) }, label: index % 3,
          id: 500 + UInt64(index)))
    }
    stream = samples
  }

  private func terms(driftMax: UInt32 = 65_535, samples: UInt64 = 0) -> ServingLearning {
    ServingLearning(
      permit: TrainingPermit(blocks: model.learnedBlocks.map(\.number), driftMax: driftMax),
      seed: Self.seed, samples: samples)
  }

  /// A node whose model learns while it serves.
  private func learning(
    driftMax: UInt32 = 65_535, learnt: [UInt8]? = nil, samples: UInt64 = 0
  ) throws -> ChipRuntime {
    var runtime = ChipRuntime(chip: "loihi-learn", stream: stream)
    let outcome = runtime.load(digest, bytes: bytes, learnt: learnt)
    let serves = runtime.serve(digest)
    #expect(outcome == .ready && serves)
    try runtime.learn(digest, terms(driftMax: driftMax, samples: samples))
    return runtime
  }

  private func state(_ runtime: ChipRuntime) throws -> [[Int16]] {
    let learnt = try #require(runtime.servingLearnt())
    return try #require(LearntBlob.state(learnt.bytes, of: model))
  }

  @Test func `it answers before it learns, and learns what the chip at the desk does`() throws {
    var runtime = try learning()
    for _ in 0..<10 { runtime.inferNext() }
    var desk = Accelerator(model)
    var correct: UInt64 = 0
    for ordinal in 0..<10 {
      let sample = stream[ordinal % 7]
      let answer = desk.learn(
        sample.intensities, sample: sample.id, label: sample.label, seed: Self.seed,
        ordinal: UInt64(ordinal))
      if answer.label == sample.label { correct += 1 }
    }
    #expect(try state(runtime) == desk.learnedState)
    #expect(desk.learnedState != model.learnedState)
    let window = runtime.window()
    #expect(window.learningSamples == 10 && window.learningCorrect == correct)
    #expect(window.labelled == 10 && window.correct == correct)
    #expect(window.learningState == LearningState.serving)
    #expect(window.learningCounts == desk.learningCounts)
  }

  @Test func `what was learnt goes on where it was left, to the bit`() throws {
    var whole = try learning()
    for _ in 0..<14 { whole.inferNext() }
    var first = try learning()
    for _ in 0..<7 { first.inferNext() }
    let learnt = try #require(first.servingLearnt())
    #expect(learnt.samples == 7 && learnt.model == digest)
    var second = try learning(learnt: learnt.bytes, samples: 7)
    for _ in 0..<7 { second.inferNext() }
    #expect(try state(second) == state(whole))
  }

  @Test func `drift is counted from the published weights, however often the model was loaded`()
    throws
  {
    var (learnt, samples) = ([UInt8]?.none, UInt64(0))
    for _ in 0..<6 {
      var runtime = try learning(driftMax: 600, learnt: learnt, samples: samples)
      for _ in 0..<21 { runtime.inferNext() }
      let next = try #require(runtime.servingLearnt())
      (learnt, samples) = (next.bytes, next.samples)
    }
    let last = try #require(learnt)
    let state = try #require(LearntBlob.state(last, of: model))
    for (block, values) in zip(model.learnedBlocks, zip(state, model.learnedState)) {
      guard case .weights = block.kind else { continue }
      let farthest = zip(values.0, values.1).map { abs(Int32($0) - Int32($1)) }.max() ?? 0
      #expect(farthest <= 600)
      #expect(farthest > 300, "the limit is met")
    }
  }

  @Test func `bytes that the model cannot have learnt are not loaded`() throws {
    var runtime = ChipRuntime(chip: "loihi-learn", stream: stream)
    let right = LearntBlob.bytes(of: model.learnedState)
    #expect(LearntBlob.state(right, of: model) == model.learnedState)
    for wrong in [[], Array(right.dropLast(2)), right + [0, 0]] {
      let outcome = runtime.load(digest, bytes: bytes, learnt: wrong)
      guard case .learningLost = outcome else {
        Issue.record("\(wrong.count) bytes were taken for \(right.count)")
        continue
      }
    }
  }

  @Test func `at a pace without learning nothing changes, in rounds neither`() throws {
    var runtime = try learning()
    for _ in 0..<3 { runtime.inferNext() }
    let before = try state(runtime)
    runtime.pace(learns: false)
    let job = try #require(Identifier("job"))
    try runtime.begin(
      TrainingOrder(
        key: RoundKey(job: job, round: 1, attempt: 1), base: digest, samples: 5, seed: 5,
        firstOrdinal: 0), base: bytes)
    #expect(runtime.trainingKey == nil)
    for _ in 0..<3 { runtime.inferNext() }
    #expect(try state(runtime) == before)
    #expect(runtime.window().inferences == 7 && runtime.window().learningSamples == 3)
    runtime.pace(learns: true)
    #expect(runtime.trainingKey != nil)
  }

  @Test func `a model that ceases to learn keeps what it has learnt`() throws {
    var runtime = try learning()
    for _ in 0..<5 { runtime.inferNext() }
    let learnt = try state(runtime)
    try runtime.learn(digest, nil)
    #expect(runtime.servingLearnt() == nil)
    try runtime.learn(digest, terms(samples: 5))
    #expect(try state(runtime) == learnt)
  }

  @Test func `energy is what the price table says of all counts, over swaps and runs`() throws {
    var runtime = try learning()
    for _ in 0..<5 { runtime.inferNext() }
    let first = runtime.energy()
    let window = runtime.window()
    #expect(first.learningNanojoules == model.prices.nanojoules(of: window.learningCounts))
    #expect(first.inferenceNanojoules == model.prices.nanojoules(of: window.inferenceCounts))
    let other = try PublishedModel(weightSeed: 2).model
    let second = try #require(ContentDigest(SHA256.hash(data: other.encoded())))
    let outcome = runtime.load(second, bytes: other.encoded())
    let serves = runtime.serve(second)
    #expect(outcome == .ready && serves)
    for _ in 0..<4 { runtime.inferNext() }
    let energy = runtime.energy()
    let joules = try model.prices.joules(of: runtime.window().inferenceCounts).values.reduce(0, +)
    #expect(energy.learningNanojoules == first.learningNanojoules)
    #expect(
      abs(Double(energy.inferenceNanojoules) - joules * 1e9) <= 4, "each chip is cut to whole")
  }

  @Test func `a forecast is the mean of what the chip counts on the samples`() throws {
    let forecast = try #require(EnergyForecast.nanojoulesPerInference(of: model, on: stream))
    var chip = Accelerator(model)
    for index in 0..<7 { _ = chip.infer(stream[index].intensities, sample: stream[index].id) }
    #expect(forecast == model.prices.nanojoules(of: chip.inferenceCounts) / 7)
    #expect(
      EnergyForecast.nanojoulesPerInference(of: model, on: LabelledSamples(channels: 12)) == nil)
    var other = LabelledSamples(channels: 3)
    other.append(LabelledSample(intensities: [1, 2, 3], label: 0, id: 1))
    #expect(EnergyForecast.nanojoulesPerInference(of: model, on: other) == nil)
  }
}
