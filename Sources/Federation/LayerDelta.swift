/// What training added to the weights of one layer.
package struct LayerDelta: Sendable, Equatable {
  /// The elements as they are carried.
  package enum Values: Sendable, Equatable {
    /// Whole steps of w16, where all fit.
    case int16([Int16])
    /// Whole steps of w16.
    case int32([Int32])
    /// Steps of w16 with a fraction, only from training at a desk.
    case float32([Float])
    /// Whole multiples of `scale` steps of w16; the scale is 1 to `scaleMax`.
    case int8(scale: UInt16, [Int8])
    /// The elements at some indices; all others are zero.
    indirect case sparse(SparseElements)
    /// `scale` steps of w16 up, or down where the element is true.
    case sign(scale: UInt16, [Bool])

    /// Largest scale of `int8`: 127 of it stay within 16 bits without a sign.
    package static let scaleMax: UInt16 = 516

    /// Number of elements, those that are not carried included.
    package var count: Int {
      switch self {
      case .int16(let values): values.count
      case .int32(let values): values.count
      case .float32(let values): values.count
      case .int8(_, let values): values.count
      case .sparse(let elements): elements.count
      case .sign(_, let isDown): isDown.count
      }
    }
  }

  /// Index of the layer in the compiled model.
  package var layer: UInt32
  /// The layer's weight exponent, repeated so that deltas of another scale are never added.
  package var exponent: Int8
  /// The elements in the order of the layer's weights.
  package var values: Values

  /// A layer's deltas as they are carried.
  package init(layer: UInt32, exponent: Int8, values: Values) {
    self.layer = layer
    self.exponent = exponent
    self.values = values
  }

  /// A layer's deltas in whole steps of w16, as 16 bits each where all of them fit.
  package init(layer: UInt32, exponent: Int8, deltas: [Int32]) {
    self.init(layer: layer, exponent: exponent, values: .exact(deltas))
  }

  /// Whole steps of w16, one for each weight; fractions are rounded half to even.
  ///
  /// Takes memory for all elements of the layer, which a sparse form need not carry: ask only
  /// after `count` was held against the model, as `ModelUpdate.validate` does.
  package func integerDeltas() throws(UpdateError) -> [Int32] {
    switch values {
    case .int16(let values): return values.map { Int32($0) }
    case .int32(let values): return values
    case .float32(let values): return try whole(values)
    case .int8(let scale, let values): return values.map { Int32($0) * Int32(scale) }
    case .sparse(let elements):
      var deltas = [Int32](repeating: 0, count: elements.count)
      let kept = LayerDelta(layer: layer, exponent: exponent, values: elements.values)
      for (index, delta) in zip(elements.indices, try kept.integerDeltas()) {
        deltas[Int(index)] = delta
      }
      return deltas
    case .sign(let scale, let isDown): return isDown.map { $0 ? -Int32(scale) : Int32(scale) }
    }
  }

  private func whole(_ values: [Float]) throws(UpdateError) -> [Int32] {
    var deltas: [Int32] = []
    deltas.reserveCapacity(values.count)
    for (index, value) in values.enumerated() {
      guard value.isFinite else { throw .nonFinite(layer: layer, index: index) }
      guard let delta = Int32(exactly: value.rounded(.toNearestOrEven)) else {
        throw .weightRange(layer: layer, index: index, found: .max, limit: .max)
      }
      deltas.append(delta)
    }
    return deltas
  }
}

extension LayerDelta.Values {
  /// Whole steps as 16 bits each where all of them fit, else as 32.
  static func exact(_ deltas: [Int32]) -> LayerDelta.Values {
    let fits = deltas.allSatisfy { Int16(exactly: $0) != nil }
    return fits ? .int16(deltas.map { Int16(truncatingIfNeeded: $0) }) : .int32(deltas)
  }
}

/// Some elements of a layer with their indices; all others are zero.
package struct SparseElements: Sendable, Equatable {
  /// Elements of the layer.
  package let count: Int
  /// Where the carried ones belong, strictly increasing, each below `count`.
  package let indices: [UInt32]
  /// The carried ones: `int8`, `int16` or `int32`, one for each index.
  package let values: LayerDelta.Values

  /// Elements that have been checked to be what the properties say.
  package init(count: Int, indices: [UInt32], values: LayerDelta.Values) {
    precondition(
      indices.count == values.count, "\(indices.count) indices, \(values.count) elements")
    precondition(
      zip(indices, indices.dropFirst()).allSatisfy { $0 < $1 }
        && indices.last.map { Int($0) < count } ?? true,
      "indices do not rise, or reach past \(count) elements")
    switch values {
    case .int8, .int16, .int32: break
    case .float32, .sparse, .sign:
      preconditionFailure("sparse elements are carried as int8, int16 or int32")
    }
    self.count = count
    self.indices = indices
    self.values = values
  }
}
