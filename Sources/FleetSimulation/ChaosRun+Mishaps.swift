import FleetCore
import FleetProtocol

/// What befalls processes and machines, and the end of it.
extension ChaosRun {
  /// One mishap to one process; the coordinator is one of them, and hit more often than others.
  func strike() {
    guard let mishap = faults.mishaps.randomElement(using: &random) else { return }
    let agent = agents[random.index(below: agents.count)]
    let isCoordinator = random.chance(0.25)
    trace("\(mishap) of \(isCoordinator ? "the coordinator" : agent.node.text)")
    switch mishap {
    case .partition:
      let time = random.number(1_000...120_000)
      for agent in agents where random.chance(0.5) { isolate(agent, milliseconds: time) }
    case .isolation: isolate(agent, milliseconds: random.number(500...180_000))
    case .halfOpen, .disconnection:
      let endpoint: WireEndpoint = random.chance(0.6) ? .control : .data
      guard let address = agent.sockets[endpoint]?.address else { return }
      if mishap == .halfOpen {
        deafen(address)
      } else {
        breakConnection(address, needsOpen: random.chance(0.5))
      }
    case .kill:
      if isCoordinator { killCoordinator() } else { killAgent(agent) }
    case .death, .refusal, .fullDisk, .pause, .clockJump, .slowness:
      if isCoordinator {
        strike(mishap, &coordinator.condition)
      } else {
        strike(mishap, &agent.condition)
      }
    }
  }

  private func strike(_ mishap: FaultMix.Mishap, _ condition: inout ProcessCondition) {
    switch mishap {
    case .death: condition.fuse = Int(random.number(0...60))
    case .refusal: condition.refusals += Int(random.number(1...3))
    case .fullDisk:
      condition.diskFullUntil = now.advanced(milliseconds: random.number(1_000...60_000))
    case .pause:
      condition.pause(milliseconds: random.number(100...90_000), at: now)
    case .clockJump: condition.clockAhead = random.number(-1_800_000...1_800_000)
    case .slowness:
      condition.slowness = random.number(2...20)
      condition.slowUntil = now.advanced(milliseconds: random.number(5_000...120_000))
    case .kill, .isolation, .partition, .halfOpen, .disconnection: break
    }
  }

  /// The faults end, and the operator wants the newest release everywhere.
  func calm() {
    trace("calm")
    isCalm = true
    faults = .none
    coordinator.condition.heal()
    for agent in agents {
      agent.condition.heal()
      agent.isolatedUntil = nil
    }
    bringBackAll()
    endRollouts()
    let model = makeRelease()
    if random.chance(0.5) {
      script.waitsForRolloutsFrom = script.wishes.count
      script.wish("deploy", .deploy(model: model.record.digest, nodes: []))
    } else {
      rollOutToAll(model)
    }
    plan(.ask, in: 0)
    plan(.look, in: 20_000)
  }

  /// One node takes no work until the rollout is over, and has to follow it then.
  private func rollOutToAll(_ model: SimulatedModel) {
    let late = agents[random.index(below: agents.count)].node.text
    script.wish("cordon", .node(late, .cordon))
    script.waitsForRolloutsFrom = script.wishes.count
    startRollout(of: model, isWorse: false, toAll: true)
    script.wish("uncordon", .node(late, .uncordon))
  }

  /// True when nothing is left to do and everybody knows it.
  var isAtRest: Bool {
    let state = coordinator.state
    guard script.current == nil, let model = script.releases.last?.record.digest,
      let core = coordinator.core,
      state.jobs.values.allSatisfy({ $0.state != .running }),
      state.rounds.values.allSatisfy(\.state.isTerminal),
      state.rollouts.values.allSatisfy({ !$0.progress.state.holdsNodes && $0.underWay == 0 })
    else { return false }
    return agents.allSatisfy { agent in
      guard let record = state.nodes[agent.node], let desired = record.desired else {
        return false
      }
      return desired.model == model && agent.core?.serving == model && agent.served == model
        && record.observed?.phase == .active && agent.shadowed == nil
        && agent.state.probeStarts == nil
        && record.observed?.generation == desired.generation
        && agent.state.accepted?.generation == desired.generation
        && record.publicKey == agent.key && !record.terms.isRotating
        && agent.state.root?.version ?? 1 == core.trust?.version
        && agent.state.trainings.isEmpty && agent.outbox.isEmpty
        && core.sessions[agent.node]?.liveness == .online
    }
  }

  /// What must hold at rest, whatever happened on the way.
  func balance() {
    var database: [Identifier: [UInt64]] = [:]
    if let real = coordinator.database {
      do {
        ledger.require(
          try real.load() == coordinator.state, "the database holds another state than was stored")
        database = try real.inferenceCounts()
      } catch {
        ledger.require(false, "the database is not readable: \(error)")
      }
    }
    for agent in agents {
      ledger.balance(
        agent.node, database: coordinator.database == nil ? nil : database[agent.node] ?? [])
    }
    ledger.rollouts.balance()
    ledger.takeRolloutViolations()
    for wish in script.wishes.suffix(2) {
      guard case .done = wish.answer else {
        ledger.require(false, "the last release was refused: \(String(describing: wish.answer))")
        return
      }
    }
  }

  /// Where everything stands, in a few lines.
  var picture: String {
    let state = coordinator.state
    let rounds = state.rounds.keys.sorted().map { key in
      let parts = state.rounds[key]?.participants.map { "\($0.node) \($0.state.name)" } ?? []
      return "\(key) \(state.rounds[key]?.state.name ?? ""): \(parts.joined(separator: ", "))"
    }
    let jobs = state.jobs.values.filter { $0.state == .running }.sorted { $0.id < $1.id }.map {
      "\($0.id) runs\($0.pausedAt == nil ? "" : ", paused"), "
        + (coordinator.core?.waits[$0.id] ?? "waits for nobody")
    }
    let nodes = agents.map { agent in
      let record = state.nodes[agent.node]
      return "\(agent.node): \(agent.core == nil ? "dead" : "alive"), session"
        + " \(coordinator.core?.sessions[agent.node]?.liveness.rawValue ?? "none"), desired"
        + " \(record?.desired?.generation ?? .none), accepted"
        + " \(agent.state.accepted?.generation ?? .none), observed"
        + " \(record?.observed?.generation ?? .none)"
        + " \(record?.observed?.phase.rawValue ?? "none"), open rounds"
        + " \(agent.state.trainings.keys.sorted()), outbox \(agent.outbox.count), root"
        + " \(agent.state.root?.version ?? 1), key \(record?.publicKey == agent.key ? "" : "not ")"
        + "the node's, \(record?.terms.isRotating == true ? "" : "not ")rotating"
    }
    let rollouts = state.rollouts.values.sorted { $0.id < $1.id }.map { rollout in
      let parts = rollout.members.sorted { $0.key < $1.key }
        .map { "\($0.key) \($0.value.step.rawValue) wave \($0.value.wave)" }
      return "\(rollout.id) \(rollout.progress.state) wave \(rollout.progress.wave) "
        + "\(rollout.progress.stage): \(parts.joined(separator: ", "))"
    }
    let waiting = script.current.map { "the operator waits for '\(script.wishes[$0].id)'" }
    let root = "root \(coordinator.core?.trust?.version ?? 0) is in force"
    let lines = rounds + jobs + rollouts + nodes + [root] + [waiting].compactMap { $0 }
    return lines.joined(separator: "\n")
  }
}
