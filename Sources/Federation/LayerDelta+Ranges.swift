extension LayerDelta.Values {
  /// The whole steps of some neighbouring elements; what is not carried is zero.
  ///
  /// Only for values without a fraction.
  package func steps(in range: Range<Int>) -> [Int32] {
    switch self {
    case .int16(let values): return values[range].map { Int32($0) }
    case .int32(let values): return Array(values[range])
    case .int8(let scale, let values): return values[range].map { Int32($0) * Int32(scale) }
    case .sign(let scale, let isDown):
      return isDown[range].map { $0 ? -Int32(scale) : Int32(scale) }
    case .sparse(let elements):
      var steps = [Int32](repeating: 0, count: range.count)
      let first = elements.place(from: UInt32(range.lowerBound))
      let end = elements.place(from: UInt32(range.upperBound))
      for (index, step) in zip(
        elements.indices[first..<end], elements.values.steps(in: first..<end))
      {
        steps[Int(index) - range.lowerBound] = step
      }
      return steps
    case .float32: preconditionFailure("elements with a fraction are no whole steps")
    }
  }
}

extension SparseElements {
  /// The place of the first index that is not below another.
  fileprivate func place(from index: UInt32) -> Int {
    var (low, high) = (0, indices.count)
    while low < high {
      let middle = (low + high) / 2
      if indices[middle] < index { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension ModelUpdate {
  /// Whether its elements lie one after the other in its bytes, behind a table of format 1.
  package var isDense: Bool { LayerCoding.isDense(layers) }
}
