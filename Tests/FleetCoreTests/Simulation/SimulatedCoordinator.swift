import FleetCore
import FleetProtocol

/// The coordinator's process and its disk.
struct SimulatedCoordinator {
  /// Nil while the process is dead.
  var core: CoordinatorCore?
  /// Raised at every start and death, so that what an earlier process began is void.
  var life = 0
  var mirror: FleetMirror
  var blobs: [ContentDigest: [UInt8]] = [:]
  var staging: [UploadKey: [UInt8]] = [:]
  /// What the shell tells the core before it takes anything else.
  var answers: [CoordinatorEvent] = []
  static let settings: CoordinatorSettings = {
    var settings = CoordinatorSettings(
      heartbeatMilliseconds: 1_000, liveness: 3, tickMilliseconds: 250,
      restartGraceMilliseconds: 5_000)
    // So tight that three agents meet them all the time.
    settings.limits.greetings = .init(perSecond: 3, burst: 1)
    settings.limits.bulkBytesMax = 4 * UInt64(Limits.chunkBytes)
    return settings
  }()

  /// A disk with three accepted nodes and one model.
  init(model: FixtureModel) {
    var core = CoordinatorCore(state: FleetState(epoch: 0), settings: Self.settings)
    mirror = FleetMirror(state: core.state)
    mirror.commit(
      core.handle(.rootFile(FleetFixture.rootFile(1)), at: FleetFixture.noon).changes)
    var commands = CoordinatorBench.nodes.enumerated().map { index, node in
      Command.acceptNode(publicKey: FleetFixture.publicKey(index), name: node.text)
    }
    commands.append(.addModel(model.record))
    for (index, command) in commands.enumerated() {
      let directives = core.handle(
        .command(command, requestID: "setup-\(index)"), at: FleetFixture.noon)
      mirror.commit(directives.changes)
    }
    blobs[model.record.digest] = model.bytes
  }
}

extension SimulatedFleet {
  mutating func startCoordinator() {
    coordinator.life += 1
    coordinator.mirror.state = coordinator.mirror.started()
    coordinator.core = CoordinatorCore(
      state: coordinator.mirror.state, settings: SimulatedCoordinator.settings)
    trace("coordinator starts epoch \(coordinator.mirror.state.epoch)")
    let life = coordinator.life
    tell(.started)
    if life == coordinator.life { plan(.coordinatorTick(life), in: 250) }
  }

  private mutating func killCoordinator() {
    trace("coordinator dies")
    coordinator.life += 1
    coordinator.core = nil
    coordinator.staging = [:]
    for index in agents.indices {
      for endpoint in WireEndpoint.allCases where agents[index].sockets[endpoint]?.address != nil {
        breakConnection(index, endpoint, needsOpen: random.chance(0.3))
      }
    }
    plan(.startCoordinator, in: delay(200...4_000))
  }

  mutating func tell(_ event: CoordinatorEvent) {
    guard var core = coordinator.core else { return }
    let directives = core.handle(event, at: now)
    coordinator.core = core
    coordinator.answers = []
    for directive in directives {
      guard carryOut(directive) else { return }
    }
    for answer in coordinator.answers { tell(answer) }
  }

  /// False when the rest of the list must not happen.
  private mutating func carryOut(_ directive: CoordinatorDirective) -> Bool {
    switch directive {
    case .persist(let changes): return commit(changes)
    case .send(let address, let packet): send(packet, to: address)
    case .sendDesired(let address, let order): sendDesired(address, order)
    case .sendChunks(let address, let order): sendChunks(address, order)
    case .appendUpload(let key, let offset, let bytes):
      append(key, offset, bytes)
    case .checkUpload(let key, let check):
      plan(.check(coordinator.life, key, check), in: delay(2...60))
    case .dropUpload(let key): coordinator.staging[key] = nil
    case .aggregate(let order):
      let outcome: AggregationOutcome =
        random.chance(faults.diskFailure)
        ? .unavailable(detail: "disk full") : aggregate(order)
      plan(
        .coordinator(coordinator.life, .aggregated(order.key, outcome)), in: delay(50...400))
    case .answer(let id, let response):
      trace("answer to \(id): \(response)")
      require(answers[id] == nil || answers[id] == response, "two answers to \(id)")
      answers[id] = response
    case .disconnect(let address): cut(address)
    case .allowKey, .rootChanged: break
    case .signTimestamp(let snapshot, let rootVersion, let at, let until):
      coordinator.answers.append(
        .timestampSigned(FleetFixture.timestamp(snapshot, rootVersion, at, until)))
    case .report(let event): trace("\(event.kind) \(event.subject) \(event.detail)")
    }
    return true
  }

  private mutating func append(_ key: UploadKey, _ offset: UInt64, _ bytes: [UInt8]) {
    if random.chance(faults.diskFailure) {
      let failure = UploadOutcome.unreadable(detail: "disk full")
      coordinator.answers.append(.uploadChecked(key, failure))
      return
    }
    if offset == 0 { coordinator.staging[key] = [] }
    let staged = UInt64(coordinator.staging[key]?.count ?? 0)
    require(staged == offset, "hole in the upload \(key.name): \(staged), then \(offset)")
    coordinator.staging[key]?.append(contentsOf: bytes)
  }

  private mutating func commit(_ changes: [FleetChange]) -> Bool {
    let fate = fate()
    if fate == .diesBefore {
      killCoordinator()
      return false
    }
    if fate == .refused {
      trace("coordinator's disk refuses")
      let stored = coordinator.mirror.state
      coordinator.core?.reload(stored)
      return false
    }
    coordinator.mirror.commit(changes)
    for case .event(let event) in changes {
      trace("\(event.kind) \(event.subject) \(event.detail)")
    }
    violations += coordinator.mirror.violations
    if fate == .diesAfter {
      killCoordinator()
      return false
    }
    return true
  }

  private mutating func sendDesired(_ address: ReplyAddress, _ order: DesiredOrder) {
    var wire = WireOrder()
    wire.nodeID = order.node.text
    wire.generation = order.generation.wire
    wire.manifestDigest = wireBytes(order.model.manifestDigest.bytes)
    wire.expiresUs = UInt64(now.advanced(milliseconds: 600_000).microseconds)
    var desired = WireDesiredState()
    desired.generation = order.generation.wire
    desired.order = wireBytes(
      SignedDocument.sign(
        SignedDocument.encoded(wire), as: .order, with: [FleetFixture.deploy]))
    desired.manifest = wireBytes(order.model.manifest)
    desired.baseManifest = wireBytes(order.baseManifest)
    send(
      Packet(
        .desiredState(desired), version: order.version, session: order.session,
        sequence: order.sequence),
      to: address)
  }

  private mutating func sendChunks(_ address: ReplyAddress, _ order: ChunkOrder) {
    guard let bytes = coordinator.blobs[order.digest] else {
      require(false, "the coordinator serves \(order.digest) without its blob")
      return
    }
    for index in order.first..<order.first + order.count {
      var chunk = WireBlobChunk()
      chunk.digest = wireBytes(order.digest.bytes)
      chunk.index = index
      let start = Int(index) * Limits.chunkBytes
      let payload = Array(bytes[start..<min(start + Limits.chunkBytes, bytes.count)])
      send(
        Packet(
          .blobChunk(chunk), version: order.version, session: order.session,
          sequence: order.sequence + UInt64(index - order.first), payload: payload), to: address)
    }
  }

  /// The blob is on the disk before the outcome is known.
  mutating func outcome(of key: UploadKey, _ check: UploadCheck) -> UploadOutcome {
    guard let bytes = coordinator.staging[key], UInt64(bytes.count) == check.size,
      FleetFixture.digest(bytes) == check.digest
    else { return .unreadable(detail: "staged bytes are missing") }
    if random.chance(faults.diskFailure) { return .unreadable(detail: "disk full") }
    coordinator.blobs[check.digest] = bytes
    return .valid
  }

  /// A successor whose bytes follow from the base and the sealed set alone.
  private mutating func aggregate(_ order: AggregationOrder) -> AggregationOutcome {
    for entry in order.updates {
      require(coordinator.blobs[entry.digest] != nil, "update \(entry.digest) is not stored")
    }
    let bytes = FleetFixture.bytes(
      model.bytes.count, from: order.sealedHash.bytes + order.base.digest.bytes)
    let made = model.successor(bytes: bytes) {
      $0.provenance.round = order.key.wire
      $0.provenance.sealedDigest = wireBytes(order.sealedHash.bytes)
    }
    coordinator.blobs[made.record.digest] = bytes
    let accuracy = 80 + Double(made.record.digest.bytes[0] % 8)
    return .made(made.record, accuracy: accuracy)
  }
}
