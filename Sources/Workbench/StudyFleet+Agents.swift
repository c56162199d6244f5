import FleetCore
import FleetProtocol

/// The agents' shells, as a study imitates them: disks that hold models by name, chips that learn.
extension StudyFleet {
  func tell(_ index: Int, _ event: AgentEvent) throws(ConfigurationError) {
    for directive in nodes[index].core.handle(event, at: now) { try carryOut(index, directive) }
  }

  private func carryOut(_ index: Int, _ directive: AgentDirective) throws(ConfigurationError) {
    switch directive {
    case .open(let endpoint): open(index, endpoint)
    case .close(let endpoint): close(index, endpoint)
    case .send(let packet): send(packet, from: index)
    case .inspectChunks(let model, let chunks, _):
      let isHeld = nodes[index].held.contains(model)
      parcels.append(
        .agent(
          index,
          .chunksInspected(
            model, present: isHeld ? nil : [Bool](repeating: false, count: chunks.count))))
    case .assemble(let model, _):
      nodes[index].held.insert(model)
      parcels.append(.agent(index, .assembled(model, .stored)))
    case .compareSuccessor(let check):
      parcels.append(.agent(index, .successorCompared(check.model, compare(check))))
    case .train(let order):
      guard !setup.isAway(index, in: order.key) else { return }
      orders.append(StudyTraining.Task(node: index, order: order, begunAt: now))
    case .stopTraining(let key):
      orders.removeAll { $0.node == index && $0.order.key == key }
      due.removeAll { $0.outcome.task.node == index && $0.outcome.task.order.key == key }
    case .sendUpdate(let order): try send(order, from: index)
    case .sendOutbox: parcels.append(.agent(index, .outboxSent(last: nil, boot: [])))
    case .dropBlob(let digest): nodes[index].held.remove(digest)
    // The core's own state is the database; chunks were checked by the core and are those of the
    // coordinator's model. Nobody is deployed to or asked, and nobody reads a log.
    case .persist, .storeChunk, .loadModel, .serve, .shadow, .stopShadow, .learn, .probe, .pace,
      .makeNextKey, .adoptNextKey, .answerQuery, .report:
      break
    }
  }

  /// The same for all nodes, and so computed once.
  private func compare(_ check: SuccessorCheck) -> SuccessorOutcome {
    if let found = compared[check.model] { return found }
    guard let successor = contents[check.model], let published = contents[check.published] else {
      preconditionFailure("a node compares \(check.model), which no node can hold")
    }
    let outcome = SuccessorLimits.compare(
      successor, published: published, permit: check.permit)
    compared[check.model] = outcome
    return outcome
  }

  private func send(_ order: UpdateOrder, from index: Int) throws(ConfigurationError) {
    let update = try folder.content(order.digest)
    let end = Int(order.offset + order.count)
    var (offset, sequence) = (Int(order.offset), order.sequence)
    while offset < end {
      let next = min(end, offset + Limits.chunkBytes)
      var chunk = WireUpdateChunk()
      chunk.key = order.key.wire
      chunk.digest = wireBytes(order.digest.bytes)
      chunk.offset = UInt64(offset)
      send(
        Packet(
          .updateChunk(chunk), version: order.version, session: order.session,
          sequence: sequence, payload: Array(update[offset..<next])), from: index)
      offset = next
      sequence += 1
    }
  }

  // MARK: the wire

  private func open(_ index: Int, _ endpoint: WireEndpoint) {
    close(index, endpoint)
    connectionCount += 1
    let address = ReplyAddress(
      endpoint: endpoint,
      routingID: (0..<4).map { UInt8(truncatingIfNeeded: connectionCount >> (8 * $0)) })
    connections[address] = index
    nodes[index].addresses[endpoint] = address
    parcels.append(.agent(index, .linked(endpoint)))
  }

  private func close(_ index: Int, _ endpoint: WireEndpoint) {
    guard let address = nodes[index].addresses.removeValue(forKey: endpoint) else { return }
    connections[address] = nil
  }

  private func send(_ packet: Packet, from index: Int) {
    guard let address = nodes[index].addresses[packet.message.type.rule.endpoint] else { return }
    let frames = packet.frames()
    if packet.message.isOfRounds {
      tally.bytesUp += frames.reduce(0) { $0 + UInt64($1.count) }
    }
    parcels.append(.up(address, frames))
  }
}
