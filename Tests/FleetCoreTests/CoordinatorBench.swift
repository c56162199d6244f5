import FleetCore
import FleetProtocol
import Testing

/// A coordinator core with its mirror of the database, driven step by step.
struct CoordinatorBench {
  static let nodes = ["node-a", "node-b", "node-c"].map { FleetFixture.identifier($0) }

  var core: CoordinatorCore
  var mirror: FleetMirror
  var now = FleetFixture.noon
  var model = FixtureModel.published()
  private var boots: [Identifier: UInt8] = [:]
  private var requests = 0

  /// Three accepted nodes and one published model, which may have been held against data.
  init(settings: CoordinatorSettings = CoordinatorSettings(), nanojoules: UInt64? = nil) {
    model.record.nanojoulesPerInference = nanojoules
    let state = FleetState(epoch: 1)
    core = CoordinatorCore(state: state, settings: settings)
    mirror = FleetMirror(state: state)
    for (index, node) in Self.nodes.enumerated() {
      command(.acceptNode(publicKey: FleetFixture.publicKey(index), name: node.text))
    }
    command(.addModel(model.record))
  }

  @discardableResult
  mutating func handle(_ event: CoordinatorEvent) -> [CoordinatorDirective] {
    let directives = core.handle(event, at: now)
    for case .persist(let changes) in directives { mirror.commit(changes) }
    #expect(mirror.violations.isEmpty)
    #expect(core.state == mirror.state)
    return directives
  }

  @discardableResult
  mutating func command(_ command: Command, id: String? = nil) -> CommandResponse? {
    requests += 1
    let directives = handle(.command(command, requestID: id ?? "request-\(requests)"))
    for case .answer(_, let response) in directives { return response }
    return nil
  }

  /// The process dies and a new one loads what was committed.
  @discardableResult
  mutating func restart() -> [CoordinatorDirective] {
    mirror.state = mirror.started()
    core = CoordinatorCore(state: mirror.state, settings: core.settings)
    return handle(.started)
  }

  mutating func pass(milliseconds: Int64) {
    now = now.advanced(milliseconds: milliseconds)
  }

  // MARK: speaking as a node

  static func address(_ node: Identifier, _ endpoint: WireEndpoint) -> ReplyAddress {
    ReplyAddress(endpoint: endpoint, routingID: Array(node.text.utf8))
  }

  /// What the ZAP handler answers for a node's key; a stranger's stands for nobody.
  static func user(_ node: Identifier) -> String {
    let number = nodes.firstIndex(of: node) ?? 99
    return PeerIdentity(node: node, publicKey: FleetFixture.publicKey(number)).text
  }

  @discardableResult
  mutating func hello(
    _ node: Identifier, openRounds: [WireOpenRound] = [], chip: String = FleetFixture.chip,
    version: UInt32 = 2
  ) -> [CoordinatorDirective] {
    var hello = WireHello()
    hello.versionMin = 1
    hello.versionMax = version
    hello.nodeID = node.text
    hello.chip = chip
    hello.bootID = wireBytes([UInt8](repeating: boots[node, default: 1], count: 16))
    hello.openRounds = openRounds
    return receive(.hello(hello), from: node)
  }

  @discardableResult
  mutating func receive(
    _ message: Message, from node: Identifier, payload: [UInt8]? = nil
  ) -> [CoordinatorDirective] {
    let packet = Packet(
      message, session: core.sessions[node]?.number ?? 0, sequence: 1, payload: payload)
    return handle(
      .received(
        Self.address(node, message.type.rule.endpoint), user: CoordinatorBench.user(node),
        frames: packet.frames()))
  }

  @discardableResult
  mutating func heartbeat(
    _ node: Identifier, openRounds: [WireOpenRound] = []
  ) -> [CoordinatorDirective] {
    var beat = WireHeartbeat()
    beat.openRounds = openRounds
    return receive(.heartbeat(beat), from: node)
  }

  // MARK: rounds

  static let job = FleetFixture.identifier("digits-job")

  func specification(
    rounds: UInt32 = 2, minimum: Int = 2, attempts: UInt32 = 2, regression: Double = 2
  ) -> JobSpecification {
    JobSpecification(
      name: Self.job.text, model: model.record.digest.hex, rounds: rounds, samplesPerRound: 400,
      nodes: Self.nodes.map(\.text), minimumReports: minimum, deadlineMilliseconds: 60_000,
      attemptsMax: attempts, maxRegression: regression, seed: 11)
  }

  /// All nodes online and a job's first round open.
  mutating func startJob(_ specification: JobSpecification? = nil) {
    for node in Self.nodes { hello(node) }
    let response = command(.startJob(specification ?? self.specification()))
    #expect(response == .done(Self.job.text))
  }

  func key(_ round: UInt32 = 1, _ attempt: UInt32 = 1) -> RoundKey {
    RoundKey(job: Self.job, round: round, attempt: attempt)
  }

  static func update(_ node: Identifier, _ key: RoundKey, size: Int = 100) -> [UInt8] {
    FleetFixture.bytes(size, from: Array("\(node) \(key)".utf8))
  }

  static func announce(
    _ key: RoundKey, _ update: [UInt8], samples: UInt32 = 400
  ) -> WireUpdateAnnounce {
    var announce = WireUpdateAnnounce()
    announce.key = key.wire
    announce.digest = wireBytes(FleetFixture.digest(update).bytes)
    announce.size = UInt64(update.count)
    announce.samples = samples
    announce.correct = 300
    announce.counts = [1, 2, 3]
    return announce
  }

  static func open(_ key: RoundKey, _ update: [UInt8]? = nil) -> WireOpenRound {
    var open = WireOpenRound()
    open.key = key.wire
    if let update { open.updateDigest = wireBytes(FleetFixture.digest(update).bytes) }
    return open
  }

  static func chunk(_ key: RoundKey, _ update: [UInt8], at offset: Int) -> (Message, [UInt8]) {
    var chunk = WireUpdateChunk()
    chunk.key = key.wire
    chunk.digest = wireBytes(FleetFixture.digest(update).bytes)
    chunk.offset = UInt64(offset)
    let end = min(offset + Limits.chunkBytes, update.count)
    return (.updateChunk(chunk), Array(update[offset..<end]))
  }

  /// Announces and uploads one small update and has it found valid.
  @discardableResult
  mutating func report(
    _ node: Identifier, _ key: RoundKey, outcome: UploadOutcome = .valid
  ) -> [CoordinatorDirective] {
    let update = Self.update(node, key)
    receive(.updateAnnounce(Self.announce(key, update)), from: node)
    let (message, payload) = Self.chunk(key, update, at: 0)
    receive(message, from: node, payload: payload)
    return handle(.uploadChecked(UploadKey(round: key, node: node), outcome))
  }

  /// A successor as the aggregation would make it.
  func successor(_ seed: UInt8) -> ModelRecord {
    model.successor(bytes: FleetFixture.bytes(70_000, from: [seed])).record
  }
}

extension [CoordinatorDirective] {
  /// Messages sent to a node, in order.
  func messages(to node: Identifier) -> [Message] {
    compactMap { directive in
      guard case .send(let address, let packet) = directive,
        address.routingID == [UInt8](node.text.utf8)
      else { return nil }
      return packet.message
    }
  }

  func verdicts(to node: Identifier) -> [WireVerdict] {
    messages(to: node).compactMap {
      if case .roundVerdict(let verdict) = $0 { verdict.verdict } else { nil }
    }
  }

  func offers(to node: Identifier) -> [WireRoundOffer] {
    messages(to: node).compactMap { if case .roundOffer(let offer) = $0 { offer } else { nil } }
  }

  func wanted(from node: Identifier) -> [WireUpdateWanted] {
    messages(to: node).compactMap {
      if case .updateWanted(let wanted) = $0 { wanted } else { nil }
    }
  }

  var aggregations: [AggregationOrder] {
    compactMap { if case .aggregate(let order) = $0 { order } else { nil } }
  }

  var changes: [FleetChange] {
    flatMap { directive -> [FleetChange] in
      if case .persist(let changes) = directive { changes } else { [] }
    }
  }

  /// Position of the first directive that holds.
  func position(_ holds: (CoordinatorDirective) -> Bool) -> Int? { firstIndex(where: holds) }
}
