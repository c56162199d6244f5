import CompiledModel

/// Splits layers over cores within their limits and places them row-major on the mesh.
struct CoreAllocation {
  private(set) var cores: [PlacedCore] = []
  private(set) var coreFacts: [CoreFacts] = []
  private(set) var layerFacts: [LayerFacts] = []
  private(set) var violations: [DesignViolation] = []

  init(layers: [LoweredLayer], chip: Chip, network: String) {
    var shares = [[Int]](repeating: [], count: layers.count)
    // From the end, as a core's out-axons depend on the split of the layer after it.
    for index in layers.indices.reversed() {
      let destinations = index + 1 < layers.count ? shares[index + 1].count : 0
      var broken: [DesignViolation] = []
      shares[index] = Self.split(layers[index], chip, destinations: destinations, into: &broken)
      violations = broken + violations
    }
    if case .threeFactor? = layers.last?.compiled.connection.plasticity
      ?? layers.dropLast().last?
      .compiled.connection.plasticity, let last = layers.last, let share = shares.last,
      share.count > 1
    {
      violations.append(
        DesignViolation(
          layer: last.compiled.name, rule: .learningUnsupported,
          limit: "errors from a readout on one core", need: "\(share.count) cores",
          cure: "tell fewer classes apart, or make the layer before the readout smaller"))
    }
    let needed = shares.reduce(0) { $0 + $1.count }
    if needed > chip.cores {
      violations.append(
        DesignViolation(
          layer: network, rule: .chipCores, limit: "\(chip.cores) cores", need: "\(needed) cores",
          cure: "make layers smaller, learn in fewer layers, or use a chip with more cores"))
    }
    guard violations.isEmpty else { return }
    for (index, layer) in layers.enumerated() {
      place(layer, index, shares: shares, chip: chip)
    }
  }

  private mutating func place(
    _ layer: LoweredLayer, _ index: Int, shares: [[Int]], chip: Chip
  ) {
    let memory = LayerMemory(layer, chip)
    let destinations = index + 1 < shares.count ? shares[index + 1].count : 0
    var first = 0
    for count in shares[index] {
      let tile = cores.count / chip.coresPerTile
      cores.append(
        PlacedCore(
          layer: index, firstNeuron: first, neuronCount: count, column: tile % chip.columns,
          row: tile / chip.columns))
      coreFacts.append(
        CoreFacts(
          layer: index, neurons: count, inAxons: layer.compiled.connection.sourceSize,
          outAxons: count * destinations, synapseMemoryBytes: memory.bytes(neurons: count),
          learningBytes: memory.bytes(neurons: count) - memory.inferenceBytes(neurons: count)))
      first += count
    }
    let connection = layer.compiled.connection
    layerFacts.append(
      LayerFacts(
        name: layer.compiled.name, neurons: layer.compiled.size, weights: connection.weights.count,
        exponent: Int(connection.exponent), rule: Self.ruleName(connection.plasticity),
        cores: shares[index].count, roundingError: layer.roundingError))
  }

  /// Neurons for each core of a layer, as even as they can be.
  private static func split(
    _ layer: LoweredLayer, _ chip: Chip, destinations: Int, into broken: inout [DesignViolation]
  ) -> [Int] {
    let name = layer.compiled.name
    let size = layer.compiled.size
    let sources = layer.compiled.connection.sourceSize
    func refuse(_ rule: DesignRule, _ limit: Int, _ need: Int, _ unit: String, _ cure: String) {
      broken.append(
        DesignViolation(
          layer: name, rule: rule, limit: "\(limit) \(unit)", need: "\(need) \(unit)", cure: cure))
    }

    var most = chip.core.neurons
    if size > chip.core.neurons * chip.cores {
      refuse(
        .coreNeurons, chip.core.neurons * chip.cores, size, "neurons on all cores",
        "make the layer smaller")
    }
    if sources > chip.core.inAxons {
      refuse(
        .coreInAxons, chip.core.inAxons, sources, "in-axons",
        "make the layer before it smaller")
    }
    if destinations > chip.core.outAxons {
      refuse(
        .coreOutAxons, chip.core.outAxons, destinations, "out-axons for one neuron",
        "make the layer after it smaller, so that it needs fewer cores")
    } else if destinations > 0 {
      most = min(most, chip.core.outAxons / destinations)
    }
    let memory = LayerMemory(layer, chip)
    let limit = chip.core.synapseMemoryBytes
    if memory.inferenceBytes(neurons: 1) > limit {
      refuse(
        .synapseMemory, limit, memory.inferenceBytes(neurons: 1), "bytes for one neuron",
        "make the layer before it smaller")
    } else if memory.bytes(neurons: 1) > limit {
      refuse(
        .learningMemory, limit, memory.bytes(neurons: 1), "bytes for one neuron that learns",
        "make the layer before it smaller, or keep its weights fixed")
    } else {
      most = min(most, (limit - memory.bytes(neurons: 0)) / memory.bytesPerNeuron)
    }
    guard most > 0 else { return [size] }
    let count = (size + most - 1) / most
    return (0..<count).map { size * ($0 + 1) / count - size * $0 / count }
  }

  private static func ruleName(_ program: PlasticityProgram?) -> String {
    switch program {
    case nil: "none"
    case .threeFactor: "three-factor"
    case .pairSTDP: "pair-stdp"
    }
  }
}
