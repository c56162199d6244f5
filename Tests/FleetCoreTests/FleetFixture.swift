import Crypto
import FleetCore
import FleetProtocol

/// Fixed keys, a root file that names them, and models signed with them.
enum FleetFixture {
  static let root = key(1)
  static let publisher = key(2)
  static let deploy = key(3)
  static let federation = key(4)
  static let stranger = key(9)

  static let chip = "loihi-learn"
  /// Noon of a day in 2025.
  static let noon = Instant(microseconds: 1_750_000_000_000_000)
  static let farAway: UInt64 = 4_000_000_000_000_000

  static let trustRoot: TrustRoot = {
    let keys: [TrustRole: [[UInt8]]] = [
      .root: [root.publicKey], .publisher: [publisher.publicKey], .deploy: [deploy.publicKey],
      .federation: [federation.publicKey],
    ]
    let envelope = TrustRoot.makeEnvelope(
      version: 1, expiresMicroseconds: farAway, keys: keys, signers: [root])
    guard let trusted = try? TrustRoot(envelope: envelope) else {
      preconditionFailure("the root file of the tests is sound")
    }
    return trusted
  }()

  static func key(_ number: UInt8) -> SigningKey {
    guard let key = SigningKey(seed: [UInt8](repeating: number, count: 32)) else {
      preconditionFailure("32 bytes make a key")
    }
    return key
  }

  static func digest(_ bytes: [UInt8]) -> ContentDigest {
    guard let digest = ContentDigest(SHA256.hash(data: bytes)) else {
      preconditionFailure("SHA-256 has 32 bytes")
    }
    return digest
  }

  static func identifier(_ text: String) -> Identifier {
    guard let identifier = Identifier(text) else { preconditionFailure("'\(text)' is a name") }
    return identifier
  }

  /// `count` bytes that follow from some numbers alone.
  static func bytes(_ count: Int, from parts: [UInt8]) -> [UInt8] {
    let block = [UInt8](SHA256.hash(data: parts))
    return (0..<count).map { block[$0 % 32] ^ UInt8(truncatingIfNeeded: $0 >> 5) }
  }

  static func publicKey(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: "k", count: 40 - digits.count) + digits
  }
}

/// A model with its bytes, its manifest and the record that the coordinator keeps of it.
struct FixtureModel {
  var bytes: [UInt8]
  var manifest: WireManifest
  var envelope: [UInt8]
  var record: ModelRecord

  /// A published model that permits federation; `change` spoils the manifest before it is signed.
  static func published(
    _ name: String = "digits", counter: UInt64 = 3, size: Int = 70_000, seed: UInt8 = 0,
    signer: SigningKey = FleetFixture.publisher, change: (inout WireManifest) -> Void = { _ in }
  ) -> FixtureModel {
    let bytes = FleetFixture.bytes(size, from: [seed, 77] + Array(name.utf8))
    var manifest = facts(name, counter: counter, bytes: bytes)
    manifest.permit.layers = [0, 1]
    manifest.permit.maxDrift = 65_535
    manifest.permit.untilUs = FleetFixture.farAway
    change(&manifest)
    return FixtureModel(bytes: bytes, manifest: manifest, signer: signer, published: nil)
  }

  /// A federated successor of a published model.
  func successor(
    bytes: [UInt8], of base: FixtureModel? = nil, signer: SigningKey = FleetFixture.federation,
    change: (inout WireManifest) -> Void = { _ in }
  ) -> FixtureModel {
    var manifest = Self.facts(
      record.name.text, counter: record.releaseCounter, bytes: bytes)
    manifest.provenance.baseDigest = wireBytes((base ?? self).record.digest.bytes)
    manifest.provenance.publishedDigest = wireBytes(record.digest.bytes)
    change(&manifest)
    return FixtureModel(
      bytes: bytes, manifest: manifest, signer: signer, published: record.digest)
  }

  private static func facts(
    _ name: String, counter: UInt64, bytes: [UInt8]
  ) -> WireManifest {
    var manifest = WireManifest()
    manifest.name = name
    manifest.releaseCounter = counter
    manifest.modelDigest = wireBytes(FleetFixture.digest(bytes).bytes)
    manifest.size = UInt64(bytes.count)
    manifest.chunkSize = UInt32(Limits.chunkBytes)
    manifest.chunkDigests = chunks(of: bytes).map {
      wireBytes(FleetFixture.digest($0).bytes)
    }
    manifest.structureDigest = wireBytes([UInt8](repeating: 5, count: 32))
    manifest.priceDigest = wireBytes([UInt8](repeating: 6, count: 32))
    manifest.chips = [FleetFixture.chip]
    manifest.expiresUs = FleetFixture.farAway
    return manifest
  }

  static func chunks(of bytes: [UInt8]) -> [[UInt8]] {
    stride(from: 0, to: bytes.count, by: Limits.chunkBytes).map {
      Array(bytes[$0..<min($0 + Limits.chunkBytes, bytes.count)])
    }
  }

  private init(
    bytes: [UInt8], manifest: WireManifest, signer: SigningKey, published: ContentDigest?
  ) {
    self.bytes = bytes
    self.manifest = manifest
    let payload = SignedDocument.encoded(manifest)
    envelope = SignedDocument.sign(payload, as: .manifest, with: [signer])
    guard let digest = ContentDigest(manifest.modelDigest),
      let structure = ContentDigest(manifest.structureDigest),
      let price = ContentDigest(manifest.priceDigest)
    else { preconditionFailure("the digests of a fixture have 32 bytes") }
    record = ModelRecord(
      name: FleetFixture.identifier(manifest.name), releaseCounter: manifest.releaseCounter,
      digest: digest, manifestDigest: FleetFixture.digest(payload), manifest: envelope,
      structureDigest: structure, priceDigest: price, size: manifest.size,
      chips: manifest.chips, addedAt: FleetFixture.noon, published: published)
  }

  /// A signed desired state for a node; `change` spoils the order before it is signed.
  func desired(
    _ node: Identifier, _ generation: Generation, base: FixtureModel? = nil,
    signer: SigningKey = FleetFixture.deploy, change: (inout WireOrder) -> Void = { _ in }
  ) -> WireDesiredState {
    var order = WireOrder()
    order.nodeID = node.text
    order.generation = generation.wire
    order.manifestDigest = wireBytes(record.manifestDigest.bytes)
    order.expiresUs = FleetFixture.farAway
    change(&order)
    var desired = WireDesiredState()
    desired.generation = generation.wire
    desired.order = wireBytes(
      SignedDocument.sign(SignedDocument.encoded(order), as: .order, with: [signer]))
    desired.manifest = wireBytes(envelope)
    desired.baseManifest = wireBytes(base?.envelope ?? [])
    return desired
  }
}
