import Federation
import FleetCore
import FleetProtocol
import Testing

/// Jobs under central differential privacy: what is paid when, and what noise follows from.
@Suite struct PrivateJobTests {
  private let nodes = CoordinatorBench.nodes
  private let id = CoordinatorBench.job
  private let secret = JobSecret([UInt8](repeating: 7, count: 32))

  private func specification(
    _ bench: CoordinatorBench, rounds: UInt32 = 5, epsilonMax: Double = 100,
    chance: UInt32 = 1_000_000, minimum: Int = 2, delta: Double = 1e-3
  ) -> JobSpecification {
    var job = bench.specification(rounds: rounds, minimum: minimum, regression: 20)
    job.cohort = CohortTerms(rule: .chance(perMillion: chance))
    job.privacy = PrivacyTerms(noiseMilli: 1_000, clip: 50, delta: delta, epsilonMax: epsilonMax)
    return job
  }

  private func start(_ job: JobSpecification, _ bench: inout CoordinatorBench) {
    for node in nodes { bench.hello(node) }
    #expect(bench.command(.startJob(job, secret: secret)) == .done(id.text))
  }

  private func order(_ directives: [CoordinatorDirective]) -> AggregationOrder? {
    for case .aggregate(let order) in directives { return order }
    return nil
  }

  @discardableResult
  private func report(_ key: RoundKey, _ bench: inout CoordinatorBench) -> AggregationOrder? {
    var found: AggregationOrder?
    for node in nodes { found = order(bench.report(node, key)) ?? found }
    return found
  }

  private func commit(_ key: RoundKey, accuracy: Double = 80, _ bench: inout CoordinatorBench) {
    report(key, &bench)
    bench.handle(
      .aggregated(key, .made(bench.successor(UInt8(key.round)), accuracy: accuracy)))
  }

  private func refusal(_ job: JobSpecification, _ bench: inout CoordinatorBench) -> String? {
    guard case .refused(let code, _) = bench.command(.startJob(job, secret: secret)) else {
      return nil
    }
    return code
  }

  @Test func `terms without a meaning, and budgets that bear no round, are refused`() {
    var bench = CoordinatorBench()
    #expect(refusal(specification(bench, epsilonMax: 0.1), &bench) == "privacy-budget")
    #expect(refusal(specification(bench, delta: 0.5), &bench) == "privacy-delta")
    #expect(
      refusal(specification(bench, chance: 300_000), &bench) == "minimum-reports")
    var job = specification(bench)
    job.privacy?.clip = 0
    #expect(refusal(job, &bench) == "parameters")
  }

  @Test func `a round pays in the transaction that commits its model`() throws {
    var bench = CoordinatorBench()
    start(specification(bench), &bench)
    report(bench.key(), &bench)
    #expect(bench.core.state.privacyLedger(of: id).isEmpty)
    let directives = bench.handle(
      .aggregated(bench.key(), .made(bench.successor(1), accuracy: 80)))
    var paid: PrivacyLedgerRow?
    for case .persist(let changes) in directives {
      for case .roundCommitted(_, let result, _) in changes { paid = result.privacy }
    }
    let row = try #require(paid)
    #expect(row.round == 1 && row.clip == 50 && row.samplingPerMillion == 1_000_000)
    // z = 1: the least over whole orders of
    // alpha / 2 + ln(1 - 1 / alpha) - ln(delta alpha) / (alpha - 1).
    #expect(row.epsilon > 3.5 && row.epsilon < 3.9)
    #expect(bench.core.state.privacyLedger(of: id) == [row])
  }

  @Test func `a model that is not taken was paid for, a round that failed was not`() throws {
    var bench = CoordinatorBench()
    start(specification(bench), &bench)
    commit(bench.key(1), accuracy: 80, &bench)
    commit(bench.key(2), accuracy: 40, &bench)
    #expect(bench.core.state.jobs[id]?.bestAccuracy == 80)
    #expect(bench.core.state.privacyLedger(of: id).map(\.round) == [1, 2])
    bench.pass(milliseconds: 60_001)
    bench.handle(.tick)
    #expect(bench.core.state.rounds[bench.key(3)]?.state.name == "failed")
    #expect(bench.core.state.privacyLedger(of: id).map(\.round) == [1, 2])
  }

  @Test func `a round that the budget does not bear is not begun, and the job says why`() throws {
    var bench = CoordinatorBench()
    start(specification(bench, epsilonMax: 6), &bench)
    commit(bench.key(1), &bench)
    commit(bench.key(2), &bench)
    let job = try #require(bench.core.state.jobs[id])
    #expect(job.state == .finished)
    #expect(job.detail.hasPrefix("budget-spent: round 3 of 5 was not begun"))
    #expect(bench.core.state.rounds[bench.key(3)] == nil)
    #expect(bench.mirror.events.contains { $0.kind == "job.finished" && $0.detail == job.detail })
  }

  @Test func `going back gives no privacy back`() throws {
    var bench = CoordinatorBench()
    start(specification(bench), &bench)
    commit(bench.key(1), &bench)
    commit(bench.key(2), &bench)
    #expect(bench.command(.rollBackJob(id.text, to: 0)) == .done(bench.model.record.digest.hex))
    let job = try #require(bench.core.state.jobs[id])
    let before = try #require(try bench.core.account(of: job)).epsilon
    commit(bench.key(3, 2), &bench)
    let rows = bench.core.state.privacyLedger(of: id)
    #expect(rows.map(\.round) == [1, 2, 3])
    #expect(rows[2].epsilon > before && before == rows[1].epsilon)
  }

  @Test func `noise follows from the secret and the sealed set, over every restart`() throws {
    var bench = CoordinatorBench()
    start(specification(bench), &bench)
    let first = try #require(report(bench.key(), &bench)?.privacy)
    let again = try #require(order(bench.restart()))
    #expect(again.privacy == first)
    #expect(first.expected == 3 && first.clip == 50 && first.key.count == 32)
    #expect(first.seal != again.sealedHash)
    let round = try #require(bench.core.state.rounds[bench.key()])
    let job = try #require(bench.core.state.jobs[id])
    var other = try #require(JobSecret([UInt8](repeating: 8, count: 32)))
    #expect("\(other)" == "a secret")
    var twin = CoordinatorBench()
    for node in nodes { twin.hello(node) }
    twin.command(.startJob(specification(twin), secret: other))
    let elsewhere = try #require(report(twin.key(), &twin))
    #expect(elsewhere.sealedHash == again.sealedHash, "the same updates")
    #expect(elsewhere.privacy?.key != first.key && elsewhere.privacy?.seal != first.seal)
    // A set that differs in one update gets noise of its own.
    other = try #require(job.secret)
    var short = CoordinatorBench()
    for node in nodes { short.hello(node) }
    short.command(.startJob(specification(short), secret: other))
    for node in nodes.dropLast() { short.report(node, short.key()) }
    short.pass(milliseconds: 60_001)
    let fewer = try #require(order(short.handle(.tick)))
    #expect(fewer.key == round.key && fewer.privacy?.key != first.key)
  }

  @Test func `who is drawn follows from the secret, and too few are drawn anew`() throws {
    var cohorts: Set<[Identifier]> = []
    for byte: UInt8 in 1...12 {
      var bench = CoordinatorBench()
      for node in nodes { bench.hello(node) }
      var job = specification(bench, chance: 400_000, minimum: 1)
      job.attemptsMax = 100
      let secret = JobSecret([UInt8](repeating: byte, count: 32))
      bench.command(.startJob(job, secret: secret))
      let newest = try #require(bench.core.state.rounds.keys.max())
      let round = try #require(bench.core.state.rounds[newest])
      #expect(round.state.name == "open" && !round.participants.isEmpty)
      for attempt in 1..<round.key.attempt {
        let failed = try #require(bench.core.state.rounds[bench.key(1, attempt)])
        #expect(failed.participants.isEmpty && failed.state.name == "failed")
      }
      cohorts.insert(round.participants.map(\.node))
    }
    #expect(cohorts.count >= 4)
  }
}
