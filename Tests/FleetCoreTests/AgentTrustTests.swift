import FleetCore
import FleetProtocol
import Testing

/// What a node believes, and what it says when it does not.
@Suite struct AgentTrustTests {
  private let next = FleetFixture.key(21)
  private let nextDeploy = FleetFixture.key(22)
  private let node = AgentBench.node

  private func connected() -> AgentBench {
    var bench = AgentBench()
    bench.connect()
    return bench
  }

  @Test func `a rotation is on the disk before it is believed, and told at once`() throws {
    var bench = connected()
    let directives = bench.follow([
      FleetFixture.rootFile(2, deploy: [nextDeploy], signers: [FleetFixture.root])
    ])
    guard case .persist(let changes) = directives.first, case .rootAccepted = changes.first else {
      Issue.record("\(directives) does not begin with the root file")
      return
    }
    #expect(bench.core.root.version == 2)
    #expect(directives.beats.map(\.rootVersion) == [2])
    bench.deploy()
    #expect(bench.stored.observed?.code == "unknown-signer")
    let order = bench.model.desired(
      node, Generation(epoch: 1, number: 2), signer: nextDeploy)
    bench.receive(.desiredState(order))
    #expect(bench.stored.accepted?.generation == Generation(epoch: 1, number: 2))
    bench.restart()
    #expect(bench.core.root.version == 2)
  }

  @Test func `a node that was away follows version by version in one message`() {
    var bench = connected()
    let third = FleetFixture.key(23)
    let chain = [
      FleetFixture.rootFile(
        2, expires: 5, roots: [next], signers: [FleetFixture.root, next]),
      FleetFixture.rootFile(3, expires: 6, roots: [third], signers: [next, third]),
      FleetFixture.rootFile(4, roots: [third], signers: [third]),
    ]
    bench.follow([chain[0], chain[2]])
    #expect(bench.core.root.version == 1)
    bench.follow(chain)
    #expect(bench.core.root.version == 4)
    #expect(bench.noticed == ["root.refused root-version", "root.accepted"])
    // A late copy of the message changes nothing and says nothing.
    bench.follow(chain)
    #expect(bench.noticed.count == 2)
  }

  @Test func `what runs goes on running when its publisher's key is taken away`() {
    var bench = connected()
    bench.deploy()
    bench.serve(bench.model)
    let serving = bench.core.serving
    bench.follow([
      FleetFixture.rootFile(2, publisher: [next], signers: [FleetFixture.root])
    ])
    bench.restart()
    #expect(bench.serve(bench.model).contains { if case .serve = $0 { true } else { false } })
    #expect(bench.core.serving == serving)
    #expect(bench.core.root.version == 2)
  }

  @Test func `the publisher's terms stay those of the promise when its key goes`() {
    var bench = connected()
    bench.receive(.roundOffer(bench.offer()))
    bench.follow([
      FleetFixture.rootFile(2, publisher: [next], signers: [FleetFixture.root])
    ])
    let trainings = bench.handle(.chunksInspected(bench.model.record.digest, present: nil))
      .trainings
    #expect(trainings.map(\.permit) == [TrainingPermit(blocks: [0, 1], driftMax: 65_535)])
  }

  @Test func `an installed root file newer than the stored one is in force`() {
    var state = AgentState()
    state.root = RootRecord(version: 1, envelope: FleetFixture.rootFile(1))
    #expect(AgentBench(state: state).core.root == FleetFixture.trustRoot)
    state.root = RootRecord(version: 2, envelope: FleetFixture.rootFile(2))
    #expect(AgentBench(state: state).core.root.version == 2)
    state.root = RootRecord(version: 2, envelope: [1, 2])
    #expect(AgentBench(state: state).core.root.version == 1)
  }

  // MARK: time

  @Test func `the last signed time outlives the process and decides what has expired`() {
    var bench = connected()
    bench.hear(FleetFixture.timestamp(milliseconds: 60_000))
    bench.restart()
    bench.now = Instant(microseconds: 1_000_000)
    bench.handle(.linked(.control))
    bench.receive(AgentBench.welcome(), session: 2)
    bench.session = 2
    let late = UInt64(FleetFixture.noon.microseconds) + 59_000_000
    bench.receive(
      .desiredState(bench.model.desired(node, AgentBench.generation) { $0.expiresUs = late }),
      session: 2)
    #expect(bench.stored.observed?.code == "expired")
  }

  @Test func `an order's own time counts as signed time`() {
    var bench = connected()
    let issued = UInt64(FleetFixture.noon.microseconds) + 5_000_000
    bench.receive(
      .desiredState(bench.model.desired(node, AgentBench.generation) { $0.issuedUs = issued }))
    #expect(bench.stored.signedTime.latest.microseconds == Int64(issued))
    #expect(bench.stored.signedTime.issued.microseconds == 0)
  }

  @Test func `a timestamp is refused when it is older, void, or of another key`() {
    var bench = connected()
    bench.hear(
      FleetFixture.timestamp(milliseconds: 1_000, snapshot: Generation(epoch: 2, number: 5)))
    let known = bench.stored.signedTime
    let bad = [
      FleetFixture.timestamp(milliseconds: 500, snapshot: Generation(epoch: 2, number: 5)),
      FleetFixture.timestamp(milliseconds: 2_000, snapshot: Generation(epoch: 2, number: 4)),
      FleetFixture.timestamp(
        milliseconds: 2_000, snapshot: Generation(epoch: 3, number: 0), validMilliseconds: -3_000),
      FleetFixture.timestamp(milliseconds: 3_000, signer: FleetFixture.federation), [1, 2, 3],
    ]
    for document in bad { bench.hear(document) }
    #expect(bench.stored.signedTime == known)
    #expect(
      bench.noticed.map { $0.replacing("timestamp.refused ", with: "") } == [
        "timestamp-replay", "expired", "unknown-signer", "document-envelope",
      ])
  }

  @Test func `a time far ahead goes with the key that signed it`() {
    var bench = connected()
    let century: Int64 = 3_155_760_000_000
    bench.hear(FleetFixture.timestamp(milliseconds: century))
    bench.deploy()
    #expect(bench.stored.observed?.code == "expired")
    bench.follow([
      FleetFixture.rootFile(
        2, expires: .max / 4, deploy: [nextDeploy], signers: [FleetFixture.root])
    ])
    #expect(bench.core.root.version == 2)
    bench.receive(
      .desiredState(
        bench.model.desired(node, Generation(epoch: 1, number: 2), signer: nextDeploy)))
    #expect(bench.stored.accepted != nil)
  }

  @Test func `silence raises one alarm, and a sign of life ends it`() {
    var bench = connected()
    let hours = bench.settings.freezeMilliseconds
    bench.hear(FleetFixture.timestamp())
    _ = bench.pass(milliseconds: hours)
    #expect(bench.noticed == [])
    _ = bench.pass(milliseconds: 1)
    _ = bench.pass(milliseconds: 1_000)
    #expect(bench.noticed == ["freeze.suspected frozen"])
    #expect(bench.core.isFrozen)
    bench.handle(.linked(.control))
    bench.connect(session: 3)
    bench.hear(FleetFixture.timestamp(milliseconds: hours))
    #expect(bench.noticed == ["freeze.suspected frozen", "freeze.ended"])
    #expect(!bench.core.isFrozen)
  }

  @Test func `a node that never heard a sign of life is patient from its start`() {
    var bench = AgentBench()
    bench.handle(.started)
    _ = bench.pass(milliseconds: bench.settings.freezeMilliseconds)
    #expect(!bench.core.isFrozen)
    _ = bench.pass(milliseconds: 1)
    #expect(bench.core.isFrozen)
  }

  // MARK: notices

  @Test func `a notice is said again until it is acknowledged`() throws {
    var bench = connected()
    let said = bench.follow([[1, 2]]).notices
    let notice = try #require(said.first)
    #expect(notice.kind == "root.refused")
    #expect(notice.code == "document-envelope")
    #expect(notice.document == "root")
    #expect(bench.wait(milliseconds: 5_000).notices == [])
    #expect(bench.wait(milliseconds: 500).notices == [notice])
    // The same refusal again is no news.
    bench.follow([[1, 2]])
    #expect(bench.stored.notices.count == 1)
    var acknowledged = WireNoticesAcknowledged()
    acknowledged.through = notice.sequence
    bench.receive(.noticesAcknowledged(acknowledged))
    #expect(bench.stored.notices == [])
    #expect(bench.wait(milliseconds: 6_000).notices == [])
    bench.restart()
    bench.connect(session: 2)
    bench.follow([[1, 2]])
    #expect(bench.stored.notices.map(\.sequence).min() ?? 0 > notice.sequence)
  }

  @Test func `a coordinator that does not know notices is not told any`() {
    var bench = connected()
    var unsupported = WireUnsupported()
    unsupported.type = UInt32(MessageType.nodeNotices.rawValue)
    bench.receive(.unsupported(unsupported))
    #expect(bench.follow([[1, 2]]).notices == [])
    #expect(bench.stored.notices.count == 1)
    #expect(bench.connect(session: 2).notices.count == 1)
  }

  @Test func `more notices than a node keeps drop the oldest`() {
    var state = AgentState()
    for sequence in 1...UInt64(Limits.noticesMax + 1) {
      state.apply(
        .noticed(
          NodeNotice(
            sequence: sequence, at: FleetFixture.noon, kind: .rootRefused, code: "root",
            document: "root", detail: String(repeating: "ä", count: 600))))
    }
    #expect(state.notices.count == Limits.noticesMax)
    #expect(state.notices.first?.sequence == 2)
    #expect(state.notices.allSatisfy { $0.detail.utf8.count <= NodeNotice.detailBytesMax })
    var bench = AgentBench(state: state)
    #expect(bench.connect().notices.count == Limits.noticesInMessageMax)
  }

  // MARK: release counters

  private func promote(_ counter: UInt64, in bench: inout AgentBench, number: UInt64) {
    let model = FixtureModel.published(counter: counter, seed: UInt8(counter))
    bench.deploy(model, Generation(epoch: 1, number: number))
    bench.serve(model)
  }

  @Test func `a trial leaves the floor until a later order promotes the model`() {
    var bench = connected()
    promote(3, in: &bench, number: 1)
    let trial = FixtureModel.published(counter: 5, seed: 5)
    bench.receive(
      .desiredState(trial.desired(node, Generation(epoch: 1, number: 2)) { $0.trial = true }))
    bench.serve(trial)
    #expect(bench.core.serving == trial.record.digest)
    #expect(bench.stored.releaseFloors[FleetFixture.identifier("digits")] == 3)
    // The last good one is always allowed, without any permission.
    promote(3, in: &bench, number: 3)
    #expect(bench.stored.active?.releaseCounter == 3)
    bench.receive(.desiredState(trial.desired(node, Generation(epoch: 1, number: 4))))
    bench.serve(trial)
    #expect(bench.stored.releaseFloors[FleetFixture.identifier("digits")] == 5)
  }

  @Test func `a permitted step back lowers the floor and is told`() {
    var bench = connected()
    promote(9, in: &bench, number: 1)
    let old = FixtureModel.published(counter: 4, seed: 4)
    bench.receive(
      .desiredState(
        old.desired(node, Generation(epoch: 1, number: 2)) { $0.allowRollbackTo = 5 }))
    #expect(bench.stored.observed?.code == "release-counter")
    bench.receive(
      .desiredState(
        old.desired(node, Generation(epoch: 1, number: 3)) { $0.allowRollbackTo = 4 }))
    bench.serve(old)
    #expect(bench.stored.active?.releaseCounter == 4)
    #expect(bench.stored.releaseFloors[FleetFixture.identifier("digits")] == 4)
    #expect(bench.noticed == ["model.rolled-back"])
  }
}
