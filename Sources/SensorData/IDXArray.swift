/// An array in the IDX format of the MNIST database: big endian, row-major.
///
/// Two zero bytes, the element type, the number of dimensions, each dimension in 32 bits, elements.
package struct IDXArray: Sendable, Equatable {
  /// Element types that are read; the format knows more.
  package enum ElementType: UInt8, Sendable, CaseIterable {
    /// Unsigned, 8 bits.
    case unsigned8 = 0x08
    /// Signed, 32 bits.
    case signed32 = 0x0C

    /// Bytes of one element.
    package var width: Int { self == .unsigned8 ? 1 : 4 }
  }

  /// Most dimensions that are read.
  package static let dimensionsMax = 4
  /// Most bytes of elements that are read.
  package static let payloadMax = 1 << 28

  /// What the elements are.
  package let elementType: ElementType
  /// Length of each dimension, the slowest first.
  package let dimensions: [Int]
  /// The elements as they lie in the file.
  package let payload: [UInt8]

  /// Takes elements as they lie in a file; their number has to fit the dimensions.
  package init(elementType: ElementType, dimensions: [Int], payload: [UInt8]) {
    precondition(
      (1...Self.dimensionsMax).contains(dimensions.count)
        && dimensions.allSatisfy { (0...Int(UInt32.max)).contains($0) }
        && Self.size(elementType, dimensions) == payload.count,
      "\(payload.count) bytes in an IDX array of \(dimensions) elements of type \(elementType)")
    self.elementType = elementType
    self.dimensions = dimensions
    self.payload = payload
  }

  /// 64-bit numbers as rows of two 32-bit elements, high half first: the bytes of one big-endian
  /// number.
  package init(identifiers: [UInt64]) {
    var payload: [UInt8] = []
    payload.reserveCapacity(identifiers.count * 8)
    for identifier in identifiers { Self.append(identifier, width: 8, to: &payload) }
    self.init(
      elementType: .signed32, dimensions: [identifiers.count, 2], payload: payload)
  }

  /// Reads a whole file's bytes; any byte too few or too many is an error that names `file`.
  package init(reading bytes: [UInt8], file: String) throws(SensorDataError) {
    func broken(_ field: String, _ found: String, _ expected: String) -> SensorDataError {
      SensorDataError(
        .malformed, place: file, field: field, found: found, expected: expected,
        cure: "replace the file, it is damaged or not IDX")
    }
    guard bytes.count >= 4 else {
      throw broken("length", "\(bytes.count) bytes", "at least 4")
    }
    guard bytes[0] == 0, bytes[1] == 0 else {
      throw broken("magic", "\(bytes[0]) \(bytes[1])", "0 0")
    }
    guard let elementType = ElementType(rawValue: bytes[2]) else {
      throw broken("element type", "\(bytes[2])", "8, unsigned bytes, or 12, 32-bit integers")
    }
    let count = Int(bytes[3])
    guard (1...Self.dimensionsMax).contains(count) else {
      throw broken("number of dimensions", "\(count)", "1 to \(Self.dimensionsMax)")
    }
    let start = 4 + 4 * count
    guard bytes.count >= start else {
      throw broken("length", "\(bytes.count) bytes", "at least \(start)")
    }
    let dimensions = (0..<count).map { Int(Self.number(bytes, at: 4 + 4 * $0, width: 4)) }
    guard let size = Self.size(elementType, dimensions), size <= Self.payloadMax else {
      throw broken("dimensions", "\(dimensions)", "at most \(Self.payloadMax) bytes of elements")
    }
    guard bytes.count == start + size else {
      throw broken("length", "\(bytes.count) bytes", "\(start + size) for \(dimensions) elements")
    }
    self.elementType = elementType
    self.dimensions = dimensions
    payload = Array(bytes[start...])
  }

  /// The bytes of a file.
  package var encoded: [UInt8] {
    var bytes: [UInt8] = [0, 0, elementType.rawValue, UInt8(dimensions.count)]
    bytes.reserveCapacity(4 + 4 * dimensions.count + payload.count)
    for dimension in dimensions { Self.append(UInt64(dimension), width: 4, to: &bytes) }
    bytes += payload
    return bytes
  }

  /// The numbers that `init(identifiers:)` wrote, or a plain list of 32-bit ids; else nil.
  package var identifiers: [UInt64]? {
    guard elementType == .signed32 else { return nil }
    switch dimensions.count {
    case 2 where dimensions[1] == 2:
      return (0..<dimensions[0]).map { Self.number(payload, at: 8 * $0, width: 8) }
    case 1:
      let numbers = (0..<dimensions[0]).map { Self.number(payload, at: 4 * $0, width: 4) }
      return numbers.allSatisfy { $0 <= UInt64(Int32.max) } ? numbers : nil
    default:
      return nil
    }
  }

  /// Bytes of all elements; nil if they are beyond counting.
  private static func size(_ type: ElementType, _ dimensions: [Int]) -> Int? {
    var size = type.width
    for dimension in dimensions {
      let (product, overflow) = size.multipliedReportingOverflow(by: dimension)
      guard !overflow else { return nil }
      size = product
    }
    return size
  }

  private static func number(_ bytes: [UInt8], at start: Int, width: Int) -> UInt64 {
    bytes[start..<start + width].reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func append(_ number: UInt64, width: Int, to bytes: inout [UInt8]) {
    for shift in stride(from: 8 * (width - 1), through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(shift)))
    }
  }
}
