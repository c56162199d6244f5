import CompiledModel
import Crypto
import Federation
import FleetCore
import FleetProtocol
import Foundation
import NetworkCompiler
import NetworkTraining
import SpikingNetwork
import Workbench

/// A small compiled model with the keys of a fleet: what the tests of trust and merging start from.
struct PublishedModel {
  let model: CompiledModel
  let bytes: [UInt8]
  let publisher = SigningKey()
  let deploy = SigningKey()
  let federation = SigningKey()
  let root: TrustRoot
  static let created: UInt64 = 1_000_000
  static let expires: UInt64 = 9_000_000
  let now = Instant(microseconds: 2_000_000)

  init(weightSeed: UInt64 = 1) throws {
    let template = NetworkTemplate(
      name: "small", inputs: 12, hidden: [6], classes: 3, hiddenDeviation: 0.2,
      outputDeviation: 0.2, weightSeed: weightSeed)
    try self.init(template.network())
  }

  init(_ network: SpikingNetwork) throws {
    let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "fleet-configs/chips/loihi-learn.yaml").path
    let chip = try ChipFile.chip(contentsOf: path)
    model = try NetworkCompiler.compile(network, for: chip).model
    bytes = model.encoded()
    let owner = SigningKey()
    root = try TrustRoot(
      envelope: TrustRoot.makeEnvelope(
        version: 1, expiresMicroseconds: 99_000_000,
        keys: [
          .root: [owner.publicKey], .publisher: [publisher.publicKey],
          .deploy: [deploy.publicKey], .federation: [federation.publicKey],
        ], signers: [owner]))
  }

  func manifest(maxDrift: UInt32 = 65_535) -> WireManifest {
    ModelPublisher.manifest(
      of: model, bytes: bytes, releaseCounter: 3, createdMicroseconds: Self.created,
      expiresMicroseconds: Self.expires,
      permit: ModelPublisher.Permit(
        layers: UpdateDoor.shape(of: model).map { Int($0.layer) }, maxDrift: maxDrift,
        untilMicroseconds: 8_000_000))
  }

  func record(_ manifest: WireManifest) throws -> ModelRecord {
    try ModelIntake.published(
      manifest: ModelPublisher.sign(manifest, with: [publisher]), bytes: bytes, root: root, at: now)
  }
}
