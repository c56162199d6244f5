/// Takes little-endian fields from bytes and never reads past their end.
struct ByteReader {
  private let bytes: ArraySlice<UInt8>
  private var position: Int
  let section: String

  init(_ bytes: [UInt8], section: String) {
    self.init(bytes[...], section: section)
  }

  init(_ bytes: ArraySlice<UInt8>, section: String) {
    self.bytes = bytes
    self.section = section
    position = bytes.startIndex
  }

  mutating func uint8(_ field: String) throws(ModelError) -> UInt8 {
    try integer(field)
  }

  mutating func uint16(_ field: String) throws(ModelError) -> UInt16 {
    try integer(field)
  }

  mutating func uint32(_ field: String) throws(ModelError) -> UInt32 {
    try integer(field)
  }

  mutating func uint64(_ field: String) throws(ModelError) -> UInt64 {
    try integer(field)
  }

  mutating func int16(_ field: String) throws(ModelError) -> Int16 {
    Int16(bitPattern: try integer(field))
  }

  mutating func int32(_ field: String) throws(ModelError) -> Int32 {
    Int32(bitPattern: try integer(field))
  }

  /// Any pattern of bits, infinities and what is no number included.
  mutating func double(_ field: String) throws(ModelError) -> Double {
    Double(bitPattern: try integer(field))
  }

  /// Many integers; there is no room for them before the bytes are seen to be there.
  mutating func int32s(_ count: Int, _ field: String) throws(ModelError) -> [Int32] {
    try take(count * 4, field).integers(as: Int32.self)
  }

  /// Whether a part follows.
  mutating func flag(_ field: String) throws(ModelError) -> Bool {
    let value = try uint8(field)
    guard value <= 1 else { throw error(field, found: "\(value)", expected: "0 or 1") }
    return value == 1
  }

  /// A UInt32 that is within a range.
  mutating func count(_ field: String, _ range: ClosedRange<Int>) throws(ModelError) -> Int {
    let value = Int(try uint32(field))
    guard range.contains(value) else {
      throw error(
        field, found: "\(value)", expected: "\(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  mutating func text(_ field: String, bytesMax: Int) throws(ModelError) -> String {
    let count = Int(try uint16(field))
    guard count <= bytesMax else {
      throw error(field, found: "\(count) bytes", expected: "at most \(bytesMax)")
    }
    let slice = try take(count, field)
    guard let text = String(validating: slice, as: UTF8.self) else {
      throw error(field, found: "bytes that are no text", expected: "UTF-8")
    }
    return text
  }

  mutating func take(_ count: Int, _ field: String) throws(ModelError) -> ArraySlice<UInt8> {
    guard count >= 0, count <= bytes.endIndex - position else {
      throw error(
        field, found: "\(bytes.endIndex - position) bytes left", expected: "\(count) bytes")
    }
    defer { position += count }
    return bytes[position..<position + count]
  }

  func finish() throws(ModelError) {
    guard position == bytes.endIndex else {
      throw error("end", found: "\(bytes.endIndex - position) bytes too many", expected: "none")
    }
  }

  func error(_ field: String, found: String, expected: String) -> ModelError {
    ModelError(section: section, field: field, found: found, expected: expected)
  }

  private mutating func integer<Value: FixedWidthInteger & UnsignedInteger>(
    _ field: String
  ) throws(ModelError) -> Value {
    var value: Value = 0
    var shift = 0
    for byte in try take(Value.bitWidth / 8, field) {
      value |= Value(byte) << Value(shift)
      shift += 8
    }
    return value
  }
}
