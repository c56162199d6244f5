/// Appends bytes, varints and fields of up to 64 bits; little-endian, fields from the low bit up.
struct PackedWriter {
  private(set) var bytes: [UInt8] = []
  private var pending: UInt64 = 0
  private var pendingBits = 0

  /// Writes a byte; bits that were begun are filled up with zeros.
  mutating func byte(_ value: UInt8) {
    align()
    bytes.append(value)
  }

  /// Writes seven bits a byte, low ones first; the high bit says that more follow.
  mutating func varint(_ value: UInt64) {
    align()
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  mutating func text(_ value: some Collection<UInt8>) {
    varint(UInt64(value.count))
    bytes.append(contentsOf: value)
  }

  /// Writes the lowest `width` bits of a value, 0 to 64.
  mutating func bits(_ value: UInt64, width: Int) {
    precondition((0...64).contains(width), "a field of \(width) bits")
    var (rest, left) = (value, width)
    while left > 0 {
      let taken = min(left, 8 - pendingBits)
      pending |= (rest & ((1 << UInt64(taken)) - 1)) << UInt64(pendingBits)
      pendingBits += taken
      rest >>= UInt64(taken)
      left -= taken
      if pendingBits == 8 { align() }
    }
  }

  mutating func align() {
    guard pendingBits > 0 else { return }
    bytes.append(UInt8(truncatingIfNeeded: pending))
    (pending, pendingBits) = (0, 0)
  }
}

/// Reads what `PackedWriter` wrote; nil past the end, whatever the bytes are.
struct PackedReader {
  private let bytes: [UInt8]
  private var position = 0
  private var bit = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { bit == 0 && position == bytes.count }
  /// Bytes that are left.
  var left: Int { bytes.count - position }

  mutating func byte() -> UInt8? {
    align()
    guard position < bytes.count else { return nil }
    defer { position += 1 }
    return bytes[position]
  }

  mutating func varint() -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), through: 63, by: 7) {
      guard let next = byte() else { return nil }
      value |= UInt64(next & 0x7F) << shift
      if next < 0x80 { return value }
    }
    return nil
  }

  mutating func text(longest: Int) -> [UInt8]? {
    guard let count = varint(), count <= UInt64(longest), Int(count) <= left else { return nil }
    defer { position += Int(count) }
    return Array(bytes[position..<position + Int(count)])
  }

  mutating func bits(width: Int) -> UInt64? {
    guard (0...64).contains(width) else { return nil }
    var value: UInt64 = 0
    var done = 0
    while done < width {
      guard position < bytes.count else { return nil }
      let taken = min(width - done, 8 - bit)
      let field = UInt64(bytes[position]) >> UInt64(bit) & ((1 << UInt64(taken)) - 1)
      value |= field << UInt64(done)
      done += taken
      bit += taken
      if bit == 8 { align() }
    }
    return value
  }

  mutating func align() {
    guard bit > 0 else { return }
    bit = 0
    position += 1
  }
}
