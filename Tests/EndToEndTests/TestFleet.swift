import CompiledModel
import Federation
import FleetAPI
import FleetCore
import FleetProtocol
import FleetStore
import Foundation
import SensorData
import SpikingNetwork
import Synchronization
import Testing
import Workbench
import ZeroMQTransport

/// A coordinator and agents as real processes on free loopback ports, in a folder of their own.
final class TestFleet: Sendable {
  let folder: URL
  let nodes: [String]
  let model: CompiledModel
  private let running = Mutex<[DaemonProcess]>([])

  static let channels = 64
  static let classes = 10

  /// Writes keys, settings and a small sensor stream for each node; starts nothing.
  init(
    nodes: [String], seed: UInt64 = 1, model given: CompiledModel? = nil,
    settings: [String] = []
  ) throws {
    self.nodes = nodes
    folder = FileManager.default.temporaryDirectory
      .appending(path: "spikefleet-test-\(UUID().uuidString.lowercased())")
    model =
      try given
      ?? SmallModel.compile(
        channels: Self.channels, hidden: 32, classes: Self.classes, seed: seed)
    var arguments = ["init", folder.path] + FleetPorts.next() + settings
    for node in nodes { arguments += ["--node", node] }
    let outcome = try Programs.run(Programs.tool, arguments)
    guard outcome.status == 0 else { throw NotInTime(what: "init", log: outcome.errors) }
    for (index, node) in nodes.enumerated() {
      try SampleFolder.write(
        Self.stream(node: index, seed: seed),
        to: folder.appending(path: "agents/\(node)/stream").path)
    }
    try SampleFolder.write(
      SmallModel.samples(
        count: 60, channels: Self.channels, classes: Self.classes, seed: seed, firstID: 900_000),
      to: folder.appending(path: "coordinator/check").path)
  }

  /// What a node's sensor shows it.
  static func stream(node index: Int, seed: UInt64 = 1) -> LabelledSamples {
    SmallModel.samples(
      count: 120, channels: channels, classes: classes, seed: seed, firstID: UInt64(index) * 1_000)
  }

  deinit {
    for daemon in running.withLock({ $0 }) where daemon.isRunning { daemon.kill() }
    do {
      try FileManager.default.removeItem(at: folder)
    } catch {
      // A folder of the system's temporary ones may stay behind.
    }
  }

  var logs: String { running.withLock { $0.map(\.log).joined(separator: "\n") } }

  // MARK: processes

  /// Starts the coordinator and waits for its admin endpoint; `descriptorsMax` bounds its files.
  @discardableResult
  func startCoordinator(descriptorsMax: Int? = nil) async throws -> DaemonProcess {
    // The shell becomes the coordinator, so that its process id is the coordinator's.
    let launcher = descriptorsMax.map {
      ["/bin/sh", "-c", "ulimit -n \($0) && exec \"$0\" \"$@\""]
    }
    let daemon = try launch("coordinator", launcher: launcher ?? [])
    _ = try await eventually("the admin endpoint answers", log: { daemon.log }) {
      guard daemon.isRunning else { throw NotInTime(what: "coordinator runs", log: daemon.log) }
      return try await reachable { try await self.client().status() }
    }
    return daemon
  }

  /// Runs the command-line tool against this fleet; it has to end well.
  func tool(_ arguments: [String]) throws {
    let context = folder.appending(path: "operator/context.yaml").path
    let outcome = try Programs.run(Programs.tool, arguments + ["--context", context])
    #expect(outcome.status == 0, "\(arguments): \(outcome.errors)")
  }

  /// Makes new deploy and federation keys, and the root file `operator/root-2.signed` for them.
  func writeSecondRoot() throws {
    func path(_ name: String) -> String { folder.appending(path: name).path }
    func run(_ arguments: [String]) throws {
      let outcome = try Programs.run(Programs.tool, arguments)
      guard outcome.status == 0 else {
        throw NotInTime(what: arguments.joined(separator: " "), log: outcome.errors)
      }
    }
    var arguments = [
      "key", "rotate", "--root", path("coordinator/root.signed"), "--out",
      path("operator/root-2.signed"), "--sign-with", path("operator/root.key"),
    ]
    for role in ["deploy", "federation"] {
      let (before, after) = (path("coordinator/\(role).key"), path("coordinator/\(role)-2.key"))
      try run(["key", "create", after])
      let id = Hex.text(try SigningKeyFile(path: before).load().id)
      arguments += ["--add", "\(role)=\(after)", "--remove", "\(role)=\(id.prefix(12))"]
    }
    try run(arguments)
  }

  @discardableResult
  func startAgent(_ node: String, _ further: [String] = []) throws -> DaemonProcess {
    try launch(node, further)
  }

  /// Starts a daemon and waits for nothing; `launcher` is put before its command.
  @discardableResult
  func launch(
    _ name: String, _ further: [String] = [], environment: [String: String] = [:],
    launcher: [String] = []
  ) throws -> DaemonProcess {
    let isCoordinator = name == "coordinator"
    let settings = isCoordinator ? "coordinator/coordinator.yaml" : "agents/\(name)/agent.yaml"
    let command =
      launcher + [
        isCoordinator ? Programs.coordinator : Programs.agent, "--config",
        folder.appending(path: settings).path, "--log-level", "debug",
      ] + further
    let daemon = try DaemonProcess(
      name, command[0], Array(command.dropFirst()), environment: environment,
      log: folder.appending(path: "\(name).log"))
    running.withLock { $0.append(daemon) }
    return daemon
  }

  /// The first line of a daemon's log with these words, of all its runs.
  func firstLine(of name: String, containing words: String) -> String? {
    let path = folder.appending(path: "\(name).log").path
    let text = String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    return text.split(separator: "\n").first { $0.contains(words) }.map(String.init)
  }

  /// The newest process of that name.
  func daemon(_ name: String) -> DaemonProcess? {
    running.withLock { daemons in daemons.last { $0.name == name } }
  }

  // MARK: the admin endpoint

  func client() throws -> FleetClient {
    let context = try Context(folder: folder)
    return FleetClient(endpoint: context.endpoint, token: context.token, timeoutSeconds: 10)
  }

  /// The result of a call, nil while nobody listens yet.
  func reachable<Value>(_ call: () async throws -> Value) async throws -> Value? {
    do {
      return try await call()
    } catch let error as ServiceError where error.code == "unreachable" {
      return nil
    } catch is Context.NotThere {
      return nil
    }
  }

  /// Accepts every node's key as soon as it has knocked.
  func acceptAll() async throws {
    for node in nodes {
      let key = try publicKey(of: node)
      _ = try await eventually("\(node) knocks", log: { self.logs }) {
        try await client().pending().contains { $0.publicKey == key } ? true : nil
      }
      try await done(
        client().accept(
          AcceptRequest(name: node, publicKey: key), requestID: FleetClient.newRequestID()))
    }
    for node in nodes {
      _ = try await eventually("\(node) is online", log: { self.logs }) {
        try await client().nodes().contains { $0.name == node && $0.liveness == "online" }
          ? true : nil
      }
    }
  }

  /// The ports that `init` found for the coordinator.
  func ports() throws -> (control: UInt16, data: UInt16) {
    let path = folder.appending(path: "coordinator/coordinator.yaml")
    let text = try String(contentsOf: path, encoding: .utf8)
    func port(_ key: String) throws -> UInt16 {
      let pattern = try Regex("\(key): \"tcp://[^:]+:([0-9]+)\"", as: (Substring, Substring).self)
      guard let port = text.firstMatch(of: pattern).flatMap({ UInt16($0.1) }) else {
        throw NotInTime(what: "a port of \(key)", log: text)
      }
      return port
    }
    return (try port("control"), try port("data"))
  }

  /// The digest of the fleet's model.
  var modelDigest: ContentDigest { BlobStore.digest(of: model.encoded()) }

  /// The signed manifest of the fleet's model, in base 64.
  func signModel() throws -> String {
    let (path, manifest) = (
      folder.appending(path: "model.snn"), folder.appending(path: "model.manifest")
    )
    try Data(model.encoded()).write(to: path)
    let outcome = try Programs.run(
      Programs.tool,
      [
        "model", "sign", path.path, "--manifest", manifest.path, "--release-counter", "1", "--key",
        folder.appending(path: "operator/publisher.key").path,
      ])
    guard outcome.status == 0 else { throw NotInTime(what: "sign", log: outcome.errors) }
    return try Data(contentsOf: manifest).base64EncodedString()
  }

  /// Signs and pushes the fleet's model, or another one, and returns its digest.
  func push(_ other: CompiledModel? = nil) async throws -> ContentDigest {
    let model = other ?? model
    let path = folder.appending(path: "model.snn")
    try Data(model.encoded()).write(to: path)
    let outcome = try Programs.run(
      Programs.tool,
      [
        "model", "push", path.path, "--key",
        folder.appending(path: "operator/publisher.key").path, "--context",
        folder.appending(path: "operator/context.yaml").path,
      ])
    guard outcome.status == 0 else { throw NotInTime(what: "push", log: outcome.errors) }
    return BlobStore.digest(of: model.encoded())
  }

  /// Deploys to every node and waits until all serve it.
  func deploy(_ digest: ContentDigest) async throws {
    try await done(
      client().deploy(
        DeployRequest(model: digest.hex, nodes: []), requestID: FleetClient.newRequestID()))
    _ = try await eventually("all nodes serve the model", log: { self.logs }) {
      let nodes = try await client().nodes()
      return nodes.allSatisfy { $0.phase == "active" && $0.observedModel == digest.hex }
        ? true : nil
    }
  }

  func startJob(
    _ name: String, _ model: ContentDigest, rounds: UInt32, samples: UInt32 = 100,
    deadlineMilliseconds: UInt32 = 60_000, strategy: Strategy = .fedAvg,
    compression: UpdateCompression = .dense
  ) async throws {
    try await done(
      client().startJob(
        JobSpecification(
          name: name, model: model.hex, rounds: rounds, samplesPerRound: samples, nodes: nodes,
          minimumReports: nodes.count, deadlineMilliseconds: deadlineMilliseconds, attemptsMax: 2,
          maxRegression: 100, seed: 5, strategy: strategy, compression: compression,
          keptModels: 1_000),
        requestID: FleetClient.newRequestID()))
  }

  func job(_ name: String) async throws -> JobView? {
    try await client().jobs().first { $0.specification.name == name }
  }

  /// The job once it has ended.
  func endOfJob(_ name: String) async throws -> JobView {
    try await eventually("job \(name) ends", within: 120, log: { self.logs }) {
      guard let job = try await reachable({ try await self.job(name) }) ?? nil else { return nil }
      return job.state == "running" ? nil : job
    }
  }

  func publicKey(of node: String) throws -> String {
    try NodeKeys.load(folder: folder, node: node).publicKey.z85
  }

  private func done(_ answer: CommandView) throws {
    guard answer.done else { throw NotInTime(what: answer.code, log: answer.detail) }
  }
}

/// Ports of fleets that run side by side: drawn ones would be drawn twice now and then.
private enum FleetPorts {
  /// Below those from which outgoing connections get theirs.
  private static let range = 20_000..<32_000
  private static let used = Mutex(Int.random(in: 0..<4_000))

  /// Settings with three ports that no other fleet of this process has.
  static func next() -> [String] {
    let fleet = used.withLock { count in
      count += 1
      return count
    }
    let first = range.lowerBound + fleet * 3 % range.count
    return [
      "--control-port", "\(first)", "--data-port", "\(first + 1)", "--admin-port", "\(first + 2)",
    ]
  }
}
