import Federation
import Testing

@Suite struct KeystreamTests {
  private func key(_ seed: UInt64) -> [UInt8] {
    var random = SplitMix(state: seed)
    return (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) }
  }

  /// RFC 8439, appendix A.1, vector 2: the block of counter 1 under a key and a nonce of zeros.
  @Test func `the first bytes are those of the standard's example`() {
    var stream = Keystream(key: [UInt8](repeating: 0, count: 32))
    let bytes = stream.take(64)
    let text = bytes.map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }.joined()
    #expect(
      text == "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
        + "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f")
  }

  @Test func `words are the bytes in little-endian order, past the end of a block too`() {
    var (words, bytes) = (Keystream(key: key(1)), Keystream(key: key(1)))
    for width in [1, 3, 8, 5, 2, 7, 4, 6] {
      for _ in 0..<3_000 {
        let expected = bytes.take(width).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        #expect(words.word(bytes: width) == expected)
      }
    }
  }

  /// Flower's masks never have the top value.
  @Test func `words of one byte are uniform, zero and the top value included`() {
    let seed: UInt64 = 0x70B
    var stream = Keystream(key: key(seed))
    var counts = [Double](repeating: 0, count: 256)
    for _ in 0..<256_000 { counts[Int(stream.word(bytes: 1))] += 1 }
    let chiSquare = counts.reduce(0) { $0 + ($1 - 1_000) * ($1 - 1_000) / 1_000 }
    print("seed \(seed): chi-square \(chiSquare) at 255 degrees")
    #expect((150...380).contains(chiSquare))
  }

  @Test func `blocks do not repeat, and keys that fold to the same 32 bits are unlike`() {
    var folded = key(2)
    folded[3] ^= 8
    folded[31] ^= 8
    var (one, other) = (Keystream(key: key(2)), Keystream(key: folded))
    let (bytes, others) = (one.take(80_000), other.take(80_000))
    // 80,000 / 256 = 312 by chance, give or take 18.
    let same = { (left: ArraySlice<UInt8>, right: ArraySlice<UInt8>) in
      zip(left, right).filter { $0.0 == $0.1 }.count
    }
    #expect(same(bytes[...], others[...]) < 420)
    for distance in [64, 4_096, 16_384, 32_768] {
      #expect(same(bytes[...], bytes[distance...]) < 420)
    }
  }

  @Test func `numbers below a limit are uniform and reach its ends`() {
    var stream = Keystream(key: key(3))
    #expect(stream.below(1) == 0)
    for limit: UInt128 in [2, 3, 6, 200, 256, 257] {
      var counts = [Double](repeating: 0, count: Int(limit))
      let expected = 2_000.0
      for _ in 0..<(2_000 * Int(limit)) { counts[Int(stream.below(limit))] += 1 }
      let chiSquare = counts.reduce(0) { $0 + ($1 - expected) * ($1 - expected) / expected }
      let degrees = Double(limit) - 1
      #expect(abs(chiSquare - degrees) < 5 * (2 * degrees).squareRoot())
    }
    let large = UInt128(1) << 100 + 1
    #expect((0..<1_000).allSatisfy { _ in stream.below(large) < large })
    #expect((0..<1_000).contains { _ in stream.below(large) > large / 2 })
  }
}
