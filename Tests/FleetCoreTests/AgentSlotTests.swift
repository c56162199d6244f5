import FleetCore
import FleetProtocol
import Testing

/// What becomes of a model that an order lets run along, or serve on probation.
@Suite struct AgentSlotTests {
  private let next = FixtureModel.published(counter: 4, seed: 1)
  private var digest: ContentDigest { next.record.digest }

  private static func generation(_ number: UInt64) -> Generation {
    Generation(epoch: 1, number: number)
  }

  private static func tally(
    _ inferences: UInt64, labelled: UInt64 = 0, correct: UInt64 = 0, spikes: UInt64 = 1_000
  ) -> ProbeFigures.Tally {
    ProbeFigures.Tally(
      inferences: inferences, labelled: labelled, correct: correct, spikes: spikes)
  }

  /// A node that serves the fixture's model and is told to probe or shadow the next one.
  private func bench(_ change: (inout WireOrder) -> Void) -> (AgentBench, [AgentDirective]) {
    var bench = AgentBench()
    bench.connect()
    bench.deploy()
    bench.serve(bench.model)
    bench.deploy(next, Self.generation(2), change: change)
    let directives = bench.serve(next)
    return (bench, directives)
  }

  private func probation() -> AgentBench {
    bench { $0.probeInferences = 50 }.0
  }

  // MARK: shadow

  @Test func `a shadow runs along, is reported, and answers nothing`() {
    let (bench, directives) = bench { $0.shadowPerMille = 250 }
    #expect(directives.contains(.shadow(digest, perMille: 250)))
    #expect(!directives.contains(.serve(digest)))
    #expect(directives.observed.map(\.state) == [.shadowing])
    #expect(bench.core.serving == bench.model.record.digest)
    #expect(bench.stored.active?.model == bench.model.record.digest)
    #expect(bench.stored.releaseFloors[next.record.name] == 3)
    let persisted = directives.index { if case .persist = $0 { true } else { false } }
    #expect(persisted < directives.index { $0 == .shadow(digest, perMille: 250) })
  }

  @Test func `after a restart a shadow runs along again, behind what serves`() {
    var (bench, _) = bench { $0.shadowPerMille = 250 }
    #expect(bench.restart().contains(.loadModel(bench.model.record.digest)))
    let served = bench.handle(.modelLoaded(bench.model.record.digest, .ready))
    #expect(served.contains(.serve(bench.model.record.digest)))
    #expect(served.contains(.loadModel(digest)))
    let shadowed = bench.handle(.modelLoaded(digest, .ready))
    #expect(shadowed.contains(.shadow(digest, perMille: 250)))
  }

  @Test func `the next order ends a shadow, whether it names it or what serves`() {
    for (model, serves) in [(next, true), (FixtureModel.published(), false)] {
      var (bench, _) = bench { $0.shadowPerMille = 250 }
      let directives = bench.deploy(model, Self.generation(3))
      #expect(directives.contains(.stopShadow))
      if serves {
        #expect(directives.contains(.loadModel(digest)))
        #expect(bench.handle(.modelLoaded(digest, .ready)).contains(.serve(digest)))
      } else {
        #expect(!directives.contains { if case .serve = $0 { true } else { false } })
        #expect(directives.observed.map(\.state) == [.active])
        #expect(directives.contains(.dropBlob(digest)))
      }
    }
  }

  @Test func `a shadow goes on when a newer order is refused, and the refusal stays told`() {
    var (bench, _) = bench { $0.shadowPerMille = 250 }
    let refused = bench.deploy(next, Self.generation(3)) { $0.nodeID = "other" }
    #expect(refused.observed.map(\.code) == ["node-mismatch"])
    #expect(!refused.contains(.stopShadow))
    #expect(bench.pass(milliseconds: 60_000).allSatisfy { $0 != .loadModel(digest) })
    #expect(bench.stored.observed?.generation == Self.generation(3))
    bench.restart()
    bench.handle(.modelLoaded(bench.model.record.digest, .ready))
    #expect(
      bench.handle(.modelLoaded(digest, .ready)).contains(.shadow(digest, perMille: 250)))
    #expect(bench.stored.observed?.generation == Self.generation(3))
  }

  @Test func `a shadow of what serves is a second one, also after a restart`() {
    var bench = AgentBench()
    bench.connect()
    bench.deploy()
    bench.serve(bench.model)
    let own = bench.model.record.digest
    bench.deploy(bench.model, Self.generation(2)) { $0.shadowPerMille = 500 }
    #expect(bench.serve(bench.model).contains(.shadow(own, perMille: 500)))
    bench.restart()
    let served = bench.handle(.modelLoaded(own, .ready))
    #expect(served.contains(.serve(own)) && served.contains(.loadModel(own)))
    #expect(bench.handle(.modelLoaded(own, .ready)).contains(.shadow(own, perMille: 500)))
  }

  @Test func `a shadow of nothing is refused`() {
    var bench = AgentBench()
    bench.connect()
    let directives = bench.deploy { $0.shadowPerMille = 10 }
    #expect(directives.observed.map(\.code) == ["nothing-serves"])
    let wild = bench.deploy(next, Self.generation(2)) { $0.shadowPerMille = 1_001 }
    #expect(wild.observed.map(\.code) == ["order"])
  }

  @Test func `a shadow that is to be probed is refused`() {
    var bench = AgentBench()
    bench.connect()
    bench.deploy()
    bench.serve(bench.model)
    let directives = bench.deploy(next, Self.generation(2)) { order in
      order.shadowPerMille = 1
      order.probeInferences = 1
    }
    #expect(directives.observed.map(\.code) == ["order"])
    #expect(ServingTerms(askedShadowPerMille: 1, probeInferences: 1) == nil)
  }

  // MARK: probation

  @Test func `a model that stands its probe is kept, and the floor rises only then`() {
    var bench = probation()
    #expect(bench.core.serving == digest)
    #expect(bench.stored.observed?.phase == .probing)
    #expect(bench.stored.previous?.model == bench.model.record.digest)
    #expect(bench.stored.releaseFloors[next.record.name] == 3)
    let kept = bench.handle(
      .probed(
        digest, ProbeFigures(probed: Self.tally(50), before: Self.tally(50))))
    #expect(kept.observed.map(\.state) == [.active])
    #expect(bench.stored.probeStarts == nil)
    #expect(bench.stored.releaseFloors[next.record.name] == 4)
    #expect(bench.stored.previous?.model == bench.model.record.digest)
    // The way back costs no download: the blob of the one before is still there.
    #expect(bench.stored.neededBlobs.contains(bench.model.record.digest))
  }

  @Test(
    arguments: [
      ("silent", tally(50, spikes: 0), tally(200)),
      ("spike-rate", tally(50, spikes: 9_000), tally(50, spikes: 1_000)),
      ("spike-rate", tally(50, spikes: 100), tally(50, spikes: 1_000)),
      (
        "accuracy", tally(200, labelled: 200, correct: 100),
        tally(200, labelled: 200, correct: 180)
      ),
    ])
  func `a model that does not stand its probe gives way to the one before`(
    code: String, probed: ProbeFigures.Tally, before: ProbeFigures.Tally
  ) {
    var bench = probation()
    let good = bench.model.record.digest
    let reverted = bench.handle(
      .probed(digest, ProbeFigures(probed: probed, before: before)))
    #expect(reverted.observed.map(\.state) == [.reverted])
    #expect(reverted.observed.map(\.code) == [code])
    #expect(reverted.contains(.loadModel(good)))
    #expect(bench.handle(.modelLoaded(good, .ready)).contains(.serve(good)))
    #expect(bench.stored.active?.model == good)
    #expect(bench.stored.releaseFloors[next.record.name] == 3)
    // It is not tried again without another order.
    #expect(bench.pass(milliseconds: 60_000).allSatisfy { $0 != .loadModel(digest) })
    bench.restart()
    #expect(bench.core.state.probeStarts == nil)
  }

  @Test func `small samples are no reason to go back`() {
    var bench = probation()
    let figures = ProbeFigures(
      probed: Self.tally(10, labelled: 10, correct: 7),
      before: Self.tally(10, labelled: 10, correct: 10))
    #expect(bench.handle(.probed(digest, figures)).observed.map(\.state) == [.active])
  }

  @Test func `a model with which the agent dies again and again is given up`() {
    var bench = probation()
    let good = bench.model.record.digest
    for start in 2...AgentCore.probeStartsMax {
      bench.restart()
      #expect(bench.stored.probeStarts == start)
      let loaded = bench.handle(.modelLoaded(digest, .ready))
      #expect(loaded.contains(.serve(digest)))
      #expect(loaded.contains(.probe(digest, inferences: 50)))
    }
    bench.restart()
    #expect(bench.stored.observed?.phase == .reverted)
    #expect(bench.stored.observed?.code == "restarts")
    #expect(bench.handle(.modelLoaded(good, .ready)).contains(.serve(good)))
  }

  @Test func `an order during a probe has the last word, and the good model stays the good one`() {
    var bench = probation()
    let third = FixtureModel.published(counter: 5, seed: 2)
    bench.deploy(third, Self.generation(3)) { $0.probeInferences = 20 }
    bench.serve(third)
    #expect(bench.stored.previous?.model == bench.model.record.digest)
    let failed = bench.handle(
      .probed(
        third.record.digest, ProbeFigures(probed: Self.tally(20, spikes: 0), before: .init())))
    #expect(failed.observed.map(\.state) == [.reverted])
    #expect(bench.stored.active?.model == bench.model.record.digest)
    // Back to what is on probation no longer, by the coordinator's own order.
    let again = bench.deploy(bench.model, Self.generation(4))
    #expect(again.observed.isEmpty || again.observed.map(\.state) == [.active])
  }

  @Test func `a model that stood its probe raises no floor over one ordered meanwhile`() {
    var bench = probation()
    let older = FixtureModel.published(counter: 3, seed: 7)
    bench.deploy(older, Self.generation(3))
    let good = ProbeFigures(probed: Self.tally(50), before: Self.tally(50))
    let stood = bench.handle(.probed(digest, good))
    #expect(stood.contains(.probe(digest, inferences: 50)))
    #expect(bench.stored.releaseFloors[next.record.name] == 3)
    #expect(bench.serve(older).observed.map(\.state) == [.active])
    #expect(bench.stored.active?.model == older.record.digest)
    #expect(bench.stored.previous?.model == bench.model.record.digest)
  }

  @Test func `a probe whose end the disk did not take is made again`() {
    var bench = probation()
    let good = ProbeFigures(probed: Self.tally(50), before: Self.tally(50))
    _ = bench.core.handle(.probed(digest, good), at: bench.now)
    bench.core.reload(bench.stored)
    _ = bench.pass(milliseconds: 1)
    let again = bench.pass(milliseconds: 6_000)
    #expect(again.contains(.probe(digest, inferences: 50)))
  }

  @Test func `the slot beside the one that serves counts while it may be needed`() {
    let size = UInt64(AgentBench().model.bytes.count)
    var bench = AgentBench(quota: size * 2 + size / 2)
    bench.connect()
    bench.deploy()
    bench.serve(bench.model)
    bench.deploy(next, Self.generation(2)) { $0.probeInferences = 50 }
    bench.serve(next)
    let third = FixtureModel.published(counter: 5, seed: 2)
    let refused = bench.deploy(third, Self.generation(3))
    #expect(refused.observed.map(\.code) == ["quota"])
    bench.handle(
      .probed(digest, ProbeFigures(probed: Self.tally(50), before: Self.tally(50))))
    let accepted = bench.deploy(third, Self.generation(4))
    #expect(accepted.contains(.dropBlob(bench.model.record.digest)))
    #expect(bench.stored.accepted?.generation == Self.generation(4))
  }
}
