package import FleetCore
package import FleetProtocol

/// A real agent core over a hollow machine: a disk of memory and a chip that only counts.
///
/// Its owner carries out what comes back: sockets are not its business.
package struct HollowAgent {
  /// What its owner does, in order.
  package enum Action {
    /// Dial an endpoint afresh.
    case open(WireEndpoint)
    /// Hang up an endpoint.
    case close(WireEndpoint)
    /// Send a message.
    case send(Packet)
    /// Hand the event back at that instant: the chip takes its time.
    case later(AgentEvent, Instant)
    /// Something worth measuring happened.
    case note(Note)
  }

  /// What a measurement wants to know.
  package enum Note: Sendable, Equatable {
    /// The coordinator has let it in.
    case online
    /// The conversation is over.
    case lost
    /// A desired state is stored and acknowledged.
    case accepted(Generation)
    /// The model of a desired state serves.
    case applied(Generation)
  }

  /// How a hollow machine behaves.
  package struct Behaviour: Sendable, Equatable, Codable {
    /// Events that the chip counts in an inference, by kind.
    package var eventsPerInference: [UInt64] = [50_000, 1_200, 300, 900]
    /// Inferences a second.
    package var inferencesPerSecond: UInt64 = 50
    /// How long the chip takes to read a model.
    package var loadMilliseconds: Int64 = 5
    /// True where the chip refuses every model.
    package var isBroken = false

    /// A healthy machine.
    package init() {}
  }

  /// Heartbeats sent since the start.
  package private(set) var beats: UInt64 = 0
  /// Those that came more than half an interval after they were due.
  package private(set) var lateBeats: UInt64 = 0
  private var core: AgentCore
  private let behaviour: Behaviour
  /// What answers; nil where the machine only counts.
  package var chip: TabulatedChip?
  private var blobs: Set<ContentDigest> = []
  private var outbox: [(boot: [UInt8], window: WireTelemetryWindow)] = []
  private var window = WireTelemetryWindow()
  private var perMille: UInt64 = 1_000
  private var isOnline = false
  private var lastBeat: Instant?
  private let heartbeatMilliseconds: Int64

  /// A machine that has never heard of a model.
  package init(
    settings: AgentSettings, behaviour: Behaviour, heartbeatMilliseconds: UInt32,
    chip: TabulatedChip? = nil
  ) {
    self.chip = chip
    core = AgentCore(state: AgentState(), settings: settings, hasWindows: false)
    self.behaviour = behaviour
    self.heartbeatMilliseconds = Int64(heartbeatMilliseconds)
  }

  /// Handles an event and everything that follows from it at once.
  package mutating func handle(_ event: AgentEvent, at now: Instant) -> [Action] {
    var actions: [Action] = []
    var events = [event]
    chip?.run(until: now)
    while !events.isEmpty {
      for directive in core.handle(events.removeFirst(), at: now) {
        carryOut(directive, at: now, &events, &actions)
      }
      if events.isEmpty, let (model, figures) = chip?.takeProbe() {
        events.append(.probed(model, figures))
      }
    }
    noteConversation(into: &actions)
    return actions
  }

  /// The chip has worked for that long since the last time.
  package mutating func closeWindow(milliseconds: UInt64, at now: Instant) -> [Action] {
    chip?.run(until: now)
    if var counted = chip?.window() {
      counted.atUs = UInt64(max(0, now.microseconds))
      return handle(.windowClosed(counted), at: now)
    }
    let inferences = behaviour.inferencesPerSecond * milliseconds * perMille / 1_000_000
    if core.serving != nil {
      window.inferences += inferences
      let perInference = behaviour.eventsPerInference
      if window.inferenceCounts.isEmpty {
        window.inferenceCounts = perInference.map { _ in 0 }
      }
      for (kind, count) in perInference.enumerated() {
        window.inferenceCounts[kind] += count * inferences
      }
    }
    window.atUs = UInt64(max(0, now.microseconds))
    window.modelDigest = wireBytes(core.serving?.bytes ?? [])
    return handle(.windowClosed(window), at: now)
  }

  private mutating func noteConversation(into actions: inout [Action]) {
    let wasOnline = isOnline
    isOnline = core.isTalking
    if isOnline != wasOnline { actions.append(.note(isOnline ? .online : .lost)) }
  }

  private mutating func carryOut(
    _ directive: AgentDirective, at now: Instant, _ events: inout [AgentEvent],
    _ actions: inout [Action]
  ) {
    switch directive {
    case .persist(let changes): store(changes, into: &actions)
    case .open(let endpoint): actions.append(.open(endpoint))
    case .close(let endpoint): actions.append(.close(endpoint))
    case .send(let packet):
      if case .heartbeat = packet.message { countBeat(at: now) }
      actions.append(.send(packet))
    case .inspectChunks(let model, let chunks, _):
      events.append(
        .chunksInspected(
          model, present: blobs.contains(model) ? nil : chunks.map(blobs.contains)))
    case .storeChunk(_, _, let digest, _): blobs.insert(digest)
    case .assemble(let model, let chunks):
      blobs.subtract(chunks)
      blobs.insert(model)
      events.append(.assembled(model, .stored))
    case .compareSuccessor(let check):
      events.append(.successorCompared(check.model, .within))
    case .loadModel(let model, _):
      let outcome: LoadOutcome =
        behaviour.isBroken
        ? .refused(code: "hollow-broken", detail: "this machine refuses every model")
        : chip?.load(model) ?? .ready
      actions.append(
        .later(
          .modelLoaded(model, outcome), now.advanced(milliseconds: behaviour.loadMilliseconds)))
    case .train(let order):
      events.append(
        .trainingFailed(order.key, code: "hollow", detail: "a hollow chip does not learn"))
    case .sendOutbox(let version, let session, let sequence, _):
      sendOutbox(version, session, sequence, &events, &actions)
    case .dropBlob(let digest): blobs.remove(digest)
    case .serve, .shadow, .stopShadow, .probe, .learn, .pace:
      carryOutOnChip(directive, at: now, &actions)
    // The keys of a simulated fleet are its worker's, and a hollow chip has trained nothing.
    case .stopTraining, .sendUpdate, .makeNextKey, .adoptNextKey, .answerQuery, .report: break
    }
  }

  private mutating func carryOutOnChip(
    _ directive: AgentDirective, at now: Instant, _ actions: inout [Action]
  ) {
    switch directive {
    case .serve(let model): chip?.serve(model)
    case .shadow(let model, let perMille): chip?.shadow(model, perMille: perMille)
    case .stopShadow: chip?.stopShadow()
    case .probe(let model, let inferences):
      if let wait = chip?.milliseconds(of: inferences) {
        chip?.probe(model, inferences: inferences)
        // By then it has its figures, which the next event brings.
        actions.append(.later(.tick, now.advanced(milliseconds: wait)))
        return
      }
      // Nothing is counted, and so nothing speaks against it, in the time that it would take.
      let figures = ProbeFigures(probed: .init(), before: .init())
      let rate = Int64(clamping: max(1, behaviour.inferencesPerSecond))
      let wait = max(1, Int64(inferences) * 1_000 / rate)
      actions.append(.later(.probed(model, figures), now.advanced(milliseconds: wait)))
    case .pace(let share, _): perMille = UInt64(share)
    // A hollow chip has nothing that it could learn.
    case .learn: break
    default: preconditionFailure("\(directive) is not for the chip")
    }
  }

  private mutating func store(_ changes: [AgentChange], into actions: inout [Action]) {
    for change in changes {
      switch change {
      case .windowQueued(let boot, let window): outbox.append((boot, window))
      case .windowsAcknowledged(let boot, let through):
        outbox.removeAll { $0.boot == boot && $0.window.sequence <= through }
      case .desiredAccepted(let model): actions.append(.note(.accepted(model.generation)))
      case .activated(let model): actions.append(.note(.applied(model.generation)))
      // The core itself holds what its disk would.
      default: break
      }
    }
  }

  private mutating func countBeat(at now: Instant) {
    beats += 1
    if let last = lastBeat,
      now.milliseconds(since: last) > heartbeatMilliseconds + heartbeatMilliseconds / 2
    {
      lateBeats += 1
    }
    lastBeat = now
  }

  private mutating func sendOutbox(
    _ version: UInt8, _ session: UInt64, _ sequence: UInt64, _ events: inout [AgentEvent],
    _ actions: inout [Action]
  ) {
    let waiting = outbox.prefix(Limits.telemetryWindowsMax)
    guard let first = waiting.first, let last = waiting.last else {
      events.append(.outboxSent(last: nil, boot: []))
      return
    }
    var batch = WireTelemetryBatch()
    batch.bootID = wireBytes(first.boot)
    batch.firstSequence = first.window.sequence
    batch.lastSequence = last.window.sequence
    var body = WireTelemetryWindows()
    body.windows = waiting.map(\.window)
    actions.append(
      .send(
        Packet(
          .telemetryBatch(batch), version: version, session: session, sequence: sequence,
          payload: SignedDocument.encoded(body))))
    events.append(.outboxSent(last: last.window.sequence, boot: first.boot))
  }
}
