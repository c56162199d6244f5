/// What compression left out of the updates a node has sent: exact, in whole steps of w16.
///
/// A node adds it to its next update (error feedback, Seide et al. 2014; Karimireddy et al. 2019),
/// so that nothing learnt is lost: residual + delta = sent + next residual, to the step. The node
/// stores `next` with the update and lets it count once the update was accepted; after a refusal
/// `returning` puts back what was sent in vain.
///
/// As bytes, little-endian: magic `SPKR`, format version 1 (u32), layer count (u32), then the
/// layers as in format 1 of an update.
package struct UpdateResidual: Sendable, Equatable {
  /// Dense integers, one entry per layer that learns, in layer order.
  package let layers: [LayerDelta]

  private static let magic: [UInt8] = [0x53, 0x50, 0x4B, 0x52]
  private static let formatVersion: UInt32 = 1

  /// Nothing left out yet of layers of a shape.
  package init(shape: [LayerShape]) {
    layers = shape.map {
      LayerDelta(
        layer: $0.layer, exponent: $0.exponent, deltas: [Int32](repeating: 0, count: $0.count))
    }
  }

  init(layers: [LayerDelta]) { self.layers = layers }

  /// The residual as if `sent` had never been sent: this one with all of `sent` added.
  ///
  /// Throws `shape` where `sent` is of another shape, `residual-range` past 32 bits.
  package func returning(_ sent: ModelUpdate) throws(UpdateError) -> UpdateResidual {
    let sums = try adding(to: sent.layers)
    return try UpdateResidual(zip(sent.layers, sums).map { ($0, $1) })
  }

  /// The bytes that are stored.
  package func encoded() -> [UInt8] {
    var bytes = Self.magic
    bytes.append(integer: Self.formatVersion)
    bytes.append(integer: UInt32(layers.count))
    LayerCoding.append(layers, format: 1, to: &bytes)
    return bytes
  }

  /// Reads a residual; any bytes at all either make one or throw `format`.
  package init(reading bytes: [UInt8]) throws(UpdateError) {
    do throws(FormatError) {
      var reader = ByteReader(bytes)
      guard try reader.take(4) == Self.magic else {
        throw FormatError("the first four bytes are not SPKR")
      }
      let (format, layerCount): (UInt32, UInt32) = (try reader.integer(), try reader.integer())
      guard format == Self.formatVersion, layerCount <= UInt32(ModelUpdate.layersMax) else {
        throw FormatError("a residual of format \(format) with \(layerCount) layers")
      }
      layers = try LayerCoding.read(Int(layerCount), format: 1, from: &reader)
      guard layers.allSatisfy({ $0.isWhole }) else {
        throw FormatError("a residual has whole steps only")
      }
    } catch {
      throw .format(error.detail)
    }
  }

  /// This residual plus the deltas of layers of the same shape, element by element.
  func adding(to others: [LayerDelta]) throws(UpdateError) -> [[Int64]] {
    guard layers.count == others.count else {
      throw .shape("\(others.count) layers, the residual has \(layers.count)")
    }
    var sums: [[Int64]] = []
    for (own, other) in zip(layers, others) {
      guard own.layer == other.layer, own.exponent == other.exponent,
        own.values.count == other.values.count
      else {
        throw .shape(
          "layer \(other.layer) has \(other.values.count) elements of exponent "
            + "\(other.exponent); the residual has layer \(own.layer) with "
            + "\(own.values.count) of exponent \(own.exponent)")
      }
      sums.append(
        zip(try own.integerDeltas(), try other.integerDeltas()).map { Int64($0) + Int64($1) })
    }
    return sums
  }

  /// What is left of some layers, each element of which must fit 32 bits.
  init(_ left: [(layer: LayerDelta, values: [Int64])]) throws(UpdateError) {
    var layers: [LayerDelta] = []
    for (layer, values) in left {
      var deltas: [Int32] = []
      deltas.reserveCapacity(values.count)
      for (index, value) in values.enumerated() {
        guard let delta = Int32(exactly: value) else {
          throw .residualRange(layer: layer.layer, index: index, found: value)
        }
        deltas.append(delta)
      }
      layers.append(LayerDelta(layer: layer.layer, exponent: layer.exponent, deltas: deltas))
    }
    self.init(layers: layers)
  }
}

extension LayerDelta {
  /// Whether its elements are integers that are carried one by one.
  var isWhole: Bool {
    switch values {
    case .int16, .int32: true
    case .float32, .int8, .sparse, .sign: false
    }
  }
}
