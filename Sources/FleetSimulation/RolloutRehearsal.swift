package import FleetCore
import FleetProtocol

/// A deployment in the simulator: a real coordinator core with its real database, and real agent
/// cores with chips that look their answers up, in one thread and virtual time.
///
/// Nothing is lost on the wire but what the script says. A seed decides every stream and delay.
package final class RolloutRehearsal {
  enum Happening {
    case coordinatorTick
    case coordinator(CoordinatorEvent)
    case agentTick(Int)
    case window(Int)
    case agent(Int, AgentEvent)
    case up(ReplyAddress, [[UInt8]])
    case down(ReplyAddress, [[UInt8]])
    case dial(Int, WireEndpoint, Int)
    case fault(Int, begins: Bool)
    case begin
  }

  struct Socket {
    var number: Int
    /// Nil until the handshake succeeds.
    var address: ReplyAddress?
  }

  struct Node {
    let name: Identifier
    var agent: HollowAgent
    var sockets: [WireEndpoint: Socket] = [:]
    var socketCount = 0
    /// Faults that keep everything from passing.
    var absences = 0
    /// Inputs of its stream before the rollout began.
    var streamedBefore: UInt64 = 0
  }

  static let tickMilliseconds: Int64 = 1_000
  /// Longest virtual time of a rollout: every one ends by its own deadlines before.
  static let longestMilliseconds: Int64 = 45 * 86_400_000

  let seed: UInt64
  let specification: RolloutSpecification
  let script: RehearsalScript
  let store: any GateStore
  let present: SimulatedModel
  let new: SimulatedModel
  let joules: @Sendable (ContentDigest, [UInt64]) -> Double?
  var random: SimulationRandom
  var now = SimulatedTrust.noon
  var agenda = Agenda<Happening>()
  var core: CoordinatorCore
  var nodes: [Node] = []
  /// The node of each open connection.
  var connections: [ReplyAddress: Int] = [:]
  var connectionCount = 0
  let beginsAt: Instant
  /// Nodes that serve the new model, by position.
  var serving: Set<Int> = []
  var report: RehearsalReport
  private(set) var everServing: Set<Int> = []
  /// Why the rollout was not started.
  var refusal: String?

  /// A fleet that serves the present model when the rollout begins; `store` is empty.
  package init(
    _ specification: RolloutSpecification, _ models: RehearsedModels, _ script: RehearsalScript,
    seed: UInt64, store: any GateStore
  ) throws {
    self.seed = seed
    self.script = script
    self.store = store
    present = Self.model("present", release: 1)
    new = Self.model("new", release: 2)
    var specification = specification
    specification.model = new.record.digest.hex
    // The rehearsal begins at once, whatever day it is.
    (specification.startsAt, specification.windows) = (nil, [])
    self.specification = specification
    random = SimulationRandom(seed: seed)
    beginsAt = now.advanced(milliseconds: Int64(script.servedSeconds) * 1_000)
    report = RehearsalReport(
      seed: seed, state: .running, reason: "", decisions: [], steps: [:], mostServing: 0,
      everServing: 0, streamed: 0, beganAt: beginsAt, milliseconds: 0, events: [])
    let tables = [
      TabulatedChip.Model(
        digest: present.record.digest, price: present.record.manifestDigest, table: models.present),
      TabulatedChip.Model(
        digest: new.record.digest, price: new.record.manifestDigest, table: models.new),
    ]
    joules = { [tables] model, counts in
      tables.first { $0.digest == model }?.table.joules(of: counts)
    }
    store.judge { plausibility in
      for table in tables { plausibility.prices[table.price] = table.table.joulesPerEvent }
    }
    var changes: [FleetChange] = []
    for (index, name) in script.nodes.enumerated() {
      var record = NodeRecord(id: name, publicKey: Self.key(index), acceptedAt: now)
      changes.append(.nodeAccepted(record))
      record.terms.labels = specification.selector.labels
      changes.append(.nodeTerms(name, record.terms))
    }
    try store.commit(changes + [.modelAdded(present.record), .modelAdded(new.record)])
    core = CoordinatorCore(
      state: try store.start(),
      settings: CoordinatorSettings(tickMilliseconds: UInt32(Self.tickMilliseconds)))
    for (index, name) in script.nodes.enumerated() {
      nodes.append(node(index, name, tables, truth: models.truth))
    }
  }

  private static func model(_ name: String, release: UInt64) -> SimulatedModel {
    var random = SimulationRandom(seed: release)
    return SimulatedModel(
      published: SimulatedTrust.identifier(name), release: release, bytes: random.bytes(1_000))
  }

  static func key(_ index: Int) -> String {
    let text = "\(index + 1)"
    return String(repeating: "k", count: 40 - text.count) + text
  }

  private func node(
    _ index: Int, _ name: Identifier, _ tables: [TabulatedChip.Model], truth: [UInt8]
  ) -> Node {
    let settings = AgentSettings(
      node: name, chip: SimulatedTrust.chip, agentVersion: "1",
      boot: (0..<16).map { UInt8(truncatingIfNeeded: (index + 1) >> (8 * ($0 % 8))) },
      root: SimulatedTrust.trustRoot, tickMilliseconds: UInt32(Self.tickMilliseconds),
      jitterSeed: random.next())
    let chip = TabulatedChip(
      models: tables, truth: truth,
      stream: (0..<Int32(truth.count)).shuffled(using: &random),
      milliRate: Self.milliRate(script.inferencesPerSecond),
      labelledPerMille: UInt32((script.labelledPercent * 10).rounded()), seed: random.next())
    return Node(
      name: name,
      agent: HollowAgent(
        settings: settings, behaviour: HollowAgent.Behaviour(), heartbeatMilliseconds: 10_000,
        chip: chip))
  }

  static func milliRate(_ perSecond: Double) -> Int64 { Int64((perSecond * 1_000).rounded()) }

  /// Runs until the rollout ends or waits for an operator.
  package func run() throws -> RehearsalReport {
    try tell(.rootFile(SimulatedTrust.rootFile))
    try tell(.started)
    let names = script.nodes.map(\.text)
    try tell(
      .command(.deploy(model: present.record.digest, nodes: names), requestID: "present"))
    plan(.coordinatorTick, in: Self.tickMilliseconds)
    for index in nodes.indices {
      handle(index, .started)
      plan(.agentTick(index), in: random.number(1...Self.tickMilliseconds))
      plan(.window(index), in: random.number(1...Int64(script.telemetrySeconds) * 1_000))
    }
    for (index, fault) in script.faults.enumerated() {
      let at = beginsAt.advanced(milliseconds: fault.atSeconds * 1_000)
      agenda.plan(.fault(index, begins: true), at: max(now, at))
      guard let seconds = fault.seconds else { continue }
      agenda.plan(.fault(index, begins: false), at: at.advanced(milliseconds: seconds * 1_000))
    }
    agenda.plan(.begin, at: beginsAt)
    let end = beginsAt.advanced(milliseconds: Self.longestMilliseconds)
    while refusal == nil, !isOver, let (at, happening) = agenda.next(), at <= end {
      now = at
      try happen(happening)
    }
    if let refusal { throw RehearsalRefusal(description: refusal) }
    return conclude()
  }

  private var isOver: Bool {
    guard let state = rollout?.progress.state else { return false }
    return state != .running && state != .reverting
  }

  var rollout: RolloutRecord? {
    Identifier(specification.name).flatMap { core.state.rollouts[$0] }
  }

  private func conclude() -> RehearsalReport {
    guard let rollout else { return report }
    report.state = rollout.progress.state
    report.reason = rollout.progress.reason
    for member in rollout.members.values { report.steps[member.step.rawValue, default: 0] += 1 }
    report.everServing = everServing.count
    report.milliseconds = now.milliseconds(since: beginsAt)
    return report
  }

  func plan(_ happening: Happening, in milliseconds: Int64) {
    agenda.plan(happening, at: now.advanced(milliseconds: milliseconds))
  }

  private func happen(_ happening: Happening) throws {
    switch happening {
    case .coordinatorTick:
      try tell(.tick)
      plan(.coordinatorTick, in: Self.tickMilliseconds)
    case .coordinator(let event): try tell(event)
    case .agentTick(let index):
      handle(index, .tick)
      plan(.agentTick(index), in: Self.tickMilliseconds)
    case .window(let index):
      let milliseconds = Int64(script.telemetrySeconds) * 1_000
      carryOut(index, nodes[index].agent.closeWindow(milliseconds: UInt64(milliseconds), at: now))
      plan(.window(index), in: milliseconds)
    case .agent(let index, let event): handle(index, event)
    case .up(let address, let frames):
      guard let index = connections[address] else { return }
      let peer = PeerIdentity(node: nodes[index].name, publicKey: Self.key(index))
      try tell(.received(address, user: peer.text, frames: frames))
    case .down(let address, let frames):
      guard let index = connections[address] else { return }
      handle(index, .received(address.endpoint, frames: frames))
    case .dial(let index, let endpoint, let number): dial(index, endpoint, number)
    case .fault(let index, let begins): strike(script.faults[index], begins: begins)
    case .begin:
      for index in nodes.indices {
        nodes[index].agent.chip?.run(until: now)
        nodes[index].streamedBefore = nodes[index].agent.chip?.streamed ?? 0
      }
      try tell(.command(.startRollout(specification), requestID: "rollout"))
    }
  }

  /// Looks at what a node serves now.
  func note(_ index: Int) {
    if nodes[index].agent.chip?.servedModel == new.record.digest {
      serving.insert(index)
      everServing.insert(index)
      report.mostServing = max(report.mostServing, serving.count)
    } else {
      serving.remove(index)
    }
  }
}

/// Why a rehearsal could not begin.
package struct RehearsalRefusal: Error, CustomStringConvertible {
  package let description: String
}
