package import FleetProtocol

/// A compiled model the coordinator can serve: the facts of its signed manifest.
package struct ModelRecord: Sendable, Equatable {
  /// Name from the manifest.
  package var name: Identifier
  /// Release counter from the manifest.
  package var releaseCounter: UInt64
  /// SHA-256 of the compiled model's bytes.
  package var digest: ContentDigest
  /// SHA-256 of the manifest payload: what an order names.
  package var manifestDigest: ContentDigest
  /// The signed manifest exactly as it was pushed.
  package var manifest: [UInt8]
  /// Equal for all models that differ in weights only.
  package var structureDigest: ContentDigest
  /// The price table that the model's chip carries.
  package var priceDigest: ContentDigest
  /// Size in bytes.
  package var size: UInt64
  /// Chips the model fits.
  package var chips: [String]
  /// When the coordinator stored it.
  package var addedAt: Instant
  /// For a federated successor, the published model whose manifest permits it; nil otherwise.
  package var published: ContentDigest?
  /// Energy of an inference on the coordinator's check data, by the model's own price table; nil
  /// where there were no data to try it on.
  package var nanojoulesPerInference: UInt64?

  /// A record with all its facts.
  package init(
    name: Identifier, releaseCounter: UInt64, digest: ContentDigest,
    manifestDigest: ContentDigest, manifest: [UInt8], structureDigest: ContentDigest,
    priceDigest: ContentDigest, size: UInt64, chips: [String], addedAt: Instant,
    published: ContentDigest? = nil, nanojoulesPerInference: UInt64? = nil
  ) {
    self.nanojoulesPerInference = nanojoulesPerInference
    self.name = name
    self.releaseCounter = releaseCounter
    self.digest = digest
    self.manifestDigest = manifestDigest
    self.manifest = manifest
    self.structureDigest = structureDigest
    self.priceDigest = priceDigest
    self.size = size
    self.chips = chips
    self.addedAt = addedAt
    self.published = published
  }
}
