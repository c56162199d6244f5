/// What a dense update says of itself in front of its elements.
package struct UpdateOutline: Sendable, Equatable {
  /// One layer of the table.
  package struct Layer: Sendable, Equatable {
    /// What the layer is, as the table has it.
    package var shape: LayerShape
    /// How its elements are carried, one after the other.
    package var form: Form
    /// Where they begin in the update's bytes.
    package var offset: Int

    /// Where an element begins in the update's bytes; that after the last one is where they end.
    package func offset(of element: Int) -> Int { offset + element * form.bytes }
  }

  /// How elements are carried one by one; raw values are those of `LayerCoding`.
  package enum Form: UInt8, Sendable {
    /// Whole steps.
    case int16, int32
    /// Steps with a fraction.
    case float32

    /// Bytes of an element.
    package var bytes: Int { self == .int16 ? 2 : 4 }

    /// Elements of this form at an address.
    package func elements(at address: UnsafeRawPointer) -> DeltaElements {
      switch self {
      case .int16: .int16(address)
      case .int32: .int32(address)
      case .float32: .float32(address)
      }
    }
  }

  /// SHA-256 of the base model, 32 bytes.
  package var base: [UInt8]
  /// Samples trained.
  package var samples: UInt32
  /// Test-then-train hits among them.
  package var correct: UInt32
  /// One entry per layer, in the update's order.
  package var layers: [Layer]

  /// Bytes at the start of a dense update that have all of its outline.
  package static let bytesMax =
    ModelUpdate.headerBytes + ModelUpdate.layersMax * ModelUpdate.layerBytes

  /// Reads the outline of an update of `size` bytes from its first `bytesMax` bytes, or all.
  ///
  /// Nil for a compressed one, which has to be read whole.
  package init?(reading prefix: [UInt8], size: Int) throws(UpdateError) {
    do throws(FormatError) {
      var reader = ByteReader(prefix)
      let head = try ModelUpdate.Head(from: &reader)
      guard head.format == 1 else { return nil }
      (base, samples, correct, layers) = (head.base, head.samples, head.correct, [])
      let entries = try LayerCoding.entries(
        head.layers, format: 1, from: &reader, of: size - ModelUpdate.headerBytes)
      var offset = reader.offset
      for entry in entries {
        guard let form = Form(rawValue: entry.encoding) else {
          throw FormatError("layer \(entry.layer): encoding \(entry.encoding)")
        }
        let shape = LayerShape(layer: entry.layer, count: entry.count, exponent: entry.exponent)
        layers.append(Layer(shape: shape, form: form, offset: offset))
        offset += entry.size
      }
    } catch {
      throw .format(error.detail)
    }
  }
}
