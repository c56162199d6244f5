import FleetAPI
import FleetCore
import Foundation
import Synchronization
import Workbench
import ZeroMQTransport

/// Runs a simulated fleet and measures it.
final class FleetRehearsal: Sendable {
  private let options: SimulateFleetCommand
  private let stage: any RehearsalStage
  private let programs: URL
  private let children = Mutex<[ChildProcess]>([])
  private let board: FleetBoard

  /// Writes the folder; nothing is started yet.
  init(_ options: SimulateFleetCommand) async throws {
    self.options = options
    if let file = options.coordinator {
      stage = try await RehearsalGuests(options, contextFile: file)
    } else {
      stage = try RehearsalFolder(options)
    }
    board = FleetBoard(nodes: options.nodes)
    programs = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent()
  }

  /// All measurements, in their order.
  func run() async throws -> FleetFigures {
    var figures = FleetFigures()
    figures.nodes = options.nodes
    switch stage {
    case let guests as RehearsalGuests: try await visit(guests, &figures)
    case let folder as RehearsalFolder: try await rehearse(folder, &figures)
    default: preconditionFailure("no such stage: \(stage)")
    }
    let sum = board.figures
    figures.heartbeats = sum.beats
    figures.heartbeatsLate = sum.lateBeats
    return figures
  }

  /// With a coordinator of its own, which is killed in the end.
  private func rehearse(_ folder: RehearsalFolder, _ figures: inout FleetFigures) async throws {
    let coordinator = try startCoordinator(folder)
    let client = try await connect(coordinator, folder)
    let meter = ProcessMeter(processID: coordinator.processID)
    figures.coordinatorMebibytesEmpty = meter.residentMebibytes
    let workers = try await bringUp(&figures)
    meter.forgetPeak()
    let settled = meter.residentMebibytes
    try await measureCommands(client, &figures)
    if let settled, let peak = meter.peakMebibytes, options.commands > 0 {
      figures.coordinatorMebibytesFanOut = max(0, peak - settled)
    }
    try await measureSingles(client, &figures)
    try await hold(meter, workers, &figures)
    try await restart(coordinator, folder, &figures)
  }

  /// Beside the nodes of a running coordinator, which notices nothing but more nodes.
  private func visit(_ guests: RehearsalGuests, _ figures: inout FleetFigures) async throws {
    func resident() async throws -> Double {
      Double(try await guests.client.status().residentKibibytes) / 1_024
    }
    figures.coordinatorMebibytesEmpty = try await resident()
    try await guests.arrive()
    let workers = try await bringUp(&figures)
    if !guests.models.isEmpty {
      try await measureCommands(guests.client, &figures)
      try await measureSingles(guests.client, &figures)
    }
    try await hold(nil, workers, &figures)
    figures.coordinatorMebibytes = try await resident()
  }

  private func bringUp(_ figures: inout FleetFigures) async throws -> [ChildProcess] {
    let begin = WallClock.now()
    let workers = try startWorkers()
    figures.workers = workers.count
    try await reach("all online") { $0.onlineCount == $1 }
    figures.onlineSeconds = board.lastOnline.map { seconds(from: begin, to: $0) }
    return workers
  }

  // MARK: processes

  private func startCoordinator(_ folder: RehearsalFolder) throws -> ChildProcess {
    try start(
      "spikefleet-coordinator",
      ["--config", folder.fleet.coordinatorSettings, "--log-level", "warning"],
      log: "coordinator-\(children.withLock { $0.count }).log")
  }

  private func startWorkers() throws -> [ChildProcess] {
    let fitting = (OpenFiles.raiseLimit() - 64) / AgentCrowd.descriptorsPerAgent
    let most = max(1, min(options.perWorker, fitting))
    return try stride(from: 0, to: options.nodes, by: most).map { first in
      let count = min(most, options.nodes - first)
      let log = "worker-\(first).log"
      board.follow(stage.path + "/" + log)
      return try start(
        "spikefleet",
        [
          "simulate", "worker", "--plan", stage.plan, "--first", "\(first)", "--count", "\(count)",
        ],
        log: log)
    }
  }

  private func start(
    _ program: String, _ arguments: [String], log: String
  ) throws -> ChildProcess {
    let child = try ChildProcess(
      program, programs.appending(path: program).path, arguments,
      environment: ProcessInfo.processInfo.environment, log: stage.path + "/" + log)
    children.withLock { $0.append(child) }
    return child
  }

  /// Waits until the coordinator answers.
  private func connect(
    _ coordinator: ChildProcess, _ folder: RehearsalFolder
  ) async throws -> FleetClient {
    var context = ContextOptions()
    context.context = folder.fleet.context
    for _ in 0..<600 {
      if let status = coordinator.status {
        throw CommandFailure("spikefleet-coordinator ended with status \(status); \(logTail())")
      }
      do {
        let client = try context.client()
        _ = try await client.status()
        return client
      } catch {
        try await Task.sleep(for: .milliseconds(50))
      }
    }
    throw CommandFailure("spikefleet-coordinator does not answer within 30 s; \(logTail())")
  }

  private func logTail() -> String {
    let path = stage.path + "/coordinator-0.log"
    let text = String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    return "its last words: \(text.split(separator: "\n").suffix(2).joined(separator: " / "))"
  }

  /// Stops every process that was started and removes the folder.
  func clean() async {
    await withTaskGroup(of: Void.self) { group in
      for child in children.withLock({ $0 }) where child.status == nil {
        group.addTask { _ = await child.stop(within: 5) }
      }
    }
    if let guests = stage as? RehearsalGuests {
      guard !options.keep else {
        Console.writeError(
          "\(options.nodes) nodes are left, from \(stage.name(0)); keys: \(stage.plan)\n")
        return
      }
      do {
        try await guests.leave()
      } catch {
        Console.complain(
          "some nodes may be left, from \(stage.name(0)): \(error); revoke them with "
            + "`node revoke`")
      }
    }
    try? FileManager.default.removeItem(atPath: stage.path)
  }

  // MARK: measurements

  /// Waits until the board shows it, with one moving line on a terminal.
  private func reach(
    _ what: String, within limit: Double = 180, _ isReached: (FleetBoard, Int) -> Bool
  ) async throws {
    let deadline = ContinuousClock.now.advanced(by: .seconds(limit))
    while true {
      board.read()
      show(what)
      if isReached(board, options.nodes) { return }
      guard ContinuousClock.now < deadline else {
        throw CommandFailure(
          "\(what): \(board.onlineCount) of \(options.nodes) nodes online, not within "
            + "\(Figure.fixed(limit, 0)) s; \(logTail())")
      }
      try await Task.sleep(for: .milliseconds(20))
    }
  }

  private func show(_ what: String) {
    guard isatty(STDERR_FILENO) == 1 else { return }
    let sum = board.figures
    Console.writeError(
      "\r\u{1B}[K\(what): \(board.onlineCount)/\(options.nodes) online, \(sum.beats) heartbeats, "
        + "\(sum.lateBeats) late")
  }

  private func seconds(from: Instant, to: Instant) -> Double {
    Double(to.microseconds - from.microseconds) / 1_000_000
  }

  /// Orders a model and returns the generation that it became.
  private func deploy(_ client: FleetClient, turn: Int, nodes: [String]) async throws -> String {
    let model = stage.models[min(turn, stage.models.count - 1)]
    let request = DeployRequest(model: model, nodes: nodes)
    return try await client.deploy(request, requestID: FleetClient.newRequestID()).orThrow().detail
  }

  /// Nodes whose chip works, and so can be waited for.
  private var healthy: [Int] {
    (0..<options.nodes).filter { $0 * 100 >= options.failRate * options.nodes }
  }

  private func measureCommands(
    _ client: FleetClient, _ figures: inout FleetFigures
  ) async throws {
    var answered: [Double] = []
    var applied: [Double] = []
    for turn in 0..<options.commands {
      let begin = WallClock.now()
      // The newer release first and then the same again: nodes refuse an older one.
      let generation = try await deploy(client, turn: turn == 0 ? 0 : 1, nodes: stage.everyone)
      try await reach("deployment \(turn + 1) to all") { board, _ in
        healthy.allSatisfy { board.applied[$0]?.generation == generation }
      }
      let times = healthy.compactMap { board.applied[$0]?.at }
      let answers = healthy.compactMap { board.accepted[$0]?.at }
      if let last = answers.max() { answered.append(seconds(from: begin, to: last)) }
      if let last = times.max() { applied.append(seconds(from: begin, to: last)) }
    }
    figures.commandAnsweredP50 = answered.quantile(0.5)
    figures.commandAppliedP50 = applied.quantile(0.5)
    figures.commandAppliedMax = applied.max()
  }

  private func measureSingles(
    _ client: FleetClient, _ figures: inout FleetFigures
  ) async throws {
    var times: [Double] = []
    let nodes = healthy
    for turn in 0..<options.singles where !nodes.isEmpty {
      let node = nodes[turn * 7 % nodes.count]
      let begin = WallClock.now()
      let generation = try await deploy(
        client, turn: 1, nodes: [stage.name(node)])
      try await reach("deployments to one") { board, _ in
        board.applied[node]?.generation == generation
      }
      if let at = board.applied[node]?.at { times.append(seconds(from: begin, to: at)) }
    }
    figures.desiredToAppliedP50 = times.quantile(0.5)
    figures.desiredToAppliedP99 = times.quantile(0.99)
  }

  /// Watches the fleet while nothing is asked of it.
  private func hold(
    _ meter: ProcessMeter?, _ workers: [ChildProcess], _ figures: inout FleetFigures
  ) async throws {
    board.read()
    let (before, cpu, begin) = (board.figures, meter?.processorSeconds, ContinuousClock.now)
    while (ContinuousClock.now - begin) / .seconds(1) < Double(options.hold) {
      try await Task.sleep(for: .milliseconds(500))
      board.read()
      show("idle")
    }
    let passed = (ContinuousClock.now - begin) / .seconds(1)
    let after = board.figures
    let share = 1 / max(0.001, passed) / Double(options.nodes)
    figures.idleSentBytesPerSecond = Double(after.sentBytes - before.sentBytes) * share
    figures.idleReceivedBytesPerSecond = Double(after.receivedBytes - before.receivedBytes) * share
    if let cpu, let now = meter?.processorSeconds {
      figures.coordinatorProcessorPercent = 100 * (now - cpu) / max(0.001, passed)
    }
    figures.coordinatorMebibytes = meter?.residentMebibytes
    let memory = workers.compactMap { ProcessMeter(processID: $0.processID).residentMebibytes }
    figures.agentKibibytes = memory.reduce(0, +) * 1_024 / Double(options.nodes)
  }

  /// Kills the coordinator and starts it again.
  private func restart(
    _ coordinator: ChildProcess, _ folder: RehearsalFolder, _ figures: inout FleetFigures
  ) async throws {
    let begin = WallClock.now()
    kill(coordinator.processID, SIGKILL)
    while coordinator.status == nil { try await Task.sleep(for: .milliseconds(5)) }
    _ = try startCoordinator(folder)
    try await reach("all back") { board, nodes in board.online(since: begin) == nodes }
    figures.restartSeconds = board.lastOnline.map { seconds(from: begin, to: $0) }
  }
}

extension [Double] {
  /// The value below which that share of all lies; nil of none.
  func quantile(_ share: Double) -> Double? {
    guard !isEmpty else { return nil }
    return sorted()[Swift.min(count - 1, Int((Double(count) * share).rounded(.down)))]
  }
}
