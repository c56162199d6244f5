import CompiledModel
import Crypto
package import FleetCore
package import FleetProtocol

/// Holds a pushed model against its signed manifest before the coordinator takes it.
package enum ModelIntake {
  /// The record of a published model, once every fact of its manifest holds for these bytes.
  package static func published(
    manifest envelope: [UInt8], bytes: [UInt8], root: TrustRoot, at now: Instant
  ) throws(IntakeError) -> ModelRecord {
    let manifest: WireManifest
    do {
      manifest = try root.publishedManifest(envelope)
    } catch {
      throw .trust(error)
    }
    guard now.microseconds < Int64(clamping: manifest.expiresUs) else {
      throw .trust(
        .expired(
          what: "manifest of \(manifest.name.prefix(64))",
          expiredMicroseconds: manifest.expiresUs, nowMicroseconds: now.microseconds))
    }
    try check(manifest, bytes)
    return try record(manifest, envelope: envelope, published: nil, at: now)
  }

  /// The record of a manifest whose facts were checked or made here.
  static func record(
    _ manifest: WireManifest, envelope: [UInt8], published: ContentDigest?, at now: Instant
  ) throws(IntakeError) -> ModelRecord {
    guard let name = Identifier(manifest.name) else {
      throw .mismatch(
        field: "name", found: String(manifest.name.prefix(80)),
        expected: "[a-z0-9][a-z0-9._-]{0,62}")
    }
    guard let digest = ContentDigest(manifest.modelDigest),
      let structure = ContentDigest(manifest.structureDigest),
      let price = ContentDigest(manifest.priceDigest)
    else {
      throw .mismatch(field: "digests", found: "not 32 bytes each", expected: "SHA-256")
    }
    let payload = SignedDocument.payload(of: envelope)
    guard let manifestDigest = ContentDigest(SHA256.hash(data: payload)) else {
      preconditionFailure("SHA-256 gave other than 32 bytes")
    }
    return ModelRecord(
      name: name, releaseCounter: manifest.releaseCounter, digest: digest,
      manifestDigest: manifestDigest, manifest: envelope, structureDigest: structure,
      priceDigest: price, size: manifest.size, chips: manifest.chips, addedAt: now,
      published: published)
  }

  private static func check(_ manifest: WireManifest, _ bytes: [UInt8]) throws(IntakeError) {
    let digest = [UInt8](SHA256.hash(data: bytes))
    guard manifest.modelDigest.elementsEqual(digest) else {
      throw .mismatch(
        field: "model digest", found: hex(digest), expected: hex(manifest.modelDigest))
    }
    guard manifest.size == UInt64(bytes.count), bytes.count <= Limits.modelBytesMax else {
      throw .mismatch(
        field: "size", found: "\(bytes.count) bytes",
        expected: "\(manifest.size) bytes, at most \(Limits.modelBytesMax)")
    }
    guard manifest.chunkSize == UInt32(Limits.chunkBytes),
      manifest.chunkDigests.map({ [UInt8]($0) }) == ModelPublisher.chunkDigests(of: bytes)
    else {
      throw .mismatch(
        field: "chunk digests", found: "others",
        expected: "SHA-256 of each \(Limits.chunkBytes) bytes")
    }
    let model: CompiledModel
    do {
      model = try CompiledModel(reading: bytes)
    } catch {
      throw .unreadable("\(error)")
    }
    guard manifest.name == model.name else {
      throw .mismatch(
        field: "name", found: String(manifest.name.prefix(80)), expected: model.name)
    }
    guard manifest.chips == [model.chip] else {
      throw .mismatch(
        field: "chips", found: manifest.chips.prefix(4).joined(separator: ", "),
        expected: model.chip)
    }
    guard manifest.structureDigest.elementsEqual(model.structureDigest) else {
      throw .mismatch(
        field: "structure digest", found: hex(manifest.structureDigest),
        expected: hex(model.structureDigest))
    }
    guard manifest.priceDigest.elementsEqual(model.prices.digest) else {
      throw .mismatch(
        field: "price digest", found: hex(manifest.priceDigest),
        expected: hex(model.prices.digest))
    }
  }

  private static func hex(_ bytes: some Sequence<UInt8>) -> String {
    ContentDigest(bytes)?.short ?? "not 32 bytes"
  }
}

/// Why the coordinator does not take a model.
package enum IntakeError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The manifest is not believed.
  case trust(TrustError)
  /// A fact of the manifest does not hold.
  case mismatch(field: String, found: String, expected: String)
  /// The bytes are no compiled model of this format.
  case unreadable(String)

  /// Stable code.
  package var code: String {
    switch self {
    case .trust(let error): error.code
    case .mismatch: "manifest-mismatch"
    case .unreadable: "model-unreadable"
    }
  }

  package var description: String {
    switch self {
    case .trust(let error): "manifest: \(error)"
    case .mismatch(let field, let found, let expected):
      "manifest and model disagree on \(field): found \(found), expected \(expected); push the "
        + "model and the manifest that was made of it"
    case .unreadable(let reason): "compiled model: \(reason); compile and push it again"
    }
  }
}
