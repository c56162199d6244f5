import FleetCore
import FleetProtocol

/// The shells of the agents, and their chips, imitated.
extension ChaosRun {
  func startAgent(_ agent: SimulatedAgent) {
    guard agent.core == nil else { return }
    agent.condition.life += 1
    let life = agent.condition.life
    agent.boot = (0..<16).map {
      UInt8(truncatingIfNeeded: ($0 < 8 ? agent.index + 1 : life) >> (8 * ($0 % 8)))
    }
    agent.counts = [0, 0, 0]
    agent.resetChip()
    var state = agent.state
    options.tampering.agentLoads(&state)
    let settings = AgentSettings(
      node: agent.node, chip: SimulatedTrust.chip, agentVersion: "1", boot: agent.boot,
      root: SimulatedTrust.trustRoot, jitterSeed: random.next())
    agent.core = AgentCore(
      state: state, settings: settings, hasWindows: !agent.outbox.isEmpty)
    trace("\(agent.node) starts")
    tell(agent, .started)
    guard life == agent.condition.life else { return }
    plan(.agentTick(agent.index, life), in: random.number(1...Self.tickMilliseconds))
    plan(.window(agent.index, life), in: random.number(1...Self.windowMilliseconds))
  }

  func killAgent(_ agent: SimulatedAgent) {
    guard agent.core != nil else { return }
    trace("\(agent.node) dies")
    report.crashes += 1
    agent.condition.restart()
    agent.core = nil
    agent.resetChip()
    agent.unstored = nil
    for endpoint in WireEndpoint.allCases { closeSocket(agent, endpoint) }
    let wait = random.chance(0.2) ? random.number(5_000...120_000) : random.number(100...5_000)
    plan(.startAgent(agent.index), in: isCalm ? 500 : wait)
  }

  /// The chip has counted for a while, and more while it learns.
  func closeWindow(_ agent: SimulatedAgent) {
    guard now < windowsUntil else { return }
    for kind in agent.counts.indices {
      agent.counts[kind] += UInt64(random.number(1...100_000))
    }
    var window = WireTelemetryWindow()
    window.atUs = UInt64(clock(of: agent).microseconds)
    window.inferenceCounts = agent.counts
    work(agent)
    window.inferences = agent.inferences
    window.modelDigest = wireBytes((agent.standIn ?? agent.served)?.bytes ?? [])
    let life = agent.condition.life
    if tell(agent, .windowClosed(window, energy: agent.energy)), life == agent.condition.life {
      judgePace(of: agent)
    }
    snapshot(agent)
    plan(.window(agent.index, agent.condition.life), in: Self.windowMilliseconds)
  }

  func clock(of agent: SimulatedAgent) -> Instant {
    now.advanced(milliseconds: agent.condition.clockAhead)
  }

  /// A result that comes once only: told again until the disk takes it.
  func tellOnce(_ agent: SimulatedAgent, _ event: AgentEvent) {
    let life = agent.condition.life
    if !tell(agent, event), life == agent.condition.life { agent.unstored = event }
  }

  /// False when a transaction failed.
  @discardableResult
  func tell(_ agent: SimulatedAgent, _ event: AgentEvent) -> Bool {
    guard let directives = agent.core?.handle(event, at: clock(of: agent)) else { return true }
    for directive in options.tampering.agentDirectives(directives) {
      if agent.condition.burns() {
        killAgent(agent)
        return false
      }
      guard carryOut(directive, of: agent) else { return false }
      if agent.condition.burns() {
        killAgent(agent)
        return false
      }
    }
    return true
  }

  private func later(
    _ agent: SimulatedAgent, _ event: AgentEvent, _ milliseconds: ClosedRange<Int64>
  ) {
    let wait = random.number(milliseconds) * agent.condition.factor(at: now)
    plan(.agent(agent.index, agent.condition.life, event), in: wait)
  }

  /// False when the rest of the list must not happen.
  private func carryOut(_ directive: AgentDirective, of agent: SimulatedAgent) -> Bool {
    switch directive {
    case .persist(let changes): return commit(changes, of: agent)
    case .open(let endpoint): openSocket(agent, endpoint)
    case .close(let endpoint): closeSocket(agent, endpoint)
    case .send(let packet):
      audit(packet, from: agent)
      send(packet, from: agent)
    case .inspectChunks(let model, let digests, _):
      let present = digests.map { agent.chunks.contains($0) }
      let isWhole = agent.blobs.contains(model)
      later(agent, .chunksInspected(model, present: isWhole ? nil : present), 1...5)
    case .storeChunk(let model, let index, let digest, let bytes):
      ledger.require(SimulatedTrust.digest(bytes) == digest, "a damaged chunk reaches the disk")
      if random.chance(faults.badSector) {
        later(agent, .chunkFailed(model, index: index, detail: "disk full"), 0...0)
      } else {
        agent.chunks.insert(digest)
      }
    case .assemble(let model, let digests):
      later(agent, .assembled(model, assemble(agent, model, digests)), 1...30)
    case .compareSuccessor(let check):
      ledger.require(
        agent.blobs.contains(check.model) && agent.blobs.contains(check.published),
        "\(agent.node) compares what it does not have")
      later(agent, .successorCompared(check.model, .within), 1...30)
    case .loadModel(let model, let learnt):
      later(agent, .modelLoaded(model, load(agent, model, learnt)), 1...200)
    case .serve, .shadow, .stopShadow, .probe, .learn, .pace, .train, .stopTraining:
      carryOutOnChip(directive, of: agent)
    case .sendUpdate(let order): sendUpdate(order, of: agent)
    case .sendOutbox(let version, let session, let sequence, _):
      sendOutbox(agent, version, session, sequence)
    case .dropBlob(let digest): agent.blobs.remove(digest)
    case .makeNextKey:
      let key = agent.condition.refuses(at: now) ? nil : agent.offerKey()
      later(agent, .nextKeyMade(publicKey: key), 0...5)
    case .adoptNextKey(let key):
      let isAdopted = !agent.condition.refuses(at: now) && agent.adopt(key)
      later(agent, .nextKeyAdopted(isAdopted), 0...5)
    case .answerQuery: break
    case .report(let event): trace("\(event.kind) \(event.subject) \(event.detail)")
    }
    return true
  }

  private func carryOutOnChip(_ directive: AgentDirective, of agent: SimulatedAgent) {
    switch directive {
    case .serve(let model):
      trace("\(agent.node) serves \(model)")
      ledger.require(agent.blobs.contains(model), "\(agent.node) serves without a blob")
      if serveStandIn(agent, model) { return }
      ledger.require(
        agent.state.active?.model == model, "\(agent.node) serves what it has not recorded")
      ledger.require(
        agent.loadedLearnt[model] == agent.state.active?.learnt?.digest,
        "\(agent.node) serves \(model) with something else than it has learnt")
      (agent.served, agent.standIn, agent.learning) = (model, nil, nil)
    case .shadow(let model, _):
      trace("\(agent.node) runs \(model) beside what serves")
      ledger.require(agent.blobs.contains(model), "\(agent.node) shadows without a blob")
      ledger.require(agent.served != nil, "\(agent.node) shadows where nothing serves")
      agent.shadowed = model
    case .stopShadow: agent.shadowed = nil
    case .probe(let model, let inferences):
      ledger.require(agent.served == model, "\(agent.node) probes what does not serve")
      let wait = Int64(inferences) * random.number(5...50)
      plan(.agent(agent.index, agent.condition.life, .probed(model, probe(model))), in: wait)
    case .learn(let model, let terms):
      ledger.require(agent.served == model, "\(agent.node) learns with what does not serve")
      agent.learning = terms == nil ? nil : model
      agent.learntSamples = terms?.samples ?? 0
    case .pace(let perMille, let learns):
      trace("\(agent.node) paces \(perMille) per mille\(learns ? "" : " without learning")")
      (agent.perMille, agent.learns) = (perMille, learns)
    case .train(let order):
      ledger.require(agent.training == nil, "\(agent.node) trains twice at a time")
      ledger.require(agent.blobs.contains(order.base), "\(agent.node) trains without its base")
      agent.training = order.key
      checkTerms(order, of: agent)
      trace("\(agent.node) trains \(order.key)")
      let wait = Int64(order.samples) * random.number(20...300) * agent.condition.factor(at: now)
      plan(.trained(agent.index, agent.condition.life, order), in: wait)
    case .stopTraining(let key):
      trace("\(agent.node) stops training \(key)")
      if agent.training == key { agent.training = nil }
      if case .trained(key, _, _) = agent.unstored { agent.unstored = nil }
    default: preconditionFailure("\(directive) is not for the chip")
    }
  }

  /// Some models are silent on the chip: a node that probes them must not keep them.
  private func probe(_ model: ContentDigest) -> ProbeFigures {
    ProbeFigures(
      probed: .init(inferences: 100, spikes: script.silent.contains(model) ? 0 : 1_000),
      before: .init(inferences: 100, spikes: 1_000))
  }

  private func commit(_ changes: [AgentChange], of agent: SimulatedAgent) -> Bool {
    if agent.condition.refuses(at: now) {
      trace("\(agent.node)'s disk refuses")
      var stored = agent.state
      options.tampering.agentLoads(&stored)
      agent.core?.reload(stored)
      return false
    }
    ledger.agentStored(changes, of: agent.node)
    let dayBefore = agent.state.energyDay
    agent.state.apply(changes)
    mix(UInt64(agent.index))
    for change in changes {
      switch change {
      case .windowQueued(let boot, let window):
        agent.outbox.append((boot, window))
        agent.mergeWindows(over: outboxMax)
      case .windowsAcknowledged(let boot, let through):
        agent.outbox.removeAll { $0.boot == boot && $0.window.sequence <= through }
      case .energyUsed(let day): charge(agent, day, after: dayBefore)
      default: break
      }
    }
    return true
  }

  /// What the coordinator may rely on is on the disk before it is told.
  private func audit(_ packet: Packet, from agent: SimulatedAgent) {
    let state = agent.state
    let accepted = state.accepted?.generation ?? .none
    switch packet.message {
    case .desiredAccepted(let told):
      ledger.require(
        accepted >= Generation(told.generation),
        "\(agent.node) tells that it holds \(Generation(told.generation)) before it is stored")
    case .heartbeat(let beat):
      ledger.require(
        accepted >= Generation(beat.accepted), "\(agent.node) beats with what is not stored")
    case .observedState(let told) where told.state == .active:
      ledger.require(
        state.active?.generation ?? .none >= Generation(told.generation),
        "\(agent.node) tells that it runs \(Generation(told.generation)) before it is stored")
    case .roundAnswer(let answer) where answer.accepted:
      ledger.require(
        RoundKey(answer.key).map { state.trainings[$0] != nil } ?? false,
        "\(agent.node) promises to train before the promise is stored")
    case .updateAnnounce(let announce):
      let result = RoundKey(announce.key).flatMap { state.trainings[$0]?.result }
      ledger.require(result != nil, "\(agent.node) announces an update before it is stored")
    default: break
    }
  }

  // MARK: content

  private func assemble(
    _ agent: SimulatedAgent, _ model: ContentDigest, _ digests: [ContentDigest]
  ) -> AssemblyOutcome {
    if random.chance(faults.badSector), let digest = digests.first {
      agent.chunks.remove(digest)
      return .damaged(detail: "chunk 0")
    }
    if agent.condition.refuses(at: now) { return .unavailable(detail: "disk full") }
    // One of them could not be written.
    guard digests.allSatisfy(agent.chunks.contains) else { return .damaged(detail: "missing") }
    agent.blobs.insert(model)
    agent.chunks.subtract(digests)
    return .stored
  }

  /// An update whose bytes follow from the order and the node alone.
  func finishTraining(_ agent: SimulatedAgent, _ order: TrainingOrder) {
    guard agent.training == order.key else { return }
    guard agent.learns else {
      return plan(.trained(agent.index, agent.condition.life, order), in: Self.windowMilliseconds)
    }
    agent.training = nil
    trace("\(agent.node) has trained \(order.key)")
    let machine = UInt64(agent.index) << 32 &+ UInt64(agent.hardware) << 48
    let seed = order.seed &+ order.firstOrdinal &* 0x9E37 &+ machine
    var bytes = SimulationRandom(seed: seed)
    let size = [200, 66_000, 140_000][Int(order.seed % 3)]
    let update = SimulatedContent(bytes.bytes(size))
    contents[update.digest] = update
    agent.blobs.insert(update.digest)
    let next = order.firstOrdinal + UInt64(order.samples)
    ledger.trainings[update.digest] = TruthLedger.Training(
      machine: TruthLedger.Machine(node: agent.node, number: agent.hardware),
      samples: order.firstOrdinal..<next)
    let result = TrainingResult(
      digest: update.digest, size: update.size, samples: order.samples, correct: 1,
      counts: [1, 2], milliseconds: 10, residual: leave(order, on: agent),
      lossMillionths: order.terms.measuresLoss ? TruthLedger.loss(of: update.digest) : 0)
    tellOnce(agent, .trained(order.key, result, nextOrdinal: next))
  }

  private func sendUpdate(_ order: UpdateOrder, of agent: SimulatedAgent) {
    guard agent.blobs.contains(order.digest), let content = contents[order.digest] else {
      ledger.require(false, "\(agent.node) sends an update that is gone")
      return
    }
    var offset = order.offset
    var sequence = order.sequence
    while offset < order.offset + order.count {
      var chunk = WireUpdateChunk()
      chunk.key = order.key.wire
      chunk.digest = wireBytes(order.digest.bytes)
      chunk.offset = offset
      let payload = content.piece(from: offset, through: order.offset + order.count)
      send(
        Packet(
          .updateChunk(chunk), version: order.version, session: order.session,
          sequence: sequence, payload: payload), from: agent)
      offset += UInt64(payload.count)
      sequence += 1
    }
  }

  private func sendOutbox(
    _ agent: SimulatedAgent, _ version: UInt8, _ session: UInt64, _ sequence: UInt64
  ) {
    guard let (boot, windows) = agent.nextBatch, let first = windows.first,
      let last = windows.last
    else {
      later(agent, .outboxSent(last: nil, boot: []), 0...5)
      return
    }
    var batch = WireTelemetryBatch()
    batch.bootID = wireBytes(boot)
    batch.firstSequence = first.start
    batch.lastSequence = last.sequence
    var body = WireTelemetryWindows()
    body.windows = windows
    send(
      Packet(
        .telemetryBatch(batch), version: version, session: session, sequence: sequence,
        payload: SignedDocument.encoded(body)), from: agent)
    later(agent, .outboxSent(last: last.sequence, boot: boot), 0...5)
  }
}

extension SimulatedContent {
  /// Bytes from an offset on, within one chunk's length and up to an end.
  func piece(from offset: UInt64, through end: UInt64) -> [UInt8] {
    let chunk = chunks[Int(offset) / Limits.chunkBytes]
    let start = Int(offset) % Limits.chunkBytes
    let count = min(chunk.count - start, Int(end - offset))
    return start == 0 && count == chunk.count ? chunk : Array(chunk[start..<start + count])
  }
}
