import Crypto

/// What nodes and coordinator say to each other in secure aggregation.
///
/// As bytes, little-endian: magic `SPKM`, format version 1 (u8), kind (u8), then the fields in
/// their order. Names are UTF-8 behind their length in one byte.
protocol SecureMessage {
  /// Tells the messages apart.
  static var kind: UInt8 { get }
  /// Adds the fields.
  func append(to bytes: inout [UInt8])
  /// Reads the fields.
  init(from reader: inout ByteReader) throws(FormatError)
}

extension SecureMessage {
  /// The bytes that are stored and sent.
  var messageBytes: [UInt8] {
    var bytes = secureMagic + [1, Self.kind]
    append(to: &bytes)
    return bytes
  }

  /// SHA-256 of the bytes.
  var digest: [UInt8] { [UInt8](SHA256.hash(data: messageBytes)) }

  /// Reads a message; any bytes at all either make one or throw `format`.
  static func read(_ bytes: [UInt8]) throws(SecureError) -> Self {
    do throws(FormatError) {
      var reader = ByteReader(bytes)
      let head = try reader.take(6)
      guard head == secureMagic + [1, kind] else {
        throw FormatError("a head of \(head), expected SPKM, 1, \(kind)")
      }
      let message = try Self(from: &reader)
      try reader.end()
      return message
    } catch {
      throw .format(error.detail)
    }
  }
}

private let secureMagic: [UInt8] = [0x53, 0x50, 0x4B, 0x4D]

extension ByteReader {
  /// Positions in a cohort, strictly increasing, behind how many there are (u8).
  mutating func positions() throws(FormatError) -> [Int] {
    let count: UInt8 = try integer()
    let positions = try take(Int(count)).map { Int($0) }
    guard zip(positions, positions.dropFirst()).allSatisfy({ $0 < $1 }) else {
      throw FormatError("positions do not rise")
    }
    return positions
  }
}

extension [UInt8] {
  /// Adds positions in a cohort, each below 255, behind how many there are (u8).
  mutating func append(positions: [Int]) {
    append(UInt8(positions.count))
    append(contentsOf: positions.map { UInt8($0) })
  }
}
