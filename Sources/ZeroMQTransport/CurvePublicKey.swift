internal import CZeroMQ
internal import Crypto
internal import FleetProtocol

/// The public half of a CURVE key: 32 bytes, written as 40 characters of Z85.
package struct CurvePublicKey: Sendable, Hashable, CustomStringConvertible {
  /// The 32 raw bytes, as the authentication handler sees them.
  package let bytes: [UInt8]

  /// Wraps 32 raw bytes; nil for any other length.
  package init?(bytes: some Collection<UInt8>) {
    guard bytes.count == CurveKeyPair.byteCount else { return nil }
    self.bytes = [UInt8](bytes)
  }

  /// Reads 40 characters of Z85; nil for anything else.
  package init?(z85: String) {
    guard let bytes = Z85.decode(z85) else { return nil }
    self.bytes = bytes
  }

  /// The key as 40 characters of Z85.
  package var z85: String { Z85.encode(bytes) }

  /// The short form that two people compare before a node is accepted.
  package var fingerprint: CurveFingerprint { CurveFingerprint(of: self) }

  package var description: String { z85 }
}

/// The first 64 bits of SHA-256 over a raw public key, as `xxxx-xxxx-xxxx-xxxx`.
package struct CurveFingerprint: Sendable, Hashable, CustomStringConvertible {
  /// Four groups of four lower-case hexadecimal digits.
  package let text: String

  /// The fingerprint of a key.
  package init(of key: CurvePublicKey) {
    let bytes = Array(SHA256.hash(data: key.bytes).prefix(8))
    text = stride(from: 0, to: bytes.count, by: 2).map { Hex.text(bytes[$0..<$0 + 2]) }
      .joined(separator: "-")
  }

  package var description: String { text }
}

/// ZeroMQ's printable form of keys (RFC 32): five characters for four bytes.
enum Z85 {
  /// Exactly one key of 40 characters; nil for other lengths or characters.
  static func decode(_ text: String) -> [UInt8]? {
    guard text.utf8.count == CurveKeyPair.textLength else { return nil }
    var bytes = [UInt8](repeating: 0, count: CurveKeyPair.byteCount)
    guard zmq_z85_decode(&bytes, text) != nil else { return nil }
    // libzmq takes several spellings of one value; only the canonical one is a name.
    return encode(bytes) == text ? bytes : nil
  }

  /// The text of 32 bytes.
  static func encode(_ bytes: [UInt8]) -> String {
    precondition(bytes.count == CurveKeyPair.byteCount, "a key has 32 bytes, not \(bytes.count)")
    var text = [CChar](repeating: 0, count: CurveKeyPair.textLength + 1)
    zmq_z85_encode(&text, bytes, bytes.count)
    return Self.string(text)
  }

  /// The characters before the closing zero.
  static func string(_ characters: [CChar]) -> String {
    String(
      decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
