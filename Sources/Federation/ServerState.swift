/// What a strategy keeps from round to round, besides the model.
///
/// As bytes, little-endian: magic `SPKS`, format version (u32), kind (u8), three zero bytes,
/// buffered updates (u32), layer count (u32), an element count (u32) for each layer; then the
/// first and the second numbers of all layers as float64, as far as the kind has them.
package struct ServerState: Sendable, Equatable {
  /// Which numbers the state holds.
  package enum Kind: UInt8, Sendable, CaseIterable {
    /// None.
    case none = 0
    /// The first: m, the momentum.
    case momentum = 1
    /// The first, m, and the second, v, which are never negative.
    case moments = 2
    /// The first: c, the control variate.
    case control = 3
    /// The first: the sum of the deltas that wait.
    case buffer = 4

    /// Numbers for each element: 0, 1 or 2.
    var numbers: Int { self == .none ? 0 : self == .moments ? 2 : 1 }
  }

  /// Which numbers the state holds.
  package var kind: Kind
  /// Updates that wait in the buffer.
  package var buffered: UInt32 = 0
  /// The first number of each element by layer, in the unit of the steps' worth.
  package var first: [[Double]] = []
  /// The second number of each element by layer, in the square of that unit.
  package var second: [[Double]] = []

  /// The state of a strategy that keeps nothing, and of any before its first round.
  package static let none = ServerState(kind: .none)

  /// A state without numbers yet.
  init(kind: Kind) { self.kind = kind }

  /// The only format this build reads and writes.
  package static let formatVersion: UInt32 = 1
  /// Bytes in front of the element counts.
  package static let headerBytes = 20
  /// Layers that a state may have.
  package static let layersMax = ModelUpdate.layersMax
  private static let magic: [UInt8] = [0x53, 0x50, 0x4B, 0x53]

  /// The bytes that are stored; equal states have equal bytes.
  package func encoded() -> [UInt8] {
    var bytes = Self.magic
    let elements = first.reduce(0) { $0 + $1.count }
    bytes.reserveCapacity(Self.headerBytes + 4 * first.count + 8 * kind.numbers * elements)
    func append(_ value: some FixedWidthInteger) {
      withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
    append(Self.formatVersion)
    bytes += [kind.rawValue, 0, 0, 0]
    append(buffered)
    append(UInt32(first.count))
    for layer in first { append(UInt32(layer.count)) }
    for layer in first + second { for value in layer { append(value.bitPattern) } }
    return bytes
  }

  /// Reads a state; any bytes at all either make one or throw, and nothing traps.
  ///
  /// Memory is taken only after the byte count was found to be what the element counts promise.
  package init(reading bytes: [UInt8]) throws(AggregationError) {
    guard bytes.count >= Self.headerBytes, bytes[0..<4].elementsEqual(Self.magic) else {
      throw .stateFormat("\(bytes.count) bytes that do not begin as a state does")
    }
    let version: UInt32 = Self.load(bytes, at: 4)
    guard version == Self.formatVersion else {
      throw .stateFormat("format \(version), this build reads \(Self.formatVersion)")
    }
    guard let kind = Kind(rawValue: bytes[8]), bytes[9..<12].allSatisfy({ $0 == 0 }) else {
      throw .stateFormat("kind \(bytes[8]), or reserved bytes that are not zero")
    }
    self.init(kind: kind)
    buffered = Self.load(bytes, at: 12)
    let layers: UInt32 = Self.load(bytes, at: 16)
    let table = Self.headerBytes + 4 * Int(layers)
    guard layers <= UInt32(Self.layersMax), bytes.count >= table else {
      throw .stateFormat("\(layers) layers in \(bytes.count) bytes, limit \(Self.layersMax)")
    }
    guard kind == .buffer || buffered == 0, kind != .none || layers == 0 else {
      throw .stateFormat("a \(kind) state with \(buffered) buffered updates, \(layers) layers")
    }
    let counts = (0..<Int(layers)).map { layer -> Int in
      let count: UInt32 = Self.load(bytes, at: Self.headerBytes + 4 * layer)
      return Int(count)
    }
    let elements = counts.reduce(0, +)
    guard bytes.count - table == 8 * kind.numbers * elements else {
      throw .stateFormat("\(bytes.count) bytes, \(elements) elements of a \(kind) state promised")
    }
    var offset = table
    first = try Self.numbers(bytes, &offset, counts, least: -.greatestFiniteMagnitude)
    if kind.numbers == 2 { second = try Self.numbers(bytes, &offset, counts, least: 0) }
  }

  private static func numbers(
    _ bytes: [UInt8], _ offset: inout Int, _ counts: [Int], least: Double
  ) throws(AggregationError) -> [[Double]] {
    var layers: [[Double]] = []
    for count in counts {
      let start = offset
      let values = (0..<count).map { Double(bitPattern: load(bytes, at: start + 8 * $0)) }
      guard values.allSatisfy({ $0.isFinite && $0 >= least }) else {
        throw .stateFormat("layer \(layers.count) has a number that is not finite or too small")
      }
      layers.append(values)
      offset += 8 * count
    }
    return layers
  }

  private static func load<Value: FixedWidthInteger>(_ bytes: [UInt8], at offset: Int) -> Value {
    bytes.withUnsafeBytes {
      Value(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Value.self))
    }
  }
}
