import CompiledModel
import FleetAPI
import FleetCore
import FleetProtocol
import FleetStore
import Foundation
import Synchronization

/// Holds what was acknowledged in a fleet against its databases; the processes have ended.
struct ChaosLedger {
  let chaos: ChaosFleet
  /// What the coordinator reported last, after the agents had stopped.
  let energy: [EnergyView]
  /// Windows that the disk refused are in those after them.
  let allowsHoles: Bool
  /// What was stored after the backup is lost, and marked as a gap.
  let isRestored: Bool
  private var violations: [String] = []

  init(
    _ chaos: ChaosFleet, energy: [EnergyView], allowsHoles: Bool = false, isRestored: Bool = false
  ) {
    self.isRestored = isRestored
    self.allowsHoles = allowsHoles
    self.chaos = chaos
    self.energy = energy
  }

  private mutating func require(_ holds: Bool, _ rule: @autoclosure () -> String) {
    if !holds { violations.append(rule()) }
  }

  /// Every rule that does not hold.
  mutating func check() throws -> [String] {
    violations = chaos.fate.withLock { $0.violations }
    let folder = chaos.fleet.folder.appending(path: "coordinator/state").path
    StateLock.release(folder)
    let store = try FleetStore(folder: folder)
    let state = try store.load()
    checkCommands(state)
    require(state.roots.map(\.version) == [1, 2], "root files \(state.roots.map(\.version))")
    checkRound(state)
    for node in ChaosFleet.nodes {
      try checkTelemetry(of: node, store)
      try checkGenerations(of: node, state)
    }
    return violations
  }

  private func agentStore(_ node: String) throws -> AgentStore {
    let folder = AgentHistory(chaos.fleet, node).folder
    StateLock.release(folder)
    return try AgentStore(folder: folder)
  }

  private mutating func checkCommands(_ state: FleetState) {
    let fate = chaos.fate.withLock { $0 }
    for (id, code) in fate.answered.sorted(by: { $0.key < $1.key }) where code.isEmpty {
      guard case .done = state.answers[id] else {
        require(false, "`\(id)` was answered and is not stored")
        continue
      }
    }
    let starts = UInt64(fate.starts[ChaosFleet.coordinator] ?? 0)
    require(
      isRestored ? state.epoch > 1_000_000_000 : state.epoch <= starts && state.epoch >= 1,
      "epoch \(state.epoch) after \(starts) starts")
  }

  /// One committed attempt, in which each update counts once.
  private mutating func checkRound(_ state: FleetState) {
    let committed = state.rounds.values.filter { $0.state.name == "committed" }
    require(
      committed.count == 2,
      "rounds \(state.rounds.values.map { "\($0.key) \($0.state.name)" }) for a job of two")
    for round in committed {
      require(
        round.reported.count == ChaosFleet.nodes.count,
        "\(round.key): \(round.reported.count) updates count")
    }
    let job = state.jobs.values.first
    require(job?.state == .finished, "the job ended as \(job.map { "\($0.state)" } ?? "none")")
  }

  private mutating func checkGenerations(of node: String, _ state: FleetState) throws {
    let lists = [
      try CoordinatorHistory(chaos.fleet).generations(of: node),
      try AgentHistory(chaos.fleet, node).generations(),
    ]
    for list in lists {
      for (earlier, later) in zip(list, list.dropFirst()) {
        require(earlier <= later, "\(node): generation \(later) after \(earlier)")
      }
    }
    require(!lists[1].isEmpty, "\(node) accepted nothing")
    guard let record = Identifier(node).flatMap({ state.nodes[$0] }) else {
      return require(false, "\(node) is not in the database")
    }
    let agent = try agentStore(node).load()
    require(
      agent.active?.model == chaos.fleet.modelDigest
        && agent.active?.generation == record.desired?.generation,
      "\(node) serves \(agent.active.map { "\($0.model)" } ?? "nothing")")
    let root = agent.root?.version ?? 1
    require(root == 2, "\(node) believes root file \(root)")
    let key = try chaos.fleet.publicKey(of: node)
    require(
      record.admittedKeys == [key],
      "\(node) has the key \(key), admitted are \(record.admittedKeys)")
  }

  /// Each window once and unchanged, and the sums to the last event.
  private mutating func checkTelemetry(of node: String, _ store: FleetStore) throws {
    guard let id = Identifier(node) else { return }
    let history = try AgentHistory(chaos.fleet, node).windows()
    var made: [[UInt8]: [UInt64: WireTelemetryWindow]] = [:]
    for queued in history {
      made[queued.boot, default: [:]][queued.window.sequence] = queued.window
    }
    var stored: [[UInt8]: Set<UInt64>] = [:]
    var sum = CumulativeCounters()
    let span = Instant(microseconds: 0)..<Instant(microseconds: .max)
    var found: [BootTelemetry] = []
    try store.readTelemetry(.raw, in: span, nodes: [id]) { found.append($0) }
    for boot in found {
      for marked in boot.windows {
        let window = marked.window
        require(
          stored[boot.boot, default: []].insert(window.sequence).inserted,
          "\(node): window \(window.sequence) is stored twice")
        require(
          made[boot.boot]?[window.sequence] == window,
          "\(node): window \(window.sequence) is stored otherwise than it was made")
        require(
          allowsHoles || isRestored || !marked.flags.contains(.gap),
          "\(node): window \(window.sequence) follows a gap")
      }
      if let last = boot.windows.last { sum = sum.adding(CumulativeCounters(last.window)) }
    }
    let lost = isRestored ? Self.marked(found) : [:]
    func isLost(_ queued: AgentHistory.Window) -> Bool {
      lost[queued.boot]?.contains(queued.window.sequence) ?? false
    }
    for queued in history where queued.isAcknowledged {
      require(
        isLost(queued) || stored[queued.boot]?.contains(queued.window.sequence) ?? false,
        "\(node): window \(queued.window.sequence) was acknowledged and is not stored")
    }
    require(!isRestored || !lost.isEmpty, "\(node): the restore cost nothing; was it tried?")
    let waiting = history.filter {
      !isLost($0) && !(stored[$0.boot]?.contains($0.window.sequence) ?? false)
    }
    require(
      waiting.allSatisfy { $0.boot == history.last?.boot } && waiting.count <= 2,
      "\(node): \(waiting.count) windows never arrived")
    try checkSums(of: id, sum, store)
    try checkGaps(of: node, found, history)
  }

  /// Windows that a mark says are missing, before the one that has it.
  private static func marked(_ found: [BootTelemetry]) -> [[UInt8]: Set<UInt64>] {
    var missing: [[UInt8]: Set<UInt64>] = [:]
    for boot in found {
      for (earlier, later) in zip(boot.windows, boot.windows.dropFirst())
      where later.flags.contains(.gap) {
        let hole = earlier.window.sequence + 1..<later.window.start
        missing[boot.boot, default: []].formUnion(hole)
      }
    }
    return missing
  }

  /// What the coordinator adds up and reports is what the node's own ledger holds.
  private mutating func checkSums(
    of node: Identifier, _ sum: CumulativeCounters, _ store: FleetStore
  ) throws {
    let totals = try store.totals().filter { $0.node == node }
      .reduce(CumulativeCounters()) { $0.adding($1.counters) }
    require(totals == sum, "\(node): the sums \(totals) are not the ledger's \(sum)")
    let view = energy.filter { $0.node == node.text }
    require(view.map(\.inferences).reduce(0, +) == sum.inferences, "\(node): other inferences")
    let prices = chaos.fleet.model.prices
    for (reported, counts) in [
      (view.first?.inferenceJoules, sum.inferenceCounts),
      (view.first?.learningJoules, sum.learningCounts),
    ] {
      let joules = try prices.joules(of: counts)
      for (component, value) in joules {
        require(
          reported?[component.rawValue] == value,
          "\(node): \(reported?[component.rawValue] ?? -1) J of \(component), the ledger says "
            + "\(value)")
      }
    }
    require(sum.inferences > 0, "\(node) reported nothing")
  }

  /// A kill costs one window at most, and is marked.
  private mutating func checkGaps(
    of node: String, _ found: [BootTelemetry], _ history: [AgentHistory.Window]
  ) throws {
    let kills = chaos.fate.withLock { fate in
      fate.deaths.count { $0.daemon == node && $0.runWasNoted }
    }
    let gaps = try agentStore(node).gaps()
    require(gaps.count == kills, "\(node): \(gaps.count) gaps on record after \(kills) kills")
    require(gaps.allSatisfy { $0.sequences.count == 1 }, "\(node): a gap of several windows")
    let lost = found.flatMap(\.windows).map(\.window.lostWindows).max() ?? 0
    require(lost == UInt64(kills), "\(node): \(lost) windows marked as lost after \(kills) kills")
    let marked = found.flatMap(\.windows).count { $0.flags.contains(.lost) }
    require(kills == 0 || marked > 0, "\(node): no stored window is marked as following a gap")
    for boot in Set(history.map(\.boot)) {
      let sequences = history.filter { $0.boot == boot }.map(\.window.sequence).sorted()
      require(
        allowsHoles || sequences == Array(1...UInt64(sequences.count)),
        "\(node): the windows of a run are numbered \(sequences)")
    }
  }
}
