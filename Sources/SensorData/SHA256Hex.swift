import Crypto

/// SHA-256 as 64 lower-case hexadecimal digits, the way published checksums are written.
enum SHA256Hex {
  static func digest(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef")
    return String(
      SHA256.hash(data: bytes).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
  }

  /// Throws unless `bytes` have this digest.
  static func check(
    _ bytes: [UInt8], is expected: String, place: String, cure: String
  ) throws(SensorDataError) {
    let found = digest(bytes)
    guard found == expected else {
      throw SensorDataError(
        .otherContent, place: place, field: "SHA-256 of the content", found: found,
        expected: expected, cure: cure)
    }
  }
}
