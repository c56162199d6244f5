import FleetCore
import FleetProtocol

/// One coordinator and three agents, all real cores, in one thread and virtual time.
///
/// Shells are imitated: blobs are dictionaries, training and aggregation are pure functions. One
/// seed decides every delay, loss, duplicate, overtaking, death and disk failure.
struct SimulatedFleet {
  enum Happening {
    case coordinatorTick(Int)
    case agentTick(Int, Int)
    case coordinator(Int, CoordinatorEvent)
    case check(Int, UploadKey, UploadCheck)
    case agent(Int, Int, AgentEvent)
    case up(Int, ReplyAddress, Identifier, [[UInt8]])
    case down(ReplyAddress, [[UInt8]])
    case dial(Int, WireEndpoint, Int)
    case startCoordinator
    case startAgent(Int)
    case training(Int, Int, TrainingOrder)
    case operate
  }

  static let job = CoordinatorBench.job
  static let names = CoordinatorBench.nodes

  let seed: UInt64
  var random: SplitMix
  var faults: Faults
  let specification: JobSpecification
  var now = FleetFixture.noon
  var agenda = Agenda<Happening>()
  var coordinator: SimulatedCoordinator
  var agents: [SimulatedAgent]
  var model: FixtureModel
  var answers: [String: CommandResponse] = [:]
  /// Open connections by address, as both sides see them.
  var connections: [ReplyAddress: (agent: Int, socket: Int)] = [:]
  var connectionCount = 0
  var violations: [String] = []
  var isTracing = false
  let faultsUntil: Instant
  let windowsUntil: Instant

  init(
    seed: UInt64, isFaulty: Bool, rounds: UInt32 = 3, minimum: Int = 3,
    deadlineMilliseconds: UInt32 = 3_600_000, attempts: UInt32 = 1
  ) {
    self.seed = seed
    random = SplitMix(state: seed)
    faults = isFaulty ? Faults.mixture(&random) : .none
    model = FixtureModel.published()
    specification = JobSpecification(
      name: Self.job.text, model: model.record.digest.hex, rounds: rounds,
      samplesPerRound: 50, nodes: Self.names.map(\.text), minimumReports: minimum,
      deadlineMilliseconds: deadlineMilliseconds, attemptsMax: attempts, maxRegression: 2,
      seed: 99)
    coordinator = SimulatedCoordinator(model: model)
    agents = Self.names.map { SimulatedAgent(node: $0) }
    faultsUntil = now.advanced(milliseconds: 25_000)
    windowsUntil = now.advanced(milliseconds: 30_000)
    plan(.startCoordinator, in: 0)
    for index in agents.indices { plan(.startAgent(index), in: 10) }
    plan(.operate, in: 1_000)
  }

  /// Runs until everything has settled; false when it has not within the virtual time given.
  mutating func run(milliseconds: Int64 = 900_000) -> Bool {
    let end = now.advanced(milliseconds: milliseconds)
    while let (at, happening) = agenda.next(), at <= end {
      now = at
      if now >= faultsUntil { faults = .none }
      happen(happening)
      if case .operate = happening, isSettled { return true }
      if !violations.isEmpty { return false }
    }
    return false
  }

  mutating func plan(_ happening: Happening, in milliseconds: Int64) {
    agenda.plan(happening, at: now.advanced(milliseconds: milliseconds))
  }

  mutating func delay(_ range: ClosedRange<Int64>) -> Int64 {
    Int64.random(in: range, using: &random)
  }

  mutating func require(_ holds: Bool, _ rule: String) {
    if !holds { violations.append(rule) }
  }

  func trace(_ text: @autoclosure () -> String) {
    if isTracing {
      print("\(now.milliseconds(since: FleetFixture.noon)) ms: \(text())")
    }
  }

  private mutating func happen(_ happening: Happening) {
    switch happening {
    case .coordinatorTick(let life):
      guard life == coordinator.life else { return }
      tell(.tick)
      plan(.coordinatorTick(life), in: 250)
    case .agentTick(let index, let life):
      guard life == agents[index].life else { return }
      tell(index, .tick)
      tick(index)
      plan(.agentTick(index, life), in: 250)
    case .coordinator(let life, let event):
      if life == coordinator.life { tell(event) }
    case .check(let life, let key, let check):
      if life == coordinator.life { tell(.uploadChecked(key, outcome(of: key, check))) }
    case .agent(let index, let life, let event):
      if life == agents[index].life { tell(index, event) }
    case .training(let index, let life, let order):
      if life == agents[index].life { finishTraining(index, order) }
    case .up(let life, let address, let user, let frames):
      guard life == coordinator.life, connections[address] != nil else { return }
      tell(.received(address, user: CoordinatorBench.user(user), frames: frames))
    case .down(let address, let frames):
      guard let (index, socket) = connections[address],
        agents[index].sockets[address.endpoint]?.number == socket
      else { return }
      tell(index, .received(address.endpoint, frames: frames))
    case .dial(let index, let endpoint, let socket): dial(index, endpoint, socket)
    case .startCoordinator: startCoordinator()
    case .startAgent(let index): startAgent(index)
    case .operate:
      operate()
      plan(.operate, in: 1_000)
    }
  }

  // MARK: the operator

  /// Repeats each command with the same request id until it was answered.
  private mutating func operate() {
    ask("deploy-base", .deploy(model: model.record.digest, nodes: []))
    guard answers["deploy-base"] != nil else { return }
    ask("start", .startJob(specification))
    guard let job = coordinator.mirror.state.jobs[Self.job], job.state != .running else { return }
    ask("deploy-end", .deploy(model: job.current, nodes: []))
  }

  private mutating func ask(_ id: String, _ command: Command) {
    guard answers[id] == nil else { return }
    plan(.coordinator(coordinator.life, .command(command, requestID: id)), in: 5)
  }

  private var isSettled: Bool {
    let state = coordinator.mirror.state
    guard now > windowsUntil, answers["deploy-end"] != nil,
      let job = state.jobs[Self.job], job.state != .running,
      state.rounds.values.allSatisfy(\.state.isTerminal)
    else { return false }
    return agents.allSatisfy { agent in
      guard let record = state.nodes[agent.node], let core = agent.core else { return false }
      return core.serving == job.current && agent.served == job.current
        && core.state.trainings.isEmpty
        && agent.outbox.isEmpty && record.observed?.phase == .active
        && record.observed?.generation == record.desired?.generation
    }
  }

  /// What holds at the end, whatever happened on the way.
  mutating func checkEnd() {
    for agent in agents {
      let stored = coordinator.mirror.windows[agent.node] ?? [:]
      for (boot, sequences) in agent.queued {
        require(
          stored[boot] == sequences,
          "\(agent.node): windows \(sequences) of a boot, stored \(stored[boot] ?? [])")
      }
      require(
        Set(stored.keys).isSubset(of: Set(agent.queued.keys)), "windows of an unknown boot")
    }
    let lines = agents.map { "\($0.node): \($0.core?.state.trainings.keys.sorted() ?? [])" }
    trace(lines.joined(separator: ", "))
  }

  /// What a run came to, to be compared with the run without faults.
  var result: [String] {
    let state = coordinator.mirror.state
    let rounds = state.rounds.keys.sorted().map { key -> String in
      guard case .committed(let result) = state.rounds[key]?.state else {
        return "\(key) \(state.rounds[key]?.state.name ?? "")"
      }
      return "\(key) \(result.sealedHash.short) \(result.model.hex) \(result.accepted)"
    }
    return rounds + ["\(state.jobs[Self.job]?.current.hex ?? "none")"]
  }

  var picture: String {
    let state = coordinator.mirror.state
    let rounds = state.rounds.keys.sorted().map { key in
      let parts = state.rounds[key]?.participants.map { "\($0.node) \($0.state.name)" } ?? []
      return "\(key) \(state.rounds[key]?.state.name ?? ""): \(parts.joined(separator: ", "))"
    }
    let nodes = agents.map { agent in
      "\(agent.node): serves \(agent.core?.serving?.short ?? "nothing"), trains"
        + " \(agent.core?.training?.description ?? "nothing"), open"
        + " \(agent.state.trainings.keys.sorted()), outbox \(agent.outbox.count), observed"
        + " \(state.nodes[agent.node]?.observed?.phase.rawValue ?? "none")"
    }
    return (rounds + nodes + ["answers \(answers.keys.sorted())"]).joined(separator: "\n")
  }
}
