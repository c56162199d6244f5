import FleetCore
import FleetProtocol
import Testing

/// Two keys of one node, from the order to rotate until the old one is gone.
@Suite struct KeyRotationTests {
  let node = CoordinatorBench.nodes[0]
  let old = FleetFixture.publicKey(0)
  let fresh = FleetFixture.publicKey(7)

  private func beat(_ bench: inout CoordinatorBench, _ key: String) -> [CoordinatorDirective] {
    var beat = WireHeartbeat()
    beat.nextPublicKey = key
    return bench.receive(.heartbeat(beat), from: node)
  }

  private func reply(_ directives: [CoordinatorDirective]) -> WireHeartbeatReply? {
    for case .heartbeatReply(let reply) in directives.messages(to: node) { return reply }
    return nil
  }

  /// A HELLO over a connection that was made with this key.
  private func hello(_ bench: inout CoordinatorBench, with key: String) -> [CoordinatorDirective] {
    var hello = WireHello()
    hello.versionMin = 1
    hello.versionMax = 2
    hello.nodeID = node.text
    hello.bootID = wireBytes([UInt8](repeating: 1, count: 16))
    let address = ReplyAddress(endpoint: .control, routingID: Array("second".utf8))
    return bench.handle(
      .received(
        address, user: PeerIdentity(node: node, publicKey: key).text,
        frames: Packet(.hello(hello), version: 1, session: 0, sequence: 1).frames()))
  }

  @Test func `both keys are good until the first session with the new one`() {
    var bench = CoordinatorBench()
    bench.hello(node)
    #expect(reply(beat(&bench, ""))?.rotateKey == false)
    #expect(reply(beat(&bench, fresh))?.knownNextKey == "", "nobody asked for a key")
    bench.command(.node(node.text, .rotateKey))
    #expect(reply(beat(&bench, ""))?.rotateKey == true)
    let offered = beat(&bench, fresh)
    let stored = offered.position { if case .persist = $0 { true } else { false } }
    let told = offered.position { if case .send = $0 { true } else { false } }
    #expect((stored ?? .max) < (told ?? 0), "stored before it is confirmed")
    #expect(offered.contains(.allowKey(publicKey: fresh, node: node)))
    #expect(reply(offered)?.knownNextKey == fresh)
    #expect(bench.core.state.nodes[node]?.admittedKeys == [old, fresh])
    bench.restart()
    #expect(bench.core.state.nodes[node]?.admittedKeys == [old, fresh])
    bench.hello(node)
    #expect(bench.core.sessions[node] != nil, "the old key is still good")
    let finished = hello(&bench, with: fresh)
    #expect(finished.contains(.denyKey(publicKey: old)))
    #expect(finished.contains(.disconnect(CoordinatorBench.address(node, .control))))
    #expect(bench.core.state.nodes[node]?.admittedKeys == [fresh])
    #expect(bench.core.state.nodes[node]?.terms.isRotating == false)
    #expect(bench.hello(node) == [.disconnect(CoordinatorBench.address(node, .control))])
  }

  @Test func `a key of another node, or one that was retired, is not taken`() {
    var bench = CoordinatorBench()
    bench.hello(node)
    bench.command(.node(node.text, .rotateKey))
    #expect(reply(beat(&bench, FleetFixture.publicKey(1)))?.knownNextKey == "")
    #expect(reply(beat(&bench, "no key"))?.knownNextKey == "")
    #expect(reply(beat(&bench, old))?.knownNextKey == "")
    #expect(bench.core.refusedFrames["next-key"] == 3)
    #expect(reply(beat(&bench, fresh))?.knownNextKey == fresh)
    let another = FleetFixture.publicKey(8)
    #expect(reply(beat(&bench, another))?.knownNextKey == another, "the first was lost")
    #expect(bench.core.state.barredKeys[fresh]?.reason == .retired)
  }

  @Test func `an agent makes a key, offers it, and changes over once it is known`() {
    var bench = AgentBench()
    bench.connect()
    func answer(_ wants: Bool, _ known: String) -> [AgentDirective] {
      var reply = WireHeartbeatReply()
      reply.rotateKey = wants
      reply.knownNextKey = known
      return bench.receive(.heartbeatReply(reply))
    }
    func offered() -> String? {
      for case .send(let packet) in bench.pass(milliseconds: 1_000) {
        if case .heartbeat(let beat) = packet.message { return beat.nextPublicKey }
      }
      return nil
    }
    #expect(answer(false, "").isEmpty)
    #expect(answer(true, "") == [.makeNextKey])
    #expect(answer(true, "").isEmpty, "one at a time")
    bench.handle(.nextKeyMade(publicKey: nil))
    #expect(answer(true, "") == [.makeNextKey], "the disk refused the first")
    bench.handle(.nextKeyMade(publicKey: fresh))
    #expect(offered() == fresh)
    #expect(answer(true, old).isEmpty, "another key is known")
    #expect(answer(true, fresh) == [.adoptNextKey(publicKey: fresh)])
    bench.handle(.nextKeyAdopted(false))
    #expect(answer(true, fresh) == [.adoptNextKey(publicKey: fresh)], "tried again")
    #expect(bench.handle(.nextKeyAdopted(true)).contains(.open(.control)))
    #expect(answer(true, "").isEmpty, "the old connection has nothing to say any more")
  }

  @Test func `a step that was dropped with a failed transaction is asked for again`() {
    var bench = AgentBench()
    bench.connect()
    func answer(_ known: String) -> [AgentDirective] {
      var reply = WireHeartbeatReply()
      reply.rotateKey = true
      reply.knownNextKey = known
      return bench.receive(.heartbeatReply(reply))
    }
    func fail() { bench.core.reload(bench.stored) }
    #expect(answer("").contains(.makeNextKey))
    fail()
    #expect(answer("").contains(.makeNextKey))
    bench.handle(.nextKeyMade(publicKey: fresh))
    #expect(answer(fresh).contains(.adoptNextKey(publicKey: fresh)))
    fail()
    #expect(answer(fresh).contains(.adoptNextKey(publicKey: fresh)))
    fail()
    #expect(bench.handle(.nextKeyAdopted(true)).contains(.open(.control)), "it was carried out")
  }

  @Test func `an agent answers a few questions and leaves the rest`() {
    var bench = AgentBench()
    bench.connect()
    var query = WireAgentQuery()
    query.kind = .logs
    query.limit = 9_999
    var asked: [AgentDirective] = []
    for id in 1...20 as ClosedRange<UInt64> {
      query.id = id
      asked += bench.receive(.agentQuery(query))
    }
    #expect(asked.count == 5)
    #expect(asked.first == .answerQuery(id: 1, .logs, lines: 200))
    query.kind = .unspecified
    _ = bench.pass(milliseconds: 5_000)
    #expect(bench.receive(.agentQuery(query)).isEmpty)
  }
}
