import FleetCore
import FleetProtocol

/// An agent's process and its disk.
struct SimulatedAgent {
  struct Socket {
    var number: Int
    /// Nil until the handshake succeeds.
    var address: ReplyAddress?
  }

  let node: Identifier
  /// Nil while the process is dead.
  var core: AgentCore?
  var life = 0
  var state = AgentState()
  var outbox: [(boot: [UInt8], window: WireTelemetryWindow)] = []
  /// Every window that ever became durable, by boot.
  var queued: [[UInt8]: [UInt64]] = [:]
  var blobs: [ContentDigest: [UInt8]] = [:]
  var chunks: [ContentDigest: [UInt8]] = [:]
  var sockets: [WireEndpoint: Socket] = [:]
  var socketCount = 0
  var ticks = 0
  var training: RoundKey?
  /// The model that the chip was last told to serve.
  var served: ContentDigest?

  init(node: Identifier) { self.node = node }
}

extension SimulatedFleet {
  mutating func startAgent(_ index: Int) {
    agents[index].life += 1
    let life = agents[index].life
    let boot = (0..<16).map { $0 == 0 ? UInt8(truncatingIfNeeded: life) : UInt8(index) }
    let settings = AgentSettings(
      node: agents[index].node, chip: FleetFixture.chip, agentVersion: "1", boot: boot,
      root: FleetFixture.trustRoot, backoffMaxMilliseconds: 2_000, dataIdleMilliseconds: 3_000,
      jitterSeed: random.next())
    agents[index].core = AgentCore(state: agents[index].state, settings: settings)
    trace("\(agents[index].node) starts")
    tell(index, .started)
    if life == agents[index].life { plan(.agentTick(index, life), in: 250) }
  }

  private mutating func killAgent(_ index: Int) {
    trace("\(agents[index].node) dies")
    agents[index].life += 1
    agents[index].core = nil
    agents[index].training = nil
    agents[index].served = nil
    for endpoint in WireEndpoint.allCases { closeSocket(index, endpoint) }
    plan(.startAgent(index), in: delay(100...3_000))
  }

  /// A telemetry window every two seconds, as the chip runtime would close it.
  mutating func tick(_ index: Int) {
    agents[index].ticks += 1
    guard agents[index].ticks % 8 == 0, now < windowsUntil else { return }
    tell(index, .windowClosed(WireTelemetryWindow()))
  }

  mutating func tell(_ index: Int, _ event: AgentEvent) {
    guard var core = agents[index].core else { return }
    let directives = core.handle(event, at: now)
    agents[index].core = core
    for directive in directives {
      guard carryOut(directive, of: index) else { return }
    }
  }

  private mutating func later(_ index: Int, _ event: AgentEvent, _ wait: ClosedRange<Int64>) {
    plan(.agent(index, agents[index].life, event), in: delay(wait))
  }

  /// False when the rest of the list must not happen.
  private mutating func carryOut(_ directive: AgentDirective, of index: Int) -> Bool {
    switch directive {
    case .persist(let changes): return commit(changes, of: index)
    case .open(let endpoint): openSocket(index, endpoint)
    case .close(let endpoint): closeSocket(index, endpoint)
    case .send(let packet): send(packet, from: index)
    case .inspectChunks(let model, let digests):
      let present = digests.map { agents[index].chunks[$0] != nil }
      let isWhole = agents[index].blobs[model] != nil
      later(index, .chunksInspected(model, present: isWhole ? nil : present), 1...5)
    case .storeChunk(_, _, let digest, let bytes):
      require(FleetFixture.digest(bytes) == digest, "a damaged chunk reached the disk")
      agents[index].chunks[digest] = bytes
    case .assemble(let model, let digests, _):
      let outcome = assemble(index, model, digests)
      later(index, .assembled(model, outcome), 1...30)
    case .loadModel(let model):
      let outcome: LoadOutcome =
        agents[index].blobs[model] != nil
        ? .ready : .refused(code: "missing", detail: "no such blob")
      later(index, .modelLoaded(model, outcome), 1...50)
    case .serve(let model):
      trace("\(agents[index].node) serves \(model)")
      require(agents[index].blobs[model] != nil, "\(agents[index].node) serves without a blob")
      require(agents[index].state.active?.model == model, "serves what is not recorded")
      agents[index].served = model
    case .train(let order):
      require(agents[index].training == nil, "two training runs at a time")
      require(agents[index].blobs[order.base] != nil, "trains without its base")
      agents[index].training = order.key
      plan(.training(index, agents[index].life, order), in: delay(200...1_500))
    case .stopTraining(let key):
      require(agents[index].training == key, "stops what does not run")
      agents[index].training = nil
    case .sendUpdate(let order): sendUpdate(order, of: index)
    case .sendOutbox(_, let session, let sequence): sendOutbox(index, session, sequence)
    case .dropBlob(let digest): agents[index].blobs[digest] = nil
    case .makeNextKey, .adoptNextKey, .answerQuery: break
    case .report(let event): trace("\(event.kind) \(event.subject) \(event.detail)")
    }
    return true
  }

  private mutating func commit(_ changes: [AgentChange], of index: Int) -> Bool {
    let fate = fate()
    if fate == .diesBefore {
      killAgent(index)
      return false
    }
    if fate == .refused {
      trace("\(agents[index].node)'s disk refuses")
      let stored = agents[index].state
      agents[index].core?.reload(stored)
      return false
    }
    agents[index].state.apply(changes)
    for change in changes { note(change, of: index) }
    if fate == .diesAfter {
      killAgent(index)
      return false
    }
    return true
  }

  private mutating func note(_ change: AgentChange, of index: Int) {
    switch change {
    case .windowQueued(let boot, let window):
      require(
        window.sequence > agents[index].queued[boot]?.last ?? 0, "a window's number went back")
      agents[index].queued[boot, default: []].append(window.sequence)
      agents[index].outbox.append((boot, window))
    case .windowsAcknowledged(let boot, let through):
      let stored = coordinator.mirror.windows[agents[index].node]?[boot] ?? []
      for (other, window) in agents[index].outbox
      where other == boot && window.sequence <= through {
        require(
          stored.contains(window.sequence), "window \(window.sequence) was acknowledged and lost")
      }
      agents[index].outbox.removeAll { $0.boot == boot && $0.window.sequence <= through }
    default: break
    }
  }

  private mutating func assemble(
    _ index: Int, _ model: ContentDigest, _ digests: [ContentDigest]
  ) -> AssemblyOutcome {
    if random.chance(faults.diskFailure), let digest = digests.first {
      agents[index].chunks[digest] = nil
      return .damaged(detail: "chunk 0")
    }
    let bytes = digests.flatMap { agents[index].chunks[$0] ?? [] }
    require(FleetFixture.digest(bytes) == model, "chunks do not make \(model)")
    agents[index].blobs[model] = bytes
    for digest in digests { agents[index].chunks[digest] = nil }
    return .stored
  }

  /// An update whose bytes follow from the order and the node alone.
  mutating func finishTraining(_ index: Int, _ order: TrainingOrder) {
    guard agents[index].training == order.key else { return }
    agents[index].training = nil
    let text = "\(agents[index].node) \(order.base) \(order.seed) \(order.firstOrdinal)"
    let update = FleetFixture.bytes(140_000, from: Array(text.utf8))
    let digest = FleetFixture.digest(update)
    agents[index].blobs[digest] = update
    let result = TrainingResult(
      digest: digest, size: UInt64(update.count), samples: order.samples, correct: 40,
      counts: [1, 2], milliseconds: 10)
    tell(
      index,
      .trained(order.key, result, nextOrdinal: order.firstOrdinal + UInt64(order.samples)))
  }

  private mutating func sendUpdate(_ order: UpdateOrder, of index: Int) {
    guard let bytes = agents[index].blobs[order.digest] else {
      require(false, "\(agents[index].node) sends an update that is gone")
      return
    }
    var offset = Int(order.offset)
    let end = offset + Int(order.count)
    var sequence = order.sequence
    while offset < end {
      var chunk = WireUpdateChunk()
      chunk.key = order.key.wire
      chunk.digest = wireBytes(order.digest.bytes)
      chunk.offset = UInt64(offset)
      let next = min(offset + Limits.chunkBytes, end)
      send(
        Packet(
          .updateChunk(chunk), session: order.session, sequence: sequence,
          payload: Array(bytes[offset..<next])), from: index)
      sequence += 1
      offset = next
    }
  }

  private mutating func sendOutbox(_ index: Int, _ session: UInt64, _ sequence: UInt64) {
    guard let boot = agents[index].outbox.first?.boot else {
      later(index, .outboxSent(last: nil, boot: []), 0...5)
      return
    }
    var windows: [WireTelemetryWindow] = []
    for (other, window) in agents[index].outbox where other == boot {
      if let last = windows.last, window.sequence != last.sequence + 1 { break }
      windows.append(window)
    }
    guard let first = windows.first, let last = windows.last else { return }
    var batch = WireTelemetryBatch()
    batch.bootID = wireBytes(boot)
    batch.firstSequence = first.sequence
    batch.lastSequence = last.sequence
    var body = WireTelemetryWindows()
    body.windows = windows
    send(
      Packet(
        .telemetryBatch(batch), session: session, sequence: sequence,
        payload: SignedDocument.encoded(body)), from: index)
    later(index, .outboxSent(last: last.sequence, boot: boot), 0...5)
  }
}
