/// Why an update does not count; the code is final for its bytes.
package enum UpdateError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The bytes are no update.
  case format(String)
  /// It was trained from another model.
  case baseDigest
  /// Layers or their sizes are not those of the model's plastic layers.
  case shape(found: String, expected: String)
  /// NaN or infinity.
  case nonFinite(layer: Int, position: Int)
  /// A delta no training within the weights' range can give.
  case weightRange(layer: Int, position: Int, found: String, limit: Int64)
  /// Not the number of samples that the node was offered and announced.
  case sampleCount(found: UInt32, expected: UInt32)

  /// Stable name.
  package var code: String {
    switch self {
    case .format: "format"
    case .baseDigest: "base-digest"
    case .shape: "shape"
    case .nonFinite: "non-finite"
    case .weightRange: "weight-range"
    case .sampleCount: "sample-count"
    }
  }

  package var description: String {
    switch self {
    case .format(let reason): "no update file: \(reason)"
    case .baseDigest: "trained from another model than the round's base"
    case .shape(let found, let expected): "layers \(found), expected \(expected)"
    case .nonFinite(let layer, let position):
      "layer \(layer), weight \(position) is not finite"
    case .weightRange(let layer, let position, let found, let limit):
      "layer \(layer), weight \(position) changes by \(found), at most \(limit)"
    case .sampleCount(let found, let expected):
      "\(found) samples (or more hits than samples), expected \(expected)"
    }
  }
}

/// What an update is held against at the door.
package struct UpdateBounds: Sendable, Equatable {
  /// SHA-256 of the round's base model.
  package var base: [UInt8]
  /// Weights of each plastic layer.
  package var shape: [Int]
  /// Indices of the plastic layers.
  package var layers: [Int]
  /// Samples that the node was offered.
  package var samples: UInt32

  /// Largest change of one 16-bit weight: from one end of its range to the other.
  package static let deltaMax: Int64 = 65_535

  /// Bounds with all their facts; `shape` and `layers` go together.
  package init(base: [UInt8], shape: [Int], layers: [Int], samples: UInt32) {
    precondition(shape.count == layers.count, "\(shape.count) sizes of \(layers.count) layers")
    self.base = base
    self.shape = shape
    self.layers = layers
    self.samples = samples
  }
}

extension ModelUpdate {
  /// Throws the first reason for which this update must not be summed; changes nothing.
  package func validate(_ bounds: UpdateBounds) throws(UpdateError) {
    guard base == bounds.base else { throw .baseDigest }
    guard samples == bounds.samples, correct <= samples else {
      throw .sampleCount(found: samples, expected: bounds.samples)
    }
    let found = layers.map { "\($0.index):\($0.deltas.count)" }
    let expected = zip(bounds.layers, bounds.shape).map { "\($0):\($1)" }
    guard found == expected else {
      throw .shape(
        found: found.prefix(8).joined(separator: " "),
        expected: expected.prefix(8).joined(separator: " "))
    }
    for (layer, deltas) in zip(layers, try integerDeltas()) {
      guard let position = deltas.firstIndex(where: { abs(Int64($0)) > UpdateBounds.deltaMax })
      else { continue }
      throw .weightRange(
        layer: layer.index, position: position, found: "\(deltas[position])",
        limit: UpdateBounds.deltaMax)
    }
  }
}
