import FleetCore
import FleetProtocol
import Testing

/// What a federation key signed is used only after its weights were held against the publisher's.
@Suite struct SuccessorTests {
  private let next: FixtureModel
  private let generation = Generation(epoch: 1, number: 2)

  init() {
    next = AgentBench().model.successor(bytes: FleetFixture.bytes(70_000, from: [42]))
  }

  private var check: SuccessorCheck {
    SuccessorCheck(
      model: next.record.digest, published: AgentBench().model.record.digest,
      permit: TrainingPermit(blocks: [0, 1], driftMax: 65_535))
  }

  /// A node that serves the published model and is told to run the successor, which is stored.
  private func stored() -> (AgentBench, [AgentDirective]) {
    var bench = AgentBench()
    bench.connect()
    bench.deploy()
    bench.serve(bench.model)
    bench.receive(
      .desiredState(next.desired(AgentBench.node, generation, base: bench.model)))
    let directives = bench.handle(.chunksInspected(next.record.digest, present: nil))
    return (bench, directives)
  }

  @Test func `a successor is compared with the published model before the chip sees it`() {
    var (bench, directives) = stored()
    #expect(directives.contains(.compareSuccessor(check)))
    #expect(!directives.contains(.loadModel(next.record.digest)))
    #expect(bench.handle(.tick).allSatisfy { $0 != .compareSuccessor(check) }, "asked once")
    let loaded = bench.handle(.successorCompared(next.record.digest, .within))
    #expect(loaded.contains(.loadModel(next.record.digest)))
    bench.handle(.modelLoaded(next.record.digest, .ready))
    #expect(bench.stored.active?.model == next.record.digest)
    #expect(
      bench.stored.neededBlobs.contains(bench.model.record.digest),
      "the published model stays, as the next successor needs it")
  }

  @Test func `a successor beyond its permit is refused and never served`() {
    var (bench, _) = stored()
    let directives = bench.handle(
      .successorCompared(next.record.digest, .beyond(detail: "value 3 of block 0 lies too far")))
    #expect(directives.observed.map(\.state) == [.failed])
    #expect(bench.stored.observed?.code == "permit")
    #expect(bench.stored.active?.model == bench.model.record.digest)
    #expect(bench.core.serving == bench.model.record.digest)
    let later = bench.wait(milliseconds: 6_000)
    #expect(!later.contains(.loadModel(next.record.digest)))
  }

  @Test func `a node without the published model fetches it first`() {
    var bench = AgentBench()
    bench.connect()
    bench.receive(
      .desiredState(next.desired(AgentBench.node, generation, base: bench.model)))
    let directives = bench.handle(.chunksInspected(next.record.digest, present: nil))
    let published = bench.model.record.digest
    #expect(
      directives.contains { if case .inspectChunks(published, _, _) = $0 { true } else { false } })
    #expect(!directives.contains(.loadModel(next.record.digest)))
    let compared = bench.handle(.chunksInspected(published, present: nil))
    #expect(compared.contains(.compareSuccessor(check)))
  }

  @Test func `a damaged published model is fetched again, and the comparison repeated`() {
    var (bench, _) = stored()
    let published = bench.model.record.digest
    bench.handle(
      .successorCompared(next.record.digest, .unreadable(published, detail: "damaged")))
    let fetched = bench.pass(milliseconds: 5_001)
    #expect(
      fetched.contains { if case .inspectChunks(published, _, _) = $0 { true } else { false } })
    let compared = bench.handle(.chunksInspected(published, present: nil))
    #expect(compared.contains(.compareSuccessor(check)))
  }

  @Test func `a round trains a successor only within its permit`() {
    var bench = AgentBench()
    bench.connect()
    bench.deploy()
    bench.serve(bench.model)
    bench.receive(.roundOffer(bench.offer(model: next, base: bench.model)))
    let directives = bench.handle(.chunksInspected(next.record.digest, present: nil))
    #expect(directives.contains(.compareSuccessor(check)))
    let isTraining = { (directives: [AgentDirective]) in
      directives.contains { if case .train = $0 { true } else { false } }
    }
    #expect(!isTraining(directives))
    var refused = bench
    let declined = refused.handle(
      .successorCompared(next.record.digest, .beyond(detail: "another structure")))
    #expect(declined.answers.map(\.code) == ["permit"])
    #expect(isTraining(bench.handle(.successorCompared(next.record.digest, .within))))
  }
}
