import FleetProtocol
import Testing
import ZeroMQTransport

@Suite struct AdmissionTests {
  @Test(arguments: WireEndpoint.allCases)
  func `an accepted key gets through and stands for its node`(endpoint: WireEndpoint) throws {
    let keys = try CurveKeyPair.generate()
    let fleet = try LoopbackFleet(allowed: [keys.publicKey: "node-a"])
    defer { fleet.transport.stop() }
    let agent = try fleet.agent(keys)
    defer { agent.transport.stop() }
    try agent.connect(endpoint)
    #expect(agent.transport.send(endpoint, [[1], [], [3, 3]]))
    let (peer, userID, frames) = try fleet.events.message()
    #expect(userID == "node-a")
    #expect(peer.endpoint == endpoint)
    #expect(frames == [[1], [], [3, 3]])
    #expect(fleet.answer("welcome", to: peer))
    #expect(try agent.events.message() == [Array("welcome".utf8)])
  }

  @Test func `an unknown key is refused and reported once`() throws {
    let fleet = try LoopbackFleet()
    defer { fleet.transport.stop() }
    let agent = try fleet.agent(CurveKeyPair.generate())
    defer { agent.transport.stop() }
    agent.transport.open(.control)
    #expect(try agent.events.disconnected(.control) == .refused)
    let (key, address) = try fleet.events.first("unknown key") { event in
      if case .unknownKey(let key, let address) = event { (key, address) } else { nil }
    }
    #expect(key == agent.keys.publicKey.z85)
    #expect(address == "127.0.0.1")
    agent.transport.open(.data)
    #expect(try agent.events.disconnected(.data) == .refused)
    #expect(fleet.events.drain().isEmpty)
    #expect(DisconnectReason.refused.needsOpen)
  }

  @Test func `a refused agent that was accepted connects when it opens again`() throws {
    let fleet = try LoopbackFleet()
    defer { fleet.transport.stop() }
    let agent = try fleet.agent(CurveKeyPair.generate())
    defer { agent.transport.stop() }
    agent.transport.open(.control)
    #expect(try agent.events.disconnected(.control) == .refused)
    fleet.transport.setAllowed([agent.keys.publicKey: "node-a"])
    try agent.connect()
    agent.transport.send(.control, [[1]])
    #expect(try fleet.events.message().userID == "node-a")
  }

  @Test func `a key that was taken off the list cannot come back`() throws {
    let keys = try CurveKeyPair.generate()
    let fleet = try LoopbackFleet(allowed: [keys.publicKey: "node-a"])
    defer { fleet.transport.stop() }
    let agent = try fleet.agent(keys)
    defer { agent.transport.stop() }
    try agent.connect()
    fleet.transport.setAllowed([:])
    agent.transport.open(.control)
    #expect(try agent.events.disconnected(.control) == .refused)
  }

  @Test func `a wrong pinned key breaks the handshake`() throws {
    let keys = try CurveKeyPair.generate()
    let fleet = try LoopbackFleet(allowed: [keys.publicKey: "node-a"])
    defer { fleet.transport.stop() }
    let agent = try fleet.agent(keys, coordinatorKeys: [CurveKeyPair.generate().publicKey])
    defer { agent.transport.stop() }
    agent.transport.open(.control)
    #expect(try agent.events.disconnected(.control) == .handshake)
    #expect(DisconnectReason.handshake.needsOpen)
    #expect(!fleet.events.drain().contains { if case .received = $0 { true } else { false } })
  }

  @Test func `a claimed routing id is no identity`() throws {
    let (first, second) = (try CurveKeyPair.generate(), try CurveKeyPair.generate())
    let fleet = try LoopbackFleet(
      allowed: [first.publicKey: "node-a", second.publicKey: "node-b"])
    defer { fleet.transport.stop() }
    let context = try Context()
    let squatter = try RawOption.dealer(
      second, serverKey: fleet.keys.publicKey, routingID: "node-a", in: context)
    try squatter.connect(fleet.transport.controlAddress)
    #expect(squatter.send([[1]]) == .sent)
    let (peer, userID, _) = try fleet.events.message()
    #expect(userID == "node-b")
    #expect(peer.routingID == Array("node-a".utf8))

    // The first owner of a routing id keeps it: what a second one says never arrives as his.
    let thief = try RawOption.dealer(
      first, serverKey: fleet.keys.publicKey, routingID: "node-a", in: context)
    try thief.connect(fleet.transport.controlAddress)
    #expect(thief.send([[2]]) == .sent)
    let agent = try fleet.agent(first)
    defer { agent.transport.stop() }
    try agent.connect()
    agent.transport.send(.control, [[3]])
    #expect(try fleet.events.message().frames == [[3]])
    #expect(squatter.send([[4]]) == .sent)
    let last = try fleet.events.message()
    #expect(last.frames == [[4]])
    #expect(last.userID == "node-b")
  }

  @Test func `the self-test sees an open door, a silent one and a closed one`() throws {
    let context = try Context()
    let keys = try CurveKeyPair.generate()
    // CURVE without an authentication handler: libzmq lets every key in.
    let open = try Socket(.router, in: context)
    try open.set(RawOption.curveServer, Int32(1), "CURVE_SERVER")
    try open.set(RawOption.curveSecretKey, Array(keys.secretZ85.utf8), "CURVE_SECRETKEY")
    let address = try open.bind("tcp://127.0.0.1:*")
    let probe = try AdmissionProbe()
    #expect(throws: TransportError.strangerAdmitted(address: address)) {
      try probe.run(.control, address: address, serverKey: keys.publicKey, context: context)
    }
    // With another server key no handshake ever ends.
    let other = try CurveKeyPair.generate().publicKey
    #expect(throws: TransportError.selfTestUndecided(address: address, milliseconds: 300)) {
      try probe.run(
        .data, address: address, serverKey: other, context: context, patienceMilliseconds: 300)
    }
    let fleet = try LoopbackFleet()
    defer { fleet.transport.stop() }
    try probe.run(
      .control, address: fleet.transport.controlAddress, serverKey: fleet.keys.publicKey,
      context: Context())
  }
}
