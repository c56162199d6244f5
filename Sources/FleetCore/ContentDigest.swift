import FleetProtocol

/// SHA-256 of some bytes: the only name under which content is stored or asked for.
package struct ContentDigest: Sendable, Hashable, Comparable, Codable,
  CustomStringConvertible
{
  /// The 32 bytes.
  package let bytes: [UInt8]

  /// Wraps 32 bytes; nil for any other length.
  package init?(_ bytes: some Sequence<UInt8>) {
    let array = [UInt8](bytes)
    guard array.count == 32 else { return nil }
    self.bytes = array
  }

  /// Reads 64 hexadecimal digits; nil for anything else.
  package init?(hex: String) {
    let digits = [UInt8](hex.utf8)
    guard digits.count == 64 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(32)
    for index in stride(from: 0, to: 64, by: 2) {
      guard let high = Self.value(of: digits[index]), let low = Self.value(of: digits[index + 1])
      else { return nil }
      bytes.append(high << 4 | low)
    }
    self.bytes = bytes
  }

  private static func value(of digit: UInt8) -> UInt8? {
    switch digit {
    case 0x30...0x39: digit - 0x30
    case 0x61...0x66: digit - 0x61 + 10
    default: nil
    }
  }

  /// 64 lower-case hexadecimal digits.
  package var hex: String { Hex.text(bytes) }

  /// The first 12 digits, enough for a person.
  package var short: String { String(hex.prefix(12)) }

  package var description: String { short }

  package init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let digest = ContentDigest(hex: text) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "'\(text)' is no digest"))
    }
    self = digest
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(hex)
  }

  package static func < (left: ContentDigest, right: ContentDigest) -> Bool {
    left.bytes.lexicographicallyPrecedes(right.bytes)
  }
}
