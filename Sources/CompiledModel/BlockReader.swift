/// Takes the blocks of a file one after another, each where the one before it lets it start.
struct BlockReader {
  private let bytes: [UInt8]
  private var end: Int

  /// Blocks that follow the byte `end`.
  init(_ bytes: [UInt8], after end: Int) {
    self.bytes = bytes
    self.end = end
  }

  /// Reads a block's place from `reader` and gives its bytes, `length` of them.
  mutating func next(
    _ length: Int, _ reader: inout ByteReader, _ field: String
  ) throws(ModelError) -> ArraySlice<UInt8> {
    try block(&reader, field, length: length)
  }

  /// The same for a block of 16-bit numbers whose count is not known yet.
  mutating func nextAny(
    _ reader: inout ByteReader, _ field: String
  ) throws(ModelError) -> ArraySlice<UInt8> {
    try block(&reader, field, length: nil)
  }

  private mutating func block(
    _ reader: inout ByteReader, _ field: String, length: Int?
  ) throws(ModelError) -> ArraySlice<UInt8> {
    let offset = try reader.uint64(field + ".offset")
    let found = try reader.uint64(field + ".bytes")
    let start = FileLayout.roundedUp(end, to: ChipArithmetic.chunkBytes)
    guard offset == UInt64(start) else {
      throw reader.error(field + ".offset", found: "\(offset)", expected: "\(start)")
    }
    // Without a length any even one that the file can hold; a longer one is refused below.
    let length = length ?? Int(min(found, UInt64(bytes.count + 2)) / 2 * 2)
    guard found == UInt64(length) else {
      throw reader.error(field + ".bytes", found: "\(found)", expected: "\(length)")
    }
    guard start <= bytes.count, length <= bytes.count - start else {
      throw reader.error(
        field, found: "\(length) bytes at \(start)", expected: "within \(bytes.count) bytes")
    }
    guard bytes[end..<start].isZero else {
      throw reader.error(field, found: "other bytes before it", expected: "zeros")
    }
    end = start + length
    return bytes[start..<end]
  }

  func finish() throws(ModelError) {
    guard end == bytes.count else {
      throw ModelError(
        section: "file", field: "end", found: "\(bytes.count) bytes", expected: "\(end)")
    }
  }
}
