internal import Crypto

/// An Ed25519 key pair that signs documents.
///
/// The secret half is never printed.
package struct SigningKey: Sendable, CustomStringConvertible {
  /// The 32 secret bytes, as they are kept in a key file.
  package let seed: [UInt8]
  /// The raw public key, 32 bytes.
  package let publicKey: [UInt8]

  /// A fresh key from the system's cryptographic generator.
  package init() {
    let key = Curve25519.Signing.PrivateKey()
    seed = [UInt8](key.rawRepresentation)
    publicKey = [UInt8](key.publicKey.rawRepresentation)
  }

  /// The key of 32 secret bytes; nil for any other length.
  package init?(seed: [UInt8]) {
    guard seed.count == 32 else { return nil }
    do {
      let key = try Curve25519.Signing.PrivateKey(rawRepresentation: seed)
      self.seed = seed
      publicKey = [UInt8](key.publicKey.rawRepresentation)
    } catch {
      return nil
    }
  }

  /// SHA-256 of the raw public key: how an envelope names its signer.
  package var id: [UInt8] { Self.id(of: publicKey) }

  package var description: String { "signing key \(Hex.text(id.prefix(8)))" }

  /// SHA-256 of a raw public key.
  package static func id(of publicKey: [UInt8]) -> [UInt8] {
    [UInt8](SHA256.hash(data: publicKey))
  }

  /// The signature of a message, 64 bytes; nil when the library refuses.
  func signature(of message: [UInt8]) -> [UInt8]? {
    do {
      let key = try Curve25519.Signing.PrivateKey(rawRepresentation: seed)
      return [UInt8](try key.signature(for: message))
    } catch {
      return nil
    }
  }

  /// True when a public key made this signature of this message.
  static func isValid(_ signature: [UInt8], of message: [UInt8], by publicKey: [UInt8]) -> Bool {
    do {
      let key = try Curve25519.Signing.PublicKey(rawRepresentation: publicKey)
      return key.isValidSignature(signature, for: message)
    } catch {
      return false
    }
  }
}
