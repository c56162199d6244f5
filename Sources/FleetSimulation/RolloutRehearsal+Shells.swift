import FleetCore
import FleetProtocol

/// The shells of a rehearsal, imitated: nothing fails here but what the script says.
extension RolloutRehearsal {
  // MARK: coordinator

  func tell(_ event: CoordinatorEvent) throws {
    var events = [event]
    while !events.isEmpty {
      for directive in core.handle(events.removeFirst(), at: now) {
        try carryOut(directive, &events)
      }
    }
  }

  private func carryOut(
    _ directive: CoordinatorDirective, _ events: inout [CoordinatorEvent]
  ) throws {
    switch directive {
    case .persist(let changes):
      try store.commit(changes)
      note(changes)
    case .send(let address, let packet): send(packet, to: address)
    case .sendDesired(let address, let order):
      let expires = now.advanced(milliseconds: 86_400_000)
      send(
        order.packet(
          expiresMicroseconds: UInt64(expires.microseconds),
          signers: [SimulatedTrust.deployKey(rootVersion: 1)]), to: address)
    case .sendChunks(let address, let order): sendChunks(address, order)
    case .assess(let order):
      let found = try store.assess(order, joules: joules)
      plan(.coordinator(.assessed(order.key, .made(found))), in: random.number(5...50))
    case .signTimestamp(let document):
      events.append(
        .timestampSigned(
          SignedDocument.sign(
            SignedDocument.encoded(document), as: .timestamp,
            with: [SimulatedTrust.deployKey(rootVersion: 1)])))
    case .answer(_, .refused(let code, let detail)): refusal = "\(code): \(detail)"
    case .disconnect(let address): breakConnection(address)
    // No keys change, no updates come, and nobody reads a log.
    case .answer, .rootChanged, .allowKey, .denyKey, .appendUpload, .checkUpload, .dropUpload,
      .aggregate, .answerQuery, .report:
      break
    }
  }

  private func note(_ changes: [FleetChange]) {
    for change in changes {
      switch change {
      case .rolloutDecided(_, let decision):
        if report.decisions.isEmpty {
          let first = rollout?.nodes(inWave: 0) ?? []
          report.streamed =
            nodes.filter { first.contains($0.name) }
            .reduce(0) { $0 + ($1.agent.chip?.streamed ?? 0) } - streamedBefore(first)
        }
        report.decisions.append(decision)
      case .event(let event) where event.kind.hasPrefix("rollout."):
        let seconds = now.milliseconds(since: beginsAt) / 1_000
        report.events.append("\(seconds) s: \(event.kind), \(event.detail)")
      default: break
      }
    }
  }

  /// Inputs before the rollout began.
  private func streamedBefore(_ names: [Identifier]) -> UInt64 {
    nodes.reduce(0) { $0 + (names.contains($1.name) ? $1.streamedBefore : 0) }
  }

  private func sendChunks(_ address: ReplyAddress, _ order: ChunkOrder) {
    let content = order.digest == new.record.digest ? new.content : present.content
    for packet in content.packets(order) { send(packet, to: address) }
  }

  // MARK: agents

  func handle(_ index: Int, _ event: AgentEvent) {
    carryOut(index, nodes[index].agent.handle(event, at: now))
  }

  func carryOut(_ index: Int, _ actions: [HollowAgent.Action]) {
    note(index)
    for action in actions {
      switch action {
      case .open(let endpoint): open(index, endpoint)
      case .close(let endpoint): close(index, endpoint)
      case .send(let packet): send(packet, from: index)
      case .later(let event, let at): agenda.plan(.agent(index, event), at: at)
      case .note: break
      }
    }
  }

  // MARK: the wire

  private func open(_ index: Int, _ endpoint: WireEndpoint) {
    close(index, endpoint)
    nodes[index].socketCount += 1
    nodes[index].sockets[endpoint] = Socket(number: nodes[index].socketCount)
    plan(.dial(index, endpoint, nodes[index].socketCount), in: random.number(5...60))
  }

  private func close(_ index: Int, _ endpoint: WireEndpoint) {
    if let address = nodes[index].sockets[endpoint]?.address { connections[address] = nil }
    nodes[index].sockets[endpoint] = nil
  }

  func dial(_ index: Int, _ endpoint: WireEndpoint, _ number: Int) {
    guard let socket = nodes[index].sockets[endpoint], socket.number == number,
      socket.address == nil
    else { return }
    guard nodes[index].absences == 0 else {
      return plan(.dial(index, endpoint, number), in: random.number(1_000...5_000))
    }
    connectionCount += 1
    let address = ReplyAddress(
      endpoint: endpoint,
      routingID: (0..<4).map { UInt8(truncatingIfNeeded: connectionCount >> (8 * $0)) })
    connections[address] = index
    nodes[index].sockets[endpoint]?.address = address
    handle(index, .linked(endpoint))
  }

  /// The connection is gone, its agent hears of it, and dials again.
  private func breakConnection(_ address: ReplyAddress) {
    guard let index = connections.removeValue(forKey: address),
      let socket = nodes[index].sockets[address.endpoint], socket.address == address
    else { return }
    nodes[index].sockets[address.endpoint]?.address = nil
    plan(.dial(index, address.endpoint, socket.number), in: random.number(1_000...5_000))
    plan(
      .agent(index, .unlinked(address.endpoint, reason: "broken", needsOpen: false)),
      in: random.number(0...500))
  }

  private func send(_ packet: Packet, from index: Int) {
    let endpoint = packet.message.type.rule.endpoint
    guard let address = nodes[index].sockets[endpoint]?.address else { return }
    plan(.up(address, packet.frames()), in: random.number(1...8))
  }

  private func send(_ packet: Packet, to address: ReplyAddress) {
    guard connections[address] != nil else { return }
    plan(.down(address, packet.frames()), in: random.number(1...8))
  }

  // MARK: faults

  func strike(_ fault: RehearsalFault, begins: Bool) {
    for index in nodes.indices where fault.nodes.contains(nodes[index].name) {
      nodes[index].agent.chip?.run(until: now)
      switch fault.kind {
      case .offline:
        nodes[index].absences += begins ? 1 : -1
        guard begins else { continue }
        for endpoint in WireEndpoint.allCases {
          if let address = nodes[index].sockets[endpoint]?.address { breakConnection(address) }
        }
      case .refuses: nodes[index].agent.chip?.refused = begins ? new.record.digest : nil
      case .failsProbe: nodes[index].agent.chip?.mute = begins ? new.record.digest : nil
      case .slow(let percent):
        let share = begins ? percent / 100 : 1
        nodes[index].agent.chip?.milliRate = Self.milliRate(script.inferencesPerSecond * share)
      case .spoils(let percent):
        nodes[index].agent.chip?.spoiltPerMille = begins ? UInt32((percent * 10).rounded()) : 0
      }
    }
  }
}
