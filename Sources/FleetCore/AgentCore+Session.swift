import FleetProtocol

extension AgentCore {
  /// Milliseconds that a HELLO may go unanswered, and how often.
  static let helloMilliseconds: Int64 = 5_000
  static let helloTriesMax = 3

  var session: AgentSession? {
    if case .talking(let session) = conversation { session } else { nil }
  }

  /// True while the coordinator has let this agent in.
  package var isTalking: Bool { session != nil }

  mutating func start(at now: Instant, into directives: inout [AgentDirective]) {
    open(.control, at: now, into: &directives)
    // Last: where the disk is full, the node connects all the same.
    persist([.runBegan(boot: settings.boot)], into: &directives)
    isRunNoted = true
    resumeProbe(at: now, into: &directives)
    regulate(at: now, into: &directives)
  }

  mutating func stop(into directives: inout [AgentDirective]) {
    send(.goodbye(WireGoodbye()), into: &directives)
    for endpoint in [WireEndpoint.data, .control] where self[endpoint] != .closed {
      self[endpoint] = .closed
      directives.append(.close(endpoint))
    }
    conversation = .none
    persist([.runEnded], into: &directives)
  }

  /// Sends a message of the session; without one nothing is sent, for everything is repeated.
  mutating func send(
    _ message: Message, correlation: UInt64 = 0, payload: [UInt8]? = nil,
    into directives: inout [AgentDirective]
  ) {
    guard var session else { return }
    let packet = Packet(
      message, version: session.version, session: session.number, sequence: session.reserve(),
      correlation: correlation, payload: payload)
    conversation = .talking(session)
    directives.append(.send(packet))
  }

  // MARK: links

  subscript(_ endpoint: WireEndpoint) -> Link {
    get { endpoint == .control ? control : data }
    set { if endpoint == .control { control = newValue } else { data = newValue } }
  }

  mutating func open(
    _ endpoint: WireEndpoint, at now: Instant, into directives: inout [AgentDirective]
  ) {
    self[endpoint] = .opening(since: now)
    directives.append(.open(endpoint))
  }

  mutating func link(
    _ endpoint: WireEndpoint, at now: Instant, into directives: inout [AgentDirective]
  ) {
    guard self[endpoint] != .closed else { return }
    self[endpoint] = .linked
    // A control connection has proved nothing before WELCOME.
    if endpoint == .data { attempts[endpoint] = 0 }
    switch endpoint {
    case .control: greet(tries: 1, at: now, into: &directives)
    case .data:
      dataUsedAt = now
      if case .talking(var session) = conversation {
        session.forgetChunks(isFresh: true)
        conversation = .talking(session)
      }
      forgetRequests()
    }
  }

  mutating func unlink(
    _ endpoint: WireEndpoint, _ reason: String, needsOpen: Bool, at now: Instant,
    into directives: inout [AgentDirective]
  ) {
    guard self[endpoint] != .closed else { return }
    report("link.lost", "\(endpoint.rawValue): \(reason)", at: now, into: &directives)
    if endpoint == .control { conversation = .none }
    forgetRequests()
    if case .waiting = self[endpoint] { return }
    if needsOpen {
      self[endpoint] = .waiting(until: pause(before: endpoint, at: now))
    } else {
      self[endpoint] = .opening(since: now)
    }
  }

  /// Full jitter: anywhere between at once and a bound that doubles with every failure.
  private mutating func pause(before endpoint: WireEndpoint, at now: Instant) -> Instant {
    let attempt = attempts[endpoint, default: 0]
    attempts[endpoint] = min(attempt + 1, 31)
    let bound = min(
      UInt64(settings.backoffMilliseconds) << UInt64(attempt),
      UInt64(settings.backoffMaxMilliseconds))
    let milliseconds = UInt64.random(in: 0...max(1, bound), using: &jitter)
    return now.advanced(milliseconds: Int64(milliseconds))
  }

  // MARK: time

  /// What is due because time has passed.
  mutating func watch(at now: Instant, into directives: inout [AgentDirective]) {
    for endpoint in [WireEndpoint.control, .data] {
      switch self[endpoint] {
      case .waiting(let until) where now >= until:
        open(endpoint, at: now, into: &directives)
      case .opening(let since)
      where now.milliseconds(since: since) > Int64(settings.backoffMaxMilliseconds):
        open(endpoint, at: now, into: &directives)
      case .waiting, .opening, .linked, .closed: break
      }
    }
    watchConversation(at: now, into: &directives)
    closeIdleData(at: now, into: &directives)
  }

  private mutating func watchConversation(
    at now: Instant, into directives: inout [AgentDirective]
  ) {
    switch conversation {
    case .none: break
    case .greeting(let since, let tries):
      guard now.milliseconds(since: since) > Self.helloMilliseconds else { return }
      if tries >= Self.helloTriesMax {
        reopenControl("\(tries) greetings unanswered", at: now, into: &directives)
      } else {
        greet(tries: tries + 1, at: now, into: &directives)
      }
    case .held(let until):
      if now >= until { greet(tries: 1, at: now, into: &directives) }
    case .talking(let session):
      let interval = Int64(session.heartbeatMilliseconds)
      let patience = UInt64(session.heartbeatMilliseconds) * UInt64(session.liveness)
      if now.milliseconds(since: session.lastHeard) > Int64(clamping: patience) {
        let silence = now.milliseconds(since: session.lastHeard)
        reopenControl("silent for \(silence) ms", at: now, into: &directives)
      } else if now.milliseconds(since: session.lastBeat) >= interval {
        beat(at: now, into: &directives)
      }
    }
  }

  /// Says what this node holds; out of turn too, where the coordinator waits for it.
  mutating func beat(at now: Instant, into directives: inout [AgentDirective]) {
    guard var session else { return }
    session.lastBeat = now
    conversation = .talking(session)
    var beat = WireHeartbeat()
    beat.accepted = (state.accepted?.generation ?? .none).wire
    beat.observed = (state.observed?.generation ?? .none).wire
    beat.openRounds = openRounds()
    beat.nextPublicKey = offeredKey
    beat.rootVersion = root.version
    if let energy = energyState(at: now) { beat.energy = energy }
    beat.charge = chargePerMille.map { $0 + 1 } ?? 0
    send(.heartbeat(beat), into: &directives)
  }

  private mutating func reopenControl(
    _ reason: String, at now: Instant, into directives: inout [AgentDirective]
  ) {
    report("coordinator.silent", reason, at: now, into: &directives)
    conversation = .none
    forgetRequests()
    directives.append(.close(.control))
    control = .waiting(until: pause(before: .control, at: now))
  }

  // MARK: greeting

  private func openRounds() -> [WireOpenRound] {
    state.trainings.keys.sorted().prefix(Limits.openRoundsMax).map { key in
      var open = WireOpenRound()
      open.key = key.wire
      if let result = state.trainings[key]?.result {
        open.updateDigest = wireBytes(result.digest.bytes)
      }
      return open
    }
  }

  private mutating func greet(
    tries: Int, at now: Instant, into directives: inout [AgentDirective]
  ) {
    conversation = .greeting(since: now, tries: tries)
    var hello = WireHello()
    hello.versionMin = Limits.protocolVersionMin
    hello.versionMax = Limits.protocolVersion
    hello.nodeID = settings.node.text
    hello.agentVersion = settings.agentVersion
    hello.bootID = wireBytes(settings.boot)
    hello.chip = settings.chip
    hello.accepted = (state.accepted?.generation ?? .none).wire
    hello.observed = (state.observed?.generation ?? .none).wire
    hello.openRounds = openRounds()
    hello.rootVersion = root.version
    hello.inferencesPerSecond = settings.inferencesPerSecond
    // In the oldest version, so that an older coordinator can read which ones are spoken here.
    directives.append(
      .send(
        Packet(
          .hello(hello), version: UInt8(Limits.protocolVersionMin), session: 0,
          sequence: UInt64(tries))))
  }

  // MARK: receiving

  mutating func receive(
    _ frames: [[UInt8]], on endpoint: WireEndpoint, at now: Instant,
    into directives: inout [AgentDirective]
  ) {
    let packet: Packet
    do throws(FrameRefusal) {
      packet = try Packet(frames: frames, endpoint: endpoint, direction: .down)
    } catch {
      count(error.code)
      report("frame.refused", error.description, at: now, into: &directives)
      return
    }
    switch packet.message {
    case .welcome(let welcome):
      begin(welcome, session: packet.header.session, at: now, into: &directives)
    case .busy(let busy):
      wait(busy, session: packet.header.session, at: now, into: &directives)
    case .refused(let refused):
      let pause = Int64(settings.backoffMaxMilliseconds)
      conversation = .held(until: now.advanced(milliseconds: pause))
      let detail = "\(refused.code.prefix(64)): \(refused.detail.prefix(1_024))"
      report("coordinator.refused", detail, at: now, into: &directives)
    case .reset(let reset):
      // While a greeting is on its way this is the answer to something older.
      guard session != nil else { return }
      report("session.reset", String(reset.reason.prefix(256)), at: now, into: &directives)
      forgetRequests()
      greet(tries: 1, at: now, into: &directives)
    default:
      guard var session, endpoint == .data || packet.header.session == session.number else {
        count("unknown-session")
        return
      }
      if endpoint == .control {
        session.lastHeard = max(session.lastHeard, now)
        conversation = .talking(session)
      } else {
        dataUsedAt = now
        if case .blobChunk = packet.message, packet.header.session == session.number {
          session.chunksReceived += 1
          conversation = .talking(session)
        }
      }
      dispatch(packet, at: now, into: &directives)
    }
  }

  /// Leaves the coordinator alone as long as it asks: in a session with bulk, else altogether.
  private mutating func wait(
    _ busy: WireBusy, session number: UInt64, at now: Instant,
    into directives: inout [AgentDirective]
  ) {
    let pause = Int64(
      min(max(busy.retryAfterMilliseconds, 1), settings.backoffMaxMilliseconds))
    let reason = String(busy.reason.prefix(256))
    if number == 0 {
      // Once there is a session this is the answer to an older greeting.
      guard session == nil, conversation != .none else { return }
      conversation = .held(until: now.advanced(milliseconds: pause))
    } else {
      guard var session, session.number == number else { return }
      // Half as long again at most, so that those who were told together do not come together.
      let jitter = Int64.random(in: 0...max(1, pause / 2), using: &self.jitter)
      session.heldUntil = now.advanced(milliseconds: pause + jitter)
      session.lastHeard = max(session.lastHeard, now)
      session.forgetChunks(isFresh: false)
      conversation = .talking(session)
      forgetRequests()
    }
    report("coordinator.busy", "\(pause) ms: \(reason)", at: now, into: &directives)
  }

  private mutating func begin(
    _ welcome: WireWelcome, session number: UInt64, at now: Instant,
    into directives: inout [AgentDirective]
  ) {
    // A copy of an older WELCOME that was overtaken by a newer one.
    if let session, session.number >= number { return }
    guard control == .linked, welcome.heartbeatMilliseconds > 0, welcome.liveness > 0,
      (Limits.protocolVersionMin...Limits.protocolVersion).contains(welcome.version)
    else {
      count("welcome")
      return
    }
    if welcome.epoch > state.epoch {
      // A new process of the coordinator: what it offers now is meant as it is.
      closed = [:]
      persist([.epochSeen(welcome.epoch)], into: &directives)
    } else if welcome.epoch < state.epoch {
      let detail = "epoch \(welcome.epoch), this node has seen \(state.epoch); nothing it orders"
      report("epoch.older", detail + " is obeyed", at: now, into: &directives)
    }
    hear(welcome.serverTimeUs, at: now)
    attempts[.control] = 0
    conversation = .talking(
      AgentSession(
        number: number, version: UInt8(welcome.version),
        heartbeatMilliseconds: welcome.heartbeatMilliseconds,
        liveness: welcome.liveness, takesMergedWindows: welcome.takesMergedWindows,
        messagesMax: .random(in: Self.messagesPerConnection, using: &jitter), at: now))
    report("coordinator.online", "session \(number)", at: now, into: &directives)
    forgetRequests()
    acknowledge(boot: settings.boot, through: welcome.telemetryThrough, into: &directives)
    repeatObserved(into: &directives)
    rotate(isWanted: welcome.rotateKey, known: "", at: now, into: &directives)
    take(timestamp: [UInt8](welcome.timestamp), at: now, into: &directives)
    take(energyLimit: welcome.energyNanojoules, at: now, into: &directives)
  }

  private mutating func hear(_ microseconds: UInt64, at now: Instant) {
    let told = Instant(microseconds: Int64(clamping: microseconds))
    heardTime = max(heardTime, told)
    clockSkewMilliseconds = now.milliseconds(since: told)
  }

  private mutating func dispatch(
    _ packet: Packet, at now: Instant, into directives: inout [AgentDirective]
  ) {
    switch packet.message {
    case .heartbeatReply(let reply):
      hear(reply.serverTimeUs, at: now)
      rotate(
        isWanted: reply.rotateKey, known: reply.knownNextKey, at: now, into: &directives)
      take(timestamp: [UInt8](reply.timestamp), at: now, into: &directives)
      take(energyLimit: reply.energyNanojoules, at: now, into: &directives)
      renewControl(at: now, into: &directives)
    case .agentQuery(let query): consider(query, at: now, into: &directives)
    case .rootChain(let chain): follow(chain, at: now, into: &directives)
    case .noticesAcknowledged(let acknowledged): take(acknowledged, into: &directives)
    case .desiredState(let desired): obey(desired, at: now, into: &directives)
    case .roundOffer(let offer): consider(offer, at: now, into: &directives)
    case .roundVerdict(let verdict): close(verdict, at: now, into: &directives)
    case .unsupported(let unsupported):
      if unsupported.type == UInt32(MessageType.nodeNotices.rawValue) {
        noticesUnwanted = session?.number
      }
      report(
        "message.unsupported", "the coordinator does not know type \(unsupported.type)", at: now,
        into: &directives)
    case .blobChunk(let chunk):
      take(chunk, payload: packet.payload ?? [], at: now, into: &directives)
    case .blobMissing(let missing): miss(missing, at: now, into: &directives)
    case .updateWanted(let wanted): give(wanted, at: now, into: &directives)
    case .telemetryAcknowledged(let acknowledged):
      take(acknowledged, into: &directives)
    case .welcome, .busy, .reset, .refused, .hello, .heartbeat, .desiredAccepted,
      .observedState, .roundAnswer, .goodbye, .agentReport, .nodeNotices, .blobRequest,
      .updateAnnounce, .updateChunk, .telemetryBatch:
      preconditionFailure("\(packet.message.type) passed the direction check")
    }
  }
}
