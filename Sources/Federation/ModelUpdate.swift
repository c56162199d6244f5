/// One node's contribution to one round: what its training added to the base model's weights.
///
/// As bytes, little-endian: magic `SPKU`, format version (u32), digest of the base model
/// (32 bytes), samples (u32), correct (u32), layer count (u32); then the layers as `LayerCoding`
/// has them. Dense layers are written in format 1, which all readers know; format 2 is written
/// only where a layer is compressed. An update has exactly one form in bytes.
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
  /// Bytes of a layer's entry in the table of format 1.
  package static let layerBytes = 12
  /// The formats that this build reads.
  package static let formatVersions: ClosedRange<UInt32> = 1...2
  /// Layers that one update may name.
  package static let layersMax = 1_024
  /// Elements of all layers together, those that a sparse form does not carry included.
  package static let elementsMax = 1 << 28
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
    let format: UInt32 = LayerCoding.isDense(layers) ? 1 : 2
    var bytes = Self.magic
    bytes.append(integer: format)
    bytes += base
    bytes.append(integer: samples)
    bytes.append(integer: correct)
    bytes.append(integer: UInt32(layers.count))
    LayerCoding.append(layers, format: format, to: &bytes)
    return bytes
  }

  /// Reads an update; any bytes at all either make one or throw, and nothing traps.
  ///
  /// Memory is taken only after the byte count was found to be what the layer table promises.
  package init(reading bytes: [UInt8]) throws(UpdateError) {
    do throws(FormatError) {
      try self.init(parsing: bytes)
    } catch {
      throw .format(error.detail)
    }
  }

  private init(parsing bytes: [UInt8]) throws(FormatError) {
    var reader = ByteReader(bytes)
    let head = try Head(from: &reader)
    self.init(
      base: head.base, samples: head.samples, correct: head.correct,
      layers: try LayerCoding.read(head.layers, format: head.format, from: &reader))
    // Format 1 has no second way to say a thing.
    guard head.format == 1 || encoded() == bytes else {
      throw FormatError("these layers have another form in bytes")
    }
  }

  /// What is in front of the layer table.
  struct Head {
    let format: UInt32
    let base: [UInt8]
    let samples: UInt32
    let correct: UInt32
    /// Layers of the table.
    let layers: Int

    init(from reader: inout ByteReader) throws(FormatError) {
      guard reader.left >= ModelUpdate.headerBytes else {
        throw FormatError("\(reader.left) bytes, the header alone has \(ModelUpdate.headerBytes)")
      }
      guard try reader.take(4) == ModelUpdate.magic else {
        throw FormatError("the first four bytes are not SPKU")
      }
      format = try reader.integer()
      guard ModelUpdate.formatVersions.contains(format) else {
        throw FormatError(
          "format \(format), this build reads \(ModelUpdate.formatVersions.lowerBound) to "
            + "\(ModelUpdate.formatVersions.upperBound)")
      }
      base = try reader.take(32)
      (samples, correct) = (try reader.integer(), try reader.integer())
      let count: UInt32 = try reader.integer()
      guard count <= UInt32(ModelUpdate.layersMax) else {
        throw FormatError("\(count) layers, limit \(ModelUpdate.layersMax)")
      }
      layers = Int(count)
    }
  }
}
