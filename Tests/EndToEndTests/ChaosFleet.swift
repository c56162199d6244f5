import CompiledModel
import Federation
import FleetAPI
import FleetCore
import FleetProtocol
import Foundation
import Synchronization

/// A small fleet with a busy minute behind it, whose processes may die at any point.
///
/// Whoever dies is started again, as systemd would; the operator repeats what was not answered.
final class ChaosFleet: Sendable {
  /// A daemon and the point of its first run at which it dies; point 0 only counts.
  struct Crash: Sendable, Equatable, CustomStringConvertible {
    var daemon: String
    var point: Int

    var description: String { "\(daemon) at point \(point)" }
  }

  /// What came of the processes.
  struct Fate: Sendable {
    /// What each daemon said when it died, oldest first; nodes also that they were under way.
    var deaths: [(daemon: String, runWasNoted: Bool, boot: String?)] = []
    var starts: [String: Int] = [:]
    /// Answers that the operator has, by request id.
    var answered: [String: String] = [:]
    var violations: [String] = []
    /// Daemons that are started again when they are gone.
    var kept: Set<String> = []
    /// Points that the chosen daemon passed in its last run, where it counted them.
    var points: Int?
    /// True when the scenario's work is done.
    var isDone = false
    /// How daemons are started, where not as they are.
    var surroundings: [String: Surroundings] = [:]
    /// The job's rounds when it had ended, without what a clock says.
    var rounds: [RoundView] = []
    /// What is put away when the processes have ended.
    var leftovers: [@Sendable () throws -> Void] = []
  }

  /// What a daemon is started in.
  struct Surroundings: Sendable {
    var environment: [String: String]
    var launcher: [String]
  }

  let fleet: TestFleet
  let crash: Crash?
  let manifest: String
  let fate = Mutex(Fate())
  static let nodes = ["north", "south"]
  static let coordinator = "coordinator"
  static let job = "learn"
  private static let samples: UInt32 = 60
  /// A daemon that dies more often than it is killed cannot run at all.
  private static let startsMax = 5

  /// Writes the fleet's files; `prepare` may change its folder before there is any state.
  init(
    _ crash: Crash? = nil, host: String = "127.0.0.1",
    prepare: (TestFleet) throws -> Void = { _ in }
  ) throws {
    self.crash = crash
    fleet = try TestFleet(
      nodes: Self.nodes,
      settings: [
        "--telemetry-seconds", "1", "--heartbeat-milliseconds", "500", "--host", host,
      ])
    try prepare(fleet)
    manifest = try fleet.signModel()
    try fleet.writeSecondRoot()
    for node in Self.nodes { try AgentHistory(fleet, node).prepare() }
    try CoordinatorHistory(fleet).prepare()
  }

  var isDone: Bool { fate.withLock { $0.isDone } }

  // MARK: processes

  func surround(_ name: String, environment: [String: String] = [:], launcher: [String] = []) {
    fate.withLock {
      $0.surroundings[name] = Surroundings(environment: environment, launcher: launcher)
    }
  }

  func atEnd(_ clean: @escaping @Sendable () throws -> Void) {
    fate.withLock { $0.leftovers.append(clean) }
  }

  func finish() throws {
    for clean in fate.withLock({ $0.leftovers }) { try clean() }
  }

  /// Ends everything in order and returns what the coordinator then reports.
  ///
  /// It is asked after another start: what an agent sent last may arrive after its end.
  func stopAll() async throws -> [EnergyView] {
    for name in Self.nodes + [Self.coordinator] { try await stop(name) }
    let points = fleet.daemon(crash?.daemon ?? "").flatMap(Self.pointsPassed)
    fate.withLock { $0.points = points }
    fate.withLock { _ = $0.kept.insert(Self.coordinator) }
    try launch(Self.coordinator)
    let energy = try await until("energy is reported") { try await $0.energy() }
    try await stop(Self.coordinator)
    return energy
  }

  func start() throws {
    for name in [Self.coordinator] + Self.nodes {
      fate.withLock { _ = $0.kept.insert(name) }
      try launch(name)
    }
  }

  /// Starts whoever died again; how a node was killed is read before it writes again.
  func revive() throws {
    for name in fate.withLock({ $0.kept }).sorted() where fleet.daemon(name)?.isRunning == false {
      var wasNoted = false
      var boot: String?
      if name != Self.coordinator {
        let history = AgentHistory(fleet, name)
        wasNoted = try history.runIsNoted()
        if wasNoted { boot = try history.runningBoot() }
        if wasNoted, let lost = try history.secondsSinceLastWindow(), lost >= 2 {
          note("\(name) lost \(lost) s of telemetry with one kill, more than a window")
        }
      }
      fate.withLock { $0.deaths.append((name, wasNoted, boot)) }
      try launch(name)
    }
  }

  private func launch(_ name: String) throws {
    let starts = fate.withLock { fate in
      fate.starts[name, default: 0] += 1
      return fate.starts[name, default: 0]
    }
    guard starts <= Self.startsMax else {
      throw NotInTime(what: "\(name) stays alive", log: fleet.daemon(name)?.log ?? "")
    }
    let surroundings = fate.withLock { $0.surroundings[name] }
    var environment = surroundings?.environment ?? [:]
    if starts == 1, let crash, crash.daemon == name {
      environment["SPIKEFLEET_CRASH_AT"] = "\(crash.point)"
    }
    try fleet.launch(name, environment: environment, launcher: surroundings?.launcher ?? [])
  }

  /// Ends a daemon in order.
  func stop(_ name: String) async throws {
    fate.withLock { _ = $0.kept.remove(name) }
    guard let daemon = fleet.daemon(name) else { return }
    let status = try await daemon.stop()
    if status != 0 { note("\(name) ended with status \(status)\n\(daemon.log)") }
  }

  /// Kills the coordinator, changes what it left behind, and starts it again.
  func whileCoordinatorIsGone(_ change: () throws -> Void) throws {
    fate.withLock { _ = $0.kept.remove(Self.coordinator) }
    fleet.daemon(Self.coordinator)?.kill()
    try change()
    fate.withLock { _ = $0.kept.insert(Self.coordinator) }
    try launch(Self.coordinator)
  }

  func note(_ violation: String) { fate.withLock { $0.violations.append(violation) } }

  /// Points that a daemon passed in its last run, as it said when it ended in order.
  private static func pointsPassed(by daemon: DaemonProcess) -> Int? {
    daemon.log.matches(of: /crashPoints=(\d+)/).last.flatMap { Int($0.1) }
  }

  // MARK: the operator

  /// Waits for something while the dead are revived and nobody may be there to ask.
  func until<Value>(
    _ what: String, within seconds: Double = 60, _ ask: (FleetClient) async throws -> Value?
  ) async throws -> Value {
    try await eventually(what, within: seconds, log: { self.fleet.logs }) {
      try revive()
      do {
        return try await ask(try fleet.client())
      } catch let error as ServiceError
        where error.status == 0 || error.status == 503 || error.code == "blob-missing"
      {
        return nil
      } catch is Context.NotThere {
        return nil
      }
    }
  }

  /// Repeats a command under its one request id until there is an answer, which must be yes.
  func command(
    _ id: String, _ send: (FleetClient, String) async throws -> CommandView
  ) async throws {
    let answer = try await until("an answer to \(id)") { try await send($0, "chaos-\(id)") }
    fate.withLock { $0.answered["chaos-\(id)"] = answer.code }
    if !answer.done { note("\(id): refused with \(answer.code), \(answer.detail)") }
  }

  // MARK: the scenario

  /// Accepts, pushes, deploys, changes the fleet's keys, learns a round together, labels a node and
  /// changes its key.
  func work() async throws {
    for node in Self.nodes {
      let key = try fleet.publicKey(of: node)
      _ = try await until("\(node) knocks") { client in
        try await client.pending().contains { $0.publicKey == key } ? true : nil
      }
      try await command("accept-\(node)") {
        try await $0.accept(AcceptRequest(name: node, publicKey: key), requestID: $1)
      }
    }
    let digest = fleet.modelDigest
    // Bytes without a manifest are swept at a start, so that both go again together.
    try await command("push") { client, id in
      try await client.putBlob(fleet.model.encoded(), digest: digest)
      return try await client.addModel(ModelRequest(manifest: manifest), requestID: id)
    }
    try await command("deploy") {
      try await $0.deploy(DeployRequest(model: digest.hex, nodes: []), requestID: $1)
    }
    try await settled()
    try await command("label") {
      var request = NodeRequest(.label)
      request.labels = ["site": "lab"]
      return try await $0.order(request, node: "north", requestID: $1)
    }
    let root = try Data(contentsOf: fleet.folder.appending(path: "operator/root-2.signed"))
    try await command("root") {
      try await $0.addRoot(RootRequest(root: root.base64EncodedString()), requestID: $1)
    }
    _ = try await until("the fleet believes its new keys") { client in
      try await client.nodes().allSatisfy { $0.rootVersion == 2 } ? true : nil
    }
    try await command("learn") {
      try await $0.startJob(
        JobSpecification(
          name: Self.job, model: digest.hex, rounds: 2, samplesPerRound: Self.samples,
          nodes: Self.nodes, minimumReports: 2, deadlineMilliseconds: 60_000, attemptsMax: 2,
          maxRegression: 100, seed: 5, strategy: try Strategy(.fedAvgM),
          compression: .topK(perMille: 100, bytes: true)),
        requestID: $1)
    }
    let rounds = try await until("the job ends") { client in
      try await client.jobs().first { $0.state != "running" }?.rounds
    }
    fate.withLock { fate in
      fate.rounds = rounds.map { round in
        var round = round
        round.seconds = nil
        return round
      }
    }
    try await command("rotate") {
      try await $0.order(NodeRequest(.rotateKey), node: "north", requestID: $1)
    }
    _ = try await until("north has a new key") { client in
      try await client.nodes().contains { $0.name == "north" && !$0.isRotating } ? true : nil
    }
    fate.withLock { $0.isDone = true }
  }

  /// Waits until every node is online and serves what it should, and nothing old waits to be sent.
  ///
  /// A connection may still lie that looked well a moment ago, as where a flipped length lets the
  /// receiver wait; only a window made since and acknowledged says that it does not.
  func settled() async throws {
    var made: [String: Int] = [:]
    for node in Self.nodes {
      made[node] = try AgentHistory(fleet, node).newest(acknowledged: false)
    }
    let hex = fleet.modelDigest.hex
    _ = try await until("the fleet is at rest") { client in
      let nodes = try await client.nodes()
      return nodes.count == Self.nodes.count
        && nodes.allSatisfy {
          $0.liveness == "online" && $0.phase == "active" && $0.observedModel == hex
            && $0.desiredModel == hex && $0.observedGeneration == $0.desiredGeneration
        } ? true : nil
    }
    for node in Self.nodes {
      _ = try await until("\(node) has sent what waited") { client -> Bool? in
        guard let id = Identifier(node) else { return nil }
        let boot = try await client.telemetry(node: id, limit: 1).last?.boot
        // What a run that was killed had sent says nothing of the one after it.
        let killed = fate.withLock { fate in
          fate.deaths.filter { $0.daemon == node }.compactMap(\.boot)
        }
        let isHeard =
          try boot.map { !killed.contains($0) } ?? false
          && boot == AgentHistory(fleet, node).runningBoot()
        let history = AgentHistory(fleet, node)
        let isNew = try history.newest(acknowledged: true) > made[node, default: 0]
        return try isHeard && isNew && history.waiting() <= 1
          && history.waitingOfEarlierRuns() == 0 ? true : nil
      }
    }
  }

  /// Waits for the death that was ordered; false where the daemon outlives a whole minute.
  func hasDied() async throws -> Bool {
    guard let crash, crash.point > 0 else { return true }
    do {
      _ = try await until("\(crash)", within: 60) { _ in
        fate.withLock { $0.deaths.contains { $0.daemon == crash.daemon } } ? true : nil
      }
    } catch is NotInTime {
      return false
    }
    return true
  }
}
