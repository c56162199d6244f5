import Dispatch
import FleetCore
import FleetProtocol
import FleetStore
import Logging
import Synchronization
import Workbench
import ZeroMQTransport

/// The coordinator's shell: feeds events to the core, in their order, and carries out what it asks.
///
/// Transport callbacks call `handle` on their own threads and wait for the lock: that is the
/// back-pressure, for libzmq holds its peers back while a callback runs. Work that takes longer
/// than a transaction goes to one background queue and comes back as an event.
final class CoordinatorDaemon: Sendable {
  /// What the lock guards.
  struct Machine {
    var core: CoordinatorCore
    /// Set by the directive `answer` of the event in hand.
    var answer: CommandResponse?
    /// The text of the last failed transaction of the event in hand.
    var failure: String?
  }

  let store: FleetStore
  let blobs: BlobStore
  let log: Logger
  let startedAt: Instant
  let pendingKeys = PendingKeys()
  let questions = Questions()
  let priceTables: PriceTables
  private let keys: OnlineKeys
  let work: BackgroundWork
  private let crash: CrashPoint
  private let machine: Mutex<Machine>
  private let transport = Mutex<CoordinatorTransport?>(nil)

  init(
    store: FleetStore, blobs: BlobStore, state: FleetState, settings: CoordinatorSettings,
    keys: OnlineKeys, crash: CrashPoint, work: BackgroundWork, log: Logger
  ) {
    self.store = store
    self.blobs = blobs
    self.keys = keys
    self.crash = crash
    self.work = work
    self.log = log
    startedAt = WallClock.now()
    priceTables = PriceTables(blobs: blobs)
    machine = Mutex(Machine(core: CoordinatorCore(state: state, settings: settings)))
  }

  /// Starts to send through these sockets.
  func attach(_ transport: CoordinatorTransport) {
    self.transport.withLock { $0 = transport }
  }

  /// Closes the sockets and ends the background work; what was acknowledged is on the disk.
  func stop() {
    let transport = transport.withLock { held in
      defer { held = nil }
      return held
    }
    transport?.stop()
    work.stop()
  }

  /// The core as it is now, for views.
  func snapshot() -> CoordinatorCore { machine.withLock { $0.core } }

  /// The holder of a named token of the admin endpoint, while that is good; its use is noted.
  func holder(hash: String) -> AdminHolder? {
    let now = WallClock.now()
    let token = machine.withLock { $0.core.adminToken(hash: hash) }
    guard let token, token.isGood(at: now) else { return nil }
    if token.isUseDue(at: now) { handle(.adminTokenUsed(token.name)) }
    return AdminHolder(actor: "admin \(token.name)", scopes: token.scopes)
  }

  /// Takes what one turn of an endpoint has read.
  func deliver(_ reports: [TransportEvent]) {
    let events = reports.compactMap(event)
    if !events.isEmpty { handle(events) }
  }

  /// What a report is to the core; nil, and a line of the log, for what it need not know.
  private func event(_ report: TransportEvent) -> CoordinatorEvent? {
    switch report {
    case .received(_, let peer, let userID, let frames):
      return .received(ReplyAddress(peer), user: userID, frames: frames)
    case .malformed(let peer, let userID, let frameCount):
      return .malformed(ReplyAddress(peer), user: userID, frameCount: frameCount)
    case .undeliverable(let peer, let reason):
      log.debug(
        "message given up", metadata: ["kind": "message.dropped", "reason": "\(reason.rawValue)"])
      return reason == .full ? .blocked(ReplyAddress(peer)) : nil
    case .unknownKey(let key, let address):
      pendingKeys.note(key, address: address, at: WallClock.now())
      log.notice(
        "unknown key refused; accept it with `spikefleet node accept`",
        metadata: ["kind": "key.refused", "key": "\(key)", "address": "\(address)"])
      return nil
    case .failed(let endpoint, let error):
      log.error(
        "socket call failed",
        metadata: [
          "kind": "socket.failed", "endpoint": "\(endpoint.rawValue)", "error": "\(error)",
        ])
      return nil
    }
  }

  /// Handles one event and everything that follows from it at once.
  @discardableResult
  func handle(_ event: CoordinatorEvent) -> (answer: CommandResponse?, failure: String?) {
    machine.withLock { machine in
      machine.answer = nil
      machine.failure = nil
      settle([event], &machine)
      return (machine.answer, machine.failure)
    }
  }

  /// Handles messages that came together, and one by one when their transaction failed.
  private func handle(_ events: [CoordinatorEvent]) {
    machine.withLock { machine in
      guard events.count > 1 else { return settle(events, &machine) }
      var following: [CoordinatorEvent] = []
      let directives = machine.core.handle(events, at: WallClock.now())
      let isStored = perform(directives, &machine, &following)
      settle(isStored ? following : events, &machine)
    }
  }

  private func settle(_ events: [CoordinatorEvent], _ machine: inout Machine) {
    var events = events
    while !events.isEmpty {
      let directives = machine.core.handle(events.removeFirst(), at: WallClock.now())
      perform(directives, &machine, &events)
    }
  }

  /// False where a transaction failed: nothing after it was done, peers get no acknowledgement.
  @discardableResult
  private func perform(
    _ directives: [CoordinatorDirective], _ machine: inout Machine,
    _ events: inout [CoordinatorEvent]
  ) -> Bool {
    for directive in directives {
      if directive.leavesTrace { crash.before("\(directive)") }
      if case .persist(let changes) = directive {
        guard commit(changes, &machine) else { return false }
      } else {
        carryOut(directive, &machine, &events)
      }
      if directive.leavesTrace { crash.after("\(directive)") }
    }
    return true
  }

  /// One transaction; after a failed one the core holds again what the store does.
  private func commit(_ changes: [FleetChange], _ machine: inout Machine) -> Bool {
    do throws(StoreError) {
      try store.commit(changes)
    } catch {
      log.error(
        "transaction failed; nothing of it counts",
        metadata: ["kind": "store.failed", "error": "\(error)"])
      machine.failure = error.description
      reload(&machine)
      return false
    }
    logEvents(of: changes)
    notePrices(of: changes)
    return true
  }

  private func reload(_ machine: inout Machine) {
    do throws(StoreError) {
      machine.core.reload(try store.load())
    } catch {
      // The next transaction fails as well; the core goes on with what it had.
      log.critical(
        "the database cannot be read back",
        metadata: ["kind": "store.unreadable", "error": "\(error)"])
    }
  }

  private func carryOut(
    _ directive: CoordinatorDirective, _ machine: inout Machine,
    _ events: inout [CoordinatorEvent]
  ) {
    switch directive {
    case .persist: preconditionFailure("transactions are carried out before")
    case .send(let address, let packet): send(packet, to: address)
    case .sendDesired(let address, let order): send(order, to: address)
    case .disconnect(let address):
      let peer = PeerAddress(endpoint: address.endpoint, routingID: address.routingID)
      transport.withLock { $0?.disconnect(peer) }
    case .allowKey(let key, let node): admit(key, as: node)
    case .denyKey: admit(machine.core.state)
    case .rootChanged:
      do {
        if let trust = machine.core.trust { try keys.use(trust) }
      } catch {
        log.error(
          "the new root file's keys are not at hand, the old ones sign: \(error)",
          metadata: ["kind": "keys.missing"])
      }
    case .signTimestamp(let document):
      events.append(
        .timestampSigned(
          SignedDocument.sign(
            SignedDocument.encoded(document), as: .timestamp, with: keys.current.deploy)))
    case .sendChunks(let address, let order): send(order, to: address)
    case .appendUpload(let key, let offset, let bytes):
      do throws(StoreError) {
        if offset == 0 { try blobs.openUpload(key) }
        try blobs.append(key, at: offset, bytes: bytes)
      } catch {
        log.error(
          "upload not stored",
          metadata: ["kind": "upload.failed", "subject": "\(key.name)", "error": "\(error)"])
        events.append(.uploadChecked(key, .unreadable(detail: error.description)))
      }
    case .checkUpload(let key, let check):
      work.check(key, check) { outcome in self.handle(.uploadChecked(key, outcome)) }
    case .dropUpload(let key):
      do throws(StoreError) {
        try blobs.discard(key)
      } catch {
        log.warning(
          "staged upload left behind",
          metadata: ["kind": "upload.left", "subject": "\(key.name)", "error": "\(error)"])
      }
    case .aggregate(let order):
      let published = machine.core.state.models[order.published]
      work.aggregate(order, published: published) { outcome in
        self.handle(.aggregated(order.key, outcome))
      }
    case .assess(let order):
      let models = machine.core.state.models
      let prices = priceTables
      work.assess(order, in: store) { model, counts in
        prices.joules(of: counts, under: models[model]?.priceDigest, among: models.values)
      } then: { outcome in
        self.handle(.assessed(order.key, outcome))
      }
    case .answer(_, let response): machine.answer = response
    case .answerQuery(let id, let outcome): questions.answer(id, outcome)
    case .report(let event): write(event)
    }
  }

  /// Replaces the allow-list by the keys of the accepted nodes.
  func admit(_ state: FleetState) {
    let allowed = Self.allowed(state)
    for key in allowed.keys { pendingKeys.forget(key.z85) }
    pendingKeys.hide(Set(state.barredKeys.keys))
    transport.withLock { $0?.setAllowed(allowed) }
  }

  /// Adds one key to the allow-list: taking in a fleet costs no look at all of it for each node.
  private func admit(_ text: String, as node: Identifier) {
    guard let key = CurvePublicKey(z85: text) else { return }
    pendingKeys.forget(text)
    let user = PeerIdentity(node: node, publicKey: text).text
    transport.withLock { $0?.allow(key, as: user) }
  }

  static func allowed(_ state: FleetState) -> [CurvePublicKey: String] {
    var allowed: [CurvePublicKey: String] = [:]
    for node in state.nodes.values {
      for text in node.admittedKeys {
        guard let key = CurvePublicKey(z85: text) else { continue }
        allowed[key] = PeerIdentity(node: node.id, publicKey: text).text
      }
    }
    return allowed
  }

  // MARK: sending

  private func send(_ packet: Packet, to address: ReplyAddress) {
    let peer = PeerAddress(endpoint: address.endpoint, routingID: address.routingID)
    transport.withLock { transport in
      _ = transport?.send(packet.frames(), to: peer)
    }
  }

  /// Orders are valid for a day: agents that hold one need no other until it changes.
  private static let orderMicroseconds: UInt64 = 86_400_000_000

  private func send(_ order: DesiredOrder, to address: ReplyAddress) {
    let now = UInt64(max(0, WallClock.now().microseconds))
    send(
      order.packet(
        issuedMicroseconds: now, expiresMicroseconds: now + Self.orderMicroseconds,
        signers: keys.current.deploy), to: address)
  }

  private func send(_ order: ChunkOrder, to address: ReplyAddress) {
    for step in 0..<order.count {
      let index = order.first + step
      let bytes: [UInt8]
      do throws(StoreError) {
        bytes = try blobs.readRange(
          order.digest, offset: UInt64(index) * UInt64(Limits.chunkBytes),
          count: Limits.chunkBytes)
      } catch {
        log.error(
          "chunk not readable", metadata: ["kind": "blob.unreadable", "error": "\(error)"])
        return
      }
      var chunk = WireBlobChunk()
      chunk.digest = wireBytes(order.digest.bytes)
      chunk.index = index
      send(
        Packet(
          .blobChunk(chunk), version: order.version, session: order.session,
          sequence: order.sequence + UInt64(step), correlation: order.correlation, payload: bytes),
        to: address)
    }
  }

  // MARK: logging

  private func logEvents(of changes: [FleetChange]) {
    for case .event(let event) in changes { write(event) }
  }

  private func write(_ event: FleetEvent) {
    log.info(
      "\(event.detail)", metadata: ["kind": "\(event.kind)", "subject": "\(event.subject)"])
  }
}

extension CoordinatorDirective {
  /// Whether something of it is left when the process is gone: on the disk or on the wire.
  var leavesTrace: Bool {
    switch self {
    case .persist, .send, .sendDesired, .sendChunks, .appendUpload, .dropUpload, .answer: true
    case .disconnect, .rootChanged, .signTimestamp, .allowKey, .denyKey, .checkUpload,
      .aggregate, .assess, .answerQuery, .report:
      false
    }
  }
}

extension ReplyAddress {
  init(_ peer: PeerAddress) {
    self.init(endpoint: peer.endpoint, routingID: peer.routingID)
  }
}
