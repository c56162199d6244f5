import FleetCore
import FleetProtocol

/// The keys that fuzzer and seeds share, and documents that one of them signed.
enum TrustKeys {
  static let root = key(1)
  static let publisher = key(2)
  static let deploy = key(3)
  static let federation = key(4)
  static let farAway: UInt64 = 4_000_000_000_000_000

  private static func key(_ number: UInt8) -> SigningKey {
    guard let key = SigningKey(seed: [UInt8](repeating: number, count: 32)) else {
      preconditionFailure("32 bytes make a key")
    }
    return key
  }

  static func rootFile(_ version: UInt64) -> [UInt8] {
    TrustRoot.makeEnvelope(
      version: version, expiresMicroseconds: farAway,
      keys: [
        .root: [root.publicKey], .publisher: [publisher.publicKey], .deploy: [deploy.publicKey],
        .federation: [federation.publicKey],
      ], signers: [root])
  }

  static let trusted: TrustRoot = {
    do { return try TrustRoot(envelope: rootFile(1)) } catch { preconditionFailure("\(error)") }
  }()

  /// A manifest that a node believes.
  static var manifest: WireManifest {
    var manifest = WireManifest()
    manifest.name = "digits"
    manifest.releaseCounter = 3
    manifest.modelDigest = wireBytes([UInt8](repeating: 7, count: 32))
    manifest.size = 70_000
    manifest.chunkSize = UInt32(Limits.chunkBytes)
    manifest.chunkDigests = [8, 9].map { wireBytes([UInt8](repeating: $0, count: 32)) }
    manifest.structureDigest = wireBytes([UInt8](repeating: 5, count: 32))
    manifest.priceDigest = wireBytes([UInt8](repeating: 6, count: 32))
    manifest.chips = ["loihi-learn"]
    manifest.expiresUs = farAway
    manifest.permit.layers = [0, 1]
    manifest.permit.maxDrift = 65_535
    manifest.permit.untilUs = farAway
    return manifest
  }

  static var generation: WireGeneration { Generation(epoch: 1, number: 1).wire }

  static var order: WireOrder {
    var order = WireOrder()
    order.nodeID = "node-a"
    order.generation = generation
    order.manifestDigest = wireBytes([UInt8](repeating: 1, count: 32))
    order.issuedUs = 5
    order.expiresUs = farAway
    order.allowRollbackTo = 2
    return order
  }

  static var timestamp: WireTimestamp {
    var timestamp = WireTimestamp()
    timestamp.snapshot = generation
    timestamp.rootVersion = 1
    timestamp.issuedUs = 1_750_000_000_000_000
    timestamp.expiresUs = farAway
    return timestamp
  }
}
