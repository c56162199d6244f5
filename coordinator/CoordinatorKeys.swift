import FleetProtocol
import Foundation
import Synchronization
import Workbench
import ZeroMQTransport

/// The secrets and the root file that the coordinator starts with.
struct CoordinatorKeys {
  let curve: CurveKeyPair
  let signing: OnlineKeys
  let root: TrustRoot
  /// The root file as it lies on the disk.
  let rootEnvelope: [UInt8]

  init(_ settings: CoordinatorConfiguration) throws {
    curve = try CurveKeyFile(path: settings.curveKeyFile).load()
    root = try RootFile(path: settings.rootFile).load()
    rootEnvelope = [UInt8](try Data(contentsOf: URL(filePath: settings.rootFile)))
    signing = OnlineKeys(
      deploy: SigningKeyring(path: settings.deployKeyFile, role: .deploy),
      federation: SigningKeyring(path: settings.federationKeyFile, role: .federation))
  }
}

/// The keys that the coordinator signs with: those that the root file in force names.
final class OnlineKeys: Sendable {
  /// Keys by role, all of which sign.
  struct Chosen {
    var deploy: [SigningKey]
    var federation: [SigningKey]
  }

  private let deploy: SigningKeyring
  private let federation: SigningKeyring
  private let chosen = Mutex(Chosen(deploy: [], federation: []))

  init(deploy: SigningKeyring, federation: SigningKeyring) {
    self.deploy = deploy
    self.federation = federation
  }

  /// Throws where a root file asks for keys that are not at hand; nothing changes.
  func check(_ root: TrustRoot) throws {
    _ = try deploy.keys(named: root)
    _ = try federation.keys(named: root)
  }

  /// Signs with the keys of this root file from now on.
  func use(_ root: TrustRoot) throws {
    let keys = Chosen(
      deploy: try deploy.keys(named: root), federation: try federation.keys(named: root))
    chosen.withLock { $0 = keys }
  }

  /// The keys in use.
  var current: Chosen { chosen.withLock { $0 } }
}
