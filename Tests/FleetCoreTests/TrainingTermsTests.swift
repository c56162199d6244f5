import Federation
import FleetCore
import FleetProtocol
import Testing

/// What a strategy asks of nodes reaches their chips, and outlives a kill.
@Suite struct TrainingTermsTests {
  private func bench() -> AgentBench {
    var bench = AgentBench()
    bench.connect()
    bench.deploy()
    bench.serve(bench.model)
    return bench
  }

  @Test func `a chip is told to pull as the offer says, after a kill too`() {
    var bench = bench()
    var offer = bench.offer()
    offer.pull = 655
    #expect(bench.receive(.roundOffer(offer)).trainings.map(\.terms.pull) == [655])
    bench.restart()
    let again = bench.handle(.chunksInspected(bench.model.record.digest, present: nil)).trainings
    #expect(again.map(\.terms.pull) == [655])
  }

  @Test func `an offer without terms asks for nothing`() {
    var bench = bench()
    #expect(bench.receive(.roundOffer(bench.offer())).trainings.map(\.terms) == [.none])
  }

  @Test func `an agent declines a pull of a whole distance or more`() {
    for pull in [65_536, UInt32.max] {
      var bench = bench()
      var offer = bench.offer()
      offer.pull = pull
      #expect(bench.receive(.roundOffer(offer)).answers.map(\.code) == ["terms"], "\(pull)")
    }
  }

  @Test func `a loss that was measured is announced with the update, after a kill too`() {
    var bench = bench()
    var offer = bench.offer()
    offer.measuresLoss = true
    #expect(bench.receive(.roundOffer(offer)).trainings.map(\.terms.measuresLoss) == [true])
    var result = AgentBench.result()
    result.lossMillionths = 693_147
    bench.handle(.trained(AgentBench.key(), result, nextOrdinal: 50))
    bench.restart()
    #expect(bench.stored.trainings[AgentBench.key()]?.result?.lossMillionths == 693_147)
  }

  /// Three nodes report to a job of q-FedAvg with these losses.
  private func weighed(_ losses: [UInt32]) throws -> (CoordinatorBench, [CoordinatorDirective]) {
    var bench = CoordinatorBench()
    var specification = bench.specification()
    specification.strategy = try Strategy(.qFedAvg)
    bench.startJob(specification)
    var told: [CoordinatorDirective] = []
    for (node, loss) in zip(CoordinatorBench.nodes, losses) {
      let update = CoordinatorBench.update(node, bench.key())
      var announce = CoordinatorBench.announce(bench.key(), update)
      announce.lossMillionths = loss
      told += bench.receive(.updateAnnounce(announce), from: node)
      let (chunk, payload) = CoordinatorBench.chunk(bench.key(), update, at: 0)
      told += bench.receive(chunk, from: node, payload: payload)
      told += bench.handle(.uploadChecked(UploadKey(round: bench.key(), node: node), .valid))
    }
    return (bench, told)
  }

  @Test func `a sealed set holds the losses that it is weighed by`() throws {
    let losses: [UInt32] = [300_000, 1_200_000, 1]
    let (bench, told) = try weighed(losses)
    let order = try #require(told.aggregations.first)
    #expect(order.updates.map(\.lossMillionths) == losses)
    #expect(order.strategy.name == .qFedAvg)
    let (other, _) = try weighed([300_000, 1_200_001, 1])
    func hash(_ bench: CoordinatorBench) throws -> ContentDigest {
      CoordinatorCore.sealedHash(of: try #require(bench.core.state.rounds[bench.key()]))
    }
    #expect(try hash(bench) != hash(other), "another loss is another set")
  }

  @Test(arguments: [0, CoordinatorCore.lossMillionthsMax + 1, UInt32.max])
  func `an update without a sane loss is refused where nodes are weighed by it`(
    loss: UInt32
  ) throws {
    let (bench, told) = try weighed([loss, 1_200_000])
    let node = CoordinatorBench.nodes[0]
    #expect(told.verdicts(to: node).contains(.refused))
    let participant = bench.core.state.rounds[bench.key()]?.participant(node)
    #expect(participant?.state == .refused(code: "loss"))
  }

  @Test func `the coordinator asks for what the strategy needs`() throws {
    func offered(_ strategy: Strategy) -> [UInt32] {
      var bench = CoordinatorBench()
      var specification = bench.specification()
      specification.strategy = strategy
      for node in CoordinatorBench.nodes { bench.hello(node) }
      bench.command(.startJob(specification))
      bench.pass(milliseconds: 60_000)
      return bench.hello(CoordinatorBench.nodes[0]).offers(to: CoordinatorBench.nodes[0])
        .map(\.pull)
    }
    #expect(try offered(Strategy(.fedProx, ["mu": 0.01])) == [655])
    #expect(try offered(Strategy(.fedProx, ["mu": 0])) == [0])
    #expect(offered(.fedAvg) == [0])
  }
}
