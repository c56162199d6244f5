import FleetCore
import FleetProtocol

/// Connections and messages; a connection dies with either process and takes its messages along.
extension SimulatedFleet {
  mutating func dial(_ index: Int, _ endpoint: WireEndpoint, _ socket: Int) {
    guard agents[index].sockets[endpoint]?.number == socket else { return }
    guard coordinator.core != nil else {
      plan(.dial(index, endpoint, socket), in: 500)
      return
    }
    connectionCount += 1
    let address = ReplyAddress(
      endpoint: endpoint,
      routingID: (0..<4).map { UInt8(truncatingIfNeeded: connectionCount >> (8 * $0)) })
    connections[address] = (index, socket)
    agents[index].sockets[endpoint]?.address = address
    tell(index, .linked(endpoint))
  }

  mutating func send(_ packet: Packet, from index: Int) {
    let endpoint = packet.message.type.rule.endpoint
    guard let address = agents[index].sockets[endpoint]?.address else { return }
    if random.chance(faults.disconnection) {
      breakConnection(index, endpoint, needsOpen: random.chance(0.5))
      return
    }
    for wait in waits() {
      plan(.up(coordinator.life, address, agents[index].node, packet.frames()), in: wait)
    }
  }

  mutating func send(_ packet: Packet, to address: ReplyAddress) {
    var packet = packet
    if random.chance(faults.blockage) {
      plan(.coordinator(coordinator.life, .blocked(address)), in: 0)
      return
    }
    if case .blobChunk = packet.message, random.chance(faults.damage) { packet.payload = [1, 2] }
    for wait in waits() { plan(.down(address, packet.frames()), in: wait) }
  }

  /// Delays of the copies that arrive: none when it is lost, two when it is duplicated.
  private mutating func waits() -> [Int64] {
    if random.chance(faults.loss) { return [] }
    var waits = [delay(1...8)]
    if random.chance(faults.duplication) { waits.append(delay(1...200)) }
    if random.chance(faults.disorder) { waits[0] += delay(1...300) }
    return waits
  }

  mutating func breakConnection(_ index: Int, _ endpoint: WireEndpoint, needsOpen: Bool) {
    guard let socket = agents[index].sockets[endpoint] else { return }
    if let address = socket.address { connections[address] = nil }
    if needsOpen {
      agents[index].sockets[endpoint] = nil
    } else {
      agents[index].sockets[endpoint]?.address = nil
      plan(.dial(index, endpoint, socket.number), in: delay(10...400))
    }
    plan(
      .agent(
        index, agents[index].life,
        .unlinked(endpoint, reason: "broken", needsOpen: needsOpen)), in: 0)
  }

  /// The coordinator ends a connection; the agent's libzmq dials again by itself.
  mutating func cut(_ address: ReplyAddress) {
    guard let (index, _) = connections[address] else { return }
    breakConnection(index, address.endpoint, needsOpen: false)
  }

  mutating func openSocket(_ index: Int, _ endpoint: WireEndpoint) {
    closeSocket(index, endpoint)
    agents[index].socketCount += 1
    let number = agents[index].socketCount
    agents[index].sockets[endpoint] = SimulatedAgent.Socket(number: number)
    plan(.dial(index, endpoint, number), in: delay(5...60))
  }

  mutating func closeSocket(_ index: Int, _ endpoint: WireEndpoint) {
    if let address = agents[index].sockets[endpoint]?.address { connections[address] = nil }
    agents[index].sockets[endpoint] = nil
  }

  enum Fate { case kept, diesBefore, diesAfter, refused }

  /// What becomes of a transaction.
  mutating func fate() -> Fate {
    if random.chance(faults.death) { return random.chance(0.5) ? .diesBefore : .diesAfter }
    return random.chance(faults.diskFailure) ? .refused : .kept
  }
}
