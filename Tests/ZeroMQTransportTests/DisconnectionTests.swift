import FleetProtocol
import Testing
import ZeroMQTransport

/// Connections that the coordinator ends itself.
@Suite struct DisconnectionTests {
  @Test(arguments: WireEndpoint.allCases)
  func `a cut connection ends at once, and its peer comes back`(endpoint: WireEndpoint) throws {
    let keys = try CurveKeyPair.generate()
    let fleet = try LoopbackFleet(allowed: [keys.publicKey: "node-a"])
    defer { fleet.transport.stop() }
    let agent = try fleet.agent(keys)
    defer { agent.transport.stop() }
    try agent.connect(endpoint)
    for number in 0..<3 as Range<UInt8> {
      agent.transport.send(endpoint, [[number]])
      let (peer, _, frames) = try fleet.events.message()
      #expect(frames == [[number]])
      fleet.transport.disconnect(peer)
      #expect(try agent.events.disconnected(endpoint) == .lost)
      // libzmq dials again by itself.
      try agent.events.connected(endpoint)
    }
  }

  @Test func `a cut connection whose key was taken off the list stays out`() throws {
    let (keys, other) = (try CurveKeyPair.generate(), try CurveKeyPair.generate())
    let fleet = try LoopbackFleet(allowed: [keys.publicKey: "node-a", other.publicKey: "node-b"])
    defer { fleet.transport.stop() }
    let (agent, bystander) = (try fleet.agent(keys), try fleet.agent(other))
    defer {
      agent.transport.stop()
      bystander.transport.stop()
    }
    try agent.connect()
    try bystander.connect()
    agent.transport.send(.control, [[1]])
    let (peer, _, _) = try fleet.events.message()
    bystander.transport.send(.control, [[2]])
    #expect(try fleet.events.message().frames == [[2]])
    fleet.transport.setAllowed([other.publicKey: "node-b"])
    fleet.transport.disconnect(peer)
    #expect(try agent.events.disconnected(.control) == .lost)
    #expect(try agent.events.disconnected(.control) == .refused)
    bystander.transport.send(.control, [[3]])
    #expect(try fleet.events.message().frames == [[3]], "nobody else is cut")
    // A peer that has gone is cut again without harm.
    fleet.transport.disconnect(peer)
    bystander.transport.send(.control, [[4]])
    #expect(try fleet.events.message().frames == [[4]])
  }

  @Test func `a peer that takes nothing fills its own queue, and others are served`() throws {
    let (lazy, other) = (try CurveKeyPair.generate(), try CurveKeyPair.generate())
    let fleet = try LoopbackFleet(allowed: [lazy.publicKey: "node-a", other.publicKey: "node-b"])
    defer { fleet.transport.stop() }
    let context = try Context()
    let socket = try RawOption.dealer(
      lazy, serverKey: fleet.keys.publicKey, routingID: "lazy", in: context)
    try socket.set(RawOption.receiveHighWaterMark, Int32(1), "RCVHWM")
    try socket.connect(fleet.transport.dataAddress)
    #expect(socket.send([[1]]) == .sent)
    let (peer, _, _) = try fleet.events.message()
    let chunk = [UInt8](repeating: 7, count: Limits.chunkBytes)
    var reason: UndeliverableReason?
    // What it holds is 64 messages here, one there, and what the kernel keeps in between.
    for _ in 0..<2_000 where reason == nil {
      fleet.transport.send([chunk], to: peer)
      for case .undeliverable(peer, let why) in fleet.events.drain() { reason = why }
    }
    if reason == nil {
      reason = try fleet.events.first("full queue") { event in
        if case .undeliverable(peer, let why) = event { why } else { nil }
      }
    }
    #expect(reason == .full)
    let agent = try fleet.agent(other)
    defer { agent.transport.stop() }
    try agent.connect(.data)
    agent.transport.send(.data, [[2]])
    let (second, _, _) = try fleet.events.message()
    #expect(fleet.answer("chunk", to: second))
    #expect(try agent.events.message() == [Array("chunk".utf8)])
  }
}
