import CKernels

/// What a rule knows of an update besides its elements.
package struct UpdateFacts: Sendable, Equatable {
  /// Samples trained.
  package var samples: UInt32
  /// Loss of the base model on them, before training; nil where it was not told.
  package var lossBefore: Double?
  /// Versions that the model has moved on since the update's base.
  package var staleness: UInt32

  /// Facts of an update.
  package init(samples: UInt32, lossBefore: Double? = nil, staleness: UInt32 = 0) {
    self.samples = samples
    self.lossBefore = lossBefore
    self.staleness = staleness
  }
}

/// Some elements of an update as they are carried: little-endian, at any address.
package enum DeltaElements {
  /// Whole steps, 2 bytes each.
  case int16(UnsafeRawPointer)
  /// Whole steps, 4 bytes each.
  case int32(UnsafeRawPointer)
  /// Steps with a fraction, 4 bytes each.
  case float32(UnsafeRawPointer)
}

/// A sealed set of updates in node order, of which a block at a time is looked at.
///
/// Files may be mapped: nothing asks for more than a block, and each block is asked for once or
/// twice. The same call must give the same elements again.
package protocol UpdateSource {
  /// Facts of each update, in node order.
  var facts: [UpdateFacts] { get }
  /// Elements of each layer, the same in all updates.
  var elementCounts: [Int] { get }
  /// Shows `range` of a layer of an update; the elements are there only while `body` runs.
  func withElements(
    of update: Int, layer: Int, range: Range<Int>, _ body: (DeltaElements) -> Void
  ) throws(AggregationError)
}

/// Neighbouring elements of one layer that are worked on at a time.
struct LayerBlock {
  let layer: Int
  let range: Range<Int>

  /// Elements, rounded up to whole vectors.
  var paddedCount: Int { (range.count + 15) / 16 * 16 }
}

extension UpdateSource {
  /// All elements in order, at most so many at a time.
  func blocks(of columns: Int) -> [LayerBlock] {
    elementCounts.enumerated().flatMap { layer, count in
      stride(from: 0, to: count, by: columns).map {
        LayerBlock(layer: layer, range: $0..<min($0 + columns, count))
      }
    }
  }

  /// Shows a block as float32, where it lies if it is carried so, else in `scratch`.
  func withFloats(
    of update: Int, _ block: LayerBlock, _ scratch: UnsafeMutablePointer<Float>,
    _ kernels: AggregationKernels, _ body: (UnsafeRawPointer) -> Void
  ) throws(AggregationError) {
    try withElements(of: update, layer: block.layer, range: block.range) { elements in
      let count = Int32(block.range.count)
      switch elements {
      case .float32(let row): body(row)
      case .int16(let steps):
        kernels.table.pointee.widen16(steps, count, scratch)
        body(UnsafeRawPointer(scratch))
      case .int32(let steps):
        kernels.table.pointee.widen32(steps, count, scratch)
        body(UnsafeRawPointer(scratch))
      }
    }
  }

  /// Copies a block as float32, with zeros up to a whole vector, and looks at its elements.
  func copy(
    _ block: LayerBlock, of update: Int, to row: UnsafeMutablePointer<Float>,
    _ kernels: AggregationKernels
  ) throws(AggregationError) -> RowFacts {
    var facts = RowFacts()
    try withFloats(of: update, block, row, kernels) { elements in
      facts = kernels.table.pointee.copy(elements, Int32(block.range.count), row)
    }
    for rest in block.range.count..<block.paddedCount { row[rest] = 0 }
    return facts
  }

  /// Refuses elements that are not finite or beyond `limit`; `peak` has the bits of the largest.
  func check(
    _ peak: UInt32, of update: Int, _ block: LayerBlock, limit: Float
  ) throws(AggregationError) {
    guard peak > limit.bitPattern else { return }
    var found: (index: Int, value: Float)?
    try withElements(of: update, layer: block.layer, range: block.range) { elements in
      found = elements.first(count: block.range.count) { !($0.magnitude <= limit) }
    }
    guard let found else { return }
    let (layer, index) = (block.layer, block.range.lowerBound + found.index)
    guard found.value.isFinite else {
      throw .nonFinite(update: update, layer: layer, index: index)
    }
    let whole = found.value.rounded(.awayFromZero)
    throw .deltaRange(
      update: update, layer: layer,
      found: Int32(exactly: whole) ?? (whole < 0 ? Int32.min : Int32.max))
  }
}

extension DeltaElements {
  /// The first of `count` elements that fits the condition.
  func first(
    count: Int, where condition: (Float) -> Bool
  ) -> (index: Int, value: Float)? {
    for index in 0..<count {
      let value: Float
      switch self {
      case .int16(let bytes):
        value = Float(bytes.loadUnaligned(fromByteOffset: 2 * index, as: Int16.self))
      case .int32(let bytes):
        value = Float(bytes.loadUnaligned(fromByteOffset: 4 * index, as: Int32.self))
      case .float32(let bytes):
        value = bytes.loadUnaligned(fromByteOffset: 4 * index, as: Float.self)
      }
      if condition(value) { return (index, value) }
    }
    return nil
  }
}
