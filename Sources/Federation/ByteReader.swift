/// Takes little-endian values out of bytes that nobody vouches for; nothing traps.
struct ByteReader {
  private let bytes: [UInt8]
  private(set) var offset = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Bytes not taken yet.
  var left: Int { bytes.count - offset }

  /// The next integer.
  mutating func integer<Value: FixedWidthInteger & BitwiseCopyable>() throws(FormatError) -> Value {
    let values: [Value] = try integers(1)
    return values[0]
  }

  /// The next `count` integers; memory is taken only where all their bytes are there.
  mutating func integers<Value: FixedWidthInteger & BitwiseCopyable>(
    _ count: Int
  ) throws(FormatError) -> [Value] {
    let size = Value.bitWidth / 8
    guard count <= left / size else {
      throw FormatError("\(left) bytes are left where \(count) of \(size) bytes belong")
    }
    let start = offset
    offset += count * size
    return [Value](unsafeUninitializedCapacity: count) { values, filled in
      // Both hold `count` values: the guard above, and the capacity asked for.
      bytes.withUnsafeBytes { buffer in
        UnsafeMutableRawBufferPointer(values).copyMemory(
          from: UnsafeRawBufferPointer(rebasing: buffer[start..<offset]))
      }
      for index in 0..<count { values[index] = Value(littleEndian: values[index]) }
      filled = count
    }
  }

  /// The next `count` bytes.
  mutating func take(_ count: Int) throws(FormatError) -> [UInt8] { try integers(count) }

  /// A text of at most 255 bytes of UTF-8 behind its length in one byte.
  mutating func name() throws(FormatError) -> String {
    let count: UInt8 = try integer()
    guard let name = String(validating: try take(Int(count)), as: UTF8.self) else {
      throw FormatError("a name is not UTF-8")
    }
    return name
  }

  /// Refuses bytes that follow the last value.
  func end() throws(FormatError) {
    guard left == 0 else { throw FormatError("\(left) bytes follow the last value") }
  }
}

/// Why bytes are not what they should be.
struct FormatError: Error {
  var detail: String

  init(_ detail: String) { self.detail = detail }
}

extension [UInt8] {
  /// Adds an integer, little-endian.
  mutating func append(integer value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }

  /// Adds many integers, little-endian.
  mutating func append<Value: FixedWidthInteger>(integers values: [Value]) {
    values.map(\.littleEndian).withUnsafeBytes { append(contentsOf: $0) }
  }

  /// Adds a text of at most 255 bytes behind its length in one byte.
  mutating func append(name: String) {
    precondition(name.utf8.count <= 255, "a name of \(name.utf8.count) bytes, at most 255")
    append(UInt8(name.utf8.count))
    append(contentsOf: name.utf8)
  }
}
