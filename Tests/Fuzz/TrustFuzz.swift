import FleetCore
import FleetProtocol

/// A signed document is believed or refused with a code, whatever its bytes: as an envelope that
/// nobody signed, and as a payload that the right key did.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzTrust(_ input: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = [UInt8](UnsafeBufferPointer(start: input, count: count))
  guard let first = bytes.first, let mode = TrustFuzzMode(rawValue: first), mode.isWanted else {
    return -1
  }
  let rest = Array(bytes.dropFirst())
  var agent = FuzzedAgent()
  switch mode {
  case .rootEnvelope: agent.follow(rest)
  case .rootPayload:
    agent.follow(SignedDocument.sign(rest, as: .root, with: [TrustKeys.root]))
  case .timestampEnvelope: agent.hear(rest)
  case .timestampPayload:
    agent.hear(SignedDocument.sign(rest, as: .timestamp, with: [TrustKeys.deploy]))
  case .orderEnvelope: agent.obey(order: rest, manifest: [], base: [])
  case .orderPayload:
    agent.obey(
      order: SignedDocument.sign(rest, as: .order, with: [TrustKeys.deploy]), manifest: [],
      base: [])
  case .manifestEnvelope: agent.train(manifest: rest, base: [])
  case .manifestPayload:
    agent.train(
      manifest: SignedDocument.sign(rest, as: .manifest, with: [TrustKeys.publisher]), base: [])
  case .successorPayload:
    // One document in both places: the base's own facts must not trip up the successor's checks.
    agent.train(
      manifest: SignedDocument.sign(rest, as: .manifest, with: [TrustKeys.federation]),
      base: SignedDocument.sign(rest, as: .manifest, with: [TrustKeys.publisher]))
  }
  return 0
}

/// An agent in conversation, which gets one document.
private struct FuzzedAgent {
  private var core: AgentCore
  private let now = Instant(microseconds: 1_750_000_000_000_000)

  init() {
    guard let node = Identifier("node-a") else { preconditionFailure("a name") }
    core = AgentCore(
      state: AgentState(),
      settings: AgentSettings(
        node: node, chip: "loihi-learn", agentVersion: "1",
        boot: [UInt8](repeating: 4, count: 16), root: TrustKeys.trusted, jitterSeed: 5))
    _ = core.handle(.started, at: now)
    _ = core.handle(.linked(.control), at: now)
    var welcome = WireWelcome()
    welcome.version = 2
    welcome.epoch = 1
    welcome.heartbeatMilliseconds = 1_000
    welcome.liveness = 3
    receive(.welcome(welcome))
  }

  private mutating func receive(_ message: Message) {
    let frames = Packet(message, session: 1, sequence: 1).frames()
    let directives = core.handle(.received(.control, frames: frames), at: now)
    var changed = core.state
    for case .persist(let changes) in directives { changed.apply(changes) }
    precondition(changed.notices.count <= Limits.noticesMax, "notices without end")
  }

  mutating func follow(_ envelope: [UInt8]) {
    var chain = WireRootChain()
    chain.roots = [wireBytes(envelope)]
    receive(.rootChain(chain))
    precondition(core.root.version <= 2, "a version was skipped")
  }

  mutating func hear(_ timestamp: [UInt8]) {
    var reply = WireHeartbeatReply()
    reply.timestamp = wireBytes(timestamp)
    receive(.heartbeatReply(reply))
  }

  mutating func obey(order: [UInt8], manifest: [UInt8], base: [UInt8]) {
    var desired = WireDesiredState()
    desired.generation = TrustKeys.generation
    desired.order = wireBytes(order)
    desired.manifest = wireBytes(manifest)
    desired.baseManifest = wireBytes(base)
    receive(.desiredState(desired))
    precondition(core.state.accepted == nil, "an order without a manifest was taken")
  }

  mutating func train(manifest: [UInt8], base: [UInt8]) {
    guard let job = Identifier("job") else { preconditionFailure("a name") }
    var offer = WireRoundOffer()
    offer.key = RoundKey(job: job, round: 1, attempt: 1).wire
    offer.epoch = 1
    offer.manifest = wireBytes(manifest)
    offer.baseManifest = wireBytes(base)
    offer.samples = 10
    receive(.roundOffer(offer))
  }
}
