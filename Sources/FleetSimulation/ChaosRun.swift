import FleetCore
import FleetProtocol

/// One coordinator and its agents, all real cores, in one thread and virtual time.
///
/// Shells are imitated: contents are dictionaries, training and aggregation are pure functions.
/// The seed decides every delay, loss, death, full disk and clock, so a seed is a whole history.
/// After the time of faults everything heals, and the fleet must come to rest.
package final class ChaosRun {
  enum Happening {
    case coordinatorTick(Int)
    case agentTick(Int, Int)
    case window(Int, Int)
    case coordinator(Int, CoordinatorEvent)
    case check(Int, UploadKey, UploadCheck)
    case agent(Int, Int, AgentEvent)
    case up(Int, ReplyAddress, [[UInt8]])
    case turn(Int)
    case down(ReplyAddress, [[UInt8]])
    case dial(Int, WireEndpoint, Int)
    case lost(ReplyAddress, needsOpen: Bool)
    case startCoordinator
    case startAgent(Int)
    case trained(Int, Int, TrainingOrder)
    case mishap
    case operate
    case ask
    case askAgain
    case calm
    case look
  }

  let options: ChaosOptions
  var random: SimulationRandom
  var faults: FaultMix
  var now = SimulatedTrust.noon
  var agenda = Agenda<Happening>()
  let coordinator: SimulatedCoordinator
  let agents: [SimulatedAgent]
  var contents: [ContentDigest: SimulatedContent] = [:]
  var ledger = TruthLedger()
  var script = OperatorScript()
  var releaseCount: UInt64 = 0
  /// What the coordinator may go back to, and whether it has.
  var backup: SimulatedBackup?
  var hasRestored = false
  /// Open connections by address.
  var connections: [ReplyAddress: Connection] = [:]
  var connectionCount = 0
  var report: ChaosReport
  let calmAt: Instant
  /// Chips count until then, so that outboxes can run empty.
  let windowsUntil: Instant
  /// Windows that an agent keeps one by one; older ones are merged.
  let outboxMax: Int
  var isCalm = false
  /// Events of the chips come this often, in milliseconds.
  static let windowMilliseconds: Int64 = 10_000
  static let tickMilliseconds: Int64 = 1_000
  /// Longest virtual time from the end of the faults until the fleet is at rest.
  static let restMilliseconds: Int64 = 900_000

  /// A fleet that has accepted its nodes and holds no model yet.
  package init(seed: UInt64, options: ChaosOptions, database: (any DurableFleet)? = nil) {
    self.options = options
    var random = SimulationRandom(seed: seed)
    faults = FaultMix.drawn(using: &random)
    let count = options.nodes ?? Int(random.number(3...12))
    agents = (0..<count).map { index in
      let digits = String(index + 1)
      let zeros = String(repeating: "0", count: max(0, 3 - digits.count))
      return SimulatedAgent(
        index: index, node: SimulatedTrust.identifier("n" + zeros + digits))
    }
    coordinator = SimulatedCoordinator(
      state: FleetState(epoch: 0), settings: Self.settings(nodes: count, using: &random),
      database: database)
    report = ChaosReport(seed: seed, nodes: count, isStored: database != nil)
    calmAt = now.advanced(milliseconds: Int64(options.minutes) * 60_000)
    windowsUntil = calmAt.advanced(milliseconds: 20_000)
    outboxMax = random.chance(0.5) ? Int(random.number(3...30)) : .max
    self.random = random
    store(
      agents.map { agent in
        .nodeAccepted(NodeRecord(id: agent.node, publicKey: agent.key, acceptedAt: now))
      })
    plan(.startCoordinator, in: 0)
    for agent in agents { plan(.startAgent(agent.index), in: self.random.number(1...5_000)) }
    plan(.operate, in: 2_000)
    plan(.askAgain, in: 3_000)
    plan(.mishap, in: 5_000)
    plan(.calm, in: Int64(options.minutes) * 60_000)
  }

  /// Limits that the fleet meets now and then, or hardly ever.
  private static func settings(
    nodes: Int, using random: inout SimulationRandom
  ) -> CoordinatorSettings {
    var settings = CoordinatorSettings()
    if random.chance(0.5) {
      let most = Int64(max(2, nodes))
      settings.limits.greetings = .init(
        perSecond: UInt64(random.number(1...most)), burst: UInt64(random.number(1...most)))
      settings.limits.bulkBytesMax =
        UInt64(random.number(4...(4 + 2 * most))) * UInt64(Limits.chunkBytes)
    }
    return settings
  }

  /// Runs until the fleet is at rest, a rule is broken, or it should have come to rest.
  package func run() -> ChaosReport {
    let end = calmAt.advanced(milliseconds: Self.restMilliseconds)
    var isSettled = false
    while ledger.violations.isEmpty, !isSettled, let (at, happening) = agenda.next() {
      guard at <= end else { break }
      now = at
      mix(UInt64(bitPattern: at.microseconds))
      if case .look = happening {
        isSettled = isAtRest
        if !isSettled { plan(.look, in: 2_000) }
      } else {
        happen(happening)
      }
    }
    report.virtualMilliseconds = now.milliseconds(since: SimulatedTrust.noon)
    report.convergenceMilliseconds = max(0, now.milliseconds(since: calmAt))
    if ledger.violations.isEmpty {
      if isSettled { balance() } else { ledger.require(false, "the fleet did not come to rest") }
    }
    report.violations = ledger.violations
    if !report.violations.isEmpty { report.picture = picture }
    return report
  }

  func plan(_ happening: Happening, in milliseconds: Int64) {
    agenda.plan(happening, at: now.advanced(milliseconds: milliseconds))
  }

  /// Folds a number into the run's fingerprint, as FNV-1a does.
  func mix(_ word: UInt64) {
    report.fingerprint = (report.fingerprint ^ word) &* 0x0000_0100_0000_01B3
  }

  func trace(_ text: @autoclosure () -> String) {
    guard options.isTracing else { return }
    print("\(now.milliseconds(since: SimulatedTrust.noon)) ms: \(text())")
  }

  private func happen(_ happening: Happening) {
    switch happening {
    case .coordinatorTick, .coordinator, .check, .up, .turn: happenToCoordinator(happening)
    case .agentTick, .window, .agent, .trained, .down: happenToAgent(happening)
    case .dial(let index, let endpoint, let socket): dial(agents[index], endpoint, socket)
    case .lost(let address, let needsOpen): lose(address, needsOpen: needsOpen)
    case .startCoordinator: startCoordinator()
    case .startAgent(let index): startAgent(agents[index])
    case .mishap:
      guard !isCalm else { return }
      strike()
      let processes = Double(agents.count + 1)
      let pause = 3_600_000 / (faults.mishapsAnHour * processes)
      plan(.mishap, in: max(200, Int64(Double.random(in: 0...2 * pause, using: &random))))
    case .operate:
      guard !isCalm else { return }
      takeOperatorStep()
      plan(.ask, in: 0)
      plan(.operate, in: random.number(10_000...120_000))
    case .ask: ask()
    case .askAgain:
      ask()
      plan(.askAgain, in: 3_000)
    case .calm: calm()
    case .look: break
    }
  }

  private func happenToCoordinator(_ happening: Happening) {
    if let until = coordinator.condition.resumes(after: now) {
      agenda.plan(happening, at: until)
      return
    }
    let life = coordinator.condition.life
    switch happening {
    case .coordinatorTick(life):
      tell(.tick)
      plan(.coordinatorTick(life), in: Self.tickMilliseconds)
    case .coordinator(life, let event): tell(event)
    case .check(life, let key, let check): tell(.uploadChecked(key, outcome(of: key, check)))
    case .up(life, let address, let frames):
      guard let connection = connections[address] else { return }
      report.messages += 1
      coordinator.turn.append(
        .received(address, user: connection.peer.text, frames: frames))
      if coordinator.turn.count == 1 { plan(.turn(life), in: random.number(0...3)) }
    case .turn(life):
      let turn = coordinator.turn
      coordinator.turn = []
      tell(turn)
    // Of an earlier process.
    default: break
    }
  }

  private func happenToAgent(_ happening: Happening) {
    guard let agent = agent(of: happening) else { return }
    if let until = agent.condition.resumes(after: now) {
      agenda.plan(happening, at: until)
      return
    }
    let life = agent.condition.life
    switch happening {
    case .agentTick(_, life):
      if let event = agent.unstored {
        agent.unstored = nil
        tellOnce(agent, event)
      }
      tell(agent, .tick)
      plan(.agentTick(agent.index, life), in: Self.tickMilliseconds)
    case .window(_, life): closeWindow(agent)
    case .agent(_, life, let event): tell(agent, event)
    case .trained(_, life, let order): finishTraining(agent, order)
    case .down(let address, let frames):
      report.messages += 1
      tell(agent, .received(address.endpoint, frames: frames))
    // Of an earlier process.
    default: break
    }
  }

  private func agent(of happening: Happening) -> SimulatedAgent? {
    switch happening {
    case .agentTick(let index, _), .window(let index, _), .agent(let index, _, _),
      .trained(let index, _, _):
      return agents[index]
    case .down(let address, _):
      guard let connection = connections[address] else { return nil }
      let agent = agents[connection.agent]
      return agent.sockets[address.endpoint]?.number == connection.socket ? agent : nil
    default: return nil
    }
  }
}
