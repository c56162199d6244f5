import FleetAPI
import FleetCore
import FleetProtocol
import FleetSimulation
import FleetStore
import Foundation
import Workbench
import ZeroMQTransport

/// The temporary folder of a simulated fleet: its coordinator's state, and the plan of its nodes.
struct RehearsalFolder: RehearsalStage {
  static let chip = "loihi-learn"
  let fleet: FleetFolder
  /// Digests of the models that are deployed in turn.
  let models: [String]

  var path: String { fleet.path }
  var everyone: [String] { [] }

  /// Writes everything that a coordinator and the workers start from.
  init(_ options: SimulateFleetCommand) throws {
    let path = FileManager.default.temporaryDirectory
      .appending(path: "spikefleet-fleet-\(UUID().uuidString.prefix(8).lowercased())").path
    fleet = FleetFolder(path: path)
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    do {
      let ports = try LoopbackPorts.free(3, host: "127.0.0.1")
      let written = try FleetFolderWriter(folder: fleet, nodes: [], rootDays: 30).write(
        FleetFolderSettings(
          host: "127.0.0.1", controlPort: ports[0], dataPort: ports[1], adminPort: ports[2],
          coordinatorPublicKey: "", chip: Self.chip, inferencesPerSecond: 50,
          telemetrySeconds: max(1, options.telemetrySeconds),
          heartbeatMilliseconds: options.heartbeatSeconds * 1_000))
      try Self.dropCheckData(of: fleet)
      let keys = try (0..<options.nodes).map { _ in try CurveKeyPair.generate() }
      models = try Self.fillState(fleet, keys, options)
      try Self.plan(written, fleet, keys, options).write(fleet.path + "/plan.json")
    } catch {
      try? FileManager.default.removeItem(atPath: path)
      throw error
    }
  }

  /// Hollow chips learn nothing that would have to be judged.
  private static func dropCheckData(of fleet: FleetFolder) throws {
    let url = URL(filePath: fleet.coordinatorSettings)
    let lines = try String(contentsOf: url, encoding: .utf8).split(
      separator: "\n", omittingEmptySubsequences: false)
    let kept = lines.filter { !$0.hasPrefix("checkData:") }
    try Data(kept.joined(separator: "\n").utf8).write(to: url)
  }

  func name(_ node: Int) -> String { Self.name(node) }

  private static func name(_ node: Int) -> String { "hollow-\(node + 1)" }

  /// Accepted nodes and models, as if an operator had accepted and pushed them one by one.
  private static func fillState(
    _ fleet: FleetFolder, _ keys: [CurveKeyPair], _ options: SimulateFleetCommand
  ) throws -> [String] {
    let publisher = try SigningKeyFile(path: fleet.publisherKey).load()
    guard let name = Identifier("hollow") else { preconditionFailure("'hollow' is a name") }
    let models = (1...2).map { release in
      HollowModel(
        name: name, release: UInt64(release), chip: chip, size: options.modelBytes,
        publisher: publisher)
    }
    let state = fleet.path + "/coordinator/state"
    let store = try FleetStore(folder: state)
    let blobs = try BlobStore(folder: state)
    var changes: [FleetChange] = []
    for (node, pair) in keys.enumerated() {
      guard let id = Identifier(Self.name(node)) else { continue }
      let key = pair.publicKey.z85
      changes.append(
        .nodeAccepted(NodeRecord(id: id, publicKey: key, acceptedAt: WallClock.now())))
    }
    for model in models {
      try blobs.put(model.bytes)
      changes.append(.modelAdded(model.record))
    }
    try store.commit(changes)
    return models.map(\.record.digest.hex)
  }

  private static func plan(
    _ written: FleetFolderWriter.Written, _ fleet: FleetFolder, _ keys: [CurveKeyPair],
    _ options: SimulateFleetCommand
  ) -> HollowPlan {
    let nodes = keys.enumerated().map { index, pair in
      HollowPlan.Node(
        name: name(index), secretKey: pair.secretZ85, behaviour: options.behaviour(of: index))
    }
    return HollowPlan(
      coordinatorKey: written.coordinatorPublicKey, control: written.control, data: written.data,
      rootFile: fleet.coordinatorRoot, chip: chip,
      heartbeatMilliseconds: UInt32(options.heartbeatSeconds * 1_000),
      telemetrySeconds: options.telemetrySeconds, flapSeconds: options.flapSeconds, nodes: nodes)
  }
}
