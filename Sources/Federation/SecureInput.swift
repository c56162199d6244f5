/// Third phase: a node's weight and weighted deltas under its masks.
///
/// Each word alone is uniform modulo 2^(8 * wordBytes), whatever the values.
package struct SecureInput: Sendable, Equatable {
  /// SHA-256 of the cohort's list.
  package let roster: [UInt8]
  /// The node's position in the list.
  package let node: Int
  /// Positions of the nodes that it shares masks with, itself included.
  package let sharers: [Int]
  /// The masked words, `wordBytes` little-endian bytes each: the weight, then layer by layer.
  package let words: [UInt8]

  /// The bytes that are stored and sent.
  package func encoded() -> [UInt8] { messageBytes }

  /// Reads one; any bytes at all either make one or throw `format`.
  package init(reading bytes: [UInt8]) throws(SecureError) { self = try Self.read(bytes) }

  init(roster: [UInt8], node: Int, sharers: [Int], words: [UInt8]) {
    self.roster = roster
    self.node = node
    self.sharers = sharers
    self.words = words
  }
}

extension SecureInput: SecureMessage {
  static let kind: UInt8 = 5

  func append(to bytes: inout [UInt8]) {
    bytes += roster
    bytes.append(UInt8(node))
    bytes.append(positions: sharers)
    bytes += words
  }

  init(from reader: inout ByteReader) throws(FormatError) {
    roster = try reader.take(32)
    let node: UInt8 = try reader.integer()
    self.node = Int(node)
    sharers = try reader.positions()
    words = try reader.take(reader.left)
  }
}

/// Words modulo 2^(8 * width) that masks are added to and taken from.
struct MaskedWords {
  /// Bytes of a word, 1 to 8.
  let width: Int
  private(set) var words: [UInt64]

  init(width: Int, words: [UInt64]) {
    self.width = width
    self.words = words
  }

  /// `count` words out of their bytes; nil where these are not `count` * `width`.
  init?(width: Int, count: Int, bytes: [UInt8]) {
    guard bytes.count == count * width else { return nil }
    self.width = width
    words = (0..<count).map { word in
      (0..<width).reduce(0) { $0 | UInt64(bytes[word * width + $1]) << UInt64(8 * $1) }
    }
  }

  /// Adds or takes away the mask of a key: uniform words out of its keystream.
  mutating func mask(key: [UInt8], isAdded: Bool) {
    var stream = Keystream(key: key)
    for index in words.indices {
      let mask = stream.word(bytes: width)
      words[index] = isAdded ? words[index] &+ mask : words[index] &- mask
    }
  }

  /// Adds the words of another node.
  mutating func add(_ other: MaskedWords) {
    for index in words.indices { words[index] &+= other.words[index] }
  }

  /// The words as bytes, `width` each: what is above them is dropped, as the modulus has it.
  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(words.count * width)
    for word in words {
      for place in 0..<width { bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(8 * place))) }
    }
    return bytes
  }

  /// The words as numbers with a sign, from -2^(8 * width - 1) up.
  var signed: [Int64] {
    let unused = UInt64(64 - 8 * width)
    return words.map { Int64(bitPattern: $0 << unused) >> Int64(unused) }
  }
}
