import Crypto

/// How every key of secure aggregation is made; each is used for one thing only.
enum SecureKeys {
  private static let salt = Array("spikefleet secure aggregation 1".utf8)

  /// A secret of a node for one round, out of its stored one: the same each time it is asked.
  ///
  /// `purpose` and `context` keep secrets apart; each is 32 bytes.
  static func derived(
    _ root: [UInt8], _ purpose: String, round: SecureRound, node: String, context: [UInt8] = []
  ) -> [UInt8] {
    var info: [UInt8] = []
    info.append(name: purpose)
    round.append(to: &info)
    info.append(name: node)
    return expand(SymmetricKey(data: root), salt: salt, info: info + context)
  }

  /// The key that seals the shares of `owner` for `holder`, good for one message.
  static func sealing(
    _ own: Curve25519.KeyAgreement.PrivateKey, _ other: SecureAdvert, owner: String,
    holder: String, roster: [UInt8]
  ) throws(SecureError) -> SymmetricKey {
    SymmetricKey(
      data: try agreed(
        own, other.shareKey, of: other.node, purpose: "share", names: [owner, holder],
        roster: roster))
  }

  /// The key of the mask between two nodes, the same for both; `names` by position.
  static func pairMask(
    _ own: Curve25519.KeyAgreement.PrivateKey, _ other: SecureAdvert, names: [String],
    roster: [UInt8]
  ) throws(SecureError) -> [UInt8] {
    try agreed(
      own, other.maskKey, of: other.node, purpose: "mask", names: names, roster: roster)
  }

  /// The key of a node's own mask, from its seed.
  static func selfMask(seed: [UInt8], roster: [UInt8]) -> [UInt8] {
    expand(SymmetricKey(data: seed), salt: roster, info: Array("self".utf8))
  }

  /// What an owner tells of a secret or of a share of it, which hides it as it is 32 random bytes.
  static func commitment(_ secret: [UInt8], _ purpose: String, round: SecureRound) -> [UInt8] {
    var bytes = salt
    bytes.append(name: purpose)
    round.append(to: &bytes)
    return [UInt8](SHA256.hash(data: bytes + secret))
  }

  /// A private key of 32 bytes, any of which make one.
  static func privateKey(_ bytes: [UInt8]) -> Curve25519.KeyAgreement.PrivateKey {
    do {
      return try Curve25519.KeyAgreement.PrivateKey(rawRepresentation: bytes)
    } catch {
      preconditionFailure("\(bytes.count) bytes are no private key: \(error)")
    }
  }

  private static func agreed(
    _ own: Curve25519.KeyAgreement.PrivateKey, _ publicKey: [UInt8], of node: String,
    purpose: String, names: [String], roster: [UInt8]
  ) throws(SecureError) -> [UInt8] {
    var info: [UInt8] = []
    info.append(name: purpose)
    for name in names { info.append(name: name) }
    let secret: SharedSecret
    do {
      let key = try Curve25519.KeyAgreement.PublicKey(rawRepresentation: publicKey)
      secret = try own.sharedSecretFromKeyAgreement(with: key)
    } catch {
      throw .publicKey(node: node)
    }
    // Points of small order give zero with any private key, and the library lets that pass.
    guard secret.withUnsafeBytes({ $0.contains { $0 != 0 } }) else {
      throw .publicKey(node: node)
    }
    return secret.hkdfDerivedSymmetricKey(
      using: SHA256.self, salt: roster, sharedInfo: info, outputByteCount: 32
    ).withUnsafeBytes { [UInt8]($0) }
  }

  private static func expand(_ key: SymmetricKey, salt: [UInt8], info: [UInt8]) -> [UInt8] {
    HKDF<SHA256>.deriveKey(inputKeyMaterial: key, salt: salt, info: info, outputByteCount: 32)
      .withUnsafeBytes { [UInt8]($0) }
  }
}
