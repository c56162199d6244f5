import FleetCore
import FleetProtocol

/// An agent in conversation, whose shell does at once what is asked and never fails.
struct FuzzedAgent {
  /// What the agent is in the middle of.
  enum Stage: UInt8, CaseIterable {
    case welcomed, fetching, serving, announcing
  }

  private static let followUpsMax = 64
  private static let directivesMax = 64
  /// The session that it has at the start.
  static let session: UInt64 = 1

  private static let ready = Stage.allCases.map(FuzzedAgent.init)

  static func inThe(_ stage: Stage) -> FuzzedAgent { ready[Int(stage.rawValue)] }

  private var core: AgentCore
  private var stored = AgentState()
  private var now = FuzzedContent.noon
  /// The model on probation; the chip takes its time.
  private var probed: ContentDigest?

  private init(_ stage: Stage) {
    core = AgentCore(
      state: stored,
      settings: AgentSettings(
        node: FuzzedContent.nodes[0], chip: "loihi-learn", agentVersion: "1",
        boot: FuzzedContent.boot, root: TrustKeys.trusted, jitterSeed: 5))
    handle(.started)
    receive(.welcome(FuzzedContent.welcome))
    if stage != .welcomed { receive(.desiredState(FuzzedContent.desired)) }
    if stage == .serving || stage == .announcing {
      var chunk = WireBlobChunk()
      chunk.digest = wireBytes(FuzzedContent.model.digest.bytes)
      receive(.blobChunk(chunk), payload: FuzzedContent.modelBytes)
      precondition(core.state.active != nil, "the model serves")
    }
    if stage == .announcing {
      receive(.roundOffer(FuzzedContent.offer))
      precondition(
        core.state.trainings[FuzzedContent.key]?.result != nil, "the update is announced")
    }
    precondition(core.isTalking, "the agent is in conversation")
  }

  private mutating func receive(_ message: Message, payload: [UInt8]? = nil) {
    let packet = Packet(message, session: Self.session, sequence: 1, payload: payload)
    receive(packet.frames(), on: message.type.rule.endpoint)
  }

  mutating func receive(_ frames: [[UInt8]], on endpoint: WireEndpoint) {
    if frames.count > 3 {
      handle(.malformed(endpoint, frameCount: frames.count))
    } else {
      handle(.received(endpoint, frames: frames))
    }
  }

  mutating func pass(milliseconds: Int64) {
    now = now.advanced(milliseconds: milliseconds)
    handle(.tick)
    if let model = probed {
      probed = nil
      handle(.probed(model, ProbeFigures(probed: .init(), before: .init())))
    }
  }

  /// At the end of an input, for it takes a while.
  func check() {
    precondition(core.state == stored, "the state is not what was stored")
    precondition(stored.notices.count <= Limits.noticesMax, "notices without end")
    precondition(stored.trainings.count <= Limits.openRoundsMax, "rounds without end")
  }

  private mutating func handle(_ event: AgentEvent) {
    var events = [event]
    var handled = 0
    while handled < events.count {
      precondition(handled < Self.followUpsMax, "one message never comes to rest")
      let directives = core.handle(events[handled], at: now)
      precondition(
        directives.count <= Self.directivesMax, "\(directives.count) directives from one event")
      handled += 1
      for directive in directives {
        if let answer = carryOut(directive) { events.append(answer) }
      }
    }
  }

  /// There is one model that is signed; what is asked about content can be about it alone.
  private mutating func carryOut(_ directive: AgentDirective) -> AgentEvent? {
    let model = FuzzedContent.model.digest
    switch directive {
    case .persist(let changes): stored.apply(changes)
    case .send(let packet): FuzzedContent.check(packet, .up)
    case .open(let endpoint): return .linked(endpoint)
    case .inspectChunks: return .chunksInspected(model, present: [false])
    case .storeChunk(_, _, let digest, let bytes):
      precondition(FuzzedContent.digest(bytes) == digest, "a damaged chunk reaches the disk")
    case .assemble: return .assembled(model, .stored)
    case .compareSuccessor(let check): return .successorCompared(check.model, .within)
    case .loadModel(let digest, _):
      precondition(digest == model, "a model is loaded that nobody signed")
      return .modelLoaded(digest, .ready)
    case .train(let order): return .trained(order.key, result, nextOrdinal: order.firstOrdinal + 10)
    case .sendUpdate(let order):
      precondition(
        order.offset <= result.size && order.count <= result.size - order.offset,
        "bytes that the update does not have")
    case .sendOutbox: return .outboxSent(last: nil, boot: [])
    case .makeNextKey: return .nextKeyMade(publicKey: FuzzedContent.publicKey(9))
    case .adoptNextKey: return .nextKeyAdopted(true)
    case .answerQuery(let id, _, _):
      var report = WireAgentReport()
      report.id = id
      return .queryAnswered(report)
    case .probe(let digest, _): probed = digest
    case .close, .serve, .shadow, .stopShadow, .learn, .pace, .stopTraining, .dropBlob, .report:
      break
    }
    return nil
  }

  private var result: TrainingResult {
    TrainingResult(
      digest: FuzzedContent.digest(FuzzedContent.update),
      size: UInt64(FuzzedContent.update.count), samples: 10, correct: 5, counts: [1, 2],
      milliseconds: 10)
  }
}
