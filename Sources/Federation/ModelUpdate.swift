/// One node's contribution to one round: what its training added to the base model's weights.
///
/// As bytes, little-endian: magic `SPKU`, format version (u32), digest of the base model
/// (32 bytes), samples (u32), correct (u32), layer count (u32); then 12 bytes per layer: layer
/// index (u32), element count (u32), encoding (u8), exponent (i8), two zero bytes; then the
/// elements of each layer in the same order, with nothing between or after them.
package struct ModelUpdate: Sendable, Equatable {
  /// SHA-256 of the base model, 32 bytes.
  package var base: [UInt8]
  /// Samples trained: the weight in the average.
  package var samples: UInt32
  /// Test-then-train hits among them.
  package var correct: UInt32
  /// One entry per layer that learns, in layer order.
  package var layers: [LayerDelta]

  /// Bytes in front of the layer table.
  package static let headerBytes = 52
  /// Bytes of a layer's entry in the table.
  package static let layerBytes = 12
  /// The only format this build reads and writes.
  package static let formatVersion: UInt32 = 1
  /// Layers that one update may name.
  package static let layersMax = 1_024
  static let magic: [UInt8] = [0x53, 0x50, 0x4B, 0x55]

  /// An update with all its facts; `base` must be 32 bytes.
  package init(base: [UInt8], samples: UInt32, correct: UInt32, layers: [LayerDelta]) {
    precondition(base.count == 32, "base digest of \(base.count) bytes, expected 32")
    precondition(layers.count <= Self.layersMax, "\(layers.count) layers")
    self.base = base
    self.samples = samples
    self.correct = correct
    self.layers = layers
  }

  /// The bytes that are stored and sent.
  package func encoded() -> [UInt8] {
    var bytes = Self.magic
    bytes.reserveCapacity(
      Self.headerBytes + layers.reduce(0) { $0 + Self.layerBytes + $1.values.byteCount })
    append(Self.formatVersion, to: &bytes)
    bytes += base
    append(samples, to: &bytes)
    append(correct, to: &bytes)
    append(UInt32(layers.count), to: &bytes)
    for layer in layers {
      append(layer.layer, to: &bytes)
      append(UInt32(layer.values.count), to: &bytes)
      bytes += [layer.values.encoding, UInt8(bitPattern: layer.exponent), 0, 0]
    }
    for layer in layers {
      switch layer.values {
      case .int16(let values): for value in values { append(value, to: &bytes) }
      case .int32(let values): for value in values { append(value, to: &bytes) }
      case .float32(let values): for value in values { append(value.bitPattern, to: &bytes) }
      }
    }
    return bytes
  }

  private func append(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }
}

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

    /// Number of elements.
    package var count: Int {
      switch self {
      case .int16(let values): values.count
      case .int32(let values): values.count
      case .float32(let values): values.count
      }
    }

    var byteCount: Int {
      switch self {
      case .int16(let values): values.count * 2
      case .int32(let values): values.count * 4
      case .float32(let values): values.count * 4
      }
    }

    var encoding: UInt8 {
      switch self {
      case .int16: 0
      case .int32: 1
      case .float32: 2
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
    let fits = deltas.allSatisfy { Int16(exactly: $0) != nil }
    self.init(
      layer: layer, exponent: exponent,
      values: fits ? .int16(deltas.map { Int16(truncatingIfNeeded: $0) }) : .int32(deltas))
  }

  /// Whole steps of w16; fractions are rounded half to even.
  package func integerDeltas() throws(UpdateError) -> [Int32] {
    switch values {
    case .int16(let values): return values.map { Int32($0) }
    case .int32(let values): return values
    case .float32(let values):
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
}
