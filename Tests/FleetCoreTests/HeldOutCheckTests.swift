import FleetCore
import FleetProtocol
import Testing

/// What the coordinator's own data have to say of a merged model before it is taken.
@Suite struct HeldOutCheckTests {
  private let nodes = CoordinatorBench.nodes

  @Test func `a version that loses too much is recorded and the base stays`() {
    var bench = CoordinatorBench()
    bench.startJob(bench.specification(rounds: 3))
    for (number, accuracy) in [(UInt32(1), 90.0), (2, 87.9), (3, 88.0)] {
      for node in nodes { bench.report(node, bench.key(number)) }
      bench.handle(
        .aggregated(
          bench.key(number), .made(bench.successor(UInt8(number)), accuracy: accuracy)))
    }
    let rounds = bench.core.state.rounds
    guard case .committed(let second) = rounds[bench.key(2)]?.state else {
      Issue.record("round 2 is not committed")
      return
    }
    #expect(!second.accepted && second.model == bench.successor(2).digest)
    #expect(rounds[bench.key(3)]?.base == bench.successor(1).digest)
    #expect(bench.core.state.models[bench.successor(2).digest] == nil)
    #expect(bench.core.state.jobs[CoordinatorBench.job]?.current == bench.successor(3).digest)
    #expect(bench.core.state.jobs[CoordinatorBench.job]?.bestAccuracy == 90)
  }

  @Test func `a first version is held against its base, and the better of them stays the measure`()
    throws
  {
    var bench = CoordinatorBench()
    bench.startJob(bench.specification(rounds: 4))
    // Nothing was accepted yet, so the base is measured until something is.
    let accuracies: [(UInt32, Double, base: Double?, accepted: Bool)] = [
      (1, 87.9, 90, false), (2, 88.5, 90, true), (3, 87.9, nil, false), (4, 88, nil, true),
    ]
    for (number, accuracy, base, accepted) in accuracies {
      let orders = nodes.flatMap { bench.report($0, bench.key(number)).aggregations }
      #expect(orders.map(\.measuresBase) == [base != nil])
      bench.handle(
        .aggregated(
          bench.key(number),
          .made(bench.successor(UInt8(number)), accuracy: accuracy, baseAccuracy: base)))
      guard case .committed(let result) = bench.core.state.rounds[bench.key(number)]?.state else {
        Issue.record("round \(number) is not committed")
        return
      }
      #expect(result.accepted == accepted && result.reason.isEmpty == accepted)
    }
    #expect(bench.core.state.jobs[CoordinatorBench.job]?.bestAccuracy == 90)
    let job = try #require(bench.core.state.jobs[CoordinatorBench.job])
    #expect(bench.core.state.basis(of: job, after: 4)?.bestAccuracy == 90)
  }

  @Test func `a version that takes too much energy is recorded and the base stays`() throws {
    var bench = CoordinatorBench(nanojoules: 1_000)
    var specification = bench.specification(rounds: 3)
    specification.joulesRatioMax = 1.1
    bench.startJob(specification)
    let rounds: [(UInt32, UInt64?, String)] = [
      (1, 1_101, "1.101 times the joules"), (2, nil, "are not known"), (3, 1_100, ""),
    ]
    for (number, nanojoules, reason) in rounds {
      for node in nodes { bench.report(node, bench.key(number)) }
      var model = bench.successor(UInt8(number))
      model.nanojoulesPerInference = nanojoules
      bench.handle(.aggregated(bench.key(number), .made(model, accuracy: 90)))
      guard case .committed(let result) = bench.core.state.rounds[bench.key(number)]?.state else {
        Issue.record("round \(number) is not committed")
        return
      }
      #expect(result.accepted == reason.isEmpty)
      #expect(reason.isEmpty ? result.reason.isEmpty : result.reason.contains(reason))
    }
    #expect(bench.core.state.jobs[CoordinatorBench.job]?.current == bench.successor(3).digest)
  }
}
