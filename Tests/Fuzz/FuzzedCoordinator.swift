import FleetCore
import FleetProtocol

/// A coordinator in conversation with two nodes: one model, an order, a round that is open.
///
/// Its shell does at once what is asked, and everything that leaves it is checked.
struct FuzzedCoordinator {
  /// Follow-ups of one message until it counts as never coming to rest.
  private static let followUpsMax = 64
  /// Directives of one event: a message must not be answered by a flood.
  private static let directivesMax = 64

  static let ready = FuzzedCoordinator()

  private var core: CoordinatorCore
  private var mirror: FleetState
  private var now = FuzzedContent.noon

  private init() {
    mirror = FleetState(epoch: 1)
    core = CoordinatorCore(state: mirror, settings: CoordinatorSettings())
    handle(.rootFile(TrustKeys.rootFile(1)))
    handle(.started)
    for (index, node) in FuzzedContent.nodes.enumerated() {
      command(
        .acceptNode(publicKey: FuzzedContent.publicKey(index), name: node.text), "node-\(index)")
    }
    command(.addModel(FuzzedContent.model), "model")
    for index in FuzzedContent.nodes.indices {
      receive(
        Packet(.hello(FuzzedContent.hello(index)), session: 0, sequence: 1).frames(),
        on: .control, from: index)
    }
    command(.deploy(model: FuzzedContent.model.digest, nodes: []), "deploy")
    command(.startJob(FuzzedContent.specification), "job")
    precondition(core.sessions.count == 2, "both nodes are welcome")
  }

  /// The number that a node's next message must carry.
  func session(of node: Int) -> UInt64 {
    core.sessions[FuzzedContent.nodes[node]]?.number ?? 0
  }

  mutating func receive(_ frames: [[UInt8]], on endpoint: WireEndpoint, from node: Int) {
    let name = FuzzedContent.nodes[node]
    let address = ReplyAddress(endpoint: endpoint, routingID: Array(name.text.utf8))
    let user = PeerIdentity(node: name, publicKey: FuzzedContent.publicKey(node)).text
    if frames.count > 3 {
      handle(.malformed(address, user: user, frameCount: frames.count))
    } else {
      handle(.received(address, user: user, frames: frames))
    }
  }

  mutating func pass(milliseconds: Int64) {
    now = now.advanced(milliseconds: milliseconds)
    handle(.tick)
  }

  /// At the end of an input, for it takes a while.
  func check() {
    precondition(core.state == mirror, "the state is not what was stored")
  }

  private mutating func command(_ command: Command, _ id: String) {
    handle(.command(command, requestID: id))
  }

  private mutating func handle(_ event: CoordinatorEvent) {
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

  private mutating func carryOut(_ directive: CoordinatorDirective) -> CoordinatorEvent? {
    switch directive {
    case .persist(let changes): mirror.apply(changes)
    case .send(_, let packet): FuzzedContent.check(packet, .down)
    case .sendChunks(_, let order):
      precondition(
        (1...Limits.chunkCreditMax).contains(Int(order.count)), "\(order.count) chunks at once")
      precondition(order.first + order.count == 1, "a chunk that the model does not have")
    case .appendUpload(_, let offset, let bytes):
      precondition(
        bytes.count <= Limits.chunkBytes
          && offset <= UInt64(Limits.updateBytesMax - bytes.count), "an upload past its limit")
    case .checkUpload(let key, _): return .uploadChecked(key, .valid)
    case .aggregate(let order):
      return .aggregated(order.key, .refused(code: "rule", detail: "made up"))
    case .assess(let order):
      return .assessed(order.key, .unavailable(detail: "made up"))
    case .signTimestamp(let document):
      return .timestampSigned(
        SignedDocument.sign(
          SignedDocument.encoded(document), as: .timestamp, with: [TrustKeys.deploy]))
    case .sendDesired, .disconnect, .rootChanged, .allowKey, .denyKey, .dropUpload, .answer,
      .answerQuery, .report:
      break
    }
    return nil
  }
}
