import FleetCore
import FleetProtocol

/// A connection as both sides see it.
struct Connection {
  var agent: Int
  var socket: Int
  /// Whom its key stood for at the handshake.
  var peer: PeerIdentity
  /// Half-open: whatever is sent vanishes, and neither side knows.
  var isDeaf = false
}

/// Connections and messages; a connection dies with either process and takes its messages along.
extension ChaosRun {
  /// ZMTP's heartbeat gives a silent connection up after that long.
  private static let silenceMilliseconds: ClosedRange<Int64> = 15_000...45_000

  func isIsolated(_ agent: SimulatedAgent) -> Bool {
    guard let until = agent.isolatedUntil else { return false }
    if now >= until { agent.isolatedUntil = nil }
    return now < until
  }

  func dial(_ agent: SimulatedAgent, _ endpoint: WireEndpoint, _ socket: Int) {
    guard let found = agent.sockets[endpoint], found.number == socket, found.address == nil else {
      return
    }
    let isPaused = coordinator.condition.pausedUntil.map { now < $0 } ?? false
    guard coordinator.core != nil, !isPaused, !isIsolated(agent) else {
      plan(.dial(agent.index, endpoint, socket), in: random.number(1_000...5_000))
      return
    }
    guard let peer = coordinator.allowed[found.key] else {
      trace("\(agent.node) is turned away with \(found.key)")
      plan(.dial(agent.index, endpoint, socket), in: random.number(1_000...5_000))
      return
    }
    connectionCount += 1
    let address = ReplyAddress(
      endpoint: endpoint,
      routingID: (0..<4).map { UInt8(truncatingIfNeeded: connectionCount >> (8 * $0)) })
    connections[address] = Connection(agent: agent.index, socket: socket, peer: peer)
    agent.sockets[endpoint]?.address = address
    plan(.agent(agent.index, agent.condition.life, .linked(endpoint)), in: 0)
  }

  func send(_ packet: Packet, from agent: SimulatedAgent) {
    let endpoint = packet.message.type.rule.endpoint
    guard let address = agent.sockets[endpoint]?.address, let connection = connections[address],
      !connection.isDeaf, !isIsolated(agent)
    else { return }
    let frames = packet.frames()
    for wait in waits(agent) {
      plan(.up(coordinator.condition.life, address, frames), in: wait)
    }
  }

  func send(_ packet: Packet, to address: ReplyAddress) {
    guard let connection = connections[address], !connection.isDeaf,
      !isIsolated(agents[connection.agent])
    else { return }
    if random.chance(faults.blockage) {
      plan(.coordinator(coordinator.condition.life, .blocked(address)), in: 0)
      return
    }
    var packet = packet
    if case .blobChunk = packet.message, random.chance(faults.damage) {
      packet.payload = [1, 2]
    }
    let frames = packet.frames()
    for wait in waits(agents[connection.agent]) { plan(.down(address, frames), in: wait) }
  }

  /// Delays of the copies that arrive: none when it is lost, two when it is duplicated.
  private func waits(_ agent: SimulatedAgent) -> [Int64] {
    if random.chance(faults.loss) { return [] }
    var waits = [random.number(1...8) * agent.condition.factor(at: now)]
    if random.chance(faults.duplication) { waits.append(random.number(1...2_000)) }
    if random.chance(faults.disorder) { waits[0] += random.number(1...1_000) }
    return waits
  }

  /// The connection is gone at once; its agent hears of it, and libzmq or the core dials again.
  func breakConnection(_ address: ReplyAddress, needsOpen: Bool) {
    guard let connection = connections.removeValue(forKey: address) else { return }
    let agent = agents[connection.agent]
    let endpoint = address.endpoint
    guard agent.sockets[endpoint]?.number == connection.socket else { return }
    if needsOpen {
      agent.sockets[endpoint] = nil
    } else {
      agent.sockets[endpoint]?.address = nil
      plan(
        .dial(agent.index, endpoint, connection.socket), in: random.number(1_000...5_000))
    }
    plan(
      .agent(
        agent.index, agent.condition.life,
        .unlinked(endpoint, reason: "broken", needsOpen: needsOpen)), in: random.number(0...500))
  }

  func lose(_ address: ReplyAddress, needsOpen: Bool) {
    breakConnection(address, needsOpen: needsOpen)
  }

  /// Nothing passes any more, and it takes a while until that is noticed.
  func deafen(_ address: ReplyAddress) {
    connections[address]?.isDeaf = true
    plan(.lost(address, needsOpen: false), in: random.number(Self.silenceMilliseconds))
  }

  func isolate(_ agent: SimulatedAgent, milliseconds: Int64) {
    agent.isolatedUntil = now.advanced(milliseconds: milliseconds)
    guard milliseconds > Self.silenceMilliseconds.upperBound else { return }
    for endpoint in WireEndpoint.allCases {
      guard let address = agent.sockets[endpoint]?.address else { continue }
      plan(.lost(address, needsOpen: false), in: Self.silenceMilliseconds.upperBound)
    }
  }

  func openSocket(_ agent: SimulatedAgent, _ endpoint: WireEndpoint) {
    closeSocket(agent, endpoint)
    agent.socketCount += 1
    agent.sockets[endpoint] = SimulatedAgent.Socket(number: agent.socketCount, key: agent.key)
    plan(.dial(agent.index, endpoint, agent.socketCount), in: random.number(5...60))
  }

  func closeSocket(_ agent: SimulatedAgent, _ endpoint: WireEndpoint) {
    if let address = agent.sockets[endpoint]?.address { connections[address] = nil }
    agent.sockets[endpoint] = nil
  }
}
