import Accelerator
import CompiledModel
import Crypto
import FleetCore
import FleetProtocol
import SpikingNetwork
import Testing
import Workbench

/// A model that runs beside the one that serves, and one that serves on probation.
@Suite struct ChipSlotTests {
  private let first: CompiledModel
  private let second: CompiledModel
  private let stream: LabelledSamples

  init() throws {
    first = try PublishedModel().model
    second = try PublishedModel(weightSeed: 2).model
    var samples = LabelledSamples(channels: 12)
    for index in 0..<7 {
      samples.append(
        LabelledSample(
          intensities: (0..<12).map { UInt8(($0 * 37 + index * 91) % 256) }, label: index % 3,
          id: 500 + UInt64(index)))
    }
    stream = samples
  }

  private static func digest(_ model: CompiledModel) throws -> ContentDigest {
    try #require(ContentDigest(SHA256.hash(data: model.encoded())))
  }

  /// A node that serves the first model.
  private func serving() throws -> ChipRuntime {
    var runtime = ChipRuntime(chip: "loihi-learn", stream: stream)
    #expect(try runtime.load(Self.digest(first), bytes: first.encoded()) == .ready)
    #expect(try runtime.serve(Self.digest(first)))
    return runtime
  }

  private func shadowing(_ model: CompiledModel, perMille: UInt32) throws -> ChipRuntime {
    var runtime = try serving()
    #expect(try runtime.load(Self.digest(model), bytes: model.encoded()) == .ready)
    #expect(try runtime.shadow(Self.digest(model), perMille: perMille))
    return runtime
  }

  @Test func `a model beside itself agrees in everything and answers nothing`() throws {
    var runtime = try shadowing(first, perMille: 1_000)
    let before = runtime.window()
    for _ in 0..<14 { runtime.inferNext() }
    let window = runtime.window()
    #expect(window.inferences - before.inferences == 14)
    #expect(window.labelled - before.labelled == 14)
    #expect(window.shadow.samples == 14 && window.shadow.labelled == 14)
    #expect(window.shadow.disagreements == 0)
    #expect(window.shadow.onlyServing == 0 && window.shadow.onlyShadow == 0)
    #expect(window.shadow.servingCounts == window.shadow.shadowCounts)
    #expect(window.shadow.servingTimeUs == window.shadow.shadowTimeUs)
    #expect(window.shadow.servingCounts.contains { $0 > 0 })
    // What both burnt is on the node's account.
    let burnt = zip(window.inferenceCounts, before.inferenceCounts).map { $0 - $1 }
    let both = zip(window.shadow.servingCounts, window.shadow.shadowCounts).map { $0 + $1 }
    #expect(burnt == both)
  }

  /// One sample of seven has a label: it is counted each time that the stream comes past it.
  @Test func `a change of models loses no sample of the stream and shows none twice`() throws {
    var events = StreamEvents(of: stream)
    for place in 0..<stream.count where place != 4 { events.labels[place] = nil }
    var runtime = ChipRuntime(
      chip: "loihi-learn", stream: NodeStream(stream, events: events))
    let models = try [first, second].map { (try Self.digest($0), $0.encoded()) }
    var (answered, loads) = (UInt64(0), UInt64(0))
    func load(_ index: Int) {
      let outcome = runtime.load(models[index].0, bytes: models[index].1)
      #expect(outcome == .ready)
      loads += 1
    }
    func infer(_ count: Int) {
      for _ in 0..<count {
        runtime.inferNext()
        answered += 1
        let window = runtime.window()
        #expect(window.inferences == answered + loads)
        #expect(window.labelled == (answered + 2) / 7)
      }
    }
    load(0)
    var isTaken = runtime.serve(models[0].0)
    for round in 1...12 {
      infer(round)
      load(round % 2)
      if round % 3 == 0 {
        isTaken = runtime.shadow(models[round % 2].0, perMille: 500) && isTaken
        infer(3)
        runtime.stopShadow()
        load(round % 2)
      }
      isTaken = runtime.serve(models[round % 2].0) && isTaken
      runtime.probe(models[round % 2].0, inferences: 2)
    }
    #expect(isTaken && answered == 90)
  }

  @Test func `another model is held against the one that serves, sample by sample`() throws {
    var runtime = try shadowing(second, perMille: 1_000)
    for _ in 0..<7 { runtime.inferNext() }
    let tally = runtime.window().shadow
    var (one, other) = (Accelerator(first), Accelerator(second))
    var (differ, onlyOne, onlyOther) = (UInt64(0), UInt64(0), UInt64(0))
    for position in 0..<7 {
      let sample = stream[position]
      let a = one.infer(sample.intensities, sample: sample.id).label
      let b = other.infer(sample.intensities, sample: sample.id).label
      differ += a == b ? 0 : 1
      onlyOne += a == sample.label && b != sample.label ? 1 : 0
      onlyOther += b == sample.label && a != sample.label ? 1 : 0
    }
    #expect(differ > 0)
    #expect(tally.disagreements == differ)
    #expect(tally.onlyServing == onlyOne && tally.onlyShadow == onlyOther)
    #expect(tally.servingCounts == one.inferenceCounts)
    #expect(tally.shadowCounts == other.inferenceCounts)
    #expect(try tally.modelDigest == wireBytes(Self.digest(second).bytes))
  }

  @Test func `a share of the samples is spread evenly, and counters survive the shadow`() throws {
    var runtime = try shadowing(second, perMille: 250)
    var taken: [UInt64] = []
    for _ in 0..<16 {
      runtime.inferNext()
      taken.append(runtime.window().shadow.samples)
    }
    #expect(taken == [0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4])
    let last = runtime.window()
    runtime.stopShadow()
    var rest = runtime.window().shadow
    #expect(rest.modelDigest.isEmpty)
    rest.modelDigest = last.shadow.modelDigest
    #expect(rest == last.shadow)
    #expect(runtime.window().inferenceCounts == last.inferenceCounts)
    #expect(try runtime.load(Self.digest(first), bytes: first.encoded()) == .ready)
    #expect(try runtime.shadow(Self.digest(first), perMille: 1_000))
    runtime.inferNext()
    #expect(runtime.window().shadow.samples == 5)
    #expect(try !runtime.shadow(Self.digest(second), perMille: 1_000))
  }

  @Test func `a probe counts the new model's inferences beside those of the one before`() throws {
    var runtime = try serving()
    for _ in 0..<10 { runtime.inferNext() }
    let before = runtime.window()
    #expect(try runtime.load(Self.digest(second), bytes: second.encoded()) == .ready)
    #expect(try runtime.serve(Self.digest(second)))
    try runtime.probe(Self.digest(second), inferences: 6)
    for _ in 0..<5 {
      runtime.inferNext()
      let early = runtime.takeProbe()
      #expect(early == nil)
    }
    runtime.inferNext()
    let probed = runtime.takeProbe()
    let (digest, figures) = try #require(probed)
    #expect(try digest == Self.digest(second))
    #expect(figures.before.inferences == 10 && figures.before.labelled == 10)
    #expect(figures.before.correct == before.correct)
    #expect(figures.probed.inferences == 6 && figures.probed.labelled == 6)
    #expect(figures.probed.correct == runtime.window().correct - before.correct)
    #expect(figures.before.spikes > 0)
    let again = runtime.takeProbe()
    #expect(again == nil)
  }
}
