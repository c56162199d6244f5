import FleetCore
import FleetProtocol
import Testing

/// A slot is a model and what it has learnt on the node: both are kept, and both come back.
@Suite struct AgentLearningTests {
  private let next = FixtureModel.published(counter: 4, seed: 1)

  private static func generation(_ number: UInt64) -> Generation {
    Generation(epoch: 1, number: number)
  }

  private static func learnt(_ text: String, samples: UInt64 = 100) -> LearntState {
    LearntState(digest: FleetFixture.digest(Array(text.utf8)), samples: samples)
  }

  /// A node whose model learns and has told so.
  private func bench(_ learnt: LearntState? = Self.learnt("first")) -> AgentBench {
    var bench = AgentBench()
    bench.connect()
    bench.deploy { $0.learns = true }
    let directives = bench.serve(bench.model)
    #expect(directives.lessons.map(\.?.samples) == [0])
    if let learnt { bench.handle(.learnt(bench.model.record.digest, learnt)) }
    return bench
  }

  @Test func `a model that is to learn is told how far, once it serves`() {
    var bench = AgentBench()
    bench.connect()
    bench.deploy { $0.learns = true }
    let directives = bench.serve(bench.model)
    let digest = bench.model.record.digest
    let lesson = directives.lessons.first ?? nil
    #expect(lesson?.permit == TrainingPermit(blocks: [0, 1], driftMax: 65_535))
    let served = directives.index { $0 == .serve(digest) }
    let told = directives.index { if case .learn = $0 { true } else { false } }
    #expect(served >= 0 && served < told)
  }

  @Test func `learning without the publisher's permit is refused`() {
    let closed = FixtureModel.published { $0.clearPermit() }
    var bench = AgentBench()
    bench.connect()
    let directives = bench.deploy(closed) { $0.learns = true }
    #expect(directives.observed.map(\.code) == ["permit"])
  }

  @Test func `what was learnt is stored, comes back after a restart, and replaces what was`() {
    var bench = bench()
    let first = Self.learnt("first")
    #expect(bench.stored.active?.learnt == first)
    #expect(bench.stored.neededBlobs.contains(first.digest))
    let second = Self.learnt("second", samples: 150)
    let directives = bench.handle(.learnt(bench.model.record.digest, second))
    #expect(directives.contains(.dropBlob(first.digest)))
    #expect(bench.restart().contains(.loadModel(bench.model.record.digest, learnt: second.digest)))
    let served = bench.handle(.modelLoaded(bench.model.record.digest, .ready))
    #expect(served.lessons.map(\.?.samples) == [150])
  }

  @Test func `a promotion of the same model goes on with what it has learnt`() {
    var bench = bench()
    let directives = bench.deploy(bench.model, Self.generation(2)) { order in
      order.learns = true
      order.carryLearning = true
    }
    #expect(directives.observed.map(\.state) == [.active])
    #expect(!directives.contains { if case .serve = $0 { true } else { false } })
    #expect(bench.stored.active?.learnt == Self.learnt("first"))
  }

  @Test func `the same model ordered without carrying begins as it was published`() {
    var bench = bench()
    let digest = bench.model.record.digest
    let directives = bench.deploy(bench.model, Self.generation(2)) { $0.learns = true }
    #expect(directives.contains(.loadModel(digest)))
    let loaded = bench.handle(.modelLoaded(digest, .ready))
    #expect(loaded.contains(.serve(digest)))
    #expect(bench.stored.active?.learnt == nil)
    #expect(loaded.contains(.dropBlob(Self.learnt("first").digest)))
  }

  @Test func `a new model carries what was learnt only when its order says so`() {
    for carries in [true, false] {
      var bench = bench()
      bench.deploy(next, Self.generation(2)) { order in
        order.learns = true
        order.carryLearning = carries
      }
      let learnt = carries ? Self.learnt("first") : nil
      let found = bench.handle(.chunksInspected(next.record.digest, present: nil))
      #expect(found.contains(.loadModel(next.record.digest, learnt: learnt?.digest)))
      bench.handle(.modelLoaded(next.record.digest, .ready))
      #expect(bench.stored.active?.learnt == learnt)
      #expect(bench.stored.previous?.learnt == Self.learnt("first"))
    }
  }

  @Test func `another structure carries nothing`() {
    let other = FixtureModel.published(counter: 4, seed: 1) { manifest in
      manifest.structureDigest = wireBytes([UInt8](repeating: 8, count: 32))
    }
    var bench = bench()
    bench.deploy(other, Self.generation(2)) { $0.carryLearning = true }
    bench.serve(other)
    #expect(bench.stored.active?.model == other.record.digest)
    #expect(bench.stored.active?.learnt == nil)
  }

  @Test func `a model that fails its probe gives way to the one before, with what it had learnt`() {
    var bench = bench()
    let first = Self.learnt("first")
    bench.deploy(next, Self.generation(2)) { order in
      order.probeInferences = 50
      order.learns = true
    }
    #expect(bench.serve(next).lessons.isEmpty, "what is judged keeps still")
    // The chip's last snapshot of the model before arrives when it no longer serves.
    let last = Self.learnt("last", samples: 130)
    bench.handle(.learnt(bench.model.record.digest, last))
    #expect(bench.stored.previous?.learnt == last && first != last)
    let silent = ProbeFigures(
      probed: .init(inferences: 50), before: .init(inferences: 50, spikes: 9))
    let reverted = bench.handle(.probed(next.record.digest, silent))
    #expect(reverted.contains(.loadModel(bench.model.record.digest, learnt: last.digest)))
    let served = bench.handle(.modelLoaded(bench.model.record.digest, .ready))
    #expect(served.lessons.map(\.?.samples) == [130])
  }

  @Test func `an order back finds the slot of the model before as it was left`() {
    var bench = bench()
    bench.deploy(next, Self.generation(2)) { $0.trial = true }
    bench.serve(next)
    let back = bench.deploy(bench.model, Self.generation(3)) { order in
      order.learns = true
      order.carryLearning = true
    }
    let first = Self.learnt("first")
    #expect(back.contains(.loadModel(bench.model.record.digest, learnt: first.digest)))
    bench.handle(.modelLoaded(bench.model.record.digest, .ready))
    #expect(bench.stored.active?.learnt == first)
  }

  @Test func `the slot before makes room for a third model only`() {
    var bench = bench()
    bench.deploy(next, Self.generation(2))
    bench.serve(next)
    bench.deploy(next, Self.generation(3))
    #expect(bench.stored.previous?.model == bench.model.record.digest, "a promotion needs no room")
    bench.deploy(FixtureModel.published(counter: 5, seed: 2), Self.generation(4))
    #expect(bench.stored.previous == nil)
  }

  @Test func `a shadow begins with what it would serve with, and nothing learns meanwhile`() {
    var bench = bench()
    bench.deploy(next, Self.generation(2)) { order in
      order.shadowPerMille = 100
      order.carryLearning = true
    }
    let found = bench.handle(.chunksInspected(next.record.digest, present: nil))
    #expect(
      found.contains(.loadModel(next.record.digest, learnt: Self.learnt("first").digest)))
    let shadowed = bench.handle(.modelLoaded(next.record.digest, .ready))
    #expect(shadowed.contains(.learn(bench.model.record.digest, nil)))
  }

  @Test func `what was learnt and cannot be read is given up, told and forgotten`() {
    var bench = bench()
    let digest = bench.model.record.digest
    bench.restart()
    let lost = bench.handle(.modelLoaded(digest, .learningLost(detail: "a bad sector")))
    #expect(bench.stored.active?.learnt == nil)
    #expect(bench.notices.last?.kind == .learningLost)
    #expect(lost.contains(.loadModel(digest)))
    #expect(bench.handle(.modelLoaded(digest, .ready)).contains(.serve(digest)))
  }

  @Test func `what a model that is gone has learnt is dropped`() {
    var bench = bench()
    let stray = Self.learnt("stray")
    let directives = bench.handle(.learnt(next.record.digest, stray))
    #expect(directives.contains(.dropBlob(stray.digest)))
    #expect(bench.stored.active?.learnt == Self.learnt("first"))
  }
}

extension [AgentDirective] {
  fileprivate var lessons: [ServingLearning?] {
    compactMap { if case .learn(_, let terms) = $0 { .some(terms) } else { nil } }
  }
}
