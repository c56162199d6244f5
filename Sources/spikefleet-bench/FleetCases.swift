import Foundation
import SensorData
import SpikingNetwork
import Synchronization

/// What a fleet of 200 simulated sessions takes, and an agent by itself; from outside the process.
enum FleetCases {
  /// What `simulate fleet -o json` prints, as far as it is a case.
  private struct Figures: Decodable {
    var desiredToAppliedP50: Double?
    var desiredToAppliedP99: Double?
    var restartSeconds: Double?
    var coordinatorMebibytes: Double?
    var coordinatorMebibytesEmpty: Double?
    var coordinatorMebibytesFanOut: Double?
    var onlineSeconds: Double?
  }

  /// A step that did not do what it should.
  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  private static let measured = Mutex<Figures?>(nil)
  private static let nodes = 200

  static let cases = [
    BenchCase(
      name: "fleet.desired-to-applied.p50", unit: "seconds",
      run: { _ in try result(\.desiredToAppliedP50) }),
    BenchCase(
      name: "fleet.desired-to-applied.p99", unit: "seconds",
      run: { _ in try result(\.desiredToAppliedP99) }),
    BenchCase(
      name: "fleet.restart.200.seconds", unit: "seconds",
      run: { _ in try result(\.restartSeconds) }),
    BenchCase(
      name: "fleet.coordinator.rss", unit: "MiB",
      run: { _ in
        var found = try result(\.coordinatorMebibytes)
        found.facts = [
          ("agents", "\(nodes)"),
          ("withoutAgents", BenchResult.number(try figures().coordinatorMebibytesEmpty ?? 0)),
        ]
        return found
      }),
    BenchCase(name: "fleet.fanout.rss", unit: "MiB", run: { _ in try fanOut() }),
    BenchCase(name: "fleet.agent.rss", unit: "MiB", run: { _ in try agentMemory() }),
  ]

  private static func result(_ figure: KeyPath<Figures, Double?>) throws -> BenchResult {
    guard let value = try figures()[keyPath: figure] else {
      throw Failure(description: "`spikefleet simulate fleet` did not measure this")
    }
    return BenchResult(values: [value])
  }

  /// One run of the fleet serves all cases of this process.
  private static func figures() throws -> Figures {
    try measured.withLock { measured in
      if let measured { return measured }
      let output = try run([
        "simulate", "fleet", "--nodes", "\(nodes)", "--singles", "\(nodes)", "--commands", "1",
        "--hold", "5", "-o", "json",
      ])
      let figures = try JSONDecoder().decode(Figures.self, from: output)
      measured = figures
      return figures
    }
  }

  /// By how much a coordinator's memory rises while 100 agents fetch a model of 1 MiB at once.
  private static func fanOut() throws -> BenchResult {
    let output = try run([
      "simulate", "fleet", "--nodes", "100", "--model-bytes", "\(1 << 20)", "--commands", "1",
      "--singles", "0", "--hold", "0", "-o", "json",
    ])
    guard
      let value = try JSONDecoder().decode(Figures.self, from: output).coordinatorMebibytesFanOut
    else { throw Failure(description: "`spikefleet simulate fleet` did not measure this") }
    return BenchResult(values: [value])
  }

  static let programs = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent()

  static func run(_ arguments: [String]) throws -> Data {
    let process = Process()
    process.executableURL = programs.appending(path: "spikefleet")
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure(
        description: "`spikefleet \(arguments.joined(separator: " "))` ended with status "
          + "\(process.terminationStatus)")
    }
    return output
  }

  /// An agent that shows a small stream to nobody, for it has no model and no coordinator yet.
  private static func agentMemory() throws -> BenchResult {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "spikefleet-bench-\(UUID().uuidString.prefix(8).lowercased())")
    defer { try? FileManager.default.removeItem(at: folder) }
    _ = try run(["init", folder.path, "--node", "bench", "-o", "json"])
    let samples = LabelledSamples(
      channels: 784, intensities: [UInt8](repeating: 7, count: 784 * 100),
      labels: (0..<100).map { UInt8($0 % 10) }, ids: Array(0..<100))
    try SampleFolder.write(samples, to: folder.appending(path: "agents/bench/stream").path)
    let agent = Process()
    agent.executableURL = programs.appending(path: "spikefleet-agent")
    agent.arguments = ["--config", folder.appending(path: "agents/bench/agent.yaml").path]
    agent.standardOutput = FileHandle.nullDevice
    agent.standardError = FileHandle.nullDevice
    try agent.run()
    defer {
      agent.terminate()
      agent.waitUntilExit()
    }
    var values: [Double] = []
    for _ in 0..<3 {
      Thread.sleep(forTimeInterval: 1)
      let status = try String(
        contentsOfFile: "/proc/\(agent.processIdentifier)/status", encoding: .utf8)
      guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") }),
        let kibibytes = line.split(separator: " ").compactMap({ Double($0) }).first
      else { throw Failure(description: "the agent ended; see what it says on the same settings") }
      values.append(kibibytes / 1_024)
    }
    return BenchResult(values: values)
  }
}
