import Federation
import FleetCore
import FleetProtocol
import Testing

/// What a job's strategy keeps from round to round, and which strategies a job may have.
@Suite struct StrategyTests {
  private let kept = [UInt8(1), 2, 3].map { FleetFixture.digest([$0]) }

  /// A job of three rounds under momentum, whose rounds come to these accuracies.
  private func bench(_ accuracies: [Double]) throws -> (CoordinatorBench, [AggregationOrder]) {
    var bench = CoordinatorBench()
    var specification = bench.specification(rounds: 3)
    specification.strategy = try Strategy(.fedAvgM)
    bench.startJob(specification)
    var orders: [AggregationOrder] = []
    for (index, accuracy) in accuracies.enumerated() {
      let key = bench.key(UInt32(index + 1))
      for node in CoordinatorBench.nodes { orders += bench.report(node, key).aggregations }
      bench.handle(
        .aggregated(
          key,
          .made(
            bench.successor(UInt8(index + 1)), accuracy: accuracy, state: kept[index],
            leftOut: index == 0 ? [CoordinatorBench.nodes[1]] : [])))
    }
    return (bench, orders)
  }

  @Test func `what a strategy keeps goes from one accepted round to the next`() throws {
    let (bench, orders) = try bench([80, 81, 82])
    #expect(orders.map(\.state) == [nil, kept[0], kept[1]])
    #expect(orders.allSatisfy { $0.strategy.name == .fedAvgM })
    #expect(bench.core.state.jobs[CoordinatorBench.job]?.serverState == kept[2])
    #expect(!bench.core.state.neededBlobs.contains(kept[2]), "the job is over")
  }

  @Test func `a version that is not taken leaves what the strategy keeps as it was`() throws {
    let (bench, orders) = try bench([80, 10])
    #expect(orders.map(\.state) == [nil, kept[0]])
    let state = bench.core.state
    #expect(state.jobs[CoordinatorBench.job]?.serverState == kept[0])
    #expect(state.neededBlobs.contains(kept[0]) && !state.neededBlobs.contains(kept[1]))
  }

  @Test func `a round says whose update counted for nothing`() throws {
    let (bench, _) = try bench([80])
    guard case .committed(let result) = bench.core.state.rounds[bench.key()]?.state else {
      Issue.record("round 1 is not committed")
      return
    }
    #expect(result.leftOut == [CoordinatorBench.nodes[1]])
  }

  @Test func `a restart asks for the same set with the same state`() throws {
    var (bench, _) = try bench([80])
    for node in CoordinatorBench.nodes { bench.report(node, bench.key(2)) }
    let orders = bench.restart().aggregations
    #expect(orders.map(\.state) == [kept[0]])
  }

  @Test func `a strategy that too few reports would fail is refused before the job begins`() throws
  {
    var bench = CoordinatorBench()
    for node in CoordinatorBench.nodes { bench.hello(node) }
    func refusal(_ strategy: Strategy) -> String? {
      var specification = bench.specification(minimum: 2)
      specification.strategy = strategy
      if case .refused(let code, _) = bench.command(.startJob(specification)) { return code }
      return nil
    }
    #expect(refusal(try Strategy(.krum, ["byzantine": 0])) == "too-few-updates")
    #expect(refusal(try Strategy(.bulyan, ["byzantine": 1])) == "too-few-updates")
    #expect(refusal(try Strategy(.trimmedMean)) == "too-few-updates")
    #expect(refusal(try Strategy(.fedBuff)) == "strategy")
    #expect(refusal(try Strategy(.median)) == nil)
  }
}
