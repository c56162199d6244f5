import FleetProtocol

extension CoordinatorCore {
  /// The node that a connection stands for; nil, and the connection cut, for a key that nobody
  /// holds any more.
  ///
  /// The ZAP handler is asked once per connection, so this is what ends a live one.
  mutating func identify(
    _ user: String, _ address: ReplyAddress, into directives: inout [CoordinatorDirective]
  ) -> PeerIdentity? {
    guard let peer = PeerIdentity(user), let record = state.nodes[peer.node] else {
      count("unknown-node")
      directives.append(.disconnect(address))
      return nil
    }
    guard record.admits(peer.publicKey) else {
      count(record.terms.revokedAt == nil ? "replaced-key" : "revoked-key")
      directives.append(.disconnect(address))
      return nil
    }
    return peer
  }

  /// Ends what a node's former key holds open.
  mutating func expel(
    _ node: Identifier, _ reason: String, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {
    bulk.forget(node)
    guard let session = sessions.removeValue(forKey: node) else { return }
    directives.append(.disconnect(session.control))
    if let data = session.data { directives.append(.disconnect(data)) }
    directives.append(.report(FleetEvent(node, "session.closed", reason, at: now)))
  }

  /// False where a node sends more than its budget: the message is dropped undecoded.
  mutating func admit(
    _ frames: [[UInt8]], node: Identifier, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) -> Bool {
    let bytes = frames.reduce(0) { $0 + UInt64($1.count) }
    let type = frames.first.flatMap { $0.count > 5 ? $0[5] : nil }
    // Bytes that were asked for were counted when they were.
    if type == MessageType.updateChunk.rawValue, let payload = frames.last?.count,
      UInt64(payload) <= bulk.up(node)
    {
      bulk.remove(up: UInt64(payload), node, at: now)
      return true
    }
    guard let wait = budget(of: node, at: now, { $0.refuse(bytes: bytes, at: now) }) else {
      return true
    }
    count("rate")
    askToWait(
      node, wait, "more messages or bytes than one node may send", at: now, into: &directives)
    return false
  }

  /// Works on the budget of a node; one that was not heard yet has it whole.
  mutating func budget<Value>(
    of node: Identifier, at now: Instant, _ body: (inout NodeBudget) -> Value
  ) -> Value {
    body(&budgets[node, default: NodeBudget(settings.limits, at: now)])
  }

  /// Tells a node in conversation to leave bulk alone for a while; at most once in that while.
  mutating func askToWait(
    _ node: Identifier, _ milliseconds: UInt32, _ reason: String, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {
    let limits = settings.limits
    let wait = min(
      max(milliseconds, limits.retryMillisecondsMin), limits.retryMillisecondsMax)
    // In version 1 BUSY ends the conversation; such an agent asks again after its own patience.
    guard let session = sessions[node], session.version >= Limits.busyInSessionVersion,
      budget(of: node, at: now, { $0.takeWarning(wait, at: now) })
    else { return }
    var busy = WireBusy()
    busy.retryAfterMilliseconds = wait
    busy.reason = reason
    send(.busy(busy), to: node, into: &directives)
  }

  /// Takes a greeting in its turn, or says when to come again.
  mutating func receive(
    _ hello: WireHello, peer: PeerIdentity, from address: ReplyAddress, _ header: FrameHeader,
    at now: Instant, into directives: inout [CoordinatorDirective]
  ) {
    let node = peer.node
    var busy = WireBusy()
    if let wait = budget(of: node, at: now, { $0.quarantineLeft(at: now) }) {
      count("quarantine")
      busy.retryAfterMilliseconds = min(wait, settings.limits.retryMillisecondsMax)
      busy.reason = "this node's last messages were malformed"
    } else if let wait = pace.refuse(node, at: now) {
      count("greeting-pace")
      busy.retryAfterMilliseconds = wait
      busy.reason = "many nodes greet at once"
    } else if let wait = waitOfDuplicate(hello, node: node, at: now) {
      count("duplicate-identity")
      busy.retryAfterMilliseconds = wait
      busy.reason = "a newer agent process with this node's key is served; is its disk a copy?"
      tellDuplicate(node, at: now, into: &directives)
    } else {
      finishRotation(of: node, using: peer.publicKey, at: now, into: &directives)
      greet(hello, node: node, from: address, header, at: now, into: &directives)
      return
    }
    answer(.busy(busy), to: address, header, into: &directives)
  }

  /// Answers outside of a conversation, in the version that was spoken.
  func answer(
    _ message: Message, to address: ReplyAddress, _ header: FrameHeader,
    into directives: inout [CoordinatorDirective]
  ) {
    let packet = Packet(
      message, version: header.version, session: 0, sequence: 0, correlation: header.sequence)
    directives.append(.send(address, packet))
  }

  /// A message of so many frames that it was never copied.
  mutating func reject(
    _ frameCount: Int, from address: ReplyAddress, user: String, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {
    guard let node = identify(user, address, into: &directives)?.node,
      admit([], node: node, at: now, into: &directives)
    else { return }
    strike(
      .frameCount(found: frameCount, expected: 3), node: node, at: now, into: &directives)
  }

  /// Counts a message that is not one; the third closes the conversation and keeps the node out
  /// for a while.
  mutating func strike(
    _ refusal: FrameRefusal, node: Identifier, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {
    count(refusal.code)
    if budget(of: node, at: now, { $0.takeReport(at: now) }) {
      directives.append(
        .report(FleetEvent(node, "frame.refused", refusal.description, at: now)))
    }
    if case .unknownType(let type) = refusal {
      var unsupported = WireUnsupported()
      unsupported.type = UInt32(type)
      send(.unsupported(unsupported), to: node, into: &directives)
      return
    }
    guard var session = sessions[node] else { return }
    session.strikes += 1
    sessions[node] = session
    guard session.strikes >= Limits.strikesMax else { return }
    var reset = WireReset()
    reset.reason = "\(session.strikes) malformed messages; the last: \(refusal)"
    send(.reset(reset), to: node, into: &directives)
    sessions[node] = nil
    bulk.forget(node)
    let pause = settings.limits.quarantineMilliseconds
    budget(of: node, at: now) { $0.quarantine(milliseconds: pause, at: now) }
    persist(
      [.event(FleetEvent(node, "session.closed", reset.reason, at: now))], into: &directives)
  }

  /// Cuts a peer that takes nothing off its queue; it comes back and asks for what it missed.
  mutating func cut(
    _ address: ReplyAddress, at now: Instant, into directives: inout [CoordinatorDirective]
  ) {
    count("blocked")
    directives.append(.disconnect(address))
    let owner = sessions.values.first { $0.control == address || $0.data == address }
    guard let node = owner?.node, var session = sessions[node] else { return }
    bulk.forget(node)
    let detail = "takes nothing off its \(address.endpoint.rawValue) queue; the connection is cut"
    directives.append(.report(FleetEvent(node, "node.blocked", detail, at: now)))
    if session.data == address {
      session.data = nil
      session.chunksSent = 0
    } else {
      session.liveness = .offline
    }
    sessions[node] = session
  }

  /// Gives back what nobody came for.
  mutating func watchTraffic(at now: Instant) {
    bulk.forgetStale(milliseconds: settings.limits.bulkStaleMilliseconds, at: now)
    pace.forgetMissed(at: now)
  }
}
