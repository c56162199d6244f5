package import FleetProtocol

/// The coordinator as a value: events and an instant go in, directives come out in order.
///
/// Invariant 1: `state` changes only together with a `persist` directive of the same changes.
/// Invariant 2: nothing that a peer may rely on is sent before the `persist` it follows from.
/// Invariant 3: sessions and uploads are caches; losing them costs a HELLO or a repeated upload.
package struct CoordinatorCore: Sendable {
  /// What the store holds.
  package private(set) var state: FleetState
  /// Constants of behaviour.
  package let settings: CoordinatorSettings
  /// Live and recent conversations by node.
  package internal(set) var sessions: [Identifier: Session]
  /// Dropped messages by refusal code.
  package internal(set) var refusedFrames: [String: UInt64]
  var uploads: [UploadKey: Upload]
  /// Those whose check was asked for since the last turn began.
  var justComplete: Set<UploadKey>
  /// Sealed rounds that the shell works on: nil inside while it does, else when to ask it again.
  var aggregations: [RoundKey: Instant?]
  /// Why jobs begin no round although they are not paused; losing them costs a look.
  package internal(set) var waits: [Identifier: String] = [:]
  var budgets: [Identifier: NodeBudget]
  var pace: GreetingPace
  var bulk: BulkBudget
  var intake: TelemetryIntake
  var queries: [UInt64: PendingQuery]
  var enrolReports: TokenBucket?
  /// How many refused requests of each holder may still be audited.
  var refusalReports: [String: TokenBucket] = [:]
  /// The keys of the newest root file; nil for a coordinator that was given none.
  package private(set) var trust: TrustRoot?
  var timestamp: TimestampDraft
  /// Gates of running rollouts; losing them costs a look.
  package internal(set) var looks: [Identifier: RolloutLook] = [:]
  /// True where a node may match a rollout's selector that did not before.
  var seeksLatecomers = false
  /// Nanojoules a day by node; nil where they have to be computed again.
  var energyLimits: [Identifier: UInt64]?
  private var lastInstant: Instant
  private var sessionCount: UInt64

  /// A coordinator on the state that its store loaded.
  package init(state: FleetState, settings: CoordinatorSettings) {
    self.state = state
    self.settings = settings
    sessions = [:]
    refusedFrames = [:]
    uploads = [:]
    justComplete = []
    aggregations = [:]
    budgets = [:]
    pace = GreetingPace(settings.limits)
    queries = [:]
    bulk = BulkBudget(bytesMax: settings.limits.bulkBytesMax)
    intake = TelemetryIntake()
    trust = state.roots.last?.root
    timestamp = TimestampDraft()
    lastInstant = Instant(microseconds: 0)
    sessionCount = 0
  }

  /// Goes back to what the store holds after a `persist` failed; conversations go on.
  package mutating func reload(_ state: FleetState) {
    self.state = state
    trust = state.roots.last?.root
    // What the shell checks already goes on. What was still coming is announced again, and so is
    // what was complete in the turn that failed, whose check may have been dropped with it.
    for key in uploads.keys where uploads[key]?.isChecking == false { bulk.forget(key.node) }
    uploads = uploads.filter { $0.value.isChecking && !justComplete.contains($0.key) }
    // Asking for an aggregation may have been dropped with the transaction. Asked again it gives
    // the same bytes; after a pause, so that a full disk is not kept busy with it.
    aggregations = aggregations.mapValues { again in
      again ?? lastInstant.advanced(milliseconds: Self.aggregationPauseMilliseconds)
    }
    if timestamp.isAwaited { timestamp.askedAt = nil }
    // Asking for a look may have been dropped with the transaction.
    looks = [:]
    seeksLatecomers = true
    energyLimits = nil
  }

  /// The one door: takes an event at an instant and returns what must be done, in order.
  package mutating func handle(
    _ event: CoordinatorEvent, at now: Instant
  ) -> [CoordinatorDirective] {
    justComplete = []
    return take(event, at: now)
  }

  private mutating func take(
    _ event: CoordinatorEvent, at now: Instant
  ) -> [CoordinatorDirective] {
    var directives: [CoordinatorDirective] = []
    if now < lastInstant { rewind(to: now) }
    lastInstant = now
    switch event {
    case .rootFile(let envelope): trust(envelope, at: now, into: &directives)
    case .started:
      resumeJobs(at: now, into: &directives)
      resumeRollouts(at: now, into: &directives)
    case .timestampSigned(let bytes):
      timestamp.bytes = bytes
      timestamp.number += 1
      timestamp.isAwaited = false
    case .tick:
      watchTimestamp(at: now, into: &directives)
      watchLiveness(at: now, into: &directives)
      watchDeadlines(at: now, into: &directives)
      watchRollouts(at: now, into: &directives)
      watchTraffic(at: now)
      storeTelemetry(at: now, into: &directives)
      watchQueries(at: now, into: &directives)
    case .received(let address, let user, let frames):
      receive(frames, from: address, user: user, at: now, into: &directives)
    case .malformed(let address, let user, let count):
      reject(count, from: address, user: user, at: now, into: &directives)
    case .blocked(let address): cut(address, at: now, into: &directives)
    case .command(let command, let requestID, let actor):
      obey(command, requestID: requestID, by: actor, at: now, into: &directives)
    case .asked(let action, let requestID, let actor):
      let entry = AuditEntry(
        at: now, actor: actor, requestID: requestID, action: action, outcome: "done")
      persist([.audited(entry)], into: &directives)
    case .adminTokenUsed(let name): noteUse(ofAdminToken: name, at: now, into: &directives)
    case .adminRefused(let refusal): note(refusal, at: now, into: &directives)
    case .query(let node, let kind, let limit, let id):
      ask(node, kind, limit: limit, id: id, at: now, into: &directives)
    case .enrolment(let request): enrol(request, at: now, into: &directives)
    case .uploadChecked(let key, let outcome):
      finishUpload(key, outcome, at: now, into: &directives)
    case .aggregated(let key, let outcome):
      finishRound(key, outcome, at: now, into: &directives)
    case .assessed(let key, let outcome): take(key, outcome, at: now, into: &directives)
    }
    return directives
  }

  /// Takes events that came together: one transaction holds what all of them change, and what they
  /// ask for beside it follows.
  ///
  /// A transaction waits for the disk, whatever it holds: a thousand acknowledgements would wait a
  /// thousand times. Where it fails, `reload` and hand the events in again one by one, as if each
  /// had come twice, which is harmless by the protocol, so that one that cannot be stored takes no
  /// other with it.
  package mutating func handle(
    _ events: [CoordinatorEvent], at now: Instant
  ) -> [CoordinatorDirective] {
    justComplete = []
    var changes: [FleetChange] = []
    var rest: [CoordinatorDirective] = []
    for event in events {
      for directive in take(event, at: now) {
        if case .persist(let more) = directive {
          changes += more
        } else {
          rest.append(directive)
        }
      }
    }
    return changes.isEmpty ? rest : [.persist(changes)] + rest
  }

  /// Goes on after the clock was put back: nothing waits for it to come round again.
  private mutating func rewind(to now: Instant) {
    sessions = sessions.mapValues { session in
      var session = session
      session.lastHeard = min(session.lastHeard, now)
      session.offers = [:]
      session.rootSent = nil
      return session
    }
    timestamp.askedAt = timestamp.askedAt.map { min($0, now) }
    looks = looks.mapValues { look in
      var look = look
      look.nextAt = min(look.nextAt, now)
      return look
    }
    for node in budgets.keys { budgets[node]?.rewind(settings.limits, to: now) }
    pace.rewind()
    bulk.rewind(to: now)
    let longest = now.advanced(milliseconds: Self.aggregationPauseMilliseconds)
    aggregations = aggregations.mapValues { again in again.map { min($0, longest) } }
  }

  /// Applies changes to the state and asks for the same changes on the disk.
  mutating func persist(_ changes: [FleetChange], into directives: inout [CoordinatorDirective]) {
    guard !changes.isEmpty else { return }
    state.apply(changes)
    seeksLatecomers = seeksLatecomers || changes.contains { $0.mayMatchSelectors }
    if changes.contains(where: \.mayMoveEnergyLimits) { energyLimits = nil }
    if state.roots.last?.version != trust?.version { trust = state.roots.last?.root }
    directives.append(.persist(changes))
  }

  /// A session number that no earlier or later coordinator process gives out.
  mutating func nextSessionNumber() -> UInt64 {
    sessionCount += 1
    return state.epoch << 32 | sessionCount
  }

  /// Sends a control message to a node if it has a conversation.
  mutating func send(
    _ message: Message, to node: Identifier, correlation: UInt64 = 0,
    into directives: inout [CoordinatorDirective]
  ) {
    guard var session = sessions[node], session.liveness != .offline else { return }
    let endpoint = message.type.rule.endpoint
    guard let address = endpoint == .control ? session.control : session.data else { return }
    let packet = Packet(
      message, version: session.version, session: session.number, sequence: session.reserve(),
      correlation: correlation)
    sessions[node] = session
    directives.append(.send(address, packet))
  }

  // MARK: reading

  private mutating func receive(
    _ frames: [[UInt8]], from address: ReplyAddress, user: String, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {
    guard let peer = identify(user, address, into: &directives),
      admit(frames, node: peer.node, at: now, into: &directives)
    else { return }
    let node = peer.node
    let packet: Packet
    do {
      packet = try Packet(frames: frames, endpoint: address.endpoint, direction: .up)
    } catch {
      strike(error, node: node, at: now, into: &directives)
      return
    }
    if case .hello(let hello) = packet.message {
      receive(hello, peer: peer, from: address, packet.header, at: now, into: &directives)
      return
    }
    guard var session = sessions[node], session.number == packet.header.session,
      address.endpoint == .data || session.control == address
    else {
      count("unknown-session")
      if address.endpoint == .control {
        var reset = WireReset()
        reset.reason = "this coordinator does not know session \(packet.header.session)"
        answer(.reset(reset), to: address, packet.header, into: &directives)
      }
      return
    }
    session.lastHeard = now
    if address.endpoint == .data, session.data != address {
      // What was on its way on an earlier connection is gone with it.
      session.data = address
      session.chunksSent = 0
      bulk.set(down: 0, node, at: now)
    }
    if session.liveness != .online {
      session.liveness = .online
      directives.append(.report(FleetEvent(node, "node.online", "heard again", at: now)))
    }
    sessions[node] = session
    dispatch(packet, node: node, at: now, into: &directives)
  }

  private mutating func dispatch(
    _ packet: Packet, node: Identifier, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {
    switch packet.message {
    case .heartbeat(let beat):
      answer(beat, node: node, packet.header, at: now, into: &directives)
    case .desiredAccepted(let accepted):
      note(accepted: Generation(accepted.generation), node: node, into: &directives)
    case .observedState(let observed):
      note(observed: observed, node: node, at: now, into: &directives)
    case .roundAnswer(let answer): take(answer, node: node, at: now, into: &directives)
    case .agentReport(let report): take(report, node: node, into: &directives)
    case .goodbye: part(node, at: now, into: &directives)
    case .nodeNotices(let notices): store(notices, node: node, at: now, into: &directives)
    case .blobRequest(let request):
      serve(request, node: node, packet.header, at: now, into: &directives)
    case .updateAnnounce(let announce):
      consider(announce, node: node, at: now, into: &directives)
    case .updateChunk(let chunk):
      append(chunk, payload: packet.payload ?? [], node: node, at: now, into: &directives)
    case .telemetryBatch(let batch):
      take(batch, payload: packet.payload ?? [], node: node, at: now, into: &directives)
    case .hello, .welcome, .busy, .reset, .heartbeatReply, .desiredState, .roundOffer,
      .roundVerdict, .unsupported, .refused, .agentQuery, .rootChain, .noticesAcknowledged,
      .blobChunk, .blobMissing, .updateWanted, .telemetryAcknowledged:
      preconditionFailure("\(packet.message.type) passed the direction check")
    }
  }

  mutating func count(_ code: String) {
    refusedFrames[code, default: 0] += 1
  }
}

extension FleetEvent {
  /// An event about a node.
  init(_ node: Identifier, _ kind: String, _ detail: String, at now: Instant) {
    self.init(at: now, kind: kind, subject: node.text, detail: detail)
  }

  /// An event about a round.
  init(_ key: RoundKey, _ kind: String, _ detail: String, at now: Instant) {
    self.init(at: now, kind: kind, subject: key.description, detail: detail)
  }
}
