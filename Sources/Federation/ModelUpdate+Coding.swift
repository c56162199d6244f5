extension ModelUpdate {
  private static let magic: [UInt8] = [0x53, 0x50, 0x4B, 0x55]
  private static let version: UInt8 = 1
  private static let headBytes = 52
  private static let layerBytes = 12

  private enum Encoding: UInt8 {
    case int16 = 0
    case int32 = 1
    case float32 = 2

    var width: Int { self == .int16 ? 2 : 4 }
  }

  /// The file's bytes; the same update always gives the same.
  package func encoded() -> [UInt8] {
    var bytes = Self.magic + [Self.version, 0, 0, 0] + base
    Self.store(samples, into: &bytes)
    Self.store(correct, into: &bytes)
    Self.store(UInt32(layers.count), into: &bytes)
    for layer in layers {
      Self.store(UInt32(layer.index), into: &bytes)
      Self.store(UInt32(layer.deltas.count), into: &bytes)
      bytes += [Self.encoding(of: layer.deltas).rawValue, 0, 0, 0]
    }
    for layer in layers { Self.store(layer.deltas, into: &bytes) }
    return bytes
  }

  /// Reads a file; whatever the bytes, it throws or returns.
  package init(reading bytes: [UInt8]) throws(UpdateError) {
    guard bytes.count >= Self.headBytes else {
      throw .format("\(bytes.count) bytes, the head alone has \(Self.headBytes)")
    }
    guard bytes[0..<4].elementsEqual(Self.magic) else { throw .format("no SPKU at the start") }
    guard bytes[4] == Self.version, bytes[5..<8].allSatisfy({ $0 == 0 }) else {
      throw .format("format version \(bytes[4]), this build reads \(Self.version)")
    }
    base = Array(bytes[8..<40])
    samples = Self.load(bytes, 40)
    correct = Self.load(bytes, 44)
    let count = Self.load(bytes, 48)
    guard count <= UInt32(Self.layersMax) else {
      throw .format("\(count) layers, at most \(Self.layersMax)")
    }
    let table = Self.headBytes + Int(count) * Self.layerBytes
    guard bytes.count >= table else { throw .format("the layer table is cut off") }
    var offset = table
    layers = []
    for position in 0..<Int(count) {
      let entry = Self.headBytes + position * Self.layerBytes
      guard let encoding = Encoding(rawValue: bytes[entry + 8]),
        bytes[entry + 9..<entry + 12].allSatisfy({ $0 == 0 })
      else { throw .format("layer \(position) has the unknown encoding \(bytes[entry + 8])") }
      let index = Int(Self.load(bytes, entry))
      let elements = Int(Self.load(bytes, entry + 4))
      guard elements <= (bytes.count - offset) / encoding.width else {
        throw .format("layer \(index) says \(elements) weights, the file ends before them")
      }
      layers.append(
        Layer(index: index, deltas: Self.deltas(bytes, at: offset, elements, encoding)))
      offset += elements * encoding.width
    }
    guard offset == bytes.count else {
      throw .format("\(bytes.count - offset) bytes after the last layer")
    }
  }

  private static func encoding(of deltas: Deltas) -> Encoding {
    switch deltas {
    case .integer(let values):
      values.allSatisfy { Int16(exactly: $0) != nil } ? .int16 : .int32
    case .float: .float32
    }
  }

  private static func store(_ deltas: Deltas, into bytes: inout [UInt8]) {
    switch (encoding(of: deltas), deltas) {
    case (.int16, .integer(let values)):
      for value in values {
        let word = UInt16(bitPattern: Int16(truncatingIfNeeded: value))
        bytes.append(UInt8(truncatingIfNeeded: word))
        bytes.append(UInt8(truncatingIfNeeded: word >> 8))
      }
    case (_, .integer(let values)):
      for value in values { store(UInt32(bitPattern: value), into: &bytes) }
    case (_, .float(let values)):
      for value in values { store(value.bitPattern, into: &bytes) }
    }
  }

  private static func deltas(
    _ bytes: [UInt8], at offset: Int, _ count: Int, _ encoding: Encoding
  ) -> Deltas {
    switch encoding {
    case .int16:
      .integer(
        (0..<count).map { position in
          let at = offset + 2 * position
          return Int32(Int16(bitPattern: UInt16(bytes[at]) | UInt16(bytes[at + 1]) << 8))
        })
    case .int32:
      .integer((0..<count).map { Int32(bitPattern: load(bytes, offset + 4 * $0)) })
    case .float32:
      .float((0..<count).map { Float(bitPattern: load(bytes, offset + 4 * $0)) })
    }
  }

  private static func store(_ value: UInt32, into bytes: inout [UInt8]) {
    for shift in stride(from: UInt32(0), to: 32, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }

  private static func load(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << (8 * UInt32($1)) }
  }
}
