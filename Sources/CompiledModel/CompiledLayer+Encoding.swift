extension CompiledModel {
  /// The section of layers, for blocks that follow the byte `end`.
  func layerBody(blocksAfter end: Int) -> [UInt8] {
    var writer = ByteWriter()
    var end = end
    writer.count(layers.count)
    for layer in layers {
      writer.text(layer.name)
      writer.count(layer.size)
      writer.count(layer.phase)
      writer.int32(layer.exponent)
      layer.units.write(to: &writer)
      layer.neurons.write(to: &writer)
      writer.flag(layer.teacher != nil)
      if let teacher = layer.teacher {
        writer.int32(teacher.excitation)
        writer.int32(teacher.inhibition)
      }
      writer.count(layer.connections.count)
      for connection in layer.connections { connection.write(to: &writer, blocksAfter: &end) }
    }
    return writer.bytes
  }
}

extension NetworkUnits {
  fileprivate func write(to writer: inout ByteWriter) {
    writer.count(scales?.count ?? 0)
    for scale in scales ?? [] { writer.double(scale) }
    writer.double(resistance)
    writer.double(rest)
  }
}

extension NeuronProgram {
  fileprivate func write(to writer: inout ByteWriter) {
    switch self {
    case .spiking(let program):
      writer.uint8(0)
      program.membrane.write(to: &writer)
      program.threshold.write(to: &writer)
      writer.uint8(program.reset.rawValue)
      program.resetPotential.write(to: &writer)
      writer.int32(program.refractorySteps)
      writer.flag(program.adaptation != nil)
      if let adaptation = program.adaptation {
        writer.int32(adaptation.decay)
        adaptation.impulse.write(to: &writer)
      }
      writer.flag(program.pseudoDerivative != nil)
      if let derivative = program.pseudoDerivative {
        derivative.multiplier.write(to: &writer)
        writer.int32(derivative.shift)
      }
    case .readout(let program):
      writer.uint8(1)
      program.membrane.write(to: &writer)
      writer.int32(program.logitMultiplier)
      writer.int32(program.logitShift)
    }
  }
}

extension MembraneProgram {
  fileprivate func write(to writer: inout ByteWriter) {
    writer.int32(decay)
    writer.flag(currentDecay != nil)
    if let currentDecay { writer.int32(currentDecay) }
    bias.write(to: &writer)
  }
}

extension NeuronValues {
  fileprivate func write(to writer: inout ByteWriter) {
    writer.count(values.count)
    writer.integers(values)
  }
}

extension CompiledConnection {
  /// Everything except the blocks, whose places follow `end` and move it.
  fileprivate func write(to writer: inout ByteWriter, blocksAfter end: inout Int) {
    writer.count(source.map { $0 + 1 } ?? 0)
    writer.count(sourceSize)
    writer.flag(pooling != nil)
    if let pooling {
      for field in [pooling.height, pooling.width, pooling.channels, pooling.window] {
        writer.count(field)
      }
    }
    writer.count(delay)
    writer.int32(shift)
    writer.uint8(precision.rawValue)
    writePlasticity(to: &writer)
    switch layout {
    case .dense:
      writer.uint8(0)
    case .sparse(_, let targets):
      writer.uint8(1)
      writer.count(targets.count)
    case .convolution(let shape):
      writer.uint8(2)
      for field in shape.fields { writer.count(field) }
    case .oneToOne:
      writer.uint8(3)
    }
    let blocks = blockBytes
    if let lists = blocks.lists { writeBlock(lists, to: &writer, after: &end) }
    writeBlock(blocks.weights, to: &writer, after: &end)
  }

  private func writeBlock(_ length: Int, to writer: inout ByteWriter, after end: inout Int) {
    let offset = FileLayout.roundedUp(end, to: ChipArithmetic.chunkBytes)
    writer.uint64(UInt64(offset))
    writer.uint64(UInt64(length))
    end = offset + length
  }

  private func writePlasticity(to writer: inout ByteWriter) {
    guard case .plastic(_, let program, let bounds) = weights else {
      writer.uint8(0)
      return
    }
    switch program {
    case .threeFactor(let rule):
      writer.uint8(1)
      writer.integers(rule.fields)
    case .pairSTDP(let rule):
      writer.uint8(2)
      writer.integers(rule.fields)
    case .sdsp(let rule):
      writer.uint8(3)
      writer.integers(rule.fields)
    }
    writer.int16(bounds.lowerBound)
    writer.int16(bounds.upperBound)
  }
}
