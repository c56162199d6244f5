import Federation
import FleetCore
import FleetProtocol
import Testing

/// Layers that stay on a node go on from what counted, and no word of them is asked for.
@Suite struct LocalLayerTests {
  private let learnt = FleetFixture.digest([1])
  private let later = FleetFixture.digest([2])

  private func offer(_ bench: AgentBench, _ round: UInt32 = 1) -> Message {
    var offer = bench.offer(AgentBench.key(round))
    offer.localLayers = ["hidden", "output"]
    return .roundOffer(offer)
  }

  private func result(_ learnt: ContentDigest) -> TrainingResult {
    var result = AgentBench.result("update")
    result.localLayers = learnt
    return result
  }

  /// An agent that has trained its first round of a job with layers of its own.
  private func trained() -> AgentBench {
    var bench = AgentBench()
    bench.connect()
    bench.deploy()
    bench.serve(bench.model)
    let orders = bench.receive(offer(bench)).trainings
    #expect(orders.map(\.localLayers) == [["hidden", "output"]])
    #expect(orders.map(\.localState) == [nil])
    bench.handle(.chunksInspected(bench.model.record.digest, present: nil))
    bench.handle(.trained(AgentBench.key(), result(learnt), nextOrdinal: 50))
    return bench
  }

  @Test(arguments: [WireVerdict.acknowledged, .refused, .late, .gone])
  func `what was learnt is taken up with the acknowledgement, in one transaction`(
    verdict: WireVerdict
  ) {
    var bench = trained()
    #expect(bench.stored.neededBlobs.contains(learnt))
    #expect(bench.receive(offer(bench, 2)).trainings.isEmpty, "the next round waits")
    let directives = bench.receive(AgentBench.verdict(AgentBench.key(), verdict))
    let counts = verdict == .acknowledged
    let transactions = directives.compactMap { directive -> [AgentChange]? in
      if case .persist(let changes) = directive { changes } else { nil }
    }
    var expected: [AgentChange] = [.roundClosed(AgentBench.key())]
    if counts { expected.append(.localLayersKept(AgentBench.job, learnt)) }
    #expect(transactions.contains(expected))
    #expect(directives.contains(.dropBlob(learnt)) == !counts)
    #expect(directives.trainings.map(\.localState) == [counts ? learnt : nil])
    bench.restart()
    let again = bench.handle(.chunksInspected(bench.model.record.digest, present: nil)).trainings
    #expect(again.map(\.localState) == [counts ? learnt : nil], "after a kill the same again")
  }

  @Test func `the next round's layers take the place of the last one's`() {
    var bench = trained()
    bench.receive(AgentBench.verdict(AgentBench.key(), .acknowledged))
    bench.receive(offer(bench, 2))
    bench.handle(.trained(AgentBench.key(2), result(later), nextOrdinal: 100))
    let directives = bench.receive(AgentBench.verdict(AgentBench.key(2), .acknowledged))
    #expect(directives.contains(.dropBlob(learnt)) && !directives.contains(.dropBlob(later)))
    #expect(bench.stored.localLayers == [JobLocalLayers(job: AgentBench.job, digest: later)])
  }

  @Test func `layers that do not fit any more begin again, and somebody is told`() {
    var bench = trained()
    bench.receive(AgentBench.verdict(AgentBench.key(), .acknowledged))
    bench.receive(offer(bench, 2))
    let directives = bench.handle(.localLayersLost(AgentBench.key(2), detail: "another shape"))
    #expect(directives.trainings.map(\.localState) == [nil])
    #expect(directives.contains(.dropBlob(learnt)))
    #expect(bench.notices.last?.kind == .learningLost)
    #expect(bench.stored.localLayers.isEmpty)
  }

  @Test func `an offer past the limits is declined`() {
    let many = (0...JobLocalLayers.layersMax).map { "layer-\($0 + 1_000)" }
    let long = String(repeating: "x", count: JobLocalLayers.nameBytesMax + 1)
    for names in [many, [long], [""], ["b", "a"], ["a", "a"]] {
      var bench = AgentBench()
      bench.connect()
      bench.deploy()
      bench.serve(bench.model)
      var offer = bench.offer()
      offer.localLayers = names
      #expect(bench.receive(.roundOffer(offer)).answers.map(\.code) == ["local-layers"])
    }
  }

  @Test func `the coordinator names the layers, and holds updates against what is left`() {
    var bench = CoordinatorBench()
    var specification = bench.specification()
    specification.merge = ["output": .keepLocal, "hidden": .average, "early": .keepLocal]
    for node in CoordinatorBench.nodes { bench.hello(node) }
    bench.command(.startJob(specification))
    bench.pass(milliseconds: 60_000)
    let offers = bench.hello(CoordinatorBench.nodes[0]).offers(to: CoordinatorBench.nodes[0])
    #expect(offers.map(\.localLayers) == [["early", "output"]])
  }
}
