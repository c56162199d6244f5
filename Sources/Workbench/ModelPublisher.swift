package import CompiledModel
import Crypto
package import FleetProtocol

/// Turns a compiled model into a manifest that nodes can hold it against, and signs it.
package enum ModelPublisher {
  /// What federation may change of a model unless the publisher says otherwise.
  package struct Permit: Sendable, Equatable {
    /// Plastic connections that may change, by their positions in the model.
    package var layers: [Int]
    /// Largest distance of any learnt weight from the published one, in steps of `w16`.
    package var maxDrift: UInt32
    /// Microseconds since 1970 UTC until which successors may be made.
    package var untilMicroseconds: UInt64

    /// A permit with all its terms.
    package init(layers: [Int], maxDrift: UInt32, untilMicroseconds: UInt64) {
      self.layers = layers
      self.maxDrift = maxDrift
      self.untilMicroseconds = untilMicroseconds
    }
  }

  /// The facts about a model: digests, size, chunks, structure, chip, prices and times.
  ///
  /// - Parameters:
  ///   - bytes: the encoded model, exactly as it will be stored.
  ///   - releaseCounter: nodes refuse a lower one than they have run under this name.
  ///   - createdMicroseconds: microseconds since 1970 UTC.
  ///   - expiresMicroseconds: likewise; no node accepts it later.
  package static func manifest(
    of model: CompiledModel, bytes: [UInt8], releaseCounter: UInt64,
    createdMicroseconds: UInt64, expiresMicroseconds: UInt64, permit: Permit?
  ) -> WireManifest {
    var manifest = WireManifest()
    manifest.name = model.name
    manifest.releaseCounter = releaseCounter
    manifest.modelDigest = wireBytes(SHA256.hash(data: bytes))
    manifest.size = UInt64(bytes.count)
    manifest.chunkSize = UInt32(Limits.chunkBytes)
    manifest.chunkDigests = chunkDigests(of: bytes).map { wireBytes($0) }
    manifest.structureDigest = wireBytes(model.structureDigest)
    manifest.chips = [model.chip]
    manifest.createdUs = createdMicroseconds
    manifest.expiresUs = expiresMicroseconds
    manifest.priceDigest = wireBytes(model.prices.digest)
    if let permit {
      manifest.permit.layers = permit.layers.map { UInt32($0) }
      manifest.permit.maxDrift = permit.maxDrift
      manifest.permit.untilUs = permit.untilMicroseconds
    }
    return manifest
  }

  /// The signed manifest as it travels.
  package static func sign(_ manifest: WireManifest, with keys: [SigningKey]) -> [UInt8] {
    SignedDocument.sign(SignedDocument.encoded(manifest), as: .manifest, with: keys)
  }

  /// SHA-256 of each 64 KiB chunk; the last one may be shorter.
  package static func chunkDigests(of bytes: [UInt8]) -> [[UInt8]] {
    stride(from: 0, to: bytes.count, by: Limits.chunkBytes).map { start in
      let end = min(start + Limits.chunkBytes, bytes.count)
      return [UInt8](SHA256.hash(data: bytes[start..<end]))
    }
  }
}
