import FleetCore
import FleetProtocol
import Testing

/// An agent core with a copy of what its database would hold, driven step by step.
struct AgentBench {
  static let node = CoordinatorBench.nodes[0]
  static let job = CoordinatorBench.job

  var core: AgentCore
  var stored: AgentState
  var now = FleetFixture.noon
  let model = FixtureModel.published()
  var session: UInt64 = 1
  let settings: AgentSettings
  /// What the chip has counted and used since the process began.
  var inferences: UInt64 = 0
  var energy = EnergyReading()

  init(
    state: AgentState = AgentState(), chip: String = FleetFixture.chip, jitterSeed: UInt64 = 5,
    quota: UInt64 = .max, inferencesPerSecond: Double = 50, energyLeastPerMille: UInt32 = 0,
    energyLimit: UInt64? = nil
  ) {
    var settings = AgentSettings(
      node: Self.node, chip: chip, agentVersion: "1.0",
      boot: [UInt8](repeating: 4, count: 16), root: FleetFixture.trustRoot,
      backoffMaxMilliseconds: 8_000, diskQuotaBytes: quota, jitterSeed: jitterSeed)
    settings.inferencesPerSecond = inferencesPerSecond
    settings.energyLeastPerMille = energyLeastPerMille
    settings.energyLimitNanojoules = energyLimit
    self.settings = settings
    stored = state
    core = AgentCore(state: state, settings: settings)
  }

  @discardableResult
  mutating func handle(_ event: AgentEvent) -> [AgentDirective] {
    let directives = core.handle(event, at: now)
    for case .persist(let changes) in directives { stored.apply(changes) }
    #expect(core.state == stored)
    return directives
  }

  mutating func pass(milliseconds: Int64) -> [AgentDirective] {
    now = now.advanced(milliseconds: milliseconds)
    return handle(.tick)
  }

  /// Time passes in a live conversation; returns what the last tick gave.
  mutating func wait(milliseconds: Int64) -> [AgentDirective] {
    var rest = milliseconds
    while rest > 500 {
      now = now.advanced(milliseconds: 500)
      rest -= 500
      var reply = WireHeartbeatReply()
      reply.serverTimeUs = 1
      receive(.heartbeatReply(reply), session: session)
    }
    return pass(milliseconds: rest)
  }

  /// The process dies and a new one loads what was committed.
  @discardableResult
  mutating func restart() -> [AgentDirective] {
    core = AgentCore(state: stored, settings: settings)
    return handle(.started)
  }

  @discardableResult
  mutating func receive(
    _ message: Message, session: UInt64 = 1, payload: [UInt8]? = nil
  ) -> [AgentDirective] {
    let packet = Packet(message, session: session, sequence: 1, payload: payload)
    return handle(.received(message.type.rule.endpoint, frames: packet.frames()))
  }

  static func welcome(epoch: UInt64 = 1) -> Message {
    var welcome = WireWelcome()
    welcome.version = 2
    welcome.epoch = epoch
    welcome.heartbeatMilliseconds = 1_000
    welcome.liveness = 3
    return .welcome(welcome)
  }

  /// Started, linked and welcomed.
  @discardableResult
  mutating func connect(session: UInt64 = 1) -> [AgentDirective] {
    self.session = session
    handle(.started)
    handle(.linked(.control))
    return receive(Self.welcome(), session: session)
  }

  /// What the node has noticed and the coordinator has not acknowledged.
  var notices: [NodeNotice] { stored.notices }

  /// Lets the shell find the model on the disk and load it.
  @discardableResult
  mutating func serve(_ model: FixtureModel) -> [AgentDirective] {
    handle(.chunksInspected(model.record.digest, present: nil))
    return handle(.modelLoaded(model.record.digest, .ready))
  }

  static let generation = Generation(epoch: 1, number: 1)

  @discardableResult
  mutating func deploy(
    _ model: FixtureModel? = nil, _ generation: Generation = Self.generation,
    change: (inout WireOrder) -> Void = { _ in }
  ) -> [AgentDirective] {
    receive(
      .desiredState((model ?? self.model).desired(Self.node, generation, change: change)))
  }

  static func key(_ round: UInt32 = 1, _ attempt: UInt32 = 1) -> RoundKey {
    RoundKey(job: job, round: round, attempt: attempt)
  }

  func offer(
    _ key: RoundKey = Self.key(), model: FixtureModel? = nil, base: FixtureModel? = nil
  ) -> WireRoundOffer {
    var offer = WireRoundOffer()
    offer.key = key.wire
    offer.epoch = 1
    offer.manifest = wireBytes((model ?? self.model).envelope)
    offer.baseManifest = wireBytes(base?.envelope ?? [])
    offer.samples = 50
    offer.seed = 7
    offer.deadlineMilliseconds = 60_000
    return offer
  }

  static func result(_ text: String = "update", size: UInt64 = 100) -> TrainingResult {
    TrainingResult(
      digest: FleetFixture.digest(Array(text.utf8)), size: size, samples: 50, correct: 40,
      counts: [9], milliseconds: 12)
  }

  static func verdict(_ key: RoundKey, _ verdict: WireVerdict) -> Message {
    var wire = WireRoundVerdict()
    wire.key = key.wire
    wire.verdict = verdict
    return .roundVerdict(wire)
  }
}

extension [AgentDirective] {
  var messages: [Message] {
    compactMap { if case .send(let packet) = $0 { packet.message } else { nil } }
  }

  var observed: [WireObservedState] {
    messages.compactMap { if case .observedState(let observed) = $0 { observed } else { nil } }
  }

  var answers: [WireRoundAnswer] {
    messages.compactMap { if case .roundAnswer(let answer) = $0 { answer } else { nil } }
  }

  var announcements: [WireUpdateAnnounce] {
    messages.compactMap { if case .updateAnnounce(let update) = $0 { update } else { nil } }
  }

  var requests: [WireBlobRequest] {
    messages.compactMap { if case .blobRequest(let request) = $0 { request } else { nil } }
  }

  var trainings: [TrainingOrder] {
    compactMap { if case .train(let order) = $0 { order } else { nil } }
  }

  var agentChanges: [AgentChange] {
    flatMap { directive -> [AgentChange] in
      if case .persist(let changes) = directive { changes } else { [] }
    }
  }

  func index(_ holds: (AgentDirective) -> Bool) -> Int { firstIndex(where: holds) ?? -1 }
}
