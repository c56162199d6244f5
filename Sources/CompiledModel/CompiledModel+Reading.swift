extension CompiledModel {
  /// Reads what `encoded()` wrote and checks that the chip can run it.
  ///
  /// Whatever the bytes, it throws or gives a model that is safe to run; it never traps.
  package init(reading bytes: [UInt8]) throws(ModelError) {
    let sections = try Self.sections(of: bytes)
    var meta = ByteReader(sections[0], section: "meta")
    let name = try meta.text("name", bytesMax: 63)
    let chip = try meta.text("chip", bytesMax: 63)
    let steps = try meta.count("steps", 1...Self.stepsMax)
    let inputs = try meta.count("inputs", 1...Self.sizeMax)
    let kind = try meta.uint8("encoder")
    guard kind == 0 else {
      throw meta.error("encoder", found: "\(kind)", expected: "0, Bernoulli")
    }
    let seed = try meta.uint64("encoder seed")
    let column = try meta.count("port column", 0...Self.meshMax)
    let row = try meta.count("port row", 0...Self.meshMax)
    try meta.finish()

    self.init(
      name: name, chip: chip, steps: steps, inputs: inputs, input: .bernoulli(seed: seed),
      port: MeshPlace(column: column, row: row),
      layers: try Self.layers(from: sections[2], file: bytes),
      cores: try Self.cores(from: sections[1]),
      prices: try PriceTable(reading: Array(sections[3])),
      timing: try Self.timing(from: sections[4]))
    try validate()
    // Padding, offsets and whatever else has only one right value.
    guard encoded() == bytes else {
      throw ModelError(
        section: "file", field: "bytes", found: "an odd layout",
        expected: "the one layout of this model")
    }
  }

  private static func sections(of bytes: [UInt8]) throws(ModelError) -> [ArraySlice<UInt8>] {
    var header = ByteReader(bytes, section: "header")
    let magic = try header.take(magic.count, "magic")
    guard magic.elementsEqual(Self.magic) else {
      throw header.error("magic", found: "other bytes", expected: "SFMODEL")
    }
    let version = try header.uint16("version")
    guard version == formatVersion else {
      throw header.error("version", found: "\(version)", expected: "\(formatVersion)")
    }
    let count = try header.uint16("section count")
    guard Int(count) == tags.count else {
      throw header.error("section count", found: "\(count)", expected: "\(tags.count)")
    }
    _ = try header.count("header bytes", headerBytes...headerBytes)
    let size = try header.uint64("file bytes")
    guard size == UInt64(bytes.count) else {
      throw header.error("file bytes", found: "\(bytes.count)", expected: "\(size)")
    }
    var sections: [ArraySlice<UInt8>] = []
    for tag in tags {
      guard try header.take(4, "\(tag) tag").elementsEqual(tag.utf8) else {
        throw header.error("\(tag) tag", found: "another tag", expected: tag)
      }
      _ = try header.uint32("\(tag) reserved")
      let offset = try header.uint64("\(tag) offset")
      let length = try header.uint64("\(tag) length")
      sections.append(try slice(bytes, offset, length, header, "\(tag) offset"))
    }
    return sections
  }

  private static func slice(
    _ bytes: [UInt8], _ offset: UInt64, _ length: UInt64, _ reader: ByteReader, _ field: String
  ) throws(ModelError) -> ArraySlice<UInt8> {
    let (end, overflow) = offset.addingReportingOverflow(length)
    guard !overflow, end <= UInt64(bytes.count) else {
      throw reader.error(
        field, found: "\(offset) + \(length)", expected: "within \(bytes.count) bytes")
    }
    return bytes[Int(offset)..<Int(end)]
  }

  private static func cores(from section: ArraySlice<UInt8>) throws(ModelError) -> [PlacedCore] {
    var reader = ByteReader(section, section: "cores")
    let count = try reader.count("count", 1...coresMax)
    var cores: [PlacedCore] = []
    for index in 0..<count {
      cores.append(
        PlacedCore(
          layer: try reader.count("[\(index)].layer", 0...layersMax - 1),
          firstNeuron: try reader.count("[\(index)].first", 0...sizeMax - 1),
          neuronCount: try reader.count("[\(index)].neurons", 1...sizeMax),
          column: try reader.count("[\(index)].column", 0...meshMax),
          row: try reader.count("[\(index)].row", 0...meshMax)))
    }
    try reader.finish()
    return cores
  }

  private static func timing(from section: ArraySlice<UInt8>) throws(ModelError) -> TimingTable {
    var reader = ByteReader(section, section: "timing")
    let kinds = Int(try reader.uint16("kinds"))
    guard kinds == EventKind.allCases.count else {
      throw reader.error("kinds", found: "\(kinds)", expected: "\(EventKind.allCases.count)")
    }
    var picoseconds: [UInt32] = []
    for kind in EventKind.allCases { picoseconds.append(try reader.uint32(kind.name)) }
    let axonIn = try reader.uint32("axon in")
    let count = Int(try reader.uint16("barriers"))
    var barriers: [TimingTable.Barrier] = []
    for index in 0..<count {
      let tiles = try reader.count("barriers[\(index)].tiles", 1...1 << 24)
      guard tiles > barriers.last?.tiles ?? 0 else {
        throw reader.error("barriers[\(index)].tiles", found: "\(tiles)", expected: "rising")
      }
      barriers.append(
        TimingTable.Barrier(
          tiles: tiles, picoseconds: try reader.uint32("barriers[\(index)].picoseconds")))
    }
    try reader.finish()
    return TimingTable(byKind: picoseconds, axonInPicoseconds: axonIn, barriers: barriers)
  }
}
