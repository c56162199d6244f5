import FleetCore
import FleetProtocol
import RolloutGates
import Testing

/// A coordinator with a rollout and nodes that obey it as they are told to.
struct RolloutBench {
  /// What becomes of an order for the new model on a node.
  enum Conduct {
    case obeys
    /// Says nothing.
    case silent
    /// Ends in this phase.
    case ends(ModelPhase)
  }

  var core: CoordinatorCore
  var mirror: FleetMirror
  var now = FleetFixture.noon
  let nodes: [Identifier]
  let old = FixtureModel.published(counter: 3)
  let new = FixtureModel.published(counter: 4, seed: 1)
  var conduct: [Identifier: Conduct] = [:]
  /// The newest order of each node that it has not settled.
  var orders: [Identifier: DesiredOrder] = [:]
  /// Looks that are asked for and not answered.
  var looks: [AssessmentOrder] = []
  /// Highest number of nodes that were under way at a time.
  var mostUnderWay = 0
  private var requests = 0

  static let rollout = FleetFixture.identifier("digits-4")

  /// Accepted nodes that serve the old model; those of `bare` have none.
  init(nodes count: Int = 6, bare: Int = 0) {
    nodes = (0..<count).map { FleetFixture.identifier("node-\($0)") }
    let state = FleetState(epoch: 1)
    core = CoordinatorCore(state: state, settings: CoordinatorSettings())
    mirror = FleetMirror(state: state)
    for node in nodes { join(node) }
    for model in [old, new] { command(.addModel(model.record)) }
    let served = nodes.dropLast(bare).map(\.text)
    command(.deploy(model: old.record.digest, nodes: served))
    obey()
  }

  mutating func join(_ node: Identifier) {
    let number = Int(node.text.split(separator: "-")[1]) ?? 0
    command(.acceptNode(publicKey: FleetFixture.publicKey(number), name: node.text))
    hello(node)
  }

  mutating func hello(_ node: Identifier, versionMax: UInt32 = 2) {
    var hello = WireHello()
    hello.versionMin = 1
    hello.versionMax = versionMax
    hello.nodeID = node.text
    hello.chip = FleetFixture.chip
    hello.bootID = wireBytes([UInt8](repeating: 1, count: 16))
    receive(.hello(hello), from: node)
  }

  mutating func receive(_ message: Message, from node: Identifier) {
    let number = Int(node.text.split(separator: "-")[1]) ?? 0
    let user = PeerIdentity(node: node, publicKey: FleetFixture.publicKey(number)).text
    let packet = Packet(message, session: core.sessions[node]?.number ?? 0, sequence: 1)
    handle(
      .received(
        ReplyAddress(endpoint: message.type.rule.endpoint, routingID: Array(node.text.utf8)),
        user: user, frames: packet.frames()))
  }

  mutating func handle(_ event: CoordinatorEvent) {
    for directive in core.handle(event, at: now) {
      switch directive {
      case .persist(let changes): mirror.commit(changes)
      case .sendDesired(_, let order): orders[order.node] = order
      case .assess(let order): looks.append(order)
      default: break
      }
    }
    #expect(mirror.violations.isEmpty)
    #expect(core.state == mirror.state)
    mostUnderWay = max(mostUnderWay, record?.underWay ?? 0)
  }

  @discardableResult
  mutating func command(_ command: Command) -> CommandResponse? {
    requests += 1
    let id = "request-\(requests)"
    handle(.command(command, requestID: id))
    return core.state.answers[id]
  }

  /// The code with which a command is refused; nil where it is done.
  mutating func refusal(_ command: Command) -> String? {
    if case .refused(let code, _) = self.command(command) { code } else { nil }
  }

  /// What a node is answered when it beats.
  func beat(_ node: Identifier) -> WireHeartbeatReply? {
    var copy = core
    let number = Int(node.text.split(separator: "-")[1]) ?? 0
    let user = PeerIdentity(node: node, publicKey: FleetFixture.publicKey(number)).text
    let packet = Packet(
      .heartbeat(WireHeartbeat()), session: copy.sessions[node]?.number ?? 0, sequence: 1)
    let event = CoordinatorEvent.received(
      ReplyAddress(endpoint: .control, routingID: Array(node.text.utf8)), user: user,
      frames: packet.frames())
    for case .send(_, let sent) in copy.handle(event, at: now) {
      if case .heartbeatReply(let reply) = sent.message { return reply }
    }
    return nil
  }

  /// Completes a rollout that one node of its last wave does not answer; returns the node.
  mutating func completeWithoutOne() -> Identifier {
    var specification = specification
    specification.failuresMax = 1
    command(.startRollout(specification))
    pass(seconds: 1)
    let absent = wave(2)[0]
    conduct[absent] = .silent
    run(.pass)
    #expect(state == .completed)
    return absent
  }

  /// Completes a newer rollout, of a third model, on all nodes that take work; returns the model.
  mutating func completeNewer() -> ContentDigest {
    let third = FixtureModel.published(counter: 5, seed: 2)
    command(.addModel(third.record))
    var newer = specification
    (newer.name, newer.model) = ("digits-5", third.record.digest.hex)
    command(.startRollout(newer))
    let id = FleetFixture.identifier(newer.name)
    for _ in 0..<600 where core.state.rollouts[id]?.progress.state == .running {
      answer(.pass)
      pass(seconds: 1)
    }
    #expect(core.state.rollouts[id]?.progress.state == .completed)
    return third.record.digest
  }

  /// The process dies and a new one loads what was committed.
  mutating func restart() {
    mirror.state = mirror.started()
    core = CoordinatorCore(state: mirror.state, settings: core.settings)
    looks = []
    handle(.started)
    for node in nodes { hello(node) }
  }

  // MARK: time

  /// Lets nodes obey what they have, once.
  mutating func obey() {
    for (node, order) in orders.sorted(by: { $0.key < $1.key }) {
      orders[node] = nil
      var phase: ModelPhase =
        order.serving.isStaged ? .staged : order.serving.isShadow ? .shadowing : .active
      if order.model.digest == new.record.digest {
        switch conduct[node] ?? .obeys {
        case .obeys: break
        case .silent: continue
        case .ends(let end): phase = end
        }
      }
      var observed = WireObservedState()
      observed.generation = order.generation.wire
      observed.state = phase.wire
      observed.modelDigest = wireBytes(order.model.digest.bytes)
      if phase == .failed { (observed.code, observed.detail) = ("broken", "as the test says") }
      receive(.observedState(observed), from: node)
    }
  }

  /// Ticks and obedience for a while, and nothing from the gates.
  mutating func pass(seconds: Int) {
    for _ in 0..<seconds {
      now = now.advanced(milliseconds: 1_000)
      for node in nodes where core.sessions[node] != nil {
        receive(.heartbeat(WireHeartbeat()), from: node)
      }
      handle(.tick)
      obey()
    }
  }

  /// Answers the look that waits with such a finding.
  mutating func answer(_ finding: GateFinding) {
    guard let look = looks.popLast() else { return }
    looks = []
    handle(.assessed(look.key, .made(Self.assessment(finding, look.bounds))))
  }

  static func assessment(_ finding: GateFinding, _ bounds: GateBounds) -> GateAssessment {
    var evidence = GateEvidence()
    switch finding {
    case .insufficient: break
    case .pass, .breach:
      let lost: UInt64 = finding == .breach ? 10_000 : 0
      evidence.samples = 100_000
      evidence.accuracy = .paired(
        PairedProportions(onlyFirst: lost, onlySecond: 0, alike: 100_000 - lost))
      let cost = WindowCost(inferences: 100, joules: 1, spikes: 100, microseconds: 100)
      evidence.pairs = Array(repeating: WindowPair(present: cost, new: cost), count: 1_000)
    }
    let assessment = GateAssessment(evidence, bounds: bounds)
    #expect(assessment.finding == finding)
    return assessment
  }

  /// Answers every look, and passes time, until the rollout stands still or ends.
  mutating func run(_ finding: GateFinding, seconds: Int = 600) {
    for _ in 0..<seconds {
      guard let record, record.progress.state == .running || record.progress.state == .reverting
      else { return }
      answer(finding)
      pass(seconds: 1)
    }
  }

  // MARK: the rollout

  var record: RolloutRecord? { core.state.rollouts[Self.rollout] }
  var state: RolloutState? { record?.progress.state }

  func step(_ node: Int) -> NodeStep? { record?.members[nodes[node]]?.step }

  func desired(_ node: Identifier) -> ContentDigest? { core.state.nodes[node]?.desired?.model }

  /// Members of a wave, from 0.
  func wave(_ wave: Int) -> [Identifier] { record?.nodes(inWave: wave) ?? [] }

  var specification: RolloutSpecification {
    var rollout = RolloutSpecification(
      name: Self.rollout.text, model: new.record.digest.hex,
      waves: [.nodes(1), .nodes(2)], maxParallel: 2, shadow: nil, probeInferences: 50)
    (rollout.bakeSeconds, rollout.gateSeconds, rollout.stepSeconds) = (5, 60, 30)
    return rollout
  }

  var decisions: [RolloutDecision] {
    mirror.log.compactMap { change in
      if case .rolloutDecided(_, let decision) = change { decision } else { nil }
    }
  }
}
