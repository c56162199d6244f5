import CompiledModel
import Crypto
import FleetCore
import FleetProtocol
import FleetSimulation
import SpikingNetwork
import Testing
import Workbench

/// A chip of a rehearsal, which looks its answers up, beside the chips of a node.
@Suite struct TabulatedChipTests {
  private static func stream() -> LabelledSamples {
    var samples = LabelledSamples(channels: 12)
    for index in 0..<23 {
      samples.append(
        LabelledSample(
          intensities: (0..<12).map { UInt8(($0 * 37 + index * 91) % 256) }, label: index % 3,
          id: 500 + UInt64(index)))
    }
    return samples
  }

  private static func table(
    _ model: CompiledModel, _ samples: LabelledSamples, threads: Int
  ) throws -> AnswerTable {
    let shown = try ShownSamples(to: model, samples, threads: threads)
    var table = AnswerTable(joulesPerEvent: shown.joulesPerEvent)
    for answer in shown.answers {
      table.add(
        answer: UInt8(answer.label), counts: answer.counts, picoseconds: answer.picoseconds)
    }
    return table
  }

  private static func digest(_ bytes: [UInt8]) throws -> ContentDigest {
    try #require(ContentDigest(SHA256.hash(data: bytes)))
  }

  /// Both are told the same and count the same, to the last event.
  @Test func `it counts and compares as the chips of a node do`() throws {
    let samples = Self.stream()
    let models = try [PublishedModel().model, PublishedModel(weightSeed: 2).model]
    let digests = try models.map { try Self.digest($0.encoded()) }
    var runtime = ChipRuntime(chip: "loihi-learn", stream: samples)
    var chip = TabulatedChip(
      models: try zip(digests, models).map { digest, model in
        TabulatedChip.Model(
          digest: digest, price: try #require(ContentDigest(model.prices.digest)),
          table: try Self.table(model, samples, threads: 3))
      }, truth: samples.labels, stream: (0..<Int32(samples.count)).map { $0 }, milliRate: 1_000)
    func compare(_ what: String) {
      var expected = runtime.window()
      (expected.recentLabelled, expected.recentCorrect) = (0, 0)
      #expect(chip.window() == expected, "\(what)")
    }
    func infer(_ count: Int, _ what: String) {
      for _ in 0..<count {
        runtime.inferNext()
        chip.inferNext()
      }
      compare(what)
    }
    func load(_ index: Int) {
      let outcomes = [
        runtime.load(digests[index], bytes: models[index].encoded()), chip.load(digests[index]),
      ]
      #expect(outcomes == [.ready, .ready])
    }
    load(0)
    var isDone = runtime.serve(digests[0])
    chip.serve(digests[0])
    infer(9, "the first serves")
    load(1)
    isDone = runtime.shadow(digests[1], perMille: 300) && isDone
    chip.shadow(digests[1], perMille: 300)
    infer(31, "the second runs along")
    runtime.stopShadow()
    chip.stopShadow()
    load(1)
    isDone = runtime.serve(digests[1]) && isDone
    chip.serve(digests[1])
    runtime.probe(digests[1], inferences: 12)
    chip.probe(digests[1], inferences: 12)
    infer(11, "the second is on probation")
    let early = (chip.takeProbe(), runtime.takeProbe())
    #expect(early.0 == nil && early.1 == nil)
    infer(1, "its last inference")
    let ends = (chip.takeProbe(), runtime.takeProbe())
    let (found, expected) = (try #require(ends.0), try #require(ends.1))
    #expect(found.0 == expected.0 && found.1 == expected.1)
    load(0)
    isDone = runtime.shadow(digests[0], perMille: 1_000) && isDone
    chip.shadow(digests[0], perMille: 1_000)
    infer(40, "the first runs along again")
    #expect(isDone)
    #expect(runtime.window().shadow.samples == chip.window().shadow.samples)
    #expect(chip.window().shadow.samples > 40)
  }

  @Test func `threads do not show in what a chip answers`() throws {
    let (samples, model) = (Self.stream(), try PublishedModel().model)
    let one = try Self.table(model, samples, threads: 1)
    #expect(try Self.table(model, samples, threads: 5) == one)
    let evaluation = ChipEvaluation.run(model, on: samples)
    #expect(Int((one.accuracy(on: samples.labels) * 23).rounded()) == evaluation.correct)
    let joules = try model.prices.totalJoules(of: evaluation.counts) / 23
    #expect(abs(one.meanJoules / joules - 1) < 1e-9)
  }

  @Test func `a paced stream brings what its time is worth`() throws {
    let samples = Self.stream()
    let model = try PublishedModel().model
    let digest = try Self.digest(model.encoded())
    var chip = TabulatedChip(
      models: [
        .init(digest: digest, price: digest, table: try Self.table(model, samples, threads: 1))
      ], truth: samples.labels, stream: [0, 1, 2], milliRate: 2_500)
    chip.run(until: Instant(microseconds: 0))
    let outcome = chip.load(digest)
    #expect(outcome == .ready)
    chip.serve(digest)
    for step in 1...100 { chip.run(until: Instant(microseconds: Int64(step) * 70_000)) }
    #expect(chip.streamed == 17)
  }
}
