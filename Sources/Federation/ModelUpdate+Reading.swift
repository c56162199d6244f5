extension ModelUpdate {
  /// Reads an update; any bytes at all either make one or throw, and nothing traps.
  ///
  /// Memory is taken only after the byte count was found to be what the layer table promises.
  package init(reading bytes: [UInt8]) throws(UpdateError) {
    guard bytes.count >= Self.headerBytes else {
      throw .format("\(bytes.count) bytes, the header alone has \(Self.headerBytes)")
    }
    guard bytes[0..<4].elementsEqual(Self.magic) else {
      throw .format("the first four bytes are not SPKU")
    }
    let version: UInt32 = Self.load(bytes, at: 4)
    guard version == Self.formatVersion else {
      throw .format("format \(version), this build reads \(Self.formatVersion)")
    }
    let layerCount: UInt32 = Self.load(bytes, at: 48)
    guard layerCount <= UInt32(Self.layersMax) else {
      throw .format("\(layerCount) layers, limit \(Self.layersMax)")
    }
    let table = try Self.table(bytes, layers: Int(layerCount))
    var offset = Self.headerBytes + table.count * Self.layerBytes
    var layers: [LayerDelta] = []
    for entry in table {
      let values = Self.values(bytes, at: offset, entry)
      offset += values.byteCount
      layers.append(LayerDelta(layer: entry.layer, exponent: entry.exponent, values: values))
    }
    self.init(
      base: [UInt8](bytes[8..<40]), samples: Self.load(bytes, at: 40),
      correct: Self.load(bytes, at: 44), layers: layers)
  }

  private struct Entry {
    var layer: UInt32
    var count: Int
    var encoding: UInt8
    var exponent: Int8
  }

  private static func table(
    _ bytes: [UInt8], layers: Int
  ) throws(UpdateError) -> [Entry] {
    let start = headerBytes + layers * layerBytes
    guard bytes.count >= start else {
      throw .format("\(bytes.count) bytes end inside the table of \(layers) layers")
    }
    var entries: [Entry] = []
    // 1,024 layers of 2^32 elements of 4 bytes stay far below 2^63.
    var expected = UInt64(start)
    for index in 0..<layers {
      let at = headerBytes + index * layerBytes
      let count: UInt32 = load(bytes, at: at + 4)
      let encoding = bytes[at + 8]
      guard encoding <= 2 else { throw .format("layer entry \(index): encoding \(encoding)") }
      guard bytes[at + 10] == 0, bytes[at + 11] == 0 else {
        throw .format("layer entry \(index): reserved bytes are not zero")
      }
      expected += UInt64(count) * (encoding == 0 ? 2 : 4)
      entries.append(
        Entry(
          layer: load(bytes, at: at), count: Int(count), encoding: encoding,
          exponent: Int8(bitPattern: bytes[at + 9])))
    }
    guard UInt64(bytes.count) == expected else {
      throw .format("\(bytes.count) bytes, the layer table promises \(expected)")
    }
    return entries
  }

  private static func values(
    _ bytes: [UInt8], at offset: Int, _ entry: Entry
  ) -> LayerDelta.Values {
    switch entry.encoding {
    case 0: .int16((0..<entry.count).map { load(bytes, at: offset + 2 * $0) })
    case 1: .int32((0..<entry.count).map { load(bytes, at: offset + 4 * $0) })
    default:
      .float32((0..<entry.count).map { Float(bitPattern: load(bytes, at: offset + 4 * $0)) })
    }
  }

  private static func load<Value: FixedWidthInteger>(_ bytes: [UInt8], at offset: Int) -> Value {
    bytes.withUnsafeBytes {
      Value(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Value.self))
    }
  }
}
