import Crypto

/// Bytes nobody can tell from chance without the key: ChaCha20 (RFC 8439) under a single-use key.
///
/// Sequential: the same key and the same questions give the same answers.
///
/// The cryptographic library has no bare stream cipher, so the bytes are zeros sealed with
/// ChaCha20-Poly1305, their tag dropped, under nonces that count blocks up from zero. That is
/// sound as long as a key is never used for anything else.
package struct Keystream: Sendable {
  private static let blockBytes = 16_384
  private let key: SymmetricKey
  private var block: [UInt8] = []
  private var used = 0
  private var number: UInt64 = 0

  /// The bytes of a key of 32 bytes.
  package init(key: [UInt8]) {
    precondition(key.count == 32, "a key of \(key.count) bytes, expected 32")
    self.key = SymmetricKey(data: key)
  }

  /// The next `count` bytes, 1 to 8, as a little-endian number.
  package mutating func word(bytes count: Int) -> UInt64 {
    var value: UInt64 = 0
    for place in 0..<count { value |= UInt64(byte()) << UInt64(8 * place) }
    return value
  }

  /// The next `count` bytes, up to 16, as a little-endian number.
  private mutating func number(bytes count: Int) -> UInt128 {
    var value: UInt128 = 0
    for place in 0..<count { value |= UInt128(byte()) << UInt128(8 * place) }
    return value
  }

  /// The next `count` bytes.
  package mutating func take(_ count: Int) -> [UInt8] { (0..<count).map { _ in byte() } }

  /// A number below `limit`, which is at least 1: exactly uniform, by drawing again.
  package mutating func below(_ limit: UInt128) -> UInt128 {
    let bits = UInt128.bitWidth - (limit - 1).leadingZeroBitCount
    let mask: UInt128 = bits == 128 ? .max : (1 << UInt128(bits)) - 1
    while true {
      let drawn = number(bytes: (bits + 7) / 8) & mask
      if drawn < limit { return drawn }
    }
  }

  private mutating func byte() -> UInt8 {
    if used == block.count { refill() }
    defer { used += 1 }
    return block[used]
  }

  private mutating func refill() {
    var nonce = [UInt8](repeating: 0, count: 4)
    nonce.append(integer: number)
    do {
      let box = try ChaChaPoly.seal(
        [UInt8](repeating: 0, count: Self.blockBytes), using: key,
        nonce: try ChaChaPoly.Nonce(data: nonce))
      block = [UInt8](box.ciphertext)
    } catch {
      preconditionFailure("a block of \(Self.blockBytes) zeros was not sealed: \(error)")
    }
    number += 1
    used = 0
  }
}
