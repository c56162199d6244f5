import Crypto
package import FleetCore
package import FleetProtocol

/// The keys of a simulated fleet; the same in every run, so that a seed gives the same bytes.
enum SimulatedTrust {
  static let root = key(1)
  static let publisher = key(2)
  static let federation = key(4)
  /// Nobody trusts this one.
  static let stranger = key(9)
  static let chip = "loihi-learn"
  /// Noon of a day in 2025: when every run begins.
  static let noon = Instant(microseconds: 1_750_000_000_000_000)
  static let farAway: UInt64 = 4_000_000_000_000_000

  /// What the first machines and the coordinator were installed with.
  static let rootFile = makeRootFile(version: 1)

  /// Each root file has another deploy key.
  static func makeRootFile(version: UInt64) -> [UInt8] {
    TrustRoot.makeEnvelope(
      version: version, expiresMicroseconds: farAway,
      keys: [
        .root: [root.publicKey], .publisher: [publisher.publicKey],
        .deploy: [deployKey(rootVersion: version).publicKey],
        .federation: [federation.publicKey],
      ], signers: [root])
  }

  static func deployKey(rootVersion: UInt64) -> SigningKey {
    key(UInt8(truncatingIfNeeded: 100 + rootVersion))
  }

  static let trustRoot: TrustRoot = {
    do {
      return try TrustRoot(envelope: rootFile)
    } catch {
      preconditionFailure("the root file of the simulation is sound: \(error)")
    }
  }()

  private static func key(_ number: UInt8) -> SigningKey {
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
}

/// A model that only has the shape of one, for fleets of hollow chips.
package struct HollowModel {
  /// Its content.
  package let bytes: [UInt8]
  /// What the coordinator keeps of it.
  package let record: ModelRecord

  /// A published model of that many bytes, signed by a fleet's own publisher.
  package init(
    name: Identifier, release: UInt64, chip: String, size: Int, publisher: SigningKey
  ) {
    var random = SimulationRandom(seed: release)
    bytes = random.bytes(size)
    record =
      SimulatedModel(
        published: name, release: release, chip: chip, bytes: bytes, signer: publisher
      ).record
  }
}

/// Content in the pieces that travel.
struct SimulatedContent {
  let digest: ContentDigest
  let size: UInt64
  let chunks: [[UInt8]]

  init(_ bytes: [UInt8]) {
    digest = SimulatedTrust.digest(bytes)
    size = UInt64(bytes.count)
    chunks = stride(from: 0, to: bytes.count, by: Limits.chunkBytes).map {
      Array(bytes[$0..<min($0 + Limits.chunkBytes, bytes.count)])
    }
  }

  /// The chunks of an order as they are sent.
  func packets(_ order: ChunkOrder) -> [Packet] {
    (0..<order.count).map { place in
      var chunk = WireBlobChunk()
      chunk.digest = wireBytes(order.digest.bytes)
      chunk.index = order.first + place
      return Packet(
        .blobChunk(chunk), version: order.version, session: order.session,
        sequence: order.sequence + UInt64(place), correlation: order.correlation,
        payload: chunks[Int(chunk.index)])
    }
  }
}

/// A model with its content and the record that the coordinator keeps of it.
struct SimulatedModel {
  /// What is wrong with it, and what no node may therefore ever run.
  enum Flaw: CaseIterable {
    case unsigned, expired, otherChip
  }

  let content: SimulatedContent
  let record: ModelRecord

  /// A published model that permits federation.
  init(
    published name: Identifier, release: UInt64, flaw: Flaw? = nil, bytes: [UInt8]
  ) {
    content = SimulatedContent(bytes)
    var manifest = Self.facts(name, release: release, content)
    manifest.permit.layers = [0, 1]
    manifest.permit.maxDrift = 65_535
    manifest.permit.untilUs = SimulatedTrust.farAway
    var signer = SimulatedTrust.publisher
    switch flaw {
    case nil: break
    case .unsigned: signer = SimulatedTrust.stranger
    case .expired:
      // More than any clock is put back.
      manifest.expiresUs = UInt64(SimulatedTrust.noon.microseconds) - 86_400_000_000
    case .otherChip: manifest.chips = ["odin"]
    }
    // The coordinator does not know better: its intake is not part of the core.
    let known = flaw == .otherChip ? [SimulatedTrust.chip] : manifest.chips
    record = Self.record(manifest, signer: signer, chips: known, published: nil)
  }

  /// The model that a round's sealed set makes of its base.
  init(successorOf base: ModelRecord, order: AggregationOrder, bytes: [UInt8]) {
    content = SimulatedContent(bytes)
    var manifest = Self.facts(base.name, release: base.releaseCounter, content)
    manifest.provenance.baseDigest = wireBytes(base.digest.bytes)
    manifest.provenance.publishedDigest = wireBytes(order.published.bytes)
    manifest.provenance.round = order.key.wire
    manifest.provenance.sealedDigest = wireBytes(
      (order.privacy?.seal ?? order.sealedHash).bytes)
    record = Self.record(
      manifest, signer: SimulatedTrust.federation, chips: manifest.chips,
      published: order.published)
  }

  /// A sound model of another fleet.
  init(
    published name: Identifier, release: UInt64, chip: String, bytes: [UInt8], signer: SigningKey
  ) {
    content = SimulatedContent(bytes)
    var manifest = Self.facts(name, release: release, content)
    manifest.chips = [chip]
    record = Self.record(manifest, signer: signer, chips: [chip], published: nil)
  }

  private static func facts(
    _ name: Identifier, release: UInt64, _ content: SimulatedContent
  ) -> WireManifest {
    var manifest = WireManifest()
    manifest.name = name.text
    manifest.releaseCounter = release
    manifest.modelDigest = wireBytes(content.digest.bytes)
    manifest.size = content.size
    manifest.chunkSize = UInt32(Limits.chunkBytes)
    manifest.chunkDigests = content.chunks.map { wireBytes(SimulatedTrust.digest($0).bytes) }
    manifest.structureDigest = wireBytes([UInt8](repeating: 5, count: 32))
    manifest.priceDigest = wireBytes([UInt8](repeating: 6, count: 32))
    manifest.chips = [SimulatedTrust.chip]
    manifest.expiresUs = SimulatedTrust.farAway
    return manifest
  }

  private static func record(
    _ manifest: WireManifest, signer: SigningKey, chips: [String], published: ContentDigest?
  ) -> ModelRecord {
    let payload = SignedDocument.encoded(manifest)
    guard let name = Identifier(manifest.name), let digest = ContentDigest(manifest.modelDigest),
      let structure = ContentDigest(manifest.structureDigest),
      let price = ContentDigest(manifest.priceDigest)
    else { preconditionFailure("the facts of a simulated manifest are sound") }
    return ModelRecord(
      name: name, releaseCounter: manifest.releaseCounter, digest: digest,
      manifestDigest: SimulatedTrust.digest(payload),
      manifest: SignedDocument.sign(payload, as: .manifest, with: [signer]),
      structureDigest: structure, priceDigest: price, size: manifest.size, chips: chips,
      addedAt: SimulatedTrust.noon, published: published)
  }
}
