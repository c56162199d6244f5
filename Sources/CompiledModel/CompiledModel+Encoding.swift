extension CompiledModel {
  static let magic: [UInt8] = Array("SFMODEL\0".utf8)
  static let formatVersion: UInt16 = 1
  static let tags = ["META", "CORE", "LAYR", "PRIC", "TIME"]
  static let headerBytes = 24 + tags.count * 24

  /// The file: header, section table, sections, then each layer's weights on a chunk boundary.
  ///
  /// Canonical: equal models have equal bytes. `docs/CHIP.md` describes the layout.
  package func encoded() -> [UInt8] {
    let bodies = [metaBody(), coreBody(), layerBody(offsets: nil), prices.encoded(), timeBody()]
    var end = Self.headerBytes
    var places: [(offset: Int, length: Int)] = []
    for body in bodies {
      places.append((end, body.count))
      end = Self.roundedUp(end + body.count, to: 8)
    }
    var blocks: [(offset: Int, length: Int)] = []
    for layer in layers {
      let offset = Self.roundedUp(end, to: ChipArithmetic.chunkBytes)
      let length = layer.connection.weightBytes
      blocks.append((offset, length))
      end = offset + length
    }

    var writer = ByteWriter()
    writer.reserve(end)
    writer.raw(Self.magic)
    writer.uint16(Self.formatVersion)
    writer.uint16(UInt16(Self.tags.count))
    writer.uint32(UInt32(Self.headerBytes))
    writer.uint64(UInt64(end))
    for (tag, place) in zip(Self.tags, places) {
      writer.raw(Array(tag.utf8))
      writer.uint32(0)
      writer.uint64(UInt64(place.offset))
      writer.uint64(UInt64(place.length))
    }
    for (index, place) in places.enumerated() {
      writer.pad(to: place.offset)
      writer.raw(index == 2 ? layerBody(offsets: blocks.map(\.offset)) : bodies[index])
    }
    for (layer, block) in zip(layers, blocks) {
      writer.pad(to: block.offset)
      switch layer.connection.weights {
      case .fixed(let weights): writer.int8s(weights)
      case .plastic(let weights, _, _): writer.int16s(weights)
      }
    }
    return writer.bytes
  }

  private static func roundedUp(_ value: Int, to unit: Int) -> Int {
    (value + unit - 1) / unit * unit
  }

  private func metaBody() -> [UInt8] {
    var writer = ByteWriter()
    writer.text(name)
    writer.text(chip)
    writer.uint32(UInt32(steps))
    writer.uint32(UInt32(inputs))
    switch input {
    case .bernoulli(let seed):
      writer.uint8(0)
      writer.uint64(seed)
    }
    writer.uint32(UInt32(port.column))
    writer.uint32(UInt32(port.row))
    return writer.bytes
  }

  private func coreBody() -> [UInt8] {
    var writer = ByteWriter()
    writer.uint32(UInt32(cores.count))
    for core in cores {
      writer.uint32(UInt32(core.layer))
      writer.uint32(UInt32(core.firstNeuron))
      writer.uint32(UInt32(core.neuronCount))
      writer.uint32(UInt32(core.column))
      writer.uint32(UInt32(core.row))
    }
    return writer.bytes
  }

  private func timeBody() -> [UInt8] {
    var writer = ByteWriter()
    writer.uint16(UInt16(timing.picoseconds.count))
    for value in timing.picoseconds { writer.uint32(value) }
    writer.uint32(timing.axonInPicoseconds)
    writer.uint16(UInt16(timing.barriers.count))
    for barrier in timing.barriers {
      writer.uint32(UInt32(barrier.tiles))
      writer.uint32(barrier.picoseconds)
    }
    return writer.bytes
  }

  private func layerBody(offsets: [Int]?) -> [UInt8] {
    var writer = ByteWriter()
    writer.uint32(UInt32(layers.count))
    for (index, layer) in layers.enumerated() {
      writer.text(layer.name)
      writer.uint32(UInt32(layer.size))
      writer.uint32(UInt32(layer.phase))
      write(layer.neurons, to: &writer)
      let connection = layer.connection
      writer.uint32(UInt32(connection.source.map { $0 + 1 } ?? 0))
      writer.uint32(UInt32(connection.sourceSize))
      writer.uint8(connection.layout.rawValue)
      writer.int32(connection.exponent)
      writer.uint64(UInt64(offsets?[index] ?? 0))
      writer.uint64(UInt64(connection.weightBytes))
      write(connection.weights, to: &writer)
    }
    return writer.bytes
  }

  private func write(_ neurons: NeuronProgram, to writer: inout ByteWriter) {
    switch neurons {
    case .spiking(let program):
      writer.uint8(0)
      writer.int32(program.decay)
      writer.int32(program.bias)
      writer.int32(program.threshold)
      writer.uint8(program.reset.rawValue)
      writer.int32(program.resetPotential)
      writer.int32(program.refractorySteps)
    case .readout(let program):
      writer.uint8(1)
      writer.int32(program.decay)
      writer.int32(program.bias)
      writer.int32(program.logitMultiplier)
      writer.int32(program.logitShift)
    }
  }

  private func write(_ weights: CompiledConnection.Weights, to writer: inout ByteWriter) {
    guard case .plastic(_, let program, let bounds) = weights else {
      writer.uint8(0)
      return
    }
    switch program {
    case .threeFactor(let rule):
      writer.uint8(1)
      for field in rule.fields { writer.int32(field) }
    case .pairSTDP(let rule):
      writer.uint8(2)
      for field in rule.fields { writer.int32(field) }
    }
    writer.int32(Int32(bounds.lowerBound))
    writer.int32(Int32(bounds.upperBound))
  }
}

extension CompiledConnection {
  /// Bytes of the weights in a file.
  var weightBytes: Int {
    switch weights {
    case .fixed(let weights): weights.count
    case .plastic(let weights, _, _): weights.count * 2
    }
  }
}

extension ThreeFactorProgram {
  /// Parameters in the order of the file.
  var fields: [Int32] {
    [
      preDecay, postDecay, impulse, preFactor, postFactor, psiMultiplier, psiShift, signalShift,
      signalLimit, gain, gainShift,
    ]
  }

  /// Parameters from the order of the file.
  init(fields: [Int32]) {
    self.init(
      preDecay: fields[0], postDecay: fields[1], impulse: fields[2], preFactor: fields[3],
      postFactor: fields[4], psiMultiplier: fields[5], psiShift: fields[6],
      signalShift: fields[7], signalLimit: fields[8], gain: fields[9], gainShift: fields[10])
  }
}

extension PairSTDPProgram {
  /// Parameters in the order of the file.
  var fields: [Int32] { [preDecay, postDecay, impulse, potentiation, depression, shift] }

  /// Parameters from the order of the file.
  init(fields: [Int32]) {
    self.init(
      preDecay: fields[0], postDecay: fields[1], impulse: fields[2], potentiation: fields[3],
      depression: fields[4], shift: fields[5])
  }
}
