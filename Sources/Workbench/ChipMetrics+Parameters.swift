import CompiledModel

/// What a model has, whatever it is shown.
extension ChipMetrics {
  /// Synapses of all connections, zeros included; shared weights count at each place.
  static func synapses(of model: CompiledModel) -> Int {
    model.connections.reduce(0) { sum, index in
      sum + model[index].denseSynapses(targets: model.layers[index.layer].size)
    }
  }

  /// Weights, zeros included, and the biases of layers that have any.
  static func parameterCount(of model: CompiledModel) -> Int {
    model.layers.reduce(0) { sum, layer in
      sum + layer.connections.reduce(0) { $0 + $1.denseWeights(targets: layer.size) }
        + biases(of: layer)
    }
  }

  /// One for each channel of a convolution, else one for each neuron, however they are stored.
  private static func biases(of layer: CompiledLayer) -> Int {
    let bias = layer.neurons.membrane.bias
    guard bias.values != [0] else { return 0 }
    for connection in layer.connections {
      guard case .convolution(let shape) = connection.layout else { continue }
      let channels = shape.outputChannels
      if (0..<layer.size).allSatisfy({ bias[$0] == bias[$0 % channels] }) { return channels }
    }
    return layer.size
  }

  /// Share of weights that inference sees as zero, to 4 decimals; missing pairs of a sparse
  /// connection are zeros.
  static func connectionSparsity(of model: CompiledModel) -> Double {
    var (zeros, all) = (0, 0)
    for index in model.connections {
      let weights = model[index].inferenceWeights
      let dense = model[index].denseWeights(targets: model.layers[index.layer].size)
      all += dense
      zeros += dense - weights.count { $0 != 0 }
    }
    return all == 0 ? 0 : (Double(zeros) / Double(all) * 10_000).rounded() / 10_000
  }

  /// Bytes of parameters and state, each array rounded up to whole bytes.
  ///
  /// Weights have their bits, learning ones 16; entries of lists and parameters of neurons have 4
  /// bytes; potentials, rises and currents have the chip's widths, a refractory neuron a byte.
  static func footprintBytes(of model: CompiledModel) -> Int {
    model.layers.reduce(0) { sum, layer in
      sum + neuronBytes(layer, model.arithmetic)
        + layer.connections.reduce(0) { $0 + bytes(of: $1, targets: layer.size) }
    }
  }

  private static func bytes(of connection: CompiledConnection, targets: Int) -> Int {
    var bytes = 0
    if case .sparse(let rowStarts, let list) = connection.layout {
      bytes += 4 * (rowStarts.count + list.count)
    }
    switch connection.weights {
    case .fixed(let weights):
      bytes += (weights.count * Int(connection.precision.rawValue) + 7) / 8
    case .plastic(let weights, let rule, _):
      bytes += rule.edge == nil ? 2 * weights.count : (weights.count + 7) / 8
      switch rule {
      case .threeFactor(let program):
        bytes += 2 * connection.pooledSize * (program.secondPreDecay == 0 ? 1 : 2)
        if program.isAppliedEachStep == 0 { bytes += 4 * weights.count }
        if program.adaptationFactor != 0 { bytes += 2 * weights.count }
        if program.postFactor != 0 { bytes += 2 * targets }
      case .program(let program):
        for trace in program.traces {
          bytes += 2 * (trace.name.isPresynaptic ? connection.pooledSize : targets)
        }
        if program.hasTags { bytes += 2 * weights.count }
      case .sdsp: bytes += (3 * targets + 7) / 8
      case .edge: bytes += 2 * (targets + connection.pooledSize)
      }
    }
    return bytes
  }

  private static func neuronBytes(_ layer: CompiledLayer, _ arithmetic: StateArithmetic) -> Int {
    func state(_ bits: Int) -> Int { (layer.size * bits + 7) / 8 }
    let membrane = layer.neurons.membrane
    var bytes = state(arithmetic.potentialBits) + 4 * (1 + membrane.bias.values.count)
    if membrane.currentDecay != nil { bytes += 4 + state(arithmetic.currentBits) }
    switch layer.neurons {
    case .readout: bytes += 8
    case .spiking(let program):
      bytes += 4 * program.threshold.values.count
      if program.reset == .hard { bytes += 4 * program.resetPotential.values.count }
      if program.refractorySteps > 0 { bytes += 4 + layer.size }
      if let adaptation = program.adaptation {
        bytes += 4 * (1 + adaptation.impulse.values.count) + state(arithmetic.potentialBits)
      }
      if let derivative = program.pseudoDerivative {
        bytes += 4 * (1 + derivative.multiplier.values.count)
      }
    }
    return bytes
  }
}
