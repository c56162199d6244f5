/// What layers that stay on a node have learnt there: learnt minus the values of the round's base,
/// exact, in whole steps.
///
/// The global model keeps the base's values of these layers, so that all bases of a job share them,
/// and what was learnt from one of them fits the next.
///
/// As bytes, little-endian: magic `SPKL`, format version 1 (u32), layer count (u32), then the
/// layers as in format 1 of an update.
package struct LocalLayers: Sendable, Equatable {
  /// Dense integers, one entry per block that stays, in block order.
  package let layers: [LayerDelta]

  private static let magic: [UInt8] = [0x53, 0x50, 0x4B, 0x4C]
  private static let formatVersion: UInt32 = 1

  /// Layers of whole steps.
  package init(_ layers: [LayerDelta]) {
    precondition(layers.allSatisfy(\.isWhole), "layers of whole steps")
    self.layers = layers
  }

  /// What they are, block by block.
  package var shape: [LayerShape] {
    layers.map { LayerShape(layer: $0.layer, count: $0.values.count, exponent: $0.exponent) }
  }

  /// The bytes that are stored.
  package func encoded() -> [UInt8] {
    var bytes = Self.magic
    bytes.append(integer: Self.formatVersion)
    bytes.append(integer: UInt32(layers.count))
    LayerCoding.append(layers, format: 1, to: &bytes)
    return bytes
  }

  /// Reads what was stored; any bytes at all either make one or throw `format`.
  package init(reading bytes: [UInt8]) throws(UpdateError) {
    do throws(FormatError) {
      var reader = ByteReader(bytes)
      guard try reader.take(4) == Self.magic else {
        throw FormatError("the first four bytes are not SPKL")
      }
      let (format, layerCount): (UInt32, UInt32) = (try reader.integer(), try reader.integer())
      guard format == Self.formatVersion, layerCount <= UInt32(ModelUpdate.layersMax) else {
        throw FormatError("local layers of format \(format), \(layerCount) of them")
      }
      layers = try LayerCoding.read(Int(layerCount), format: 1, from: &reader)
      guard layers.allSatisfy(\.isWhole) else {
        throw FormatError("local layers have whole steps only")
      }
    } catch {
      throw .format(error.detail)
    }
  }
}
