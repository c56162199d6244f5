import Federation
import FleetCore
import FleetProtocol

/// The coordinator's shell, imitated.
extension ChaosRun {
  func startCoordinator() {
    coordinator.condition.life += 1
    var state = coordinator.state
    state.epoch += 1
    state.lastGeneration = 0
    if let database = coordinator.database {
      do {
        let loaded = try database.start()
        ledger.require(loaded == state, "the database starts with another state than was stored")
      } catch {
        ledger.require(false, "the database does not start: \(error)")
      }
    }
    coordinator.state = state
    options.tampering.coordinatorLoads(&state)
    let core = CoordinatorCore(state: state, settings: coordinator.settings)
    coordinator.core = core
    coordinator.admitAndSign(as: core)
    trace("coordinator starts epoch \(state.epoch)")
    let life = coordinator.condition.life
    tell(.rootFile(SimulatedTrust.rootFile))
    tell(.started)
    if life == coordinator.condition.life {
      plan(.coordinatorTick(life), in: Self.tickMilliseconds)
    }
  }

  func killCoordinator() {
    guard coordinator.core != nil else { return }
    trace("coordinator dies")
    report.crashes += 1
    coordinator.condition.restart()
    coordinator.core = nil
    coordinator.turn = []
    coordinator.staging = [:]
    for agent in agents {
      for endpoint in WireEndpoint.allCases {
        guard let address = agent.sockets[endpoint]?.address else { continue }
        breakConnection(address, needsOpen: random.chance(0.3))
      }
    }
    let wait = random.chance(0.2) ? random.number(5_000...90_000) : random.number(200...5_000)
    plan(.startCoordinator, in: isCalm ? 500 : wait)
  }

  func tell(_ event: CoordinatorEvent) { tell([event]) }

  /// Events that came together, as one turn of a socket brings them.
  func tell(_ turn: [CoordinatorEvent]) {
    let isStored = perform(coordinator.core?.handle(turn, at: coordinatorClock) ?? [])
    // One by one when their common transaction failed.
    var events = isStored || turn.count < 2 ? coordinator.answers : turn
    while !events.isEmpty, coordinator.core != nil {
      let next = events.removeFirst()
      perform(coordinator.core?.handle(next, at: coordinatorClock) ?? [])
      events += coordinator.answers
    }
  }

  private var deployKey: SigningKey {
    SimulatedTrust.deployKey(rootVersion: coordinator.rootVersion)
  }

  private var coordinatorClock: Instant {
    now.advanced(milliseconds: coordinator.condition.clockAhead)
  }

  /// False where a transaction failed or the process died; nothing after it was done.
  @discardableResult
  private func perform(_ directives: [CoordinatorDirective]) -> Bool {
    coordinator.answers = []
    for directive in options.tampering.coordinatorDirectives(directives) {
      if coordinator.condition.burns() {
        killCoordinator()
        return false
      }
      guard carryOut(directive) else { return false }
      if coordinator.condition.burns() {
        killCoordinator()
        return false
      }
    }
    return true
  }

  /// False when the rest of the list must not happen.
  private func carryOut(_ directive: CoordinatorDirective) -> Bool {
    let life = coordinator.condition.life
    let factor = coordinator.condition.factor(at: now)
    switch directive {
    case .persist(let changes): return commit(changes)
    case .send(let address, let packet):
      audit(packet, to: address)
      send(packet, to: address)
    case .sendDesired(let address, let order): sendDesired(address, order)
    case .sendChunks(let address, let order): sendChunks(address, order)
    case .appendUpload(let key, let offset, let bytes): append(key, offset, bytes)
    case .checkUpload(let key, let check):
      plan(.check(life, key, check), in: random.number(2...60) * factor)
    case .dropUpload(let key): coordinator.staging[key] = nil
    case .aggregate(let order):
      let outcome: AggregationOutcome =
        random.chance(faults.badSector) ? .unavailable(detail: "disk full") : aggregate(order)
      plan(
        .coordinator(life, .aggregated(order.key, outcome)), in: random.number(50...2_000) * factor)
    case .assess(let order):
      plan(.coordinator(life, assess(order)), in: random.number(5...300) * factor)
    case .answer(let id, let response): answered(id, response)
    case .signTimestamp(let document):
      coordinator.answers.append(
        .timestampSigned(
          SignedDocument.sign(
            SignedDocument.encoded(document), as: .timestamp, with: [deployKey])))
    case .disconnect(let address): breakConnection(address, needsOpen: false)
    case .allowKey, .denyKey, .rootChanged:
      if let core = coordinator.core { coordinator.admitAndSign(as: core) }
    case .answerQuery: break
    case .report(let event): trace("\(event.kind) \(event.subject) \(event.detail)")
    }
    return true
  }

  private func commit(_ changes: [FleetChange]) -> Bool {
    if coordinator.condition.refuses(at: now) {
      trace("the coordinator's disk refuses")
      var stored = coordinator.state
      options.tampering.coordinatorLoads(&stored)
      coordinator.core?.reload(stored)
      return false
    }
    store(changes)
    for case .event(let event) in changes {
      trace("\(event.kind) \(event.subject) \(event.detail)")
    }
    return true
  }

  /// A transaction becomes durable.
  func store(_ changes: [FleetChange]) {
    ledger.coordinatorStored(changes)
    guard ledger.violations.isEmpty else { return }
    coordinator.state.apply(changes)
    mix(UInt64(changes.count))
    guard let database = coordinator.database else { return }
    do {
      try database.commit(changes)
    } catch {
      ledger.require(false, "the database refuses: \(error)")
    }
  }

  /// What a peer may rely on is on the disk before it is told.
  private func audit(_ packet: Packet, to address: ReplyAddress) {
    guard let connection = connections[address] else { return }
    let node = agents[connection.agent].node
    ledger.require(
      coordinator.state.nodes[node]?.terms.revokedAt == nil, "\(node) is revoked and is written to")
    switch packet.message {
    case .telemetryAcknowledged(let acknowledged):
      let through = coordinator.state.nodes[node]?.telemetryThrough(
        boot: [UInt8](acknowledged.bootID))
      ledger.require(
        through ?? 0 >= acknowledged.through,
        "window \(acknowledged.through) of \(node) is acknowledged before it is stored")
    case .roundVerdict(let verdict) where verdict.verdict == .acknowledged:
      let participant = RoundKey(verdict.key).flatMap {
        coordinator.state.rounds[$0]?.participant(node)
      }
      ledger.require(
        participant?.state.name == "reported",
        "the update of \(node) is acknowledged before it counts")
    default: break
    }
  }

  // MARK: content

  /// As the staging folder does it: what would leave a hole is refused, as after a chunk of the
  /// same turn that could not be written.
  private func append(_ key: UploadKey, _ offset: UInt64, _ bytes: [UInt8]) {
    if offset == 0 { coordinator.staging[key] = [] }
    let staged = coordinator.staging[key]
    guard let staged, offset <= UInt64(staged.count), !random.chance(faults.badSector) else {
      let failure = UploadOutcome.unreadable(detail: "disk full, or a hole")
      coordinator.answers.append(.uploadChecked(key, failure))
      return
    }
    let rest = staged.dropFirst(Int(offset) + bytes.count)
    coordinator.staging[key] = staged.prefix(Int(offset)) + bytes + rest
  }

  /// The blob is on the disk before the outcome is known.
  func outcome(of key: UploadKey, _ check: UploadCheck) -> UploadOutcome {
    guard let bytes = coordinator.staging.removeValue(forKey: key),
      UInt64(bytes.count) == check.size, SimulatedTrust.digest(bytes) == check.digest
    else { return .unreadable(detail: "staged bytes are missing") }
    if random.chance(faults.badSector) { return .unreadable(detail: "disk full") }
    coordinator.blobs.insert(check.digest)
    return .valid
  }

  /// A successor whose bytes follow from the base and the sealed set alone.
  private func aggregate(_ order: AggregationOrder) -> AggregationOutcome {
    ledger.privacy.summed(order)
    ledger.takePrivacyViolations()
    let names = order.updates.map(\.node)
    ledger.require(Set(names).count == names.count, "\(order.key) sums a node's update twice")
    for entry in order.updates {
      ledger.require(
        coordinator.blobs.contains(entry.digest), "update \(entry.digest) is not stored")
      let loss = order.strategy.name == .qFedAvg ? TruthLedger.loss(of: entry.digest) : 0
      ledger.require(
        entry.lossMillionths == loss,
        "\(order.key) weighs \(entry.node) by \(entry.lossMillionths), it lost \(loss)")
    }
    let seed = order.sealedHash.bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    var bytes = SimulationRandom(seed: seed)
    let made = SimulatedModel(
      successorOf: order.base, order: order, bytes: bytes.bytes(Int(order.base.size)))
    contents[made.content.digest] = made.content
    coordinator.blobs.insert(made.content.digest)
    let accuracy = { (model: ContentDigest) in 80 + Double(model.bytes[0] % 8) }
    return .made(
      made.record, accuracy: accuracy(made.content.digest),
      baseAccuracy: order.measuresBase ? accuracy(order.base.digest) : nil,
      state: keep(after: order))
  }

  /// What a strategy with a memory leaves for the next round: it follows from all rounds before.
  private func keep(after order: AggregationOrder) -> ContentDigest? {
    if let state = order.state {
      ledger.require(
        coordinator.blobs.contains(state), "\(order.key) has lost what its strategy keeps")
    }
    guard order.strategy != .fedAvg else { return nil }
    let state = SimulatedTrust.digest(order.sealedHash.bytes + (order.state?.bytes ?? []))
    coordinator.blobs.insert(state)
    return state
  }

  private func sendDesired(_ address: ReplyAddress, _ order: DesiredOrder) {
    ledger.require(
      coordinator.state.nodes[order.node]?.desired?.generation == order.generation,
      "\(order.node) is ordered \(order.generation), which is not on the disk")
    let expires = coordinatorClock.advanced(milliseconds: 86_400_000)
    send(
      order.packet(expiresMicroseconds: UInt64(expires.microseconds), signers: [deployKey]),
      to: address)
  }

  private func sendChunks(_ address: ReplyAddress, _ order: ChunkOrder) {
    guard coordinator.blobs.contains(order.digest), let content = contents[order.digest] else {
      ledger.require(false, "the coordinator serves \(order.digest) without its blob")
      return
    }
    for packet in content.packets(order) { send(packet, to: address) }
  }
}
