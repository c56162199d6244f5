import Federation
import FleetCore
import FleetProtocol
import Testing

/// A job that goes back to the model of an earlier round.
@Suite struct JobRollbackTests {
  private let kept = [UInt8(1), 2, 3, 4].map { FleetFixture.digest([$0]) }
  private let nodes = CoordinatorBench.nodes
  private let id = CoordinatorBench.job

  /// A job of five rounds under momentum of which some are committed and the next one is open.
  private func bench(_ accuracies: [Double], regression: Double = 20) throws -> CoordinatorBench {
    var bench = CoordinatorBench()
    var specification = bench.specification(rounds: 5, attempts: 1, regression: regression)
    specification.strategy = try Strategy(.fedAvgM)
    bench.startJob(specification)
    for (index, accuracy) in accuracies.enumerated() {
      commit(bench.key(UInt32(index + 1)), index, accuracy, &bench)
    }
    return bench
  }

  private func commit(
    _ key: RoundKey, _ index: Int, _ accuracy: Double?, _ bench: inout CoordinatorBench
  ) {
    for node in nodes { bench.report(node, key) }
    bench.handle(
      .aggregated(
        key, .made(bench.successor(UInt8(index + 1)), accuracy: accuracy, state: kept[index])))
  }

  private func refusal(_ round: UInt32, _ bench: inout CoordinatorBench) -> String? {
    let before = bench.core.state.jobs
    guard case .refused(let code, _) = bench.command(.rollBackJob(id.text, to: round)) else {
      return nil
    }
    #expect(bench.core.state.jobs == before)
    return code
  }

  @Test func `models of old rounds go, and what the strategy kept with them`() throws {
    var bench = CoordinatorBench()
    var specification = bench.specification(rounds: 5, attempts: 1, regression: 20)
    specification.strategy = try Strategy(.fedAvgM)
    specification.keptModels = 2
    bench.startJob(specification)
    for index in 0..<3 { commit(bench.key(UInt32(index + 1)), index, 80, &bench) }
    func models() -> [Bool] {
      (1...4).map { bench.core.state.models[bench.successor($0).digest] != nil }
    }
    #expect(models() == [false, true, true, false])
    #expect(bench.core.state.neededBlobs.isDisjoint(with: [kept[0]]))
    #expect(bench.core.state.neededBlobs.isSuperset(of: [kept[1], kept[2]]))
    #expect(bench.mirror.events.count { $0.kind == "model.removed" } == 1)
    #expect(refusal(1, &bench) == "model-removed")
    // What a node is to run stays.
    bench.command(.deploy(model: bench.successor(2).digest, nodes: [nodes[0].text]))
    commit(bench.key(4), 3, 80, &bench)
    #expect(models() == [false, true, true, true])
    let line = bench.core.state.lineage(of: bench.successor(4).digest)
    #expect(line.map(\.key) == [4, 3, 2, 1].map { bench.key($0) })
  }

  @Test func `an open round ends and its next attempt grows from the earlier model`() throws {
    var bench = try bench([80, 85])
    bench.report(nodes[0], bench.key(3))
    let directives = bench.handle(
      .command(.rollBackJob(id.text, to: 1), requestID: "back", actor: "admin eve"))
    let state = bench.core.state
    #expect(state.rounds[bench.key(3)]?.state.name == "failed")
    let next = try #require(state.rounds[bench.key(3, 2)])
    #expect(next.state.name == "open" && next.base == bench.successor(1).digest)
    let job = try #require(state.jobs[id])
    #expect(job.basis == JobBasis(model: next.base, serverState: kept[0], bestAccuracy: 80))
    #expect(directives.verdicts(to: nodes[1]) == [.gone])
    #expect(directives.offers(to: nodes[1]).map(\.key) == [bench.key(3, 2).wire])
    #expect(bench.mirror.events.contains { $0.kind == "job.rolled-back" && $0.subject == id.text })
    // The end and the way back are one transaction, with the answer; the next attempt follows.
    let first = try #require(directives.first)
    guard case .persist(let changes) = first else {
      Issue.record("found \(first)")
      return
    }
    let kinds = changes.map { change in
      switch change {
      case .roundFailed: "failed"
      case .jobRolledBack: "back"
      case .requestAnswered: "answered"
      case .audited(let entry): entry.action
      default: ""
      }
    }
    #expect(
      kinds.filter { !$0.isEmpty }
        == ["failed", "back", "answered", "roll-back-job digits-job to 1"])
    var orders: [AggregationOrder] = []
    for node in nodes { orders += bench.report(node, bench.key(3, 2)).aggregations }
    #expect(orders.map(\.state) == [kept[0]])
    #expect(orders.map(\.base.digest) == [bench.successor(1).digest])
  }

  @Test func `round 0 is what the job began with`() throws {
    var bench = try bench([80])
    #expect(bench.command(.rollBackJob(id.text, to: 0)) == .done(bench.model.record.digest.hex))
    let job = try #require(bench.core.state.jobs[id])
    #expect(
      job.basis
        == JobBasis(model: bench.model.record.digest, serverState: nil, bestAccuracy: nil))
    // There is no best one to be worse than.
    commit(bench.key(2, 2), 1, 10, &bench)
    #expect(bench.core.state.jobs[id]?.current == bench.successor(2).digest)
  }

  @Test func `a restart after it goes on from the earlier model`() throws {
    var bench = try bench([80, 85])
    let directives = bench.core.handle(
      .command(.rollBackJob(id.text, to: 1), requestID: "back"), at: bench.now)
    let transactions = directives.compactMap { directive -> [FleetChange]? in
      if case .persist(let changes) = directive { changes } else { nil }
    }
    #expect(transactions.count == 3, "the way back, the next attempt, and its opening")
    for count in 0...3 {
      var other = bench
      for changes in transactions.prefix(count) { other.mirror.commit(changes) }
      other.restart()
      let key = count == 0 ? bench.key(3) : bench.key(3, 2)
      #expect(other.core.state.rounds[key]?.state.name == "open", "died after \(count)")
      #expect(
        other.core.state.rounds[key]?.base == bench.successor(count == 0 ? 2 : 1).digest)
    }
  }

  @Test func `the best accuracy is that of the rounds that the model grew from`() throws {
    var bench = try bench([80, 95])
    #expect(bench.command(.rollBackJob(id.text, to: 1)) != nil)
    commit(bench.key(3, 2), 2, 78, &bench)
    #expect(bench.core.state.jobs[id]?.bestAccuracy == 80)
    commit(bench.key(4), 3, 79, &bench)
    let job = try #require(bench.core.state.jobs[id])
    let state = bench.core.state
    #expect(state.basis(of: job, after: 4)?.bestAccuracy == 80)
    #expect(state.basis(of: job, after: 3)?.bestAccuracy == 80)
    #expect(state.basis(of: job, after: 2)?.bestAccuracy == 95)
    #expect(
      state.lineage(of: job.current).map(\.key) == [bench.key(4), bench.key(3, 2), bench.key()])
  }

  @Test func `where it makes no sense it is refused with the reason`() throws {
    var bench = try bench([80, 30, 85], regression: 2)
    #expect(refusal(2, &bench) == "unknown-round", "it was not taken")
    #expect(refusal(4, &bench) == "unknown-round", "it is open")
    #expect(refusal(3, &bench) == "same-basis")
    let nobody = bench.command(.rollBackJob("none", to: 1))
    #expect(nobody.map { "\($0)" }?.contains("unknown-job") == true)
    // What is being merged is waited for.
    var sealed = bench
    for node in nodes { sealed.report(node, sealed.key(4)) }
    #expect(refusal(1, &sealed) == "round-busy")
    // A model that was removed is no way back.
    var removed = bench
    #expect(
      removed.command(.removeModel(removed.successor(1).digest))
        == .done(removed.successor(1).digest.hex))
    #expect(refusal(1, &removed) == "model-removed")
    var over = bench
    over.command(.cancelJob(id.text))
    #expect(refusal(1, &over) == "job-over")
    #expect(refusal(1, &bench) == nil)
  }

  @Test func `what the strategy kept stays as long as the job may go back to it`() throws {
    var bench = try bench([80, 81, 82])
    #expect(bench.core.state.neededBlobs.isSuperset(of: kept.prefix(3)))
    bench.command(.removeModel(bench.successor(1).digest))
    #expect(!bench.core.state.neededBlobs.contains(kept[0]))
    bench.command(.cancelJob(id.text))
    #expect(bench.core.state.neededBlobs.isDisjoint(with: kept))
  }

  @Test func `a model's line goes through the rounds of all jobs to the published one`() throws {
    var bench = try bench([80, 81])
    bench.command(.cancelJob(id.text))
    #expect(bench.core.state.lineage(of: bench.model.record.digest).isEmpty)
    var next = bench.specification(rounds: 1)
    next.name = "next"
    next.model = bench.successor(2).digest.hex
    #expect(bench.command(.startJob(next)) == .done("next"))
    let key = RoundKey(job: FleetFixture.identifier("next"), round: 1, attempt: 1)
    commit(key, 3, 83, &bench)
    let line = bench.core.state.lineage(of: bench.successor(4).digest)
    #expect(line.map(\.key) == [key, bench.key(2), bench.key(1)])
    #expect(line.map(\.base).last == bench.model.record.digest)
  }
}
