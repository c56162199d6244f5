extension CompiledModel {
  /// Reads what `encoded()` wrote and checks that the chip can run it.
  ///
  /// Whatever the bytes, it throws or gives a model that is safe to run and has just these bytes;
  /// it never traps, and never asks for more memory than the bytes justify.
  package init(reading bytes: [UInt8]) throws(ModelError) {
    let (sections, end) = try Self.sections(of: bytes)
    self = try Self.meta(from: sections[0])
    cores = try Self.cores(from: sections[1])
    layers = try Self.layers(from: sections[2], BlockReader(bytes, after: end))
    prices = try PriceTable(reading: Array(sections[4]))
    timing = try Self.timing(from: sections[5])
    try validate()
    try checkRoutes(in: sections[3])
  }

  /// Whether bytes begin as a compiled model does.
  package static func begins(_ bytes: [UInt8]) -> Bool { bytes.starts(with: FileLayout.magic) }

  /// The sections in their order, and the end of the last one.
  private static func sections(
    of bytes: [UInt8]
  ) throws(ModelError) -> (sections: [ArraySlice<UInt8>], end: Int) {
    var header = ByteReader(bytes, section: "header")
    let magic = try header.take(FileLayout.magic.count, "magic")
    guard magic.elementsEqual(FileLayout.magic) else {
      throw header.error("magic", found: "other bytes", expected: "SFMODEL")
    }
    let version = try header.uint16("version")
    guard version == FileLayout.version else {
      throw header.error("version", found: "\(version)", expected: "\(FileLayout.version)")
    }
    let count = Int(try header.uint16("section count"))
    guard count == FileLayout.Section.allCases.count else {
      throw header.error(
        "section count", found: "\(count)", expected: "\(FileLayout.Section.allCases.count)")
    }
    _ = try header.count("header bytes", FileLayout.headerBytes...FileLayout.headerBytes)
    let size = try header.uint64("file bytes")
    guard size == UInt64(bytes.count) else {
      throw header.error("file bytes", found: "\(bytes.count)", expected: "\(size)")
    }
    var sections: [ArraySlice<UInt8>] = []
    var end = FileLayout.headerBytes
    for section in FileLayout.Section.allCases {
      let slice = try self.section(section.rawValue, of: bytes, after: end, &header)
      sections.append(slice)
      end = slice.endIndex
    }
    return (sections, end)
  }

  private static func section(
    _ tag: String, of bytes: [UInt8], after end: Int, _ header: inout ByteReader
  ) throws(ModelError) -> ArraySlice<UInt8> {
    guard try header.take(4, "\(tag) tag").elementsEqual(tag.utf8) else {
      throw header.error("\(tag) tag", found: "another tag", expected: tag)
    }
    let reserved = try header.uint32("\(tag) reserved")
    guard reserved == 0 else {
      throw header.error("\(tag) reserved", found: "\(reserved)", expected: "0")
    }
    let offset = try header.uint64("\(tag) offset")
    let length = try header.uint64("\(tag) length")
    let start = FileLayout.roundedUp(end, to: FileLayout.sectionAlignment)
    guard offset == UInt64(start) else {
      throw header.error("\(tag) offset", found: "\(offset)", expected: "\(start)")
    }
    guard start <= bytes.count, length <= UInt64(bytes.count - start) else {
      throw header.error(
        "\(tag) length", found: "\(length) at \(start)", expected: "within \(bytes.count) bytes")
    }
    guard bytes[end..<start].isZero else {
      throw header.error("\(tag) offset", found: "other bytes before it", expected: "zeros")
    }
    return bytes[start..<start + Int(length)]
  }

  /// A model with the numbers of its first section and nothing else.
  private static func meta(from section: ArraySlice<UInt8>) throws(ModelError) -> CompiledModel {
    var reader = ByteReader(section, section: "meta")
    let name = try reader.text("name", bytesMax: nameBytesMax)
    let chip = try reader.text("chip", bytesMax: nameBytesMax)
    let steps = try reader.count("steps", 1...stepsMax)
    let timeStep = try reader.double("time step")
    let inputs = try reader.count("inputs", 1...sizeMax)
    let input = try InputProgram(from: &reader)
    let port = MeshPlace(
      column: try reader.count("port column", 0...meshMax),
      row: try reader.count("port row", 0...meshMax))
    let potentialBits = try reader.count("potential bits", StateArithmetic.bitsRange)
    let currentBits = try reader.count("current bits", StateArithmetic.bitsRange)
    let raw = try reader.uint8("current overflow")
    guard let overflow = StateArithmetic.Overflow(rawValue: raw) else {
      throw reader.error("current overflow", found: "\(raw)", expected: "0 or 1")
    }
    var arithmetic = StateArithmetic(
      potentialBits: potentialBits, currentBits: currentBits, currentOverflow: overflow,
      inputShift: try reader.int32("input shift"),
      learningWeightBits: try reader.count("learning weight bits", 1...16))
    if try reader.flag("column converter") {
      arithmetic.columnConverter = ColumnConverter(
        rows: try reader.count("column converter rows", ColumnConverter.rowsRange),
        bits: try reader.count("column converter bits", ColumnConverter.bitsRange))
    }
    try reader.finish()
    return CompiledModel(
      name: name, chip: chip, steps: steps, timeStep: timeStep, inputs: inputs,
      input: input, port: port, arithmetic: arithmetic, layers: [], cores: [],
      prices: PriceTable(name: "", prices: [:]),
      timing: TimingTable(picoseconds: [:], axonInPicoseconds: 0, barriers: []))
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
    let linkBuffer = try reader.count("link buffer", 1...linkBufferMax)
    let count = Int(try reader.uint16("barrier count"))
    var barriers: [TimingTable.Barrier] = []
    for index in 0..<count {
      barriers.append(
        TimingTable.Barrier(
          tiles: Int(try reader.uint32("barriers[\(index)].tiles")),
          picoseconds: try reader.uint32("barriers[\(index)].picoseconds")))
    }
    try reader.finish()
    return TimingTable(
      byKind: picoseconds, axonInPicoseconds: axonIn, barriers: barriers, linkBuffer: linkBuffer)
  }

  /// Holds a section against the routes that connections and cores demand, one at a time.
  private func checkRoutes(in section: ArraySlice<UInt8>) throws(ModelError) {
    var reader = ByteReader(section, section: "routes")
    var walk = RouteWalk(of: self)
    var index = 0
    try walk.forEach { route throws(ModelError) in
      var writer = ByteWriter()
      route.write(to: &writer)
      guard try reader.take(writer.bytes.count, "[\(index)]").elementsEqual(writer.bytes) else {
        let source = route.source.map { "layer \($0)" } ?? "the input"
        throw reader.error(
          "[\(index)]", found: "another route",
          expected: "neurons \(route.neurons) of \(source) to cores \(route.cores)")
      }
      index += 1
    }
    try reader.finish()
  }
}
