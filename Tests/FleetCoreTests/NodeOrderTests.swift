import FleetCore
import FleetProtocol
import Testing

/// What an operator can ask about one node, and what follows from it.
@Suite struct NodeOrderTests {
  let node = CoordinatorBench.nodes[0]
  let other = CoordinatorBench.nodes[1]

  private func code(_ response: CommandResponse?) -> String? {
    guard case .refused(let code, let detail) = response else { return nil }
    #expect(!detail.isEmpty)
    return code
  }

  private func order(_ order: NodeOrder) -> Command { .node(node.text, order) }

  @Test func `a revoked node's connections are cut before the operator is answered`() {
    var bench = CoordinatorBench()
    bench.hello(node)
    bench.receive(.blobRequest(WireBlobRequest()), from: node)
    let directives = bench.handle(.command(order(.revoke), requestID: "revoke"))
    let control = directives.position {
      $0 == .disconnect(CoordinatorBench.address(node, .control))
    }
    let data = directives.position { $0 == .disconnect(CoordinatorBench.address(node, .data)) }
    let denied = directives.position { $0 == .denyKey(publicKey: FleetFixture.publicKey(0)) }
    let answered = directives.position { if case .answer = $0 { true } else { false } }
    #expect(denied == 1)
    #expect((control ?? .max) < (answered ?? 0) && (data ?? .max) < (answered ?? 0))
    #expect(bench.core.sessions[node] == nil)
    #expect(bench.core.state.nodes[node]?.admittedKeys == [])
    #expect(bench.hello(node) == [.disconnect(CoordinatorBench.address(node, .control))])
    #expect(bench.core.refusedFrames["revoked-key"] == 1)
  }

  @Test func `new hardware is let in, and the door shut to the old, before anybody is told`() {
    var bench = CoordinatorBench()
    let fresh = FleetFixture.publicKey(7)
    let directives = bench.handle(
      .command(order(.replace(publicKey: fresh)), requestID: "replace"))
    let denied = directives.position { $0 == .denyKey(publicKey: FleetFixture.publicKey(0)) }
    let allowed = directives.position { $0 == .allowKey(publicKey: fresh, node: node) }
    let answered = directives.position { if case .answer = $0 { true } else { false } }
    #expect((denied ?? .max) < (answered ?? 0) && (allowed ?? .max) < (answered ?? 0))
  }

  @Test func `a revoked key never comes back, and its name only with new hardware`() {
    var bench = CoordinatorBench()
    let old = FleetFixture.publicKey(0)
    let fresh = FleetFixture.publicKey(7)
    #expect(bench.command(order(.revoke)) == .done(node.text))
    #expect(bench.command(order(.revoke)) == .done(node.text))
    #expect(code(bench.command(.acceptNode(publicKey: old, name: node.text))) == "revoked")
    #expect(code(bench.command(.acceptNode(publicKey: old, name: "other"))) == "duplicate-key")
    #expect(code(bench.command(order(.replace(publicKey: old)))) == "duplicate-key")
    #expect(code(bench.command(order(.uncordon))) == "revoked")
    #expect(bench.command(order(.replace(publicKey: fresh))) == .done(node.text))
    #expect(bench.core.state.nodes[node]?.admittedKeys == [fresh])
    #expect(code(bench.command(.acceptNode(publicKey: old, name: "other"))) == "retired-key")
    #expect(code(bench.command(order(.replace(publicKey: old)))) == "retired-key")
  }

  @Test func `new hardware keeps what was counted and forgets what the old one said`() {
    var bench = CoordinatorBench()
    bench.hello(node)
    bench.command(.deploy(model: bench.model.record.digest, nodes: [node.text]))
    var batch = WireTelemetryBatch()
    batch.bootID = wireBytes([UInt8](repeating: 1, count: 16))
    batch.firstSequence = 1
    batch.lastSequence = 1
    var windows = WireTelemetryWindows()
    var window = WireTelemetryWindow()
    window.sequence = 1
    windows.windows = [window]
    bench.receive(
      .telemetryBatch(batch), from: node, payload: SignedDocument.encoded(windows))
    bench.handle(.tick)
    #expect(bench.command(order(.replace(publicKey: FleetFixture.publicKey(7)))) == .done("node-a"))
    let record = bench.core.state.nodes[node]
    #expect(record?.boots.count == 1 && record?.chip == "" && record?.accepted == Generation.none)
    #expect(record?.desired?.model == bench.model.record.digest)
    #expect(bench.core.sessions[node] == nil)
  }

  @Test func `a cordoned node gets no deployment and no round, and keeps what it has`() {
    var bench = CoordinatorBench()
    let digest = bench.model.record.digest
    bench.startJob()
    #expect(bench.command(order(.cordon)) == .done(node.text))
    #expect(bench.core.awaitedRounds(of: node) == [bench.key()])
    #expect(code(bench.command(.deploy(model: digest, nodes: [node.text]))) == "cordoned")
    #expect(bench.command(.deploy(model: digest, nodes: [])) == .done("1.1"))
    #expect(bench.core.state.nodes[node]?.desired == nil)
    #expect(bench.core.state.nodes[other]?.desired != nil)
    for node in CoordinatorBench.nodes { bench.report(node, bench.key()) }
    bench.handle(.aggregated(bench.key(), .made(bench.successor(1), accuracy: nil)))
    let cohort = bench.core.state.rounds[bench.key(2)]?.participants.map(\.node)
    #expect(cohort == Array(CoordinatorBench.nodes.dropFirst()))
    #expect(bench.command(order(.uncordon)) == .done(node.text))
    #expect(bench.command(.deploy(model: digest, nodes: [node.text])) == .done("1.2"))
  }

  @Test func `a job over a cordoned node is refused`() {
    var bench = CoordinatorBench()
    bench.command(order(.cordon))
    #expect(code(bench.command(.startJob(bench.specification()))) == "cordoned")
  }

  @Test func `a reset node goes back to published weights, once, and leaves its rounds`() throws {
    var bench = CoordinatorBench()
    let published = bench.model.record.digest
    #expect(code(bench.command(order(.resetLearning))) == "no-model")
    let learnt = bench.model.successor(bytes: [7, 7, 7]).record
    // What rounds have learnt comes in with their commit, not by a command.
    bench.mirror.commit([.modelAdded(learnt)])
    bench.restart()
    bench.command(.deploy(model: learnt.digest, nodes: [node.text]))
    bench.startJob()
    #expect(bench.command(order(.resetLearning)) == .done(node.text))
    let desired = try #require(bench.core.state.nodes[node]?.desired)
    #expect(desired.model == published)
    #expect(bench.core.awaitedRounds(of: node) == [])
    #expect(bench.mirror.events.contains { $0.kind == "learning.reset" })
    let before = bench.core.state.nodes[node]
    #expect(bench.command(order(.resetLearning)) == .done(node.text))
    #expect(bench.core.state.nodes[node] == before, "a repeat changes nothing")
    bench.restart()
    bench.hello(node)
    #expect(bench.core.state.nodes[node]?.desired == desired)
  }

  @Test func `a node that does not serve what it was told to is not reset in ignorance`() {
    let shadow = DeploymentTerms(serving: ServingTerms(shadowPerMille: 10))
    for terms in [DeploymentTerms(), shadow] {
      var bench = CoordinatorBench()
      bench.hello(node)
      let digest = bench.model.record.digest
      bench.command(.deploy(model: digest, nodes: [node.text], terms: terms))
      var observed = WireObservedState()
      observed.generation = (bench.core.state.nodes[node]?.desired?.generation ?? .none).wire
      observed.state = terms.serving.isShadow ? .shadowing : .reverted
      observed.modelDigest = wireBytes(digest.bytes)
      bench.receive(.observedState(observed), from: node)
      #expect(code(bench.command(order(.resetLearning))) == "not-serving")
    }
  }

  @Test func `a draining node finishes its round, or gives it back when asked to`() {
    var bench = CoordinatorBench()
    bench.startJob()
    #expect(bench.command(order(.drain(giveBack: false))) == .done(node.text))
    #expect(bench.core.awaitedRounds(of: node) == [bench.key()])
    let directives = bench.handle(
      .command(order(.drain(giveBack: true)), requestID: "give-back"))
    #expect(directives.verdicts(to: node) == [.refused])
    #expect(bench.core.awaitedRounds(of: node) == [])
    #expect(
      bench.core.state.rounds[bench.key()]?.participant(node)?.state == .refused(code: "drained"))
    for node in CoordinatorBench.nodes.dropFirst() { bench.report(node, bench.key()) }
    #expect(bench.core.state.rounds[bench.key()]?.state.name == "sealed")
  }

  @Test func `labels keep to their grammar and their number`() {
    var bench = CoordinatorBench()
    func label(_ set: [String: String], _ remove: [String] = []) -> CommandResponse? {
      bench.command(order(.label(set: set, remove: remove)))
    }
    #expect(label(["site": "north", "rack/row": "4-B"]) == .done(node.text))
    #expect(label(["site": "south"], ["rack/row"]) == .done(node.text))
    #expect(bench.core.state.nodes[node]?.terms.labels == ["site": "south"])
    for (name, value) in [
      ("Site", "x"), ("", "x"), ("/site", "x"), ("a b", "x"), ("site", "a b"),
      (String(repeating: "a", count: 64), "x"), ("site", String(repeating: "a", count: 64)),
    ] { #expect(code(label([name: value])) == "label") }
    let many = (1..<NodeTerms.labelsMax).map { ("l\($0)", "") }
    #expect(label(Dictionary(uniqueKeysWithValues: many)) == .done(node.text))
    #expect(code(label(["one-more": ""])) == "labels")
  }

  @Test func `a rejected key makes room for newer ones and may still be accepted`() {
    var bench = CoordinatorBench()
    for number in 100...(100 + BarredKey.rejectedMax) {
      bench.pass(milliseconds: 1)
      let key = FleetFixture.publicKey(number)
      #expect(bench.command(.rejectKey(publicKey: key)) == .done(key))
    }
    #expect(bench.core.state.barredKeys.count == BarredKey.rejectedMax)
    #expect(bench.core.state.barredKeys[FleetFixture.publicKey(100)] == nil)
    let last = FleetFixture.publicKey(101)
    #expect(bench.core.state.barredKeys[last]?.reason == .rejected)
    #expect(bench.command(.acceptNode(publicKey: last, name: "node-z")) == .done("node-z"))
    #expect(bench.core.state.barredKeys[last] == nil)
    #expect(code(bench.command(.rejectKey(publicKey: last))) == "duplicate-key")
    #expect(code(bench.command(.rejectKey(publicKey: "short"))) == "public-key")
  }

  @Test func `a query is passed on, answered once, and given up after a while`() {
    var bench = CoordinatorBench()
    let refused = bench.handle(.query(node, .logs, limit: 5, id: 1))
    guard case .answerQuery(1, .refused(let code, _)) = refused.first else {
      Issue.record("an offline node was asked")
      return
    }
    #expect(code == "offline")
    bench.hello(node)
    bench.hello(other)
    let asked = bench.handle(.query(node, .logs, limit: 5, id: 2)).messages(to: node)
    #expect(asked.map(\.type) == [.agentQuery])
    var report = WireAgentReport()
    report.id = 2
    report.lines = ["a line"]
    #expect(bench.receive(.agentReport(report), from: other).isEmpty, "another node's answer")
    #expect(
      bench.receive(.agentReport(report), from: node)
        == [.answerQuery(id: 2, .answered(lines: ["a line"], checks: []))])
    #expect(bench.receive(.agentReport(report), from: node).isEmpty)
    bench.handle(.query(node, .selfTest, limit: 0, id: 3))
    bench.pass(milliseconds: 10_001)
    guard case .answerQuery(3, .refused("no-answer", _)) = bench.handle(.tick).first else {
      Issue.record("it waits for ever")
      return
    }
  }
}
