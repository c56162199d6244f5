import CompiledModel

/// What the events of a chip cost and how long they take.
extension ChipFile {
  /// Prices by kind; a kind without an entry has none.
  static func prices(
    from top: ChipFileMapping, name: String
  ) throws(ChipFileError) -> PriceTable {
    let block = try top.mapping("energy", keys: ChipFileKeys.energy)
    var prices: [EventKind: Price] = [:]
    for kind in EventKind.allCases where block.has(kind.name) {
      let entry = try block.mapping(kind.name, keys: ChipFileKeys.price)
      let evidence = try ChipFileEvidence(of: entry, in: block)
      prices[kind] = Price(
        picojoules: try entry.number("picojoules", 0...1e12), source: evidence.source,
        grade: evidence.grade)
    }
    return PriceTable(name: name, prices: prices)
  }

  /// Durations by kind; a kind without an entry takes no time of its own.
  static func timing(from top: ChipFileMapping) throws(ChipFileError) -> TimingTable {
    let block = try top.mapping("timing", keys: ChipFileKeys.timing)
    var picoseconds: [EventKind: UInt32] = [:]
    for kind in EventKind.allCases where block.has(kind.name) {
      picoseconds[kind] = try duration(
        of: try block.mapping(kind.name, keys: ChipFileKeys.duration), in: block)
    }
    let buffer = try block.mapping("linkBuffer", keys: ChipFileKeys.linkBuffer)
    _ = try ChipFileEvidence(of: buffer, in: block)
    return TimingTable(
      picoseconds: picoseconds,
      axonInPicoseconds: try duration(
        of: try block.mapping("axonIn", keys: ChipFileKeys.duration), in: block),
      barriers: try barriers(from: block),
      linkBuffer: try buffer.integer("messages", 1...CompiledModel.linkBufferMax))
  }

  private static func barriers(
    from block: ChipFileMapping
  ) throws(ChipFileError) -> [TimingTable.Barrier] {
    var barriers: [TimingTable.Barrier] = []
    for entry in try block.list("barriers", keys: ChipFileKeys.barrier) {
      let tiles = try entry.integer("tiles", 1...1 << 24)
      guard tiles > barriers.last?.tiles ?? 0 else {
        throw entry.error("tiles", found: "\(tiles)", expected: "more than the entry before it")
      }
      barriers.append(
        TimingTable.Barrier(tiles: tiles, picoseconds: try duration(of: entry, in: block)))
    }
    guard !barriers.isEmpty else {
      throw block.error(
        "barriers", found: "an empty list", expected: "at least one barrier, of 0 ns if it is free")
    }
    return barriers
  }

  private static func duration(
    of entry: ChipFileMapping, in block: ChipFileMapping
  ) throws(ChipFileError) -> UInt32 {
    _ = try ChipFileEvidence(of: entry, in: block)
    return UInt32((try entry.number("nanoseconds", 0...4e6) * 1000).rounded())
  }
}
