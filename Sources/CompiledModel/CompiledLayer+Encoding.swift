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
        writer.flag(teacher.onMistakes)
      }
      writer.count(layer.assignment?.classes ?? 0)
      writer.flag(layer.signal != nil)
      layer.signal?.write(to: &writer)
      writer.flag(layer.rewardMean != nil)
      if let mean = layer.rewardMean { writer.int32(mean.rate) }
      writer.count(layer.connections.count)
      for connection in layer.connections { connection.write(to: &writer, blocksAfter: &end) }
      for block in layer.learnedBlocks { writer.place(of: block.count * 2, after: &end) }
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
      writer.flag(program.competition != nil)
      if let competition = program.competition { writer.int32(competition.inhibition) }
      writer.flag(program.homeostasis != nil)
      if let homeostasis = program.homeostasis {
        writer.int32(homeostasis.impulse)
        writer.int32(homeostasis.decay)
        writer.int32(homeostasis.shift)
      }
    case .readout(let program):
      writer.uint8(1)
      program.membrane.write(to: &writer)
      writer.int32(program.logitMultiplier)
      writer.int32(program.logitShift)
      writer.int32(program.neuronsPerClass)
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
    if let lists = blocks.lists { writer.place(of: lists, after: &end) }
    writer.place(of: blocks.weights, after: &end)
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
    case .program(let program):
      writer.uint8(2)
      program.write(to: &writer)
    case .sdsp(let rule):
      writer.uint8(3)
      writer.integers(rule.fields)
    case .edge(let rule):
      writer.uint8(4)
      writer.integers(rule.fields)
    }
    writer.int16(bounds.lowerBound)
    writer.int16(bounds.upperBound)
    writer.int32(normalisation ?? 0)
  }
}

extension ByteWriter {
  /// The place of a block on the next chunk after `end`, which moves behind it.
  fileprivate mutating func place(of length: Int, after end: inout Int) {
    let offset = FileLayout.roundedUp(end, to: ChipArithmetic.chunkBytes)
    uint64(UInt64(offset))
    uint64(UInt64(length))
    end = offset + length
  }
}

extension CompiledLayer {
  /// What its neurons learn, in the order of the file: rises of thresholds, the assignment,
  /// weights along which errors come back, plasticities, then the mean of rewards.
  var learnedBlocks: [[Int16]] {
    [
      homeostasis?.rises, assignment?.counts, feedbackWeights, plasticities,
      rewardMean.map { [$0.mean] },
    ].compactMap(\.self)
  }

  /// Weights of 16 bits along which errors come back, where such adapt.
  package var feedbackWeights: [Int16]? {
    guard case .adaptive(let weights)? = signal?.feedback else { return nil }
    return weights
  }
}
