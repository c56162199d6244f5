import Federation

/// A sealed set in node order, of which memory holds no element that can be read again.
struct SealedUpdates {
  private struct Entry {
    let facts: UpdateFacts
    let update: OpenedUpdate
    let content: any UpdateContent
  }

  private var entries: [Entry] = []
  /// Of each of the model's blocks, its place in an update; nil where updates do not carry it.
  private var carried: [Int?]

  /// An empty set of updates that carry the blocks at some places of `count`.
  init(places: [Int], of count: Int) {
    carried = [Int?](repeating: nil, count: count)
    for (index, place) in places.enumerated() { carried[place] = index }
  }

  /// Adds an update that was found sound, the next in node order.
  ///
  /// - Parameter lossMillionths: what the base lost on its samples; 0 where that was not measured.
  mutating func add(
    _ update: OpenedUpdate, in content: any UpdateContent, lossMillionths: UInt32 = 0
  ) {
    entries.append(
      Entry(
        facts: UpdateFacts(
          samples: update.samples,
          lossBefore: lossMillionths > 0 ? Double(lossMillionths) / 1_000_000 : nil),
        update: update, content: content))
  }

  /// Places of all updates.
  var indices: Range<Int> { entries.indices }

  /// Some blocks of some updates, as a rule reads them.
  func part(of places: [Int], members: [Int]) -> Part {
    Part(set: self, places: places, members: members)
  }

  /// What a rule knows of an update besides its elements.
  func facts(of update: Int) -> UpdateFacts { entries[update].facts }

  /// Whether updates have the block at a place of the model's.
  func carries(_ place: Int) -> Bool { carried[place] != nil }

  fileprivate func count(of update: Int, _ place: Int) -> Int {
    guard let index = carried[place] else { return 0 }
    return switch entries[update].update {
    case .dense(let outline): outline.layers[index].shape.count
    case .compressed(let update): update.layers[index].values.count
    }
  }

  /// The whole steps of one block of an update; fractions are rounded half to even.
  func steps(of update: Int, _ place: Int) throws(AggregationError) -> [Int32] {
    let count = count(of: update, place)
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
    guard let index = carried[place] else {
      preconditionFailure("updates do not carry block \(place)")
    }
    switch entries[update].update {
    case .compressed(let held):
      held.layers[index].values.withElements(in: range, body)
    case .dense(let outline):
      let layer = outline.layers[index]
      let size = range.count * layer.form.bytes
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(size, 1), alignment: 64)
      defer { buffer.deallocate() }
      try entries[update].content.read(
        at: layer.offset(of: range.lowerBound),
        into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<size]))
      if let address = buffer.baseAddress {
        body(layer.form.elements(at: UnsafeRawPointer(address)))
      }
    }
  }
}

extension SealedUpdates {
  /// Some blocks of some updates of a sealed set.
  struct Part: UpdateSource {
    fileprivate let set: SealedUpdates
    fileprivate let places: [Int]
    fileprivate let members: [Int]

    var facts: [UpdateFacts] { members.map(set.facts) }

    var elementCounts: [Int] {
      members.first.map { member in places.map { set.count(of: member, $0) } } ?? []
    }

    func withElements(
      of update: Int, layer: Int, range: Range<Int>, _ body: (DeltaElements) -> Void
    ) throws(AggregationError) {
      try set.withElements(of: members[update], places[layer], range, body)
    }
  }
}

extension LayerDelta.Values {
  /// Shows some neighbouring elements as they are carried one by one, or as whole steps.
  fileprivate func withElements(in range: Range<Int>, _ body: (DeltaElements) -> Void) {
    func show(_ bytes: UnsafeRawBufferPointer, _ elements: (UnsafeRawPointer) -> DeltaElements) {
      if let address = bytes.baseAddress { body(elements(address)) }
    }
    switch self {
    case .int16(let values): values[range].withUnsafeBytes { show($0) { .int16($0) } }
    case .int32(let values): values[range].withUnsafeBytes { show($0) { .int32($0) } }
    // Beside compressed layers too: nothing keeps a node from sending it.
    case .float32(let values): values[range].withUnsafeBytes { show($0) { .float32($0) } }
    case .int8, .sparse, .sign: steps(in: range).withUnsafeBytes { show($0) { .int32($0) } }
    }
  }
}
