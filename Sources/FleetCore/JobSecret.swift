import Crypto
import FleetProtocol

/// What a job draws from where nobody else may know the draw; it never leaves the database.
///
/// The seed of a job file is no secret: nodes are told it with each offer.
package struct JobSecret: Sendable, Equatable, CustomStringConvertible {
  /// Its length in bytes.
  package static let byteCount = 32
  private static let salt = Array("spikefleet job secret 1".utf8)

  /// The bytes, for the database alone.
  package let bytes: [UInt8]

  /// A secret of 32 bytes; nil for another number of them.
  package init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    self.bytes = bytes
  }

  /// Nothing of the bytes, so that no log or error can hold them.
  package var description: String { "a secret" }

  /// Seed of the draws of cohorts.
  var cohortSeed: [UInt8] { derived("cohort", []) }

  /// Key of the noise on the sum of a sealed set.
  ///
  /// Of the set too: another set under the same round, as after a restored backup, would else get
  /// the same noise, and the difference of both models would have none.
  func noiseKey(of round: RoundKey, sealed: ContentDigest) -> [UInt8] {
    derived("noise", Array(round.description.utf8) + sealed.bytes)
  }

  /// What stands for the hash of a sealed set where others read.
  func seal(of round: RoundKey, sealed: ContentDigest) -> ContentDigest {
    guard
      let digest = ContentDigest(
        derived("seal", Array(round.description.utf8) + sealed.bytes))
    else { preconditionFailure("a key of other than 32 bytes") }
    return digest
  }

  private func derived(_ purpose: String, _ context: [UInt8]) -> [UInt8] {
    let info = [UInt8(purpose.utf8.count)] + Array(purpose.utf8) + context
    return HKDF<SHA256>.deriveKey(
      inputKeyMaterial: SymmetricKey(data: bytes), salt: Self.salt, info: info,
      outputByteCount: Self.byteCount
    ).withUnsafeBytes { [UInt8]($0) }
  }
}
