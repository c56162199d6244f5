/// One layer that may be in an update.
package struct LayerShape: Sendable, Equatable {
  /// Index of the layer in the compiled model.
  package var layer: UInt32
  /// Weights it has.
  package var count: Int
  /// Its weight exponent, which never changes within a job.
  package var exponent: Int8

  /// A layer with its facts.
  package init(layer: UInt32, count: Int, exponent: Int8) {
    self.layer = layer
    self.count = count
    self.exponent = exponent
  }
}

/// What an update is held against at the door, before anything is summed.
package struct UpdateBounds: Sendable, Equatable {
  /// SHA-256 of the round's base model, 32 bytes.
  package var base: [UInt8]
  /// The layers that learn, in layer order; an update has all of them and no other.
  package var shape: [LayerShape]
  /// Samples that the node was offered; an update has 1 to this many.
  package var samplesOffered: UInt32
  /// Samples that the node announced, which the update must repeat; nil where none was announced.
  package var samplesAnnounced: UInt32?
  /// Largest delta of a weight, in steps of w16, either way.
  package var deltaMax: Int32
  /// Largest Euclidean norm of the whole update, in steps of w16.
  package var normMax: Double

  /// Bounds with the widest norm; `deltaMax` is at most 65,535, the width of w16.
  package init(
    base: [UInt8], shape: [LayerShape], samplesOffered: UInt32,
    samplesAnnounced: UInt32? = nil, deltaMax: Int32 = FederatedAverage.deltaMax,
    normMax: Double = .infinity
  ) {
    self.base = base
    self.shape = shape
    self.samplesOffered = samplesOffered
    self.samplesAnnounced = samplesAnnounced
    self.deltaMax = min(deltaMax, FederatedAverage.deltaMax)
    self.normMax = normMax
  }
}

extension UpdateBounds {
  /// Holds what a dense update says of itself against the bounds.
  package func check(_ outline: UpdateOutline) throws(UpdateError) {
    try check(outline.base, samples: outline.samples, correct: outline.correct)
    try check(outline.layers.map(\.shape))
  }

  fileprivate func check(
    _ base: [UInt8], samples: UInt32, correct: UInt32
  ) throws(UpdateError) {
    guard base == self.base else { throw .baseDigest }
    if let announced = samplesAnnounced, announced != samples {
      throw .sampleCount(found: samples, expected: "the announced \(announced)")
    }
    guard samples >= 1, samples <= samplesOffered else {
      throw .sampleCount(found: samples, expected: "1 to the offered \(samplesOffered)")
    }
    guard correct <= samples else {
      throw .sampleCount(found: samples, expected: "at least the \(correct) hits among them")
    }
  }

  fileprivate func check(_ layers: [LayerShape]) throws(UpdateError) {
    guard layers.count == shape.count else {
      throw .shape("\(layers.count) layers, expected \(shape.count)")
    }
    for (found, expected) in zip(layers, shape) {
      guard found.layer == expected.layer else {
        throw .shape("layer \(found.layer) where layer \(expected.layer) belongs")
      }
      guard found.count == expected.count else {
        throw .shape("layer \(found.layer): \(found.count) elements, expected \(expected.count)")
      }
      guard found.exponent == expected.exponent else {
        throw .shape(
          "layer \(found.layer): exponent \(found.exponent), expected \(expected.exponent)")
      }
    }
  }
}

extension ModelUpdate {
  /// Holds the update against the bounds; returns its deltas in whole steps, layer by layer.
  @discardableResult
  package func validate(against bounds: UpdateBounds) throws(UpdateError) -> [[Int32]] {
    try bounds.check(base, samples: samples, correct: correct)
    try bounds.check(
      layers.map {
        LayerShape(layer: $0.layer, count: $0.values.count, exponent: $0.exponent)
      })
    var deltas: [[Int32]] = []
    for layer in layers {
      let whole = try layer.integerDeltas()
      for (index, delta) in whole.enumerated() where delta.magnitude > bounds.deltaMax.magnitude {
        throw .weightRange(
          layer: layer.layer, index: index, found: delta, limit: bounds.deltaMax)
      }
      deltas.append(whole)
    }
    let norm = Self.norm(of: deltas)
    guard norm <= bounds.normMax else { throw .norm(found: norm, limit: bounds.normMax) }
    return deltas
  }

  /// Squares of deltas are below 2^32 and an update has fewer than 2^31 of them, so their sum fits.
  private static func norm(of deltas: [[Int32]]) -> Double {
    var squares: UInt64 = 0
    for layer in deltas {
      for delta in layer { squares += UInt64(delta.magnitude) * UInt64(delta.magnitude) }
    }
    return Double(squares).squareRoot()
  }
}
