import Federation

/// A round of a small model, as the fuzzer of updates and its seeds have it.
enum UpdatePieces {
  /// Samples that every node was offered.
  static let samples: UInt32 = 50
  /// Digest of the base.
  static let digest = [UInt8](repeating: 7, count: 32)
  /// What learns.
  static let shape = [
    LayerShape(layer: 0, count: 40, exponent: -3), LayerShape(layer: 1, count: 7, exponent: 0),
    LayerShape(layer: 0x1000, count: 1, exponent: 5),
  ]
  /// The base's values.
  static let base: [[Int16]] = shape.map { layer in
    (0..<layer.count).map { Int16($0 * 700 - 14_000) }
  }
  /// What an honest node has learnt.
  static let honest: [[Int32]] = shape.map { layer in
    (0..<layer.count).map { Int32($0 % 5) * 100 - 200 }
  }

  /// What updates are held against; the announcement has the update's own samples.
  static func bounds(samples announced: UInt32) -> UpdateBounds {
    UpdateBounds(
      base: digest, shape: shape, samplesOffered: samples, samplesAnnounced: announced)
  }

  /// An honest update.
  static var update: ModelUpdate {
    ModelUpdate(
      base: digest, samples: 10, correct: 4,
      layers: zip(shape, honest).map { layer, deltas in
        LayerDelta(layer: layer.layer, exponent: layer.exponent, deltas: deltas)
      })
  }
}
