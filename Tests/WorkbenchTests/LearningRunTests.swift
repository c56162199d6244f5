import CompiledModel
import Crypto
import FleetCore
import FleetProtocol
import SpikingNetwork
import Testing
import Workbench

/// What a node learns under its settings, and that it can be computed again.
@Suite struct LearningRunTests {
  private let published: PublishedModel
  private let digest: ContentDigest

  init() throws {
    published = try PublishedModel()
    digest = try #require(ContentDigest(SHA256.hash(data: published.bytes)))
  }

  private static func stream(_ count: Int = 9) -> NodeStream {
    var samples = LabelledSamples(channels: 12)
    for index in 0..<count {
      samples.append(
        LabelledSample(
          intensities: (0..<12).map { UInt8(($0 * 37 + index * 91) % 256) }, label: index % 3,
          id: 500 + UInt64(index)))
    }
    return NodeStream(samples)
  }

  private func finish(
    _ settings: LearningSettings = LearningSettings(), permit: TrainingPermit? = nil,
    stream: NodeStream = stream(), firstOrdinal: UInt64 = 4
  ) throws -> FinishedTraining {
    var runtime = ChipRuntime(chip: "loihi-learn", stream: stream, settings: settings)
    let job = try #require(Identifier("job"))
    try runtime.begin(
      TrainingOrder(
        key: RoundKey(job: job, round: 1, attempt: 1), base: digest, samples: 12, seed: 5,
        firstOrdinal: firstOrdinal, permit: permit), base: published.bytes)
    while runtime.trainingKey != nil {
      if let finished = runtime.trainNext() { return finished }
    }
    throw NoOutcome()
  }

  private struct NoOutcome: Error {}

  private static let settings: [LearningSettings] = [
    LearningSettings(), LearningSettings(freeze: ["hidden"]), LearningSettings(maxDrift: 100),
    LearningSettings(rehearsal: .init(samples: 6, share: 1.5)),
  ]

  @Test(arguments: settings)
  func `a run is computed again from its record`(settings: LearningSettings) throws {
    let permit = TrainingPermit(
      blocks: published.model.learnedBlocks.map(\.number), driftMax: 65_535)
    let record = try finish(settings, permit: permit).record
    #expect(try record.replayed(published.bytes, stream: Self.stream()) == record)
  }

  @Test func `a record that JSON cannot hold is reported`() throws {
    var record = try finish().record
    #expect(try record.encoded().last == 0x0A)
    record.settings.rehearsal = .init(samples: 1, share: .nan)
    let broken = record
    let error = #expect(throws: ConfigurationError.self) { try broken.encoded() }
    #expect(error?.file == "record of \(broken.round)" && error?.key == "settings")
  }

  @Test func `settings change what is learnt`() throws {
    let states = try Self.settings.map { try finish($0).record.learnedState }
    #expect(Set(states).count == states.count)
  }

  @Test func `another stream, seed or model does not pass for the recorded one`() throws {
    let record = try finish().record
    let stream = #expect(throws: ConfigurationError.self) {
      try record.replayed(published.bytes, stream: Self.stream(8))
    }
    #expect(stream?.key == "stream")
    let other = try PublishedModel(weightSeed: 2).bytes
    let model = #expect(throws: ConfigurationError.self) {
      try record.replayed(other, stream: Self.stream())
    }
    #expect(model?.key == "model")
    var seeded = record
    seeded.seed += 1
    let replayed = try seeded.replayed(published.bytes, stream: Self.stream())
    #expect(replayed.learnedState != record.learnedState)
  }

  @Test func `a permit freezes what it does not name and bounds the rest`() throws {
    let blocks = published.model.learnedBlocks
    let first = try #require(blocks.first)
    let permit = TrainingPermit(blocks: [first.number], driftMax: 64)
    let record = try finish(permit: permit).record
    #expect(record.learnedState != LearningRecord.digest(of: published.model.learnedState))
    let free = try finish(LearningSettings(freeze: ["output"], maxDrift: 64)).record
    #expect(record.learnedState == free.learnedState)
  }

  @Test func `nothing left to learn and unknown layers are refused by name`() throws {
    let all = #expect(throws: ChipRefusal.self) {
      try finish(LearningSettings(freeze: ["hidden", "output"]))
    }
    #expect(all?.detail.contains("every layer that learns") == true)
    let unknown = #expect(throws: ChipRefusal.self) {
      try finish(LearningSettings(freeze: ["middle"]))
    }
    #expect(unknown?.detail.contains("no layer `middle`") == true)
  }

  @Test func `samples without a label are shown but not learnt`() throws {
    let samples = Self.stream().samples
    let none = try StreamEvents(
      parsing: "sample,kind,value\n", file: "events.csv", count: samples.count)
    let finished = try finish(stream: NodeStream(samples, events: none))
    #expect(
      finished.record.learnedState == LearningRecord.digest(of: published.model.learnedState))
    #expect(finished.correct == 0 && finished.samples == 12)
  }
}

@Suite struct RehearsalBufferTests {
  private func buffer(_ count: UInt64, share: Double = 2) -> RehearsalBuffer {
    var buffer = RehearsalBuffer(.init(samples: 9, share: share), classes: 3, seed: 1)
    for ordinal in 0..<count {
      buffer.take(Int(ordinal), label: ordinal % 5 == 0 ? 1 : 0, ordinal: ordinal)
    }
    return buffer
  }

  @Test func `classes share the buffer evenly, however often they come`() {
    let positions = buffer(200).positions
    #expect(positions.count == 6)
    #expect(positions.count { $0 % 5 == 0 } == 3)
    #expect(Set(positions).count == 6)
    #expect(positions.contains { $0 > 100 })
  }

  @Test func `a share of samples follows each new one`() {
    let counts = (0..<8).map { buffer(50, share: 1.5).rehearsed(after: $0).count }
    #expect(counts == [1, 2, 1, 2, 1, 2, 1, 2])
    #expect(RehearsalBuffer(.init(samples: 9), classes: 3, seed: 1).rehearsed(after: 0) == [])
  }

  @Test func `the same seed and ordinals keep and rehearse the same`() {
    #expect(buffer(120).positions == buffer(120).positions)
    #expect(buffer(120).rehearsed(after: 7) == buffer(120).rehearsed(after: 7))
    #expect(buffer(120).rehearsed(after: 7) != buffer(120).rehearsed(after: 8))
  }
}
