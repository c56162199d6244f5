import FleetCore
import FleetProtocol
import Testing

@Suite struct RoundMachineTests {
  let nodes = CoordinatorBench.nodes

  @Test func `a job runs from its first offer to its last commit`() {
    var bench = CoordinatorBench()
    bench.startJob()
    for number: UInt32 in 1...2 {
      let key = bench.key(number)
      for node in nodes { bench.report(node, key) }
      #expect(bench.core.state.rounds[key]?.state.name == "sealed")
      let directives = bench.handle(
        .aggregated(key, .made(bench.successor(UInt8(number)), accuracy: 80 + Double(number))))
      guard number == 1 else { continue }
      let offer = directives.offers(to: nodes[0]).first
      #expect(offer?.key == bench.key(2).wire)
      #expect(offer.map { [UInt8]($0.manifest) } == bench.successor(1).manifest)
      #expect(offer.map { [UInt8]($0.baseManifest) } == bench.model.envelope)
    }
    let job = bench.core.state.jobs[CoordinatorBench.job]
    #expect(job?.state == .finished)
    #expect(job?.current == bench.successor(2).digest)
    #expect(job?.bestAccuracy == 82)
  }

  @Test func `the first offer names the published base alone`() {
    var bench = CoordinatorBench()
    for node in nodes { bench.hello(node) }
    let directives = bench.handle(
      .command(.startJob(bench.specification()), requestID: "start"))
    for node in nodes {
      let offers = directives.offers(to: node)
      #expect(offers.count == 1)
      #expect(offers.first?.baseManifest.isEmpty == true)
      #expect(offers.first?.epoch == 1)
      #expect(offers.first?.samples == 400)
    }
    let opened = directives.position {
      guard case .persist(let changes) = $0 else { return false }
      return changes.contains { if case .roundOpened = $0 { true } else { false } }
    }
    let sent = directives.position { if case .send = $0 { true } else { false } }
    #expect((opened ?? .max) < (sent ?? .min))
  }

  @Test func `an offer is repeated at HELLO and at heartbeats until the node holds it`() {
    var bench = CoordinatorBench()
    bench.startJob()
    let key = bench.key()
    #expect(bench.heartbeat(nodes[0]).offers(to: nodes[0]).isEmpty, "not twice at once")
    bench.pass(milliseconds: 10_000)
    #expect(bench.heartbeat(nodes[0]).offers(to: nodes[0]).count == 1)
    bench.pass(milliseconds: 10_000)
    let held = [CoordinatorBench.open(key)]
    #expect(bench.heartbeat(nodes[0], openRounds: held).offers(to: nodes[0]).isEmpty)
    #expect(bench.hello(nodes[0]).offers(to: nodes[0]).count == 1)
    #expect(bench.hello(nodes[0], openRounds: held).offers(to: nodes[0]).isEmpty)
  }

  @Test func `a round is sealed when every node has reported`() {
    var bench = CoordinatorBench()
    bench.startJob()
    bench.report(nodes[0], bench.key())
    bench.report(nodes[1], bench.key())
    #expect(bench.core.state.rounds[bench.key()]?.state.name == "open")
    let orders = bench.report(nodes[2], bench.key()).aggregations
    #expect(orders.count == 1)
    #expect(orders.first?.updates.map(\.node) == nodes)
    #expect(orders.first?.published == bench.model.record.digest)
  }

  @Test func `at the deadline enough reports seal and the others are late`() {
    var bench = CoordinatorBench()
    bench.startJob()
    bench.report(nodes[2], bench.key())
    bench.report(nodes[0], bench.key())
    bench.pass(milliseconds: 59_999)
    #expect(bench.handle(.tick).aggregations.isEmpty)
    bench.pass(milliseconds: 1)
    bench.hello(nodes[1])
    let directives = bench.handle(.tick)
    #expect(directives.aggregations.first?.updates.map(\.node) == [nodes[0], nodes[2]])
    #expect(directives.verdicts(to: nodes[1]) == [.late])
    #expect(bench.core.state.rounds[bench.key()]?.participant(nodes[1])?.state == .late)
    // A late update is answered for good, however often it comes.
    let late = bench.report(nodes[1], bench.key())
    #expect(late.isEmpty)
    let update = CoordinatorBench.update(nodes[1], bench.key())
    let announce = CoordinatorBench.announce(bench.key(), update)
    #expect(
      bench.receive(.updateAnnounce(announce), from: nodes[1]).verdicts(to: nodes[1]) == [.late])
  }

  @Test func `too few reports fail the quorum, and the round is tried again with its seed`() {
    var bench = CoordinatorBench()
    bench.startJob()
    bench.report(nodes[0], bench.key())
    bench.pass(milliseconds: 60_000)
    for node in nodes { bench.hello(node) }
    let directives = bench.handle(.tick)
    #expect(directives.verdicts(to: nodes[1]) == [.gone])
    #expect(directives.offers(to: nodes[0]).map(\.key) == [bench.key(1, 2).wire])
    let rounds = bench.core.state.rounds
    #expect(rounds[bench.key()]?.state.name == "failed")
    #expect(rounds[bench.key(1, 2)]?.state.name == "open")
    #expect(rounds[bench.key(1, 2)]?.seed == rounds[bench.key()]?.seed)
    bench.pass(milliseconds: 60_000)
    bench.handle(.tick)
    #expect(bench.core.state.jobs[CoordinatorBench.job]?.state == .failed)
    #expect(bench.core.state.jobs[CoordinatorBench.job]?.detail.contains("quorum") == true)
  }

  @Test func `a round fails as soon as its quorum is out of reach`() {
    var bench = CoordinatorBench()
    bench.startJob(bench.specification(attempts: 1))
    for node in nodes.prefix(2) {
      var answer = WireRoundAnswer()
      answer.key = bench.key().wire
      answer.code = "wrong-chip"
      bench.receive(.roundAnswer(answer), from: node)
    }
    #expect(
      bench.core.state.rounds[bench.key()]?.participant(nodes[0])?.state
        == .refused(code: "wrong-chip"))
    #expect(bench.core.state.rounds[bench.key()]?.state.name == "failed")
    #expect(bench.core.state.jobs[CoordinatorBench.job]?.state == .failed)
  }

  @Test func `updates that cancel out keep the record of the model they give`() {
    var bench = CoordinatorBench()
    bench.startJob(bench.specification(rounds: 1))
    for node in nodes { bench.report(node, bench.key()) }
    let same = bench.model.successor(bytes: bench.model.bytes).record
    bench.handle(.aggregated(bench.key(), .made(same, accuracy: nil)))
    #expect(bench.core.state.models[same.digest] == bench.model.record)
    #expect(bench.core.state.jobs[CoordinatorBench.job]?.state == .finished)
  }

  @Test func `a refused set fails the round and the job, and the model stays`() {
    let outcomes: [AggregationOutcome] = [
      .refused(code: "rule", detail: "n < 4f + 3"),
      .made(CoordinatorBench().successor(1), accuracy: .nan),
      .made(FixtureModel.published("other").record, accuracy: 99),
    ]
    for outcome in outcomes {
      var bench = CoordinatorBench()
      bench.startJob()
      for node in nodes { bench.report(node, bench.key()) }
      bench.handle(.aggregated(bench.key(), outcome))
      #expect(bench.core.state.rounds[bench.key()]?.state.name == "failed")
      #expect(bench.core.state.jobs[CoordinatorBench.job]?.state == .failed)
      #expect(bench.core.state.jobs[CoordinatorBench.job]?.current == bench.model.record.digest)
    }
  }

  @Test func `a set that could not be aggregated is asked for again after a pause`() {
    var bench = CoordinatorBench()
    bench.startJob()
    for node in nodes { bench.report(node, bench.key()) }
    #expect(bench.handle(.tick).aggregations.isEmpty, "one is on its way")
    bench.handle(.aggregated(bench.key(), .unavailable(detail: "disk full")))
    #expect(bench.handle(.tick).aggregations.isEmpty)
    bench.pass(milliseconds: 10_000)
    #expect(bench.handle(.tick).aggregations.count == 1)
    #expect(bench.handle(.tick).aggregations.isEmpty)
  }

  @Test func `a commit happens once`() {
    var bench = CoordinatorBench()
    bench.startJob()
    for node in nodes { bench.report(node, bench.key()) }
    bench.handle(.aggregated(bench.key(), .made(bench.successor(1), accuracy: 80)))
    let again = bench.handle(.aggregated(bench.key(), .made(bench.successor(9), accuracy: 99)))
    #expect(again.isEmpty)
  }

  @Test func `the sealed hash does not depend on the order of the reports`() {
    var hashes: Set<ContentDigest> = []
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
      var bench = CoordinatorBench()
      bench.startJob()
      for index in order {
        bench.pass(milliseconds: 10)
        bench.report(nodes[index], bench.key())
      }
      guard case .sealed(let hash) = bench.core.state.rounds[bench.key()]?.state else {
        Issue.record("not sealed")
        return
      }
      hashes.insert(hash)
    }
    #expect(hashes.count == 1)
  }

  @Test func `the sealed hash depends on node, digest and samples`() {
    func hash(_ node: String, _ byte: UInt8, _ samples: UInt32) -> ContentDigest {
      let id = FleetFixture.identifier(node)
      var round = RoundRecord(
        key: RoundKey(job: id, round: 1, attempt: 1), base: FleetFixture.digest([]), seed: 0,
        samples: 1, cohort: [id], plannedAt: FleetFixture.noon)
      round.participants[0].state = .reported(
        UpdateRecord(
          digest: FleetFixture.digest([byte]), size: 1, samples: samples, correct: 0, counts: [],
          trainingMilliseconds: 0, acceptedAt: FleetFixture.noon))
      return CoordinatorCore.sealedHash(of: round)
    }
    let hashes: Set = [hash("a", 1, 1), hash("b", 1, 1), hash("a", 2, 1), hash("a", 1, 2)]
    #expect(hashes.count == 4)
  }

  @Test func `every persisted state restarts into the same end`() {
    func run(restarting at: String) -> ([String], ContentDigest?) {
      var bench = CoordinatorBench()
      for node in nodes { bench.hello(node) }
      bench.command(.startJob(bench.specification(rounds: 1)))
      if at == "open" { restart(&bench) }
      bench.report(nodes[0], bench.key())
      if at == "reported" { restart(&bench) }
      bench.report(nodes[1], bench.key())
      bench.report(nodes[2], bench.key())
      if at == "sealed" {
        let orders = bench.restart().aggregations
        #expect(orders.map(\.updates.count) == [3])
        for node in nodes { bench.hello(node) }
      }
      bench.handle(.aggregated(bench.key(), .made(bench.successor(1), accuracy: 80)))
      if at == "committed" { restart(&bench) }
      let kept = bench.mirror.log.compactMap { change -> String? in
        switch change {
        case .roundPlanned(let round, _): "planned \(round.key) \(round.seed)"
        case .roundOpened(let key, _, _): "opened \(key)"
        case .updateAccepted(let key, let node, let update):
          "accepted \(key) \(node) \(update.digest)"
        case .roundSealed(let key, let hash): "sealed \(key) \(hash)"
        case .roundCommitted(let key, let result, _): "committed \(key) \(result.model)"
        case .jobEnded(let job, let state, _): "ended \(job) \(state)"
        default: nil
        }
      }
      return (kept, bench.core.state.jobs[CoordinatorBench.job]?.current)
    }
    func restart(_ bench: inout CoordinatorBench) {
      bench.restart()
      for node in nodes { bench.hello(node) }
    }
    let (changes, model) = run(restarting: "never")
    #expect(changes.count == 8)
    for step in ["open", "reported", "sealed", "committed"] {
      let (found, digest) = run(restarting: step)
      #expect(found == changes, "restarted when \(step)")
      #expect(digest == model)
    }
  }

  @Test func `a round that was planned or committed when the process died goes on`() {
    var bench = CoordinatorBench()
    bench.startJob()
    for node in nodes { bench.report(node, bench.key()) }
    let directives = bench.core.handle(
      .aggregated(bench.key(), .made(bench.successor(1), accuracy: 80)), at: bench.now)
    // Commit, plan, open: the process dies after each of the three transactions in turn.
    let transactions = directives.compactMap { directive -> [FleetChange]? in
      if case .persist(let changes) = directive { changes } else { nil }
    }
    #expect(transactions.count == 3)
    for count in 0...3 {
      var other = bench
      for changes in transactions.prefix(count) { other.mirror.commit(changes) }
      let restarted = other.restart()
      if count == 0 {
        #expect(restarted.aggregations.count == 1)
        other.handle(.aggregated(bench.key(), .made(bench.successor(1), accuracy: 80)))
      }
      #expect(other.core.state.rounds[bench.key(2)]?.state.name == "open", "died after \(count)")
      #expect(other.core.state.jobs[CoordinatorBench.job]?.current == bench.successor(1).digest)
    }
  }

  @Test func `a restart moves the deadline by the grace, and never by more than the round had`() {
    var bench = CoordinatorBench()
    var job = bench.specification()
    job.deadlineMilliseconds = 5_000
    bench.startJob(job)
    bench.pass(milliseconds: 4_000)
    bench.restart()
    #expect(
      bench.core.state.rounds[bench.key()]?.state
        == .open(deadline: bench.now.advanced(milliseconds: 5_000)))
  }

  @Test func `a clock that was ahead leaves a round no longer than it was given`() {
    var bench = CoordinatorBench()
    bench.pass(milliseconds: 1_800_000)
    bench.startJob()
    bench.pass(milliseconds: -1_800_000)
    bench.handle(.tick)
    let deadline = bench.now.advanced(milliseconds: 60_000)
    #expect(bench.core.state.rounds[bench.key()]?.state == .open(deadline: deadline))
    bench.pass(milliseconds: 60_000)
    bench.handle(.tick)
    #expect(bench.core.state.rounds[bench.key()]?.state.name == "failed")
  }

  @Test func `a commit that failed is taken up again after a pause`() {
    var bench = CoordinatorBench()
    bench.startJob()
    for node in nodes { bench.report(node, bench.key()) }
    _ = bench.core.handle(
      .aggregated(bench.key(), .made(bench.successor(1), accuracy: 80)), at: bench.now)
    bench.core.reload(bench.mirror.state)
    #expect(bench.handle(.tick).aggregations.isEmpty)
    bench.pass(milliseconds: 10_000)
    #expect(bench.handle(.tick).aggregations.count == 1)
  }

  @Test func `a seal that failed is taken up again`() {
    var bench = CoordinatorBench()
    bench.startJob()
    bench.report(nodes[0], bench.key())
    bench.report(nodes[1], bench.key())
    bench.pass(milliseconds: 60_000)
    _ = bench.core.handle(.tick, at: bench.now)
    bench.core.reload(bench.mirror.state)
    #expect(bench.handle(.tick).changes.count == 2, "sealed again")
    bench.pass(milliseconds: 10_000)
    #expect(bench.handle(.tick).aggregations.count == 1)
  }
}
