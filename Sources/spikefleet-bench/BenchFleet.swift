import FleetCore
import FleetProtocol
import FleetStore
import Foundation
import SensorData
import SpikingNetwork
import Workbench

/// A coordinator and agents as real processes on free loopback ports, in a folder of their own.
final class BenchFleet {
  let folder: FleetFolder
  let nodes: [String]
  private var running: [Process] = []

  /// Keys, settings and a sensor stream for each node, all of them accepted; starts nothing.
  ///
  /// Of `further` nodes the coordinator knows only that it has accepted them, as when all are away.
  init(nodes: [String], further: Int = 0, settings: [String] = []) throws {
    self.nodes = nodes
    folder = FleetFolder(
      path: FileManager.default.temporaryDirectory
        .appending(path: "spikefleet-bench-\(UUID().uuidString.prefix(8).lowercased())").path)
    _ = try FleetCases.run(
      ["init", folder.path, "-o", "json"] + settings + nodes.flatMap { ["--node", $0] })
    var changes: [FleetChange] = []
    func accept(_ name: String, _ key: String) {
      guard let id = Identifier(name) else { return }
      changes.append(
        .nodeAccepted(NodeRecord(id: id, publicKey: key, acceptedAt: WallClock.now())))
      changes.append(.nodeChip(id, chip: Self.chip))
    }
    for (index, node) in nodes.enumerated() {
      let key = try String(contentsOfFile: folder.agentPublicKey(node), encoding: .utf8)
      accept(node, key.trimmingCharacters(in: .whitespacesAndNewlines))
      try SampleFolder.write(Self.stream(UInt64(index)), to: folder.stream(node))
    }
    // The coordinator wants some, although it judges no round here.
    try SampleFolder.write(Self.stream(1_000), to: folder.check)
    for index in 0..<further {
      let name = "away-\(index)"
      accept(name, name + String(repeating: "x", count: 40 - name.utf8.count))
    }
    let store = try FleetStore(folder: folder.path + "/coordinator/state")
    try store.commit(changes)
  }

  deinit {
    for process in running where process.isRunning {
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
    do {
      try FileManager.default.removeItem(atPath: folder.path)
    } catch {
      // A folder of the system's temporary ones may stay behind.
    }
  }

  static let chip = "loihi-learn"

  /// Pictures in which each pixel lights up by chance.
  private static func stream(_ number: UInt64) -> LabelledSamples {
    var samples = LabelledSamples(channels: 784)
    for index in 0..<500 {
      let id = number * 1_000 + UInt64(index)
      samples.append(
        LabelledSample(
          intensities: (0..<784).map { UInt8(CounterRandom.draw(id, $0) % 40) },
          label: index % 10, id: id))
    }
    return samples
  }

  /// Lets rounds go unjudged; only before the coordinator starts.
  func dropCheckData() throws {
    let url = URL(filePath: folder.coordinatorSettings)
    let lines = try String(contentsOf: url, encoding: .utf8).split(
      separator: "\n", omittingEmptySubsequences: false)
    try Data(lines.filter { !$0.hasPrefix("checkData:") }.joined(separator: "\n").utf8)
      .write(to: url)
  }

  /// Starts the coordinator and waits until it answers.
  @discardableResult
  func startCoordinator() throws -> Process {
    let process = try start("spikefleet-coordinator", folder.coordinatorSettings)
    try eventually("the coordinator answers") {
      do {
        _ = try tool(["status", "-o", "json"])
        return true
      } catch is FleetCases.Failure {
        return false
      }
    }
    return process
  }

  /// Starts a daemon; what it logs goes to `log`, or to nobody.
  @discardableResult
  func start(_ program: String, _ settings: String, log: Pipe? = nil) throws -> Process {
    let process = Process()
    process.executableURL = FleetCases.programs.appending(path: program)
    process.arguments = ["--config", settings]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = log ?? FileHandle.nullDevice
    try process.run()
    running.append(process)
    return process
  }

  /// Ends all daemons at once.
  func killAll() {
    for process in running where process.isRunning {
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
    running = []
  }

  /// Runs the tool against this fleet.
  func tool(_ arguments: [String]) throws -> Data {
    try FleetCases.run(arguments + ["--context", folder.context])
  }

  /// Tries for a while, a tenth of a second apart.
  func eventually(_ what: String, seconds: Double = 60, _ holds: () throws -> Bool) throws {
    let end = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < end {
      if try holds() { return }
      Thread.sleep(forTimeInterval: 0.1)
    }
    throw BenchError("\(what): not within \(seconds) s")
  }
}
