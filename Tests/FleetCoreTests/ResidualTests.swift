import Federation
import FleetCore
import FleetProtocol
import Testing

/// What compression leaves out of an update goes into the next one of its job, exactly once.
@Suite struct ResidualTests {
  private let accepted = FleetFixture.digest([1])
  private let unused = FleetFixture.digest([2])

  private func offer(_ bench: AgentBench, _ round: UInt32 = 1) -> Message {
    var offer = bench.offer(AgentBench.key(round))
    offer.compression = "top-k 50"
    return .roundOffer(offer)
  }

  private func result(_ text: String = "update") -> TrainingResult {
    var result = AgentBench.result(text)
    result.residual = PendingResidual(accepted: accepted, unused: unused)
    return result
  }

  /// An agent that has trained a compressed update for round 1.
  private func trained() -> AgentBench {
    var bench = AgentBench()
    bench.connect()
    bench.deploy()
    bench.serve(bench.model)
    let orders = bench.receive(offer(bench)).trainings
    #expect(orders.map(\.compression) == [.topK(perMille: 50, bytes: false)])
    #expect(orders.map(\.residual) == [nil])
    bench.handle(.chunksInspected(bench.model.record.digest, present: nil))
    bench.handle(.trained(AgentBench.key(), result(), nextOrdinal: 50))
    return bench
  }

  @Test(arguments: [WireVerdict.acknowledged, .refused, .late, .gone])
  func `the verdict decides what is left, with the round in one transaction`(
    verdict: WireVerdict
  ) {
    var bench = trained()
    #expect(Set(bench.stored.neededBlobs).isSuperset(of: [accepted, unused]))
    let directives = bench.receive(AgentBench.verdict(AgentBench.key(), verdict))
    let (kept, dropped) =
      verdict == .acknowledged ? (accepted, unused) : (unused, accepted)
    let transactions = directives.compactMap { directive -> [AgentChange]? in
      if case .persist(let changes) = directive { changes } else { nil }
    }
    #expect(
      transactions.contains([
        .roundClosed(AgentBench.key()), .residualKept(AgentBench.job, kept),
      ]))
    #expect(directives.contains(.dropBlob(dropped)) && !directives.contains(.dropBlob(kept)))
    let next = bench.receive(offer(bench, 2)).trainings
    #expect(next.map(\.residual) == [kept])
    bench.restart()
    let again = bench.handle(.chunksInspected(bench.model.record.digest, present: nil)).trainings
    #expect(again.map(\.residual) == [kept], "after a kill the same again")
  }

  @Test func `a round waits for the verdict of the one before it`() {
    var bench = trained()
    #expect(bench.receive(offer(bench, 2)).trainings.isEmpty)
    let orders = bench.receive(AgentBench.verdict(AgentBench.key(), .acknowledged)).trainings
    #expect(orders.map(\.key) == [AgentBench.key(2)])
    #expect(orders.map(\.residual) == [accepted])
  }

  @Test func `what cannot be read is given up, and somebody is told`() {
    var bench = trained()
    bench.receive(AgentBench.verdict(AgentBench.key(), .acknowledged))
    bench.receive(offer(bench, 2))
    let again = bench.handle(.residualLost(AgentBench.key(2), detail: "a bad sector")).trainings
    #expect(again.map(\.key) == [AgentBench.key(2)])
    #expect(again.map(\.residual) == [nil])
    #expect(bench.notices.last?.kind == .learningLost)
    #expect(bench.stored.residuals.isEmpty)
  }

  @Test func `an agent declines a compression that it does not know`() {
    var bench = AgentBench()
    bench.connect()
    bench.deploy()
    bench.serve(bench.model)
    for text in ["zip", "top-k 0", "top-k 1001", "top-k 5 int4", " dense"] {
      var offer = bench.offer()
      offer.compression = text
      let answers = bench.receive(.roundOffer(offer)).answers
      #expect(answers.map(\.code) == ["compression"], "\(text)")
      bench.restart()
      bench.connect()
    }
  }

  @Test func `the coordinator asks for what the job says`() {
    var bench = CoordinatorBench()
    var specification = bench.specification()
    specification.compression = .topK(perMille: 7, bytes: true)
    for node in CoordinatorBench.nodes { bench.hello(node) }
    bench.command(.startJob(specification))
    bench.pass(milliseconds: 60_000)
    let offers = bench.hello(CoordinatorBench.nodes[0]).offers(to: CoordinatorBench.nodes[0])
    #expect(offers.map(\.compression) == ["top-k 7 int8"])
  }
}
