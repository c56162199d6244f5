import ArgumentParser
import FleetCore
import FleetProtocol
import FleetSimulation
import Foundation
import Workbench
import ZeroMQTransport

/// `spikefleet simulate worker`: some agents of a simulated fleet, in a process of their own.
struct SimulateWorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worker", abstract: "Agents of a simulated fleet.", shouldDisplay: false)

  @Option(help: "File that `simulate fleet` wrote.")
  var plan: String

  @Option(help: "First node of the plan to run.")
  var first: Int

  @Option(help: "How many nodes to run.")
  var count: Int

  func run() throws {
    do {
      let plan = try HollowPlan.read(plan)
      guard first >= 0, count > 0, first + count <= plan.nodes.count else {
        throw CommandFailure("--first and --count: the plan has \(plan.nodes.count) nodes")
      }
      OpenFiles.raiseLimit()
      var crew = try HollowCrew(plan, nodes: first..<first + count)
      try crew.run()
    } catch {
      Console.complain("\(error)")
      throw ExitCode.refused
    }
  }
}

/// Descriptors of this process.
enum OpenFiles {
  /// Raises the soft limit to the hard one and returns what holds now.
  @discardableResult
  static func raiseLimit() -> Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1_024 }
    let before = limit.rlim_cur
    limit.rlim_cur = limit.rlim_max
    let isRaised = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
    return Int(clamping: isRaised ? limit.rlim_cur : before)
  }
}

/// Hollow agents and their sockets, on one thread.
struct HollowCrew {
  private let plan: HollowPlan
  private let nodes: Range<Int>
  private let root: TrustRoot
  private let keys: [CurveKeyPair]
  private let crowd: AgentCrowd
  private var agents: [HollowAgent] = []
  private var waiting: [(at: Instant, agent: Int, event: AgentEvent)] = []
  private var lines = ""
  /// Agents that were switched off, and when each comes back.
  private var restartAt: [Int: Instant] = [:]
  /// Heartbeats of agents that were switched off since.
  private var formerBeats: UInt64 = 0
  private var formerLateBeats: UInt64 = 0
  private static let tickMilliseconds: Int64 = 250
  /// The agents tick in that many groups, one after the other.
  private static let groups = 10

  init(_ plan: HollowPlan, nodes: Range<Int>) throws {
    self.plan = plan
    self.nodes = nodes
    root = try RootFile(path: plan.rootFile).load()
    guard let coordinator = CurvePublicKey(z85: plan.coordinatorKey) else {
      throw CommandFailure("the plan's coordinator key is none; run `simulate fleet` again")
    }
    keys = plan.nodes[nodes].compactMap { CurveKeyPair(secretZ85: $0.secretKey) }
    crowd = try AgentCrowd(
      agents: nodes.count, coordinatorKey: coordinator, control: plan.control, data: plan.data)
    for place in 0..<nodes.count { agents.append(try makeAgent(place)) }
  }

  private func makeAgent(_ place: Int) throws -> HollowAgent {
    let node = plan.nodes[nodes.lowerBound + place]
    guard let name = Identifier(node.name) else {
      throw CommandFailure("the plan's node `\(node.name)` has no name; run `simulate fleet` again")
    }
    let settings = AgentSettings(
      node: name, chip: plan.chip, agentVersion: Version.text,
      boot: (0..<16).map { _ in .random(in: 0...255) }, root: root,
      jitterSeed: .random(in: .min ... .max))
    return HollowAgent(
      settings: settings, behaviour: node.behaviour,
      heartbeatMilliseconds: plan.heartbeatMilliseconds)
  }

  /// Serves until the parent is gone or ends this process.
  mutating func run() throws {
    let parent = getppid()
    for place in agents.indices { try handle(place, .started) }
    var group = 0
    var groupDue = WallClock.now()
    var figuresDue = groupDue
    while getppid() == parent {
      var arrived: [(Int, AgentTransportEvent)] = []
      let now = WallClock.now()
      let wait = min(groupDue.milliseconds(since: now), waitingMilliseconds(now))
      try crowd.turn(milliseconds: Int(max(0, wait))) { arrived.append(($0, $1)) }
      for (place, event) in arrived where restartAt[place] == nil {
        if let event = AgentEvent(event) { try handle(place, event) }
      }
      try handDue()
      if WallClock.now() >= groupDue {
        try tick(group)
        group = (group + 1) % Self.groups
        groupDue = groupDue.advanced(milliseconds: Self.tickMilliseconds / Int64(Self.groups))
      }
      if WallClock.now() >= figuresDue {
        figuresDue = figuresDue.advanced(milliseconds: 1_000)
        writeFigures()
      }
      writeLines()
    }
  }

  private func waitingMilliseconds(_ now: Instant) -> Int64 {
    waiting.map { $0.at.milliseconds(since: now) }.min() ?? 1_000
  }

  /// Events of the chips whose time has come.
  private mutating func handDue() throws {
    let now = WallClock.now()
    guard waiting.contains(where: { $0.at <= now }) else { return }
    let due = waiting.filter { $0.at <= now }
    waiting.removeAll { $0.at <= now }
    for (_, place, event) in due { try handle(place, event) }
  }

  private mutating func tick(_ group: Int) throws {
    let now = WallClock.now()
    let windowChance =
      Double(Self.tickMilliseconds) / 1_000 / Double(max(1, plan.telemetrySeconds))
    for place in stride(from: group, to: agents.count, by: Self.groups) {
      if let at = restartAt[place] {
        guard now >= at else { continue }
        restartAt[place] = nil
        agents[place] = try makeAgent(place)
        try handle(place, .started)
        continue
      }
      if let mean = plan.flapSeconds,
        Double.random(in: 0..<1) < Double(Self.tickMilliseconds) / 1_000 / mean
      {
        flap(place, now)
        continue
      }
      try handle(place, .tick)
      if plan.telemetrySeconds > 0, Double.random(in: 0..<1) < windowChance {
        let milliseconds = UInt64(plan.telemetrySeconds) * 1_000
        try carryOut(place, agents[place].closeWindow(milliseconds: milliseconds, at: now))
      }
    }
  }

  /// The machine goes off, and comes back after a while without what it knew.
  private mutating func flap(_ place: Int, _ now: Instant) {
    for endpoint in WireEndpoint.allCases { crowd.close(place, endpoint) }
    waiting.removeAll { $0.agent == place }
    formerBeats += agents[place].beats
    formerLateBeats += agents[place].lateBeats
    note(place, .lost, now)
    restartAt[place] = now.advanced(milliseconds: .random(in: 500...5_000))
  }

  private mutating func handle(_ place: Int, _ event: AgentEvent) throws {
    try carryOut(place, agents[place].handle(event, at: WallClock.now()))
  }

  private mutating func carryOut(_ place: Int, _ actions: [HollowAgent.Action]) throws {
    for action in actions {
      switch action {
      case .open(let endpoint): try crowd.open(place, endpoint, keys: keys[place])
      case .close(let endpoint): crowd.close(place, endpoint)
      case .send(let packet):
        crowd.send(place, packet.message.type.rule.endpoint, packet.frames())
      case .later(let event, let at): waiting.append((at, place, event))
      case .note(let noted): note(place, noted, WallClock.now())
      }
    }
  }

  private mutating func note(_ place: Int, _ note: HollowAgent.Note, _ at: Instant) {
    let line = HollowLine.note(
      node: nodes.lowerBound + place, HollowNote(note), at: at.microseconds)
    lines += line.text + "\n"
  }

  private mutating func writeFigures() {
    let figures = HollowFigures(
      beats: agents.reduce(formerBeats) { $0 + $1.beats },
      lateBeats: agents.reduce(formerLateBeats) { $0 + $1.lateBeats },
      sentBytes: crowd.sentBytes, receivedBytes: crowd.receivedBytes)
    lines += HollowLine.figures(figures).text + "\n"
  }

  private mutating func writeLines() {
    guard !lines.isEmpty else { return }
    Console.write(lines)
    lines = ""
  }
}

extension AgentEvent {
  /// What the sockets report, as the core wants it.
  fileprivate init?(_ event: AgentTransportEvent) {
    switch event {
    case .connected(let endpoint): self = .linked(endpoint)
    case .disconnected(let endpoint, let reason):
      self = .unlinked(endpoint, reason: reason.rawValue, needsOpen: reason.needsOpen)
    case .received(let endpoint, let frames): self = .received(endpoint, frames: frames)
    case .malformed(let endpoint, let count): self = .malformed(endpoint, frameCount: count)
    case .failed(let endpoint, let error):
      self = .unlinked(endpoint, reason: "\(error)", needsOpen: true)
    }
  }
}
