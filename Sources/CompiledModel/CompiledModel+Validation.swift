extension CompiledModel {
  /// Largest number of steps of a sample.
  package static let stepsMax = 4096
  /// Largest number of neurons or channels of a layer: sums of inputs stay within 32 bits.
  package static let sizeMax = 65536
  /// Largest number of classes of a model that learns from labels.
  package static let classesMax = 1024
  /// Largest number of layers.
  package static let layersMax = 64
  /// Largest number of cores.
  package static let coresMax = 1024
  /// Largest place in a row or a column of the mesh.
  package static let meshMax = 4095

  /// Throws for the first field that the chip could not run.
  ///
  /// What passes keeps every integer of the kernels within its width.
  package func validate() throws(ModelError) {
    try Self.require(Self.isName(name), "meta", "name", name, "[a-z0-9][a-z0-9._-]{0,62}")
    try Self.require(Self.isName(chip), "meta", "chip", chip, "[a-z0-9][a-z0-9._-]{0,62}")
    try Self.require((1...Self.stepsMax).contains(steps), "meta", "steps", steps, "1 to 4096")
    try Self.require((1...Self.sizeMax).contains(inputs), "meta", "inputs", inputs, "1 to 65536")
    try Self.require(
      (1...Self.layersMax).contains(layers.count), "layers", "count", layers.count, "1 to 64")
    for index in layers.indices { try validateLayer(index) }
    try validateCores()
  }

  private func validateLayer(_ index: Int) throws(ModelError) {
    let layer = layers[index]
    let field = "[\(index)]."
    try Self.require(
      Self.isName(layer.name), "layers", field + "name", layer.name, "[a-z0-9][a-z0-9._-]{0,62}")
    try Self.require(
      (1...Self.sizeMax).contains(layer.size), "layers", field + "size", layer.size, "1 to 65536")
    try Self.require(layer.phase == index, "layers", field + "phase", layer.phase, "\(index)")
    let connection = layer.connection
    try Self.require(
      connection.source == (index == 0 ? nil : index - 1), "layers", field + "source",
      connection.source.map { "\($0)" } ?? "the input", "the layer before it")
    let sourceSize = index == 0 ? inputs : layers[index - 1].size
    try Self.require(
      connection.sourceSize == sourceSize, "layers", field + "source size",
      connection.sourceSize, "\(sourceSize)")
    try Self.require(
      connection.weights.count == sourceSize * layer.size, "layers", field + "weights",
      connection.weights.count, "\(sourceSize) x \(layer.size)")
    try Self.require(
      (-32...32).contains(connection.exponent), "layers", field + "exponent",
      connection.exponent, "-32 to 32")
    try validateNeurons(layer.neurons, field, isLast: index == layers.count - 1)
    switch connection.weights {
    case .fixed(let weights):
      try Self.require(
        !weights.contains(-128), "layers", field + "weights", -128, "-127 to 127")
    case .plastic(let weights, let program, let bounds):
      try Self.require(
        ChipArithmetic.learningWeights.contains(bounds.lowerBound)
          && ChipArithmetic.learningWeights.contains(bounds.upperBound),
        "layers", field + "bounds", bounds, "within \(ChipArithmetic.learningWeights)")
      try Self.require(
        weights.allSatisfy(bounds.contains), "layers", field + "weights", "a weight out of bounds",
        "\(bounds)")
      try validate(program, index, field)
    }
  }

  private func validateNeurons(
    _ neurons: NeuronProgram, _ field: String, isLast: Bool
  ) throws(ModelError) {
    let limit = ChipArithmetic.potentialLimit
    try Self.range(neurons.decay, 0...4096, field + "decay")
    try Self.range(neurons.bias, -limit...limit, field + "bias")
    switch neurons {
    case .spiking(let program):
      try Self.range(program.threshold, 1...limit, field + "threshold")
      try Self.range(program.resetPotential, -limit...limit, field + "reset potential")
      try Self.range(program.refractorySteps, 0...4096, field + "refractory")
    case .readout(let program):
      try Self.require(isLast, "layers", field + "model", "a readout", "spiking before the last")
      try Self.range(program.logitMultiplier, 0...65535, field + "logit multiplier")
      try Self.range(program.logitShift, 0...47, field + "logit shift")
    }
  }

  private func validate(
    _ program: PlasticityProgram, _ index: Int, _ field: String
  ) throws(ModelError) {
    switch program {
    case .threeFactor(let rule):
      try Self.require(
        hasReadout && index >= layers.count - 2 && classes <= Self.classesMax, "layers",
        field + "plasticity", "three-factor",
        "on a readout of at most 1024 classes or the layer before it")
      try validate(rule, layers[index].neurons, field)
    case .pairSTDP(let rule):
      guard case .spiking = layers[index].neurons else {
        throw ModelError(
          section: "layers", field: field + "plasticity", found: "pair STDP on a readout",
          expected: "spiking neurons")
      }
      try Self.range(rule.preDecay, 0...4096, field + "pre decay")
      try Self.range(rule.postDecay, 0...4096, field + "post decay")
      try Self.range(rule.impulse, 1...4096, field + "impulse")
      try Self.range(rule.potentiation, 0...65535, field + "potentiation")
      try Self.range(rule.depression, 0...65535, field + "depression")
      try Self.range(rule.shift, 0...40, field + "shift")
    }
  }

  private func validate(
    _ rule: ThreeFactorProgram, _ neurons: NeuronProgram, _ field: String
  ) throws(ModelError) {
    try Self.range(rule.preDecay, 0...4096, field + "pre decay")
    try Self.range(rule.postDecay, 0...4096, field + "post decay")
    try Self.range(rule.impulse, 1...4096, field + "impulse")
    try Self.range(rule.preFactor, -256...256, field + "pre factor")
    try Self.range(rule.postFactor, -256...256, field + "post factor")
    try Self.range(rule.psiMultiplier, 0...65535, field + "psi multiplier")
    try Self.range(rule.psiShift, 0...40, field + "psi shift")
    try Self.range(rule.signalShift, 0...40, field + "signal shift")
    try Self.range(rule.signalLimit, 1...32767, field + "signal limit")
    try Self.range(rule.gain, 0...65535, field + "gain")
    try Self.range(rule.gainShift, 0...47, field + "gain shift")
    if case .spiking(let program) = neurons {
      let psi = (Int64(program.threshold) * Int64(rule.psiMultiplier)) >> Int64(rule.psiShift)
      try Self.require(psi <= 256, "layers", field + "psi", psi, "at most 256")
    }
    let step = Int64(rule.signalLimit) * Int64(rule.traceMax(steps: steps) + rule.impulse)
    try Self.require(
      step * Int64(steps) <= Int64(Int32.max), "layers", field + "signal limit", rule.signalLimit,
      "sums within 32 bits over \(steps) steps")
  }

  private func validateCores() throws(ModelError) {
    try Self.require(
      (1...Self.coresMax).contains(cores.count), "cores", "count", cores.count, "1 to 1024")
    var layer = 0
    var next = 0
    for (index, core) in cores.enumerated() {
      if layer < layers.count, next == layers[layer].size {
        layer += 1
        next = 0
      }
      try Self.require(
        layer < layers.count && core.layer == layer && core.firstNeuron == next
          && core.neuronCount > 0 && core.neuronCount <= layers[layer].size - next,
        "cores", "[\(index)]",
        "\(core.neuronCount) neurons from \(core.firstNeuron) of layer \(core.layer)",
        "the next neurons of the next layer, each once")
      try Self.require(
        (0...Self.meshMax).contains(core.column) && (0...Self.meshMax).contains(core.row), "cores",
        "[\(index)]", "tile \(core.column),\(core.row)", "0 to 4095")
      next += core.neuronCount
    }
    try Self.require(
      layer == layers.count - 1 && next == layers[layer].size, "cores", "count", cores.count,
      "cores for all neurons of all layers")
  }

  private static func range(
    _ value: Int32, _ range: ClosedRange<Int32>, _ field: String
  ) throws(ModelError) {
    try require(
      range.contains(value), "layers", field, value, "\(range.lowerBound) to \(range.upperBound)")
  }

  private static func require<Found>(
    _ condition: Bool, _ section: String, _ field: String, _ found: Found, _ expected: String
  ) throws(ModelError) {
    guard condition else {
      throw ModelError(section: section, field: field, found: "\(found)", expected: expected)
    }
  }

  private static func isName(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    return !bytes.isEmpty && bytes.count <= 63 && isAlphanumeric(bytes[0])
      && bytes.allSatisfy { isAlphanumeric($0) || [0x2D, 0x2E, 0x5F].contains($0) }
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
  }
}
