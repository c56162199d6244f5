/// What one node learnt in one round: the change of each plastic layer's 16-bit weights.
///
/// The file is little-endian: magic `SPKU`, format version 1 and three zero bytes, the base
/// model's SHA-256, samples and test-then-train hits as 32 bits, the number of layers; for each
/// layer its index, encoding, element count and exponent (zero: deltas are in steps of `w16`);
/// then the payloads in the same order.
package struct ModelUpdate: Sendable, Equatable {
  /// The deltas of one layer, row-major as the model keeps its weights.
  package enum Deltas: Sendable, Equatable {
    /// Steps of `w16`; written with 16 bits each where all fit, else 32.
    case integer([Int32])
    /// Fractions of a step, as desk training makes them.
    case float([Float])

    /// Number of weights.
    package var count: Int {
      switch self {
      case .integer(let values): values.count
      case .float(let values): values.count
      }
    }
  }

  /// One plastic layer.
  package struct Layer: Sendable, Equatable {
    /// Index of the layer in the model.
    package var index: Int
    /// Its change.
    package var deltas: Deltas

    /// A layer's change.
    package init(index: Int, deltas: Deltas) {
      self.index = index
      self.deltas = deltas
    }
  }

  /// Largest number of layers.
  package static let layersMax = 256

  /// SHA-256 of the base model, 32 bytes.
  package var base: [UInt8]
  /// Samples trained: the weight in the average.
  package var samples: UInt32
  /// Test-then-train hits among them.
  package var correct: UInt32
  /// Plastic layers in rising order.
  package var layers: [Layer]

  /// An update with all its facts; `base` has 32 bytes.
  package init(base: [UInt8], samples: UInt32, correct: UInt32, layers: [Layer]) {
    precondition(base.count == 32, "a digest of \(base.count) bytes, expected 32")
    precondition(layers.count <= Self.layersMax, "\(layers.count) layers")
    self.base = base
    self.samples = samples
    self.correct = correct
    self.layers = layers
  }

  /// Deltas in whole steps; fractions are rounded half to even.
  ///
  /// Throws `non-finite` for NaN and infinity, `weight-range` for what 32 bits do not hold.
  package func integerDeltas() throws(UpdateError) -> [[Int32]] {
    var result: [[Int32]] = []
    for layer in layers {
      switch layer.deltas {
      case .integer(let values): result.append(values)
      case .float(let values):
        var whole: [Int32] = []
        whole.reserveCapacity(values.count)
        for (position, value) in values.enumerated() {
          guard value.isFinite else { throw .nonFinite(layer: layer.index, position: position) }
          guard let step = Int32(exactly: value.rounded(.toNearestOrEven)) else {
            throw .weightRange(
              layer: layer.index, position: position, found: "\(value)", limit: Int64(Int32.max))
          }
          whole.append(step)
        }
        result.append(whole)
      }
    }
    return result
  }
}
