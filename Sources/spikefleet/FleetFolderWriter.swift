import FleetProtocol
import Foundation
import Workbench
import ZeroMQTransport

/// Writes a new fleet: keys, signed root files and settings, all of it or nothing.
struct FleetFolderWriter {
  let folder: FleetFolder
  let nodes: [String]
  let rootDays: Int

  /// What was made, for the operator to compare.
  struct Written: Encodable {
    /// One node's key.
    struct Node: Encodable {
      var name: String
      var publicKey: String
      var fingerprint: String
      var settings: String
    }

    var folder: String
    var context: String
    var coordinatorSettings: String
    var coordinatorPublicKey: String
    var control: String
    var data: String
    var admin: String
    var nodes: [Node]
  }

  /// Refuses a folder that already holds any part of a fleet.
  func write(_ settings: FleetFolderSettings) throws -> Written {
    let manager = FileManager.default
    for part in FleetFolder.parts {
      let path = folder.path + "/" + part
      guard !manager.fileExists(atPath: path) else {
        throw CommandFailure(
          "\(path): found a fleet already, expected none; name another folder or move it away")
      }
    }
    let staged = FleetFolder(path: folder.path + "/.init-\(UUID().uuidString.lowercased())")
    do {
      let written = try stage(settings, in: staged)
      for part in FleetFolder.parts {
        try manager.moveItem(
          atPath: staged.path + "/" + part, toPath: folder.path + "/" + part)
      }
      try manager.removeItem(atPath: staged.path)
      return written
    } catch let error as CocoaError {
      try? manager.removeItem(atPath: staged.path)
      throw CommandFailure(
        "\(folder.path): cannot be written (\(error.localizedDescription)); make room, or name a "
          + "folder that this user may write")
    } catch {
      try? manager.removeItem(atPath: staged.path)
      throw error
    }
  }

  private func stage(_ settings: FleetFolderSettings, in staged: FleetFolder) throws -> Written {
    let folders = FleetFolder.parts.map { staged.path + "/" + $0 } + nodes.map(staged.agent)
    for path in folders {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o700])
    }
    let root = try signedRoot(in: staged)
    let coordinator = try CurveKeyPair.generate()
    try CurveKeyFile(path: staged.coordinatorCurveKey).save(coordinator)
    var settings = settings
    settings.coordinatorPublicKey = coordinator.publicKey.z85
    try write(settings.context, to: staged.context)
    try write(settings.coordinator, to: staged.coordinatorSettings)
    try Data(root).write(to: URL(filePath: staged.coordinatorRoot))
    var made: [Written.Node] = []
    for node in nodes {
      let pair = try CurveKeyPair.generate()
      try CurveKeyFile(path: staged.agentCurveKey(node)).save(pair)
      try write(pair.publicKey.z85 + "\n", to: staged.agentPublicKey(node))
      try write(settings.agent(node), to: staged.agentSettings(node))
      try Data(root).write(to: URL(filePath: staged.agentRoot(node)))
      made.append(
        Written.Node(
          name: node, publicKey: pair.publicKey.z85, fingerprint: pair.publicKey.fingerprint.text,
          settings: folder.agentSettings(node)))
    }
    return Written(
      folder: folder.path, context: folder.context,
      coordinatorSettings: folder.coordinatorSettings,
      coordinatorPublicKey: coordinator.publicKey.z85,
      control: "tcp://\(settings.host):\(settings.controlPort)",
      data: "tcp://\(settings.host):\(settings.dataPort)",
      admin: "127.0.0.1:\(settings.adminPort)", nodes: made)
  }

  /// Makes the four signing keys and the root file that names them.
  private func signedRoot(in staged: FleetFolder) throws -> [UInt8] {
    let root = SigningKey()
    var keys: [TrustRole: [[UInt8]]] = [.root: [root.publicKey]]
    try SigningKeyFile(path: staged.rootKey).save(root)
    for (role, path) in [
      (TrustRole.publisher, staged.publisherKey), (.deploy, staged.deployKey),
      (.federation, staged.federationKey),
    ] {
      let key = SigningKey()
      try SigningKeyFile(path: path).save(key)
      keys[role] = [key.publicKey]
    }
    let expires = Date().addingTimeInterval(Double(rootDays) * 86_400)
    return TrustRoot.makeEnvelope(
      version: 1, expiresMicroseconds: UInt64(expires.timeIntervalSince1970 * 1_000_000),
      keys: keys, signers: [root])
  }

  private func write(_ text: String, to path: String) throws {
    try Data(text.utf8).write(to: URL(filePath: path))
  }
}
