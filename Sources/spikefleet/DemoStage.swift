import FleetAPI
import Foundation
import Synchronization
import Workbench

/// Where a demonstration runs: its folder, its processes, and the tool as a user would call it.
final class DemoStage: Sendable {
  /// The fleet's folder.
  let fleet: FleetFolder
  /// Path of the scenario file as it was given.
  let scenarioPath: String
  private let programs: URL
  private let environment: [String: String]
  private let children = Mutex<[ChildProcess]>([])
  private let startedAt = ContinuousClock.now

  /// Makes the folder; nothing is started yet.
  init(scenarioPath: String, folder: String?) throws {
    self.scenarioPath = scenarioPath
    programs = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent()
    let path =
      folder.map { URL(filePath: $0).standardizedFileURL.path }
      ?? FileManager.default.temporaryDirectory
      .appending(path: "spikefleet-demo-\(UUID().uuidString.prefix(8).lowercased())").path
    guard !FileManager.default.fileExists(atPath: path) else {
      throw CommandFailure(
        "--folder \(path): exists already, expected none; name another one or move it away")
    }
    fleet = FleetFolder(path: path)
    var environment = ProcessInfo.processInfo.environment
    environment[FleetContext.variable] = fleet.context
    self.environment = environment
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw CommandFailure(
        "\(path): cannot be made (\(error.localizedDescription)); name another one with --folder, "
          + "or set TMPDIR")
    }
  }

  /// Path of a file beside the scenario.
  func beside(_ path: String) -> String {
    guard !path.hasPrefix("/"), let slash = scenarioPath.lastIndex(of: "/") else { return path }
    return scenarioPath[...slash] + path
  }

  /// A client of the fleet's coordinator.
  func client() throws -> FleetClient {
    var options = ContextOptions()
    options.context = fleet.context
    return try options.client()
  }

  // MARK: what is printed

  /// A heading with the time since the start.
  func heading(_ text: String) {
    let seconds = (ContinuousClock.now - startedAt) / .seconds(1)
    Console.line("\n== \(text)  [\(Figure.fixed(seconds, 1)) s]")
  }

  /// A command as a user would type it.
  private func show(_ command: [String], suffix: String = "") {
    let words = command.map { word in
      let short = word.replacing(fleet.path, with: "$F")
      return short.contains(where: { " &;()<>*?'\"".contains($0) }) ? "'\(short)'" : short
    }
    Console.line("$ \(words.joined(separator: " "))\(suffix)")
  }

  // MARK: processes

  /// Runs the tool to its end, its output among this process's own.
  func tool(_ arguments: String...) async throws { try await tool(arguments) }

  /// Likewise; throws when it does not end well.
  func tool(_ arguments: [String]) async throws {
    try Task.checkCancellation()
    show(["spikefleet"] + arguments)
    let child = try start("spikefleet", arguments, log: nil)
    let status = try await end(of: child)
    guard status == 0 else {
      throw CommandFailure(
        "step `spikefleet \(arguments.prefix(2).joined(separator: " "))` ended with status "
          + "\(status); its message stands above")
    }
  }

  /// The exit status of a step; throws at once when a daemon ends meanwhile.
  private func end(of child: ChildProcess) async throws -> Int32 {
    while true {
      if let status = child.status { return status }
      try checkDaemons(during: "`spikefleet` runs")
      try await Task.sleep(for: .milliseconds(20))
    }
  }

  private func checkDaemons(during what: String) throws {
    guard let ended = daemons.first(where: { $0.status != nil }) else { return }
    throw CommandFailure("\(ended.name) ended with status \(ended.status ?? -1) while \(what)")
  }

  /// Starts a daemon that goes on; its log lies in the fleet's folder.
  func daemon(_ program: String, named name: String, settings: String) throws -> ChildProcess {
    let log = fleet.path + "/\(name).log"
    show([program, "--config", settings], suffix: " > $F/\(name).log 2>&1 &")
    return try start(program, ["--config", settings], log: log, name: name)
  }

  private func start(
    _ program: String, _ arguments: [String], log: String?, name: String? = nil
  ) throws -> ChildProcess {
    let child = try ChildProcess(
      name ?? program, programs.appending(path: program).path, arguments,
      environment: environment, log: log)
    children.withLock { $0.append(child) }
    return child
  }

  /// Asks again each 50 ms until the answer is there; throws when a daemon ends, or in the end.
  func eventually<Value>(
    _ what: String, within seconds: Double = 60, _ ask: () async throws -> Value?
  ) async throws -> Value {
    let deadline = ContinuousClock.now.advanced(by: .seconds(seconds))
    while true {
      if let value = try await ask() { return value }
      try checkDaemons(during: "waiting until \(what)")
      guard ContinuousClock.now < deadline else {
        throw CommandFailure("not within \(Figure.fixed(seconds, 0)) s: \(what)")
      }
      try await Task.sleep(for: .milliseconds(50))
    }
  }

  private var daemons: [ChildProcess] {
    children.withLock { $0.filter { $0.name != "spikefleet" } }
  }

  /// The last lines of every daemon's log, for whoever looks for the reason of a failure.
  func logTails() -> String {
    daemons.map { daemon in
      let path = fleet.path + "/\(daemon.name).log"
      let bytes = FileManager.default.contents(atPath: path) ?? Data()
      let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").suffix(4)
      return lines.map { "  \(daemon.name): \(TextTable.printable(String($0)))\n" }.joined()
    }.joined()
  }

  /// Largest resident memory of each daemon so far.
  func peakMemory() -> TextTable {
    var table = TextTable([.text("PROCESS"), .number("PEAK MEMORY")])
    for daemon in daemons {
      table.add([
        daemon.name,
        daemon.peakResidentKibibytes.map { Figure.bytes(UInt64($0) * 1_024) } ?? Figure.missing,
      ])
    }
    return table
  }

  // MARK: the end

  /// Stops every process that was started and removes the folder.
  func clean() async {
    await withTaskGroup(of: Void.self) { group in
      for child in children.withLock({ $0 }) where child.status == nil {
        group.addTask {
          if await !child.stop(within: 10) {
            Console.complain("\(child.name) did not stop within 10 s and was ended")
          }
        }
      }
    }
    do {
      try FileManager.default.removeItem(atPath: fleet.path)
    } catch {
      Console.complain("\(fleet.path): cannot be removed (\(error.localizedDescription))")
    }
  }

  /// Says how to look at what goes on running, and how to stop it.
  func explainKept() {
    let ids = daemons.filter { $0.status == nil }.map { "\($0.processID)" }
    heading("The fleet goes on running")
    Console.line("look at it:  export SPIKEFLEET_CONTEXT=\(fleet.context)")
    Console.line("             \(programs.appending(path: "spikefleet").path) top")
    Console.line("stop it:     kill \(ids.joined(separator: " "))")
    Console.line("remove it:   rm -r \(fleet.path)")
  }
}
