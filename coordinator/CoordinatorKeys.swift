import FleetProtocol
import Foundation
import Workbench
import ZeroMQTransport

/// The secrets and the root file that the coordinator starts with.
struct CoordinatorKeys {
  let curve: CurveKeyPair
  let deploy: SigningKey
  let federation: SigningKey
  let root: TrustRoot

  init(_ settings: CoordinatorConfiguration) throws {
    curve = try CurveKeyFile(path: settings.curveKeyFile).load()
    deploy = try SigningKeyFile(path: settings.deployKeyFile).load()
    federation = try SigningKeyFile(path: settings.federationKeyFile).load()
    root = try RootFile(path: settings.rootFile).load()
  }
}
