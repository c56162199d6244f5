import CKernels

/// Holds the elements of a dense update against its bounds, a block at a time.
package struct UpdateScan: ~Copyable {
  private let bounds: UpdateBounds
  private let kernels = AggregationKernels.best
  private let scratch = BlockRows(columns: BlockRows.sumColumns)
  private var squares = 0.0

  /// A scan that has seen nothing.
  package init(_ bounds: UpdateBounds) { self.bounds = bounds }

  /// Looks at `count` elements of a layer from `index` on, which lie at an address.
  ///
  /// Throws for the first that is not finite or beyond `deltaMax`, fractions rounded half to even.
  package mutating func take(
    _ layer: UpdateOutline.Layer, from index: Int, count: Int, at address: UnsafeRawPointer
  ) throws(UpdateError) {
    for start in stride(from: 0, to: count, by: BlockRows.sumColumns) {
      let columns = min(BlockRows.sumColumns, count - start)
      let elements = layer.form.elements(at: address + start * layer.form.bytes)
      let facts = facts(of: elements, columns)
      squares += facts.squares
      guard facts.peak > Float(bounds.deltaMax).bitPattern else { continue }
      try refuse(elements, columns, of: layer.shape.layer, from: index + start)
    }
  }

  /// Throws where the whole update is longer than the bounds allow; call it after the last element.
  package func finish() throws(UpdateError) {
    let norm = squares.squareRoot()
    guard norm <= bounds.normMax else { throw .norm(found: norm, limit: bounds.normMax) }
  }

  private func facts(of elements: DeltaElements, _ count: Int) -> RowFacts {
    let (row, columns) = (scratch.row(0), Int32(count))
    switch elements {
    case .float32(let floats): return kernels.table.pointee.inspect(floats, columns)
    case .int16(let steps): kernels.table.pointee.widen16(steps, columns, row)
    case .int32(let steps): kernels.table.pointee.widen32(steps, columns, row)
    }
    return kernels.table.pointee.inspect(row, columns)
  }

  private func refuse(
    _ elements: DeltaElements, _ count: Int, of layer: UInt32, from index: Int
  ) throws(UpdateError) {
    let limit = Float(bounds.deltaMax)
    let wrong = elements.first(count: count) {
      !($0.rounded(.toNearestOrEven).magnitude <= limit)
    }
    guard let (place, value) = wrong else { return }
    guard value.isFinite else { throw .nonFinite(layer: layer, index: index + place) }
    let rounded = value.rounded(.toNearestOrEven)
    throw .weightRange(
      layer: layer, index: index + place,
      found: Int32(exactly: rounded) ?? (value < 0 ? .min : .max), limit: bounds.deltaMax)
  }
}
