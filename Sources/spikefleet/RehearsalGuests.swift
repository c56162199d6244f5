import FleetAPI
import Foundation
import Workbench
import ZeroMQTransport

/// Hollow nodes as guests of a coordinator that runs already, under names that nobody else has.
struct RehearsalGuests: RehearsalStage {
  let path: String
  let models: [String]
  let client: FleetClient
  private let nodes: Int
  private let prefix: String
  private let keys: [CurveKeyPair]

  /// Commands that are on their way at a time.
  private static let width = 16

  var everyone: [String] { (0..<nodes).map(name) }

  func name(_ node: Int) -> String { "\(prefix)-\(node + 1)" }

  /// Asks the coordinator for its root file and its model, and writes the plan.
  init(_ options: SimulateFleetCommand, contextFile: String) async throws {
    var context = ContextOptions()
    context.context = contextFile
    client = try context.client()
    nodes = options.nodes
    prefix = options.prefix ?? "hollow-" + UUID().uuidString.prefix(6).lowercased()
    keys = try (0..<options.nodes).map { _ in try CurveKeyPair.generate() }
    let status = try await client.status()
    guard let root = Data(base64Encoded: try await client.roots().envelope), !root.isEmpty else {
      throw CommandFailure("the coordinator holds no root file; start it with one")
    }
    let model = try await Self.model(options, client)
    models = model.map { [$0.digest] } ?? []
    path =
      FileManager.default.temporaryDirectory
      .appending(path: "spikefleet-guests-\(UUID().uuidString.prefix(8).lowercased())").path
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    do {
      let rootFile = path + "/root.signed"
      try root.write(to: URL(filePath: rootFile))
      let host = URLComponents(string: try FleetContext(path: contextFile).endpoint)?.host
      try HollowPlan(
        coordinatorKey: status.publicKey,
        control: Self.reachable(status.controlAddress, host: host),
        data: Self.reachable(status.dataAddress, host: host), rootFile: rootFile,
        chip: model?.chips.first ?? RehearsalFolder.chip,
        heartbeatMilliseconds: UInt32(options.heartbeatSeconds * 1_000),
        telemetrySeconds: options.telemetrySeconds, flapSeconds: options.flapSeconds,
        nodes: keys.enumerated().map { index, pair in
          HollowPlan.Node(
            name: "\(prefix)-\(index + 1)", secretKey: pair.secretZ85,
            behaviour: options.behaviour(of: index))
        }
      ).write(path + "/plan.json")
    } catch {
      try? FileManager.default.removeItem(atPath: path)
      throw error
    }
  }

  private static func model(
    _ options: SimulateFleetCommand, _ client: FleetClient
  ) async throws -> ModelView? {
    guard let name = options.model else { return nil }
    return try ModelReference.find(name, among: try await client.models())
  }

  /// A coordinator that listens everywhere is found where its admin endpoint is.
  private static func reachable(_ address: String, host: String?) -> String {
    guard let host else { return address }
    for everywhere in ["tcp://0.0.0.0:", "tcp://*:", "tcp://[::]:"]
    where address.hasPrefix(everywhere) {
      return "tcp://\(host):" + address.dropFirst(everywhere.count)
    }
    return address
  }

  /// Binds every key to its name.
  func arrive() async throws {
    try await each { node in
      _ = try await client.accept(
        AcceptRequest(name: name(node), publicKey: keys[node].publicKey.z85),
        requestID: FleetClient.newRequestID()
      ).orThrow()
    }
  }

  /// Revokes every key; names that were never taken are passed over.
  func leave() async throws {
    try await each { node in
      _ = try await client.order(
        NodeRequest(.revoke), node: name(node), requestID: FleetClient.newRequestID())
    }
  }

  private func each(_ body: @escaping @Sendable (Int) async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for node in 0..<nodes {
        if node >= Self.width { try await group.next() }
        group.addTask { try await body(node) }
      }
      try await group.waitForAll()
    }
  }
}
