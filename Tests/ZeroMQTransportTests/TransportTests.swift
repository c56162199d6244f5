import FleetProtocol
import Testing
import ZeroMQTransport

@Suite struct TransportTests {
  private struct Pair {
    let fleet: LoopbackFleet
    let agent: LoopbackAgent

    init(lingerMilliseconds: Int32 = 0) throws {
      let keys = try CurveKeyPair.generate()
      fleet = try LoopbackFleet(allowed: [keys.publicKey: "node-a"])
      agent = try fleet.agent(keys, lingerMilliseconds: lingerMilliseconds)
    }

    func stop() {
      agent.transport.stop()
      fleet.transport.stop()
    }
  }

  private func bytes(of frames: [[UInt8]]) -> UInt64 {
    frames.reduce(0) { $0 + UInt64($1.count) }
  }

  @Test func `many messages arrive whole and in order, both ways`() throws {
    let pair = try Pair()
    defer { pair.stop() }
    let (fleet, agent) = (pair.fleet, pair.agent)
    try agent.connect(.data)
    var generator = SplitMix(seed: 5)
    let messages = (0..<1_500).map { index in
      (0...Int.random(in: 0...2, using: &generator)).map { frame in
        [UInt8](
          repeating: UInt8(truncatingIfNeeded: index + frame),
          count: Int.random(in: 0...3_000, using: &generator))
      }
    }
    for message in messages { #expect(agent.transport.send(.data, message)) }
    for (index, message) in messages.enumerated() {
      let (peer, userID, frames) = try fleet.events.message()
      try #require(frames == message, "message \(index) differs")
      try #require(userID == "node-a")
      // libzmq counts what was read in halves of the mark of 64: that many always fit.
      if index.isMultiple(of: 30) {
        for sent in messages[index..<min(index + 30, messages.count)] {
          #expect(fleet.transport.send(sent, to: peer))
        }
        for sent in messages[index..<min(index + 30, messages.count)] {
          try #require(try agent.events.message() == sent)
        }
      }
    }
    let total = messages.reduce(0) { $0 + bytes(of: $1) }
    #expect(agent.transport.bytes(.data) == TransferredBytes(sent: total, received: total))
    #expect(fleet.transport.bytes(.data) == TransferredBytes(sent: total, received: total))
    #expect(fleet.transport.bytes(.control) == TransferredBytes(sent: 0, received: 0))
    #expect(agent.transport.sentBytes == total)
    #expect(agent.transport.receivedBytes == total)
    #expect(agent.transport.droppedSends == 0)
    #expect(fleet.transport.droppedSends == 0)
  }

  @Test func `bytes are counted for each endpoint and over reconnects`() throws {
    let pair = try Pair()
    defer { pair.stop() }
    for count in [10, 20] {
      for endpoint in WireEndpoint.allCases {
        try pair.agent.connect(endpoint)
        let frame = [UInt8](repeating: 1, count: endpoint == .control ? count : count * 100)
        pair.agent.transport.send(endpoint, [frame])
        let (peer, _, _) = try pair.fleet.events.message()
        pair.fleet.transport.send([[1, 2], [3]], to: peer)
        _ = try pair.agent.events.message()
      }
    }
    #expect(pair.agent.transport.bytes(.control) == TransferredBytes(sent: 30, received: 6))
    #expect(pair.agent.transport.bytes(.data) == TransferredBytes(sent: 3_000, received: 6))
    #expect(pair.agent.transport.sentBytes == 3_030)
    #expect(pair.agent.transport.receivedBytes == 12)
    #expect(pair.fleet.transport.bytes(.control) == TransferredBytes(sent: 6, received: 30))
  }

  @Test func `a message of four frames is dropped and reported`() throws {
    let pair = try Pair()
    defer { pair.stop() }
    try pair.agent.connect()
    pair.agent.transport.send(.control, [[1], [2], [3], [4]])
    pair.agent.transport.send(.control, [UInt8](0..<200).map { [$0] })
    pair.agent.transport.send(.control, [[7]])
    for expected in [4, 200] {
      let (peer, count) = try pair.fleet.events.first("malformed message") { event in
        if case .malformed(let peer, "node-a", let count) = event { (peer, count) } else { nil }
      }
      #expect(count == expected)
      pair.fleet.transport.send([[1], [2], [3], [4]], to: peer)
    }
    #expect(try pair.fleet.events.message().frames == [[7]])
    #expect(
      try pair.agent.events.first("malformed message") { event in
        if case .malformed(.control, let count) = event { count } else { nil }
      } == 4)
  }

  @Test(arguments: WireEndpoint.allCases)
  func `a frame at the limit passes and one byte more ends the connection`(
    endpoint: WireEndpoint
  ) throws {
    let limit = endpoint == .control ? Limits.controlFrameBytesMax : Limits.dataFrameBytesMax
    let pair = try Pair()
    defer { pair.stop() }
    try pair.agent.connect(endpoint)
    let frame = [UInt8](repeating: 5, count: limit)
    pair.agent.transport.send(endpoint, [[1], frame])
    #expect(try pair.fleet.events.message().frames == [[1], frame])
    pair.agent.transport.send(endpoint, [[2], frame + [5]])
    #expect(try pair.agent.events.disconnected(endpoint) == .lost)
    #expect(!DisconnectReason.lost.needsOpen)
    try pair.agent.connect(endpoint)
    pair.agent.transport.send(endpoint, [[3]])
    #expect(try pair.fleet.events.message().frames == [[3]])
  }

  @Test func `a port in use is an error that names it`() throws {
    let fleet = try LoopbackFleet()
    defer { fleet.transport.stop() }
    for (control, data) in [
      (fleet.transport.controlAddress, "tcp://127.0.0.1:*"),
      ("tcp://127.0.0.1:*", fleet.transport.dataAddress),
    ] {
      let taken = control.hasSuffix("*") ? data : control
      let error = #expect(throws: TransportError.self) {
        _ = try LoopbackFleet(control: control, data: data)
      }
      #expect(error == .addressInUse(taken))
      #expect(error?.description.contains(taken) == true)
    }
  }

  @Test(arguments: ["tcp://192.0.2.1:1", "tcp://127.0.0.1", "udp://127.0.0.1:1", "", "127.0.0.1:1"])
  func `an address that cannot be listened on is an error that names it`(
    address: String
  ) throws {
    let error = #expect(throws: TransportError.self) {
      _ = try LoopbackFleet(control: address)
    }
    guard case .addressUnusable(address, _) = error else {
      Issue.record("\(address): \(String(describing: error))")
      return
    }
  }

  @Test func `stop returns, frees both ports and may be called again`() throws {
    let keys = try CurveKeyPair.generate()
    var fleet = try LoopbackFleet(allowed: [keys.publicKey: "node-a"])
    let (control, data) = (fleet.transport.controlAddress, fleet.transport.dataAddress)
    let agent = try fleet.agent(keys)
    defer { agent.transport.stop() }
    for _ in 0..<3 {
      try agent.connect()
      agent.transport.send(.control, [[1]])
      let (peer, _, _) = try fleet.events.message()
      fleet.transport.stop()
      fleet.transport.stop()
      #expect(!fleet.transport.send([[1]], to: peer))
      #expect(try agent.events.disconnected(.control) == .lost)
      fleet = try LoopbackFleet(
        allowed: [keys.publicKey: "node-a"], control: control, data: data, keys: fleet.keys)
      #expect(fleet.transport.controlAddress == control)
      #expect(fleet.transport.dataAddress == data)
    }
    fleet.transport.stop()
  }

  @Test func `an agent comes back by itself when its coordinator does`() throws {
    let pair = try Pair()
    defer { pair.agent.transport.stop() }
    try pair.agent.connect()
    pair.fleet.transport.stop()
    #expect(try pair.agent.events.disconnected(.control) == .lost)
    let again = try LoopbackFleet(
      allowed: [pair.agent.keys.publicKey: "node-a"],
      control: pair.fleet.transport.controlAddress, keys: pair.fleet.keys)
    defer { again.transport.stop() }
    try pair.agent.events.connected(.control)
    pair.agent.transport.send(.control, [[1]])
    #expect(try again.events.message().userID == "node-a")
  }

  @Test func `both sides live through many fresh sockets`() throws {
    let pair = try Pair()
    defer { pair.stop() }
    // Each one is given up right after its handshake, while libzmq still reports about it.
    for number in 0..<100 as Range<UInt8> {
      try pair.agent.connect()
      pair.agent.transport.send(.control, [[number]])
      #expect(try pair.fleet.events.message().frames == [[number]])
    }
    // The data endpoint shares its I/O thread with the sockets that went.
    try pair.agent.connect(.data)
    pair.agent.transport.send(.data, [[1]])
    #expect(try pair.fleet.events.message().frames == [[1]])
  }

  @Test func `an address where nobody listens is unreachable`() throws {
    let pair = try Pair()
    pair.fleet.transport.stop()
    pair.agent.transport.open(.control)
    #expect(try pair.agent.events.disconnected(.control) == .unreachable)
    pair.agent.transport.stop()
  }

  @Test func `a message to a peer that has gone is reported`() throws {
    let pair = try Pair()
    defer { pair.stop() }
    try pair.agent.connect()
    pair.agent.transport.send(.control, [[1]])
    let (peer, _, _) = try pair.fleet.events.message()
    let nobody = PeerAddress(endpoint: .control, routingID: peer.routingID + [1])
    #expect(pair.fleet.transport.send([[1]], to: nobody))
    let lost = try pair.fleet.events.first("undeliverable message") { event in
      if case .undeliverable(let peer, let reason) = event { (peer, reason) } else { nil }
    }
    #expect(lost == (nobody, .gone))
  }

  @Test func `without an open endpoint what is sent is given up and counted`() throws {
    let pair = try Pair()
    defer { pair.stop() }
    pair.agent.transport.send(.control, [[1]])
    try pair.agent.connect()
    pair.agent.transport.send(.control, [[2]])
    #expect(try pair.fleet.events.message().frames == [[2]])
    #expect(pair.agent.transport.droppedSends == 1)
    pair.agent.transport.close(.control)
    pair.agent.transport.send(.control, [[3]])
    try pair.agent.connect()
    pair.agent.transport.send(.control, [[4]])
    #expect(try pair.fleet.events.message().frames == [[4]])
    #expect(pair.agent.transport.droppedSends == 2)
  }

  @Test func `what waits is bounded by bytes and by messages`() throws {
    let pair = try Pair()
    pair.fleet.transport.stop()
    defer { pair.stop() }
    // Nobody listens any more, so that everything sent waits.
    pair.agent.transport.open(.control)
    pair.agent.transport.open(.data)
    _ = try pair.agent.events.disconnected(.control)
    let half = [UInt8](repeating: 0, count: 32 << 20)
    #expect(pair.agent.transport.send(.data, [half]))
    #expect(!pair.agent.transport.send(.data, [half, [1]]))
    #expect(pair.agent.transport.send(.data, [half]))
    #expect(!pair.agent.transport.send(.data, [[1]]))
    for _ in 0..<8_192 { #expect(pair.agent.transport.send(.control, [[]])) }
    #expect(!pair.agent.transport.send(.control, [[]]))
    #expect(pair.agent.transport.droppedSends == 3)
  }

  @Test func `a last message goes out within the linger`() throws {
    let pair = try Pair(lingerMilliseconds: 5_000)
    defer { pair.fleet.transport.stop() }
    try pair.agent.connect()
    pair.agent.transport.send(.control, [[6], [6]])
    pair.agent.transport.stop()
    #expect(try pair.fleet.events.message().frames == [[6], [6]])
  }
}

/// A small seeded generator, so that a failure repeats.
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
