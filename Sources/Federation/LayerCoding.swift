/// The layers of an update as bytes: a table, then the elements of each layer in the same order.
///
/// An entry of the table, little-endian: layer index (u32), element count (u32), encoding (u8),
/// exponent (i8), two zero bytes; from format 2 on also the bytes that the elements take (u32).
/// The elements by encoding:
///
/// - 0, 1, 2: `count` of int16, int32 or float32;
/// - 3: scale (u16), then `count` of int8;
/// - 4: indices carried (u32), scale (u16, zero unless int8), encoding of the carried elements
///   (u8: 0, 1 or 3), parameter of the `RiceCode` (u8), the coded indices, the carried elements;
/// - 5: scale (u16), then one bit an element from the lowest bit of each byte up, 1 for down.
enum LayerCoding {
  /// Whether format 1 can carry these layers.
  static func isDense(_ layers: [LayerDelta]) -> Bool { layers.allSatisfy { $0.encoding <= 2 } }

  /// Adds table and elements in a format.
  static func append(_ layers: [LayerDelta], format: UInt32, to bytes: inout [UInt8]) {
    let elements = layers.map(\.elementBytes)
    bytes.reserveCapacity(
      bytes.count + layers.count * entryBytes(format) + elements.reduce(0) { $0 + $1.count })
    for (layer, elements) in zip(layers, elements) {
      bytes.append(integer: layer.layer)
      bytes.append(integer: UInt32(layer.values.count))
      bytes += [layer.encoding, UInt8(bitPattern: layer.exponent), 0, 0]
      if format >= 2 { bytes.append(integer: UInt32(elements.count)) }
    }
    for elements in elements { bytes += elements }
  }

  /// Reads `count` layers up to the end of the bytes.
  ///
  /// The sizes in the table are added up and held against what is there before any element is
  /// read; what is read takes memory in proportion to its bytes, whatever the table says.
  static func read(
    _ count: Int, format: UInt32, from reader: inout ByteReader
  ) throws(FormatError) -> [LayerDelta] {
    var layers: [LayerDelta] = []
    for entry in try entries(count, format: format, from: &reader, of: reader.left) {
      var own = ByteReader(try reader.take(entry.size))
      layers.append(
        LayerDelta(
          layer: entry.layer, exponent: entry.exponent, values: try entry.values(from: &own)))
      try own.end()
    }
    return layers
  }

  /// Reads the table of an update that has `size` bytes of table and elements in all.
  static func entries(
    _ count: Int, format: UInt32, from reader: inout ByteReader, of size: Int
  ) throws(FormatError) -> [Entry] {
    guard min(reader.left, size) >= count * entryBytes(format) else {
      throw FormatError("\(size) bytes end inside the table of \(count) layers")
    }
    var entries: [Entry] = []
    // 1,024 layers of 2^32 elements of 4 bytes stay far below 2^63.
    var (promised, elements) = (0, 0)
    for index in 0..<count {
      let entry = try Entry(index, format: format, from: &reader)
      promised += entry.size
      elements += entry.count
      entries.append(entry)
    }
    let left = size - count * entryBytes(format)
    guard left == promised else {
      throw FormatError("\(left) bytes of elements, the layer table promises \(promised)")
    }
    guard elements <= ModelUpdate.elementsMax else {
      throw FormatError("\(elements) elements, limit \(ModelUpdate.elementsMax)")
    }
    return entries
  }

  static func entryBytes(_ format: UInt32) -> Int { format >= 2 ? 16 : 12 }

  /// One layer of the table.
  struct Entry {
    var layer: UInt32
    var count: Int
    var encoding: UInt8
    var exponent: Int8
    var size: Int

    init(_ index: Int, format: UInt32, from reader: inout ByteReader) throws(FormatError) {
      layer = try reader.integer()
      let count: UInt32 = try reader.integer()
      self.count = Int(count)
      encoding = try reader.integer()
      exponent = try reader.integer()
      guard encoding <= (format >= 2 ? 5 : 2) else {
        throw FormatError("layer entry \(index): encoding \(encoding)")
      }
      let reserved: UInt16 = try reader.integer()
      guard reserved == 0 else {
        throw FormatError("layer entry \(index): reserved bytes are not zero")
      }
      size = self.count * (encoding == 0 ? 2 : 4)
      guard format >= 2 else { return }
      let size: UInt32 = try reader.integer()
      self.size = Int(size)
    }

    func values(from reader: inout ByteReader) throws(FormatError) -> LayerDelta.Values {
      switch encoding {
      case 0: return .int16(try reader.integers(count))
      case 1: return .int32(try reader.integers(count))
      case 2:
        let patterns: [UInt32] = try reader.integers(count)
        return .float32(patterns.map { Float(bitPattern: $0) })
      case 3: return .int8(scale: try scale(from: &reader), try reader.integers(count))
      case 4: return .sparse(try sparse(from: &reader))
      default:
        let scale: UInt16 = try reader.integer()
        // Padding is held to be zero by comparing the bytes with what would be written.
        let bits = try reader.take((count + 7) / 8)
        return .sign(scale: scale, (0..<count).map { bits[$0 >> 3] >> UInt8($0 & 7) & 1 == 1 })
      }
    }

    private func scale(from reader: inout ByteReader) throws(FormatError) -> UInt16 {
      let scale: UInt16 = try reader.integer()
      guard (1...LayerDelta.Values.scaleMax).contains(scale) else {
        throw FormatError("layer \(layer): scale \(scale), 1 to \(LayerDelta.Values.scaleMax)")
      }
      return scale
    }

    private func sparse(from reader: inout ByteReader) throws(FormatError) -> SparseElements {
      let wanted: UInt32 = try reader.integer()
      let (kept, scale): (Int, UInt16) = (Int(wanted), try reader.integer())
      let (form, parameter): (UInt8, UInt8) = (try reader.integer(), try reader.integer())
      guard let width = [0: 2, 1: 4, 3: 1][form] else {
        throw FormatError("layer \(layer): encoding \(form) of the carried elements")
      }
      let isScale = form == 3 ? (1...LayerDelta.Values.scaleMax).contains(scale) : scale == 0
      guard isScale else { throw FormatError("layer \(layer): scale \(scale)") }
      guard kept <= count, kept * width <= reader.left else {
        throw FormatError("layer \(layer): \(kept) of \(count) elements in \(reader.left) bytes")
      }
      let code = try reader.take(reader.left - kept * width)
      let indices = try RiceCode.decode(code, kept: kept, parameter: parameter, below: count)
      let values: LayerDelta.Values =
        switch form {
        case 0: .int16(try reader.integers(kept))
        case 1: .int32(try reader.integers(kept))
        default: .int8(scale: scale, try reader.integers(kept))
        }
      return SparseElements(count: count, indices: indices, values: values)
    }
  }
}

extension LayerDelta {
  fileprivate var encoding: UInt8 {
    switch values {
    case .int16: 0
    case .int32: 1
    case .float32: 2
    case .int8: 3
    case .sparse: 4
    case .sign: 5
    }
  }

  fileprivate var elementBytes: [UInt8] {
    var bytes: [UInt8] = []
    switch values {
    case .int16(let values): bytes.append(integers: values)
    case .int32(let values): bytes.append(integers: values)
    case .float32(let values): bytes.append(integers: values.map(\.bitPattern))
    case .int8(let scale, let values):
      bytes.append(integer: scale)
      bytes += values.map { UInt8(bitPattern: $0) }
    case .sparse(let elements):
      let kept = LayerDelta(layer: layer, exponent: exponent, values: elements.values)
      var carried = kept.elementBytes
      var scale: UInt16 = 0
      if case .int8(let own, _) = elements.values {
        scale = own
        carried.removeFirst(2)
      }
      let code = RiceCode.encode(elements.indices)
      bytes.append(integer: UInt32(elements.indices.count))
      bytes.append(integer: scale)
      bytes += [kept.encoding, code.parameter] + code.bytes + carried
    case .sign(let scale, let isDown):
      bytes.append(integer: scale)
      var bits = [UInt8](repeating: 0, count: (isDown.count + 7) / 8)
      for (index, isDown) in isDown.enumerated() where isDown {
        bits[index >> 3] |= 1 << UInt8(index & 7)
      }
      bytes += bits
    }
    return bytes
  }
}
