import Federation
import FleetCore
import FleetProtocol
import Testing

/// Who is asked, when a round has enough, and what keeps a job from beginning one.
@Suite struct CohortTests {
  private func specification(
    _ bench: CoordinatorBench, target: Int = 2, minimum: Int = 1, perMille: Int = 1_000,
    rule: SelectionRule = .uniform
  ) -> JobSpecification {
    var specification = bench.specification(rounds: 8, minimum: minimum)
    specification.cohort = CohortTerms(rule: rule, target: target, askedPerMille: perMille)
    return specification
  }

  private func cohort(_ bench: CoordinatorBench, _ round: UInt32 = 1) -> [Identifier] {
    bench.core.state.rounds[bench.key(round)]?.participants.map(\.node) ?? []
  }

  private func notes(_ directives: [CoordinatorDirective]) -> [CohortNote] {
    directives.changes.flatMap { change -> [CohortNote] in
      if case .roundPlanned(_, let notes) = change { notes } else { [] }
    }
  }

  @Test func `a round asks as many as are wanted, and says why whom`() {
    var bench = CoordinatorBench()
    for node in CoordinatorBench.nodes { bench.hello(node) }
    let directives = bench.handle(
      .command(.startJob(specification(bench)), requestID: "start"))
    let cohort = cohort(bench)
    #expect(cohort.count == 2)
    let notes = notes(directives)
    #expect(notes.map(\.node) == CoordinatorBench.nodes.map(\.text))
    #expect(notes.filter(\.isPicked).map(\.node) == cohort.map(\.text))
    #expect(notes.map(\.code).sorted() == ["drawn", "drawn", "not-drawn"])
    for node in CoordinatorBench.nodes {
      #expect(directives.offers(to: node).isEmpty == !cohort.contains(node))
    }
  }

  @Test func `an attempt draws anew, with the noise of its round`() {
    var bench = CoordinatorBench()
    var seen: Set<[Identifier]> = []
    var specification = specification(bench, target: 1)
    specification.attemptsMax = 20
    bench.startJob(specification)
    for attempt: UInt32 in 1...20 {
      let round = bench.core.state.rounds[bench.key(1, attempt)]
      seen.insert(round?.participants.map(\.node) ?? [])
      #expect(round?.seed == bench.core.state.rounds[bench.key()]?.seed)
      bench.pass(milliseconds: 60_001)
      for node in CoordinatorBench.nodes { bench.heartbeat(node) }
      bench.handle(.tick)
    }
    #expect(seen.count == 3, "each of the three nodes was asked alone")
  }

  @Test func `more are asked than wanted, and who comes after enough have is late`() {
    var bench = CoordinatorBench()
    bench.startJob(specification(bench, target: 2, perMille: 1_500))
    let key = bench.key()
    #expect(cohort(bench).count == 3)
    bench.report(CoordinatorBench.nodes[0], key)
    #expect(bench.core.state.rounds[key]?.state.name == "open")
    let last = bench.report(CoordinatorBench.nodes[2], key)
    #expect(last.verdicts(to: CoordinatorBench.nodes[1]) == [.late])
    #expect(last.aggregations.map(\.updates.count) == [2])
    let state = bench.core.state.rounds[key]?.participant(CoordinatorBench.nodes[1])?.state
    #expect(state == .late)
  }

  @Test func `with a target only nodes that are heard are asked, and the job waits for enough`() {
    var bench = CoordinatorBench()
    let specification = specification(bench, target: 2, minimum: 2)
    bench.hello(CoordinatorBench.nodes[1])
    #expect(bench.command(.startJob(specification)) == .done(CoordinatorBench.job.text))
    #expect(bench.core.state.rounds.isEmpty)
    #expect(bench.core.waits[CoordinatorBench.job]?.contains("1 nodes, the quorum is 2") == true)
    bench.restart()
    bench.hello(CoordinatorBench.nodes[1])
    bench.handle(.tick)
    #expect(bench.core.state.rounds.isEmpty && bench.core.waits[CoordinatorBench.job] != nil)
    bench.hello(CoordinatorBench.nodes[2])
    let directives = bench.handle(.tick)
    #expect(cohort(bench) == [CoordinatorBench.nodes[1], CoordinatorBench.nodes[2]])
    #expect(notes(directives).map(\.code) == ["offline", "needed", "needed"])
    #expect(bench.core.waits[CoordinatorBench.job] == nil)
  }

  @Test func `without a target who is away is asked too, as it may come back in time`() {
    var bench = CoordinatorBench()
    bench.hello(CoordinatorBench.nodes[0])
    bench.command(.startJob(bench.specification()))
    #expect(cohort(bench) == CoordinatorBench.nodes)
  }

  @Test func `who missed most is asked most`() {
    var bench = CoordinatorBench()
    var job = specification(bench, target: 1, rule: .weighted(.loss))
    job.rounds = 60
    bench.startJob(job)
    let poor = CoordinatorBench.nodes[2]
    var drawn: [Identifier] = []
    for round: UInt32 in 1...60 {
      let key = bench.key(round)
      guard let node = cohort(bench, round).first else {
        Issue.record("nobody was asked in round \(round)")
        return
      }
      drawn.append(node)
      let update = CoordinatorBench.update(node, key)
      var announce = CoordinatorBench.announce(key, update)
      announce.correct = node == poor ? 0 : 400
      bench.receive(.updateAnnounce(announce), from: node)
      let (message, payload) = CoordinatorBench.chunk(key, update, at: 0)
      bench.receive(message, from: node, payload: payload)
      bench.handle(.uploadChecked(UploadKey(round: key, node: node), .valid))
      bench.handle(.aggregated(key, .made(bench.successor(UInt8(round)), accuracy: 80)))
    }
    #expect(Set(drawn).count == 3, "who never reported counts as the poorest")
    #expect(drawn.suffix(40).count { $0 == poor } >= 36)
  }

  @Test func `who has too little charge or energy left is not asked, and is told why`() {
    var bench = CoordinatorBench()
    for node in CoordinatorBench.nodes { bench.hello(node) }
    func beat(_ node: Identifier, charge: UInt32 = 0, used: UInt64 = 0) {
      var beat = WireHeartbeat()
      beat.charge = charge
      beat.energy.limitNanojoules = used > 0 ? 1_000 : 0
      beat.energy.usedNanojoules = used
      bench.receive(.heartbeat(beat), from: node)
    }
    beat(CoordinatorBench.nodes[0], charge: 150)
    beat(CoordinatorBench.nodes[1], used: 1_000)
    beat(CoordinatorBench.nodes[2], charge: 201, used: 999)
    var job = specification(bench, target: 1)
    job.cohort.leastChargePerMille = 200
    let notes = notes(bench.handle(.command(.startJob(job), requestID: "start")))
    #expect(notes.map(\.code) == ["low-charge", "energy-spent", "needed"])
    #expect(notes[0].reason == "charge 149 thousandths, at least 200")
    #expect(cohort(bench) == [CoordinatorBench.nodes[2]])
  }

  @Test func `sizes that do not fit are refused with what would`() {
    var bench = CoordinatorBench()
    for node in CoordinatorBench.nodes { bench.hello(node) }
    func code(_ change: (inout JobSpecification) -> Void) -> String? {
      var specification = bench.specification(minimum: 1)
      change(&specification)
      if case .refused(let code, _) = bench.command(.startJob(specification)) { return code }
      return nil
    }
    #expect(code { $0.cohort.target = 4 } == "cohort-size")
    #expect(code { $0.cohort = CohortTerms(rule: .weighted(.loss)) } == "cohort-size")
    #expect(code { $0.cohort.askedPerMille = 1_300 } == "cohort-size")
    #expect(code { $0.cohort = CohortTerms(target: 1, askedPerMille: 999) } == "cohort-size")
    #expect(code { $0.cohort.leastChargePerMille = 1_001 } == "least-charge")
    #expect(
      code {
        $0.cohort.target = 1
        $0.minimumReports = 2
      } == "cohort-size")
    #expect(code { $0.cohort.target = 3 } == nil)
  }

  // MARK: quarantine

  @Test func `updates refused three times in a row keep a node out of rounds until a pardon`() {
    var bench = CoordinatorBench()
    var specification = bench.specification(rounds: 9, minimum: 1)
    specification.nodes = CoordinatorBench.nodes.map(\.text)
    bench.startJob(specification)
    let liar = CoordinatorBench.nodes[2]
    for round: UInt32 in 1...3 {
      let key = bench.key(round)
      #expect(cohort(bench, round).contains(liar))
      bench.report(liar, key, outcome: .refused(code: "not-finite", detail: "element 3"))
      for node in CoordinatorBench.nodes.dropLast() { bench.report(node, key) }
      bench.handle(.aggregated(key, .made(bench.successor(UInt8(round)), accuracy: 80)))
    }
    let quarantine = bench.core.state.nodes[liar]?.terms.quarantine
    #expect(quarantine?.reason.contains("not-finite") == true)
    #expect(cohort(bench, 4) == Array(CoordinatorBench.nodes.dropLast()))
    bench.restart()
    #expect(bench.core.state.nodes[liar]?.terms.quarantine == quarantine)
    #expect(bench.command(.node(liar.text, .pardon)) == .done(liar.text))
    for node in CoordinatorBench.nodes { bench.hello(node) }
    for node in CoordinatorBench.nodes.dropLast() { bench.report(node, bench.key(4)) }
    bench.handle(.aggregated(bench.key(4), .made(bench.successor(4), accuracy: 80)))
    #expect(cohort(bench, 5) == CoordinatorBench.nodes)
  }

  @Test func `an update that counts makes up for refused ones`() {
    var bench = CoordinatorBench()
    bench.startJob(bench.specification(rounds: 9, minimum: 1))
    let node = CoordinatorBench.nodes[0]
    for round: UInt32 in 1...6 {
      let key = bench.key(round)
      let outcome: UploadOutcome =
        round % 3 == 0 ? .valid : .refused(code: "shape", detail: "layer 1")
      for other in CoordinatorBench.nodes {
        bench.report(other, key, outcome: other == node ? outcome : .valid)
      }
      bench.handle(.aggregated(key, .made(bench.successor(UInt8(round)), accuracy: 80)))
    }
    #expect(bench.core.state.nodes[node]?.terms.quarantine == nil)
    #expect(bench.core.state.nodes[node]?.terms.offences == nil)
  }

  @Test func `a node that declines by itself does no wrong`() {
    var bench = CoordinatorBench()
    bench.startJob(bench.specification(rounds: 9, minimum: 1))
    let node = CoordinatorBench.nodes[0]
    for round: UInt32 in 1...4 {
      var answer = WireRoundAnswer()
      answer.key = bench.key(round).wire
      answer.code = "quota"
      bench.receive(.roundAnswer(answer), from: node)
      for other in CoordinatorBench.nodes.dropFirst() { bench.report(other, bench.key(round)) }
      bench.handle(
        .aggregated(bench.key(round), .made(bench.successor(UInt8(round)), accuracy: 80)))
    }
    #expect(bench.core.state.nodes[node]?.terms.quarantine == nil)
  }

  @Test func `an operator's quarantine takes the node out of what is open, with a verdict`() {
    var bench = CoordinatorBench()
    bench.startJob()
    let node = CoordinatorBench.nodes[1]
    let directives = bench.handle(
      .command(.node(node.text, .quarantine(reason: "odd updates")), requestID: "q"))
    let part = bench.core.state.rounds[bench.key()]?.participant(node)
    #expect(part?.state == .refused(code: "quarantined"))
    #expect(directives.verdicts(to: node) == [.refused])
    #expect(bench.core.state.nodes[node]?.terms.quarantine?.reason == "odd updates")
    #expect(bench.core.state.nodes[node]?.terms.takesWork == true, "deployments reach it")
  }

  // MARK: pause

  @Test func `a paused job ends the round under way and begins none until it is resumed`() {
    var bench = CoordinatorBench()
    bench.startJob(bench.specification(rounds: 2))
    #expect(bench.command(.pauseJob(CoordinatorBench.job.text)) != nil)
    for node in CoordinatorBench.nodes { bench.report(node, bench.key()) }
    bench.handle(.aggregated(bench.key(), .made(bench.successor(1), accuracy: 80)))
    #expect(bench.core.state.rounds[bench.key()]?.state.name == "committed")
    bench.handle(.tick)
    bench.restart()
    bench.handle(.tick)
    #expect(bench.core.state.rounds[bench.key(2)] == nil)
    #expect(bench.core.state.jobs[CoordinatorBench.job]?.state == .running)
    for node in CoordinatorBench.nodes { bench.hello(node) }
    let resumed = bench.handle(
      .command(.resumeJob(CoordinatorBench.job.text), requestID: "resume"))
    #expect(resumed.offers(to: CoordinatorBench.nodes[0]).count == 1)
    #expect(bench.core.state.rounds[bench.key(2)]?.state.name == "open")
  }

  @Test func `a job that is over can be neither paused nor resumed, twice changes nothing`() {
    var bench = CoordinatorBench()
    bench.startJob()
    let job = CoordinatorBench.job.text
    bench.command(.pauseJob(job))
    let since = bench.core.state.jobs[CoordinatorBench.job]?.pausedAt
    bench.pass(milliseconds: 10)
    #expect(bench.command(.pauseJob(job)) == .done(job))
    #expect(bench.core.state.jobs[CoordinatorBench.job]?.pausedAt == since)
    #expect(bench.command(.cancelJob(job)) == .done(job))
    for command in [Command.pauseJob(job), .resumeJob(job)] {
      guard case .refused("job-over", _) = bench.command(command) else {
        Issue.record("\(command) was taken")
        continue
      }
    }
  }
}
