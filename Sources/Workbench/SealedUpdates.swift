package import Federation

/// The bytes of an accepted update, wherever they lie.
package protocol UpdateContent: Sendable {
  /// All of them.
  func bytes() throws(AggregationError) -> [UInt8]
  /// Fills a buffer with those from an offset on; the same bytes each time.
  func read(
    at offset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) throws(AggregationError)
}

/// An update in memory.
package struct UpdateBytes: UpdateContent {
  private let all: [UInt8]

  /// An update of these bytes.
  package init(_ bytes: [UInt8]) { all = bytes }

  /// All of them.
  package func bytes() -> [UInt8] { all }

  /// Fills a buffer with those from an offset on, which has to lie within them.
  package func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) {
    all[offset..<offset + buffer.count].withUnsafeBytes { buffer.copyMemory(from: $0) }
  }
}

/// A sealed set in node order, of which memory holds no element that can be read again.
///
/// Dense elements stay where they are and are read a block at a time. What travelled compressed is
/// held as it came, which is a part of its size.
struct SealedUpdates {
  /// One block of learned values of one update.
  enum Block {
    /// So many elements from an offset on, of 2 or 4 bytes.
    case int16(offset: Int, count: Int)
    case int32(offset: Int, count: Int)
    case float32(offset: Int, count: Int)
    /// Elements that are not carried one by one.
    case held(LayerDelta.Values)
  }

  private struct Entry {
    let facts: UpdateFacts
    let content: any UpdateContent
    let blocks: [Block]
  }

  private var entries: [Entry] = []

  /// Adds an update that was read from its content and found sound, the next in node order.
  mutating func add(_ update: ModelUpdate, in content: any UpdateContent) {
    var offset = ModelUpdate.headerBytes + update.layers.count * ModelUpdate.layerBytes
    let isDense = update.isDense
    let blocks = update.layers.map { layer -> Block in
      let count = layer.values.count
      switch layer.values {
      case .int16 where isDense:
        defer { offset += 2 * count }
        return .int16(offset: offset, count: count)
      case .int32 where isDense:
        defer { offset += 4 * count }
        return .int32(offset: offset, count: count)
      case .float32 where isDense:
        defer { offset += 4 * count }
        return .float32(offset: offset, count: count)
      default: return .held(layer.values)
      }
    }
    entries.append(
      Entry(facts: UpdateFacts(samples: update.samples), content: content, blocks: blocks))
  }

  /// Places of all updates.
  var indices: Range<Int> { entries.indices }

  /// Some blocks of some updates, as a rule reads them.
  func part(of places: [Int], members: [Int]) -> Part {
    Part(set: self, places: places, members: members)
  }

  /// What a rule knows of an update besides its elements.
  func facts(of update: Int) -> UpdateFacts { entries[update].facts }

  /// The whole steps of one block of an update; fractions are rounded half to even.
  func steps(of update: Int, _ place: Int) throws(AggregationError) -> [Int32] {
    let count = entries[update].blocks[place].count
    var steps: [Int32] = []
    steps.reserveCapacity(count)
    var wrong: (index: Int, value: Float)?
    try withElements(of: update, place, 0..<count) { elements in
      for index in 0..<count {
        switch elements {
        case .int16(let bytes):
          steps.append(Int32(bytes.loadUnaligned(fromByteOffset: 2 * index, as: Int16.self)))
        case .int32(let bytes):
          steps.append(bytes.loadUnaligned(fromByteOffset: 4 * index, as: Int32.self))
        case .float32(let bytes):
          let value = bytes.loadUnaligned(fromByteOffset: 4 * index, as: Float.self)
          let whole = Int32(exactly: value.rounded(.toNearestOrEven))
          if whole == nil, wrong == nil { wrong = (index, value) }
          steps.append(whole ?? 0)
        }
      }
    }
    if let wrong { throw .nonFinite(update: update, layer: place, index: wrong.index) }
    return steps
  }

  fileprivate func withElements(
    of update: Int, _ place: Int, _ range: Range<Int>, _ body: (DeltaElements) -> Void
  ) throws(AggregationError) {
    let entry = entries[update]
    switch entry.blocks[place] {
    case .int16(let offset, _):
      try read(entry, at: offset + 2 * range.lowerBound, 2 * range.count) { body(.int16($0)) }
    case .int32(let offset, _):
      try read(entry, at: offset + 4 * range.lowerBound, 4 * range.count) { body(.int32($0)) }
    case .float32(let offset, _):
      try read(entry, at: offset + 4 * range.lowerBound, 4 * range.count) { body(.float32($0)) }
    case .held(let values):
      values.steps(in: range).withUnsafeBytes { bytes in
        if let address = bytes.baseAddress { body(.int32(address)) }
      }
    }
  }

  private func read(
    _ entry: Entry, at offset: Int, _ count: Int, _ body: (UnsafeRawPointer) -> Void
  ) throws(AggregationError) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, 1), alignment: 64)
    defer { buffer.deallocate() }
    try entry.content.read(
      at: offset, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
    if let address = buffer.baseAddress { body(UnsafeRawPointer(address)) }
  }
}

extension SealedUpdates {
  /// Some blocks of some updates of a sealed set.
  struct Part: UpdateSource {
    fileprivate let set: SealedUpdates
    fileprivate let places: [Int]
    fileprivate let members: [Int]

    var facts: [UpdateFacts] { members.map { set.entries[$0].facts } }

    var elementCounts: [Int] {
      members.first.map { member in places.map { set.entries[member].blocks[$0].count } } ?? []
    }

    func withElements(
      of update: Int, layer: Int, range: Range<Int>, _ body: (DeltaElements) -> Void
    ) throws(AggregationError) {
      try set.withElements(of: members[update], places[layer], range, body)
    }
  }
}

extension SealedUpdates.Block {
  /// Elements, those that are not carried included.
  var count: Int {
    switch self {
    case .int16(_, let count), .int32(_, let count), .float32(_, let count): count
    case .held(let values): values.count
    }
  }
}
