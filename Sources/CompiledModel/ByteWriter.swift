/// Appends little-endian fields to bytes.
struct ByteWriter {
  private(set) var bytes: [UInt8] = []

  mutating func uint8(_ value: UInt8) { bytes.append(value) }

  mutating func uint16(_ value: UInt16) { integer(value) }

  mutating func uint32(_ value: UInt32) { integer(value) }

  mutating func uint64(_ value: UInt64) { integer(value) }

  mutating func int16(_ value: Int16) { integer(UInt16(bitPattern: value)) }

  mutating func int32(_ value: Int32) { integer(UInt32(bitPattern: value)) }

  mutating func double(_ value: Double) { integer(value.bitPattern) }

  /// A count or a place that fits 32 bits.
  mutating func count(_ value: Int) { integer(UInt32(value)) }

  /// 1 for a part that follows, 0 for one that is missing.
  mutating func flag(_ isPresent: Bool) { bytes.append(isPresent ? 1 : 0) }

  /// A count of bytes as UInt16, then UTF-8.
  mutating func text(_ value: String) {
    let utf8 = Array(value.utf8)
    precondition(utf8.count <= Int(UInt16.max), "text of \(utf8.count) bytes does not fit a file")
    uint16(UInt16(utf8.count))
    bytes += utf8
  }

  mutating func reserve(_ count: Int) { bytes.reserveCapacity(count) }

  /// Many integers at once.
  mutating func integers<Value: FixedWidthInteger>(_ values: [Value]) {
    if Value.bitWidth == 8 || Value(littleEndian: 1) == 1 {
      values.withUnsafeBytes { bytes.append(contentsOf: $0) }
    } else {
      for value in values { withUnsafeBytes(of: value.littleEndian) { bytes += $0 } }
    }
  }

  mutating func raw(_ value: [UInt8]) { bytes += value }

  mutating func pad(to count: Int) {
    precondition(count >= bytes.count, "cannot pad \(bytes.count) bytes down to \(count)")
    bytes += repeatElement(0, count: count - bytes.count)
  }

  private mutating func integer<Value: FixedWidthInteger & UnsignedInteger>(_ value: Value) {
    var rest = value
    for _ in 0..<(Value.bitWidth / 8) {
      bytes.append(UInt8(truncatingIfNeeded: rest))
      rest >>= 8
    }
  }
}
