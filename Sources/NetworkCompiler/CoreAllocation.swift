import CompiledModel

/// Splits layers over cores within their limits.
///
/// Each layer takes the fewest cores that hold its neurons, synapses and in-axons. Out-axons depend
/// on how targets are split: layers whose cores send to too many are split further until all fit.
struct CoreAllocation {
  /// Boundaries of each layer's cores.
  private(set) var starts: [[Int]] = []
  /// Who reaches whom, by layer and by source.
  private(set) var reaches: [[LayerReach]] = []
  private(set) var violations: [DesignViolation] = []
  private let splits: [LayerSplit]
  private let chip: Chip
  private let options: CompilerOptions

  init(layers: [LoweredLayer], chip: Chip, options: CompilerOptions, network: String) {
    self.chip = chip
    self.options = options
    splits = layers.map { LayerSplit($0, chip: chip) }
    for split in splits {
      let cores = self.split(split)
      starts.append(cores)
      reaches.append(split.reaches(cores))
    }
    if violations.isEmpty { settleOutAxons() }
    checkReadout(layers)
    checkCompetition(layers)
    let needed = starts.reduce(0) { $0 + $1.count - 1 }
    if needed > chip.cores {
      let shares = zip(layers, starts).map { layer, starts in
        "\(layer.compiled.name) \(starts.count - 1)"
      }
      refuse(
        network, .chipCores, "\(chip.cores) \(chip.cores == 1 ? "core" : "cores")",
        "\(needed) cores (\(shares.joined(separator: ", ")))",
        "make layers smaller, learn in fewer layers, or use a chip with more cores")
    }
  }

  /// What each core holds, by layer.
  func uses() -> [[CoreUse]] {
    splits.indices.map { splits[$0].uses(starts[$0]) }
  }

  /// Destinations of each neuron of a layer: cores that hold a synapse of it.
  func destinations(of layer: Int) -> [Int] {
    var counts = [Int](repeating: 0, count: splits[layer].layer.compiled.size)
    for reach in reaches.joined() where reach.source == layer {
      reach.forEach { _, source in counts[source] += 1 }
    }
    return counts
  }

  private mutating func refuse(
    _ layer: String, _ rule: DesignRule, _ limit: String, _ need: String, _ cure: String
  ) {
    violations.append(
      DesignViolation(layer: layer, rule: rule, limit: limit, need: need, cure: cure))
  }

  // The softmax of the readout is computed on one core.
  private mutating func checkReadout(_ layers: [LoweredLayer]) {
    let learns = layers.contains { layer in
      layer.compiled.connections.contains {
        if case .threeFactor? = $0.plasticity { return true }
        return false
      }
    }
    guard learns, let last = layers.last, let cores = starts.last, cores.count > 2 else { return }
    refuse(
      last.compiled.name, .learningUnsupported, "errors from a readout on one core",
      "\(cores.count - 1) cores",
      "tell fewer classes apart, or make the layer before the readout smaller")
  }

  // Neurons find their winner on a core, unless the chip lets cores find it together.
  private mutating func checkCompetition(_ layers: [LoweredLayer]) {
    guard !chip.features.operations.contains(.wideCompetition) else { return }
    for (layer, starts) in zip(layers, starts) where starts.count > 2 {
      guard case .spiking(let program) = layer.compiled.neurons, program.competition != nil else {
        continue
      }
      refuse(
        layer.compiled.name, .competition, "neurons that compete on one core",
        "\(starts.count - 1) cores",
        "make the layer smaller, or choose a chip with `wide-competition`")
    }
  }

  private mutating func split(_ split: LayerSplit) -> [Int] {
    let name = split.layer.compiled.name
    let size = split.layer.compiled.size
    let whole = [0, size]
    if let mapping = options.mapping[name] { return mapped(split, mapping) }
    var isBroken = false
    if size > chip.core.neurons * chip.cores {
      refuse(
        name, .coreNeurons, "\(chip.core.neurons * chip.cores) neurons on all cores",
        "\(size) neurons on all cores", "make the layer smaller")
      isBroken = true
    }
    let limits = chip.core
    let neuron = split.largestNeuron()
    if neuron.inAxons > limits.inAxons {
      refuse(
        name, .coreInAxons, "\(limits.inAxons) in-axons", "\(neuron.inAxons) in-axons",
        "make the layers before it smaller, or connect them sparsely")
      isBroken = true
    }
    if neuron.inferenceBytes > limits.synapseMemoryBytes {
      refuse(
        name, .synapseMemory, "\(limits.synapseMemoryBytes) bytes for one neuron",
        "\(neuron.inferenceBytes) bytes for one neuron",
        "make the layers before it smaller, or keep weights in fewer bits")
      isBroken = true
    } else if neuron.bytes > limits.synapseMemoryBytes {
      refuse(
        name, .learningMemory, "\(limits.synapseMemoryBytes) bytes for one neuron that learns",
        "\(neuron.bytes) bytes for one neuron that learns",
        "make the layers before it smaller, or keep its weights fixed")
      isBroken = true
    }
    if isBroken { return whole }
    let most = min(size, max(chip.cores * 4, size / max(1, limits.neurons) * 2))
    if let starts = split.fewest(atLeast: 1, most: most) { return starts }
    refuse(
      name, .chipCores, "\(chip.cores) cores", "more than \(most) cores",
      "make the layer smaller, learn in fewer layers, or use a chip with more cores")
    return whole
  }

  private mutating func settleOutAxons() {
    // Splitting a layer adds destinations to those before it, so until nothing changes.
    var hasChanged = true
    while hasChanged {
      hasChanged = false
      for layer in splits.indices.reversed() {
        let counts = destinations(of: layer)
        guard overfull(starts[layer], counts) != nil else { continue }
        guard let finer = finer(layer, counts) else { return }
        starts[layer] = finer
        reaches[layer] = splits[layer].reaches(finer)
        hasChanged = true
      }
    }
  }

  /// The out-axons of the first core that has too many.
  private func overfull(_ starts: [Int], _ counts: [Int]) -> Int? {
    for core in 0..<starts.count - 1 {
      let sum = counts[starts[core]..<starts[core + 1]].reduce(0, +)
      if sum > chip.core.outAxons { return sum }
    }
    return nil
  }

  /// Nil, with a violation, if no more cores help.
  private mutating func finer(_ layer: Int, _ counts: [Int]) -> [Int]? {
    let name = splits[layer].layer.compiled.name
    let limit = chip.core.outAxons
    let cure = "make the layers after it smaller, so that they need fewer cores"
    if let largest = counts.max(), largest > limit {
      refuse(
        name, .coreOutAxons, "\(limit) out-axons for one neuron",
        "\(largest) out-axons for one neuron", cure)
      return nil
    }
    let count = starts[layer].count - 1
    if options.mapping[name] == nil {
      let least = max(count + 1, (counts.reduce(0, +) + limit - 1) / max(1, limit))
      let found = splits[layer].fewest(
        atLeast: least, most: min(counts.count, chip.cores),
        where: { overfull($0, counts) == nil })
      if let found { return found }
    }
    refuse(
      name, .coreOutAxons, "\(limit) out-axons",
      "\(overfull(starts[layer], counts) ?? 0) out-axons on one of \(count) cores", cure)
    return nil
  }

  private mutating func mapped(_ split: LayerSplit, _ mapping: PopulationMapping) -> [Int] {
    let name = split.layer.compiled.name
    let size = split.layer.compiled.size
    var starts: [Int]
    switch mapping {
    case .cores(let count):
      guard (1...size).contains(count) else {
        refuse(
          name, .mapping, "1 to \(size) cores", "\(count) cores",
          "map the population to as many cores as it has neurons, or fewer")
        return [0, size]
      }
      starts = split.even(count)
    case .places(let places):
      starts = [0]
      for place in places { starts.append(starts[starts.count - 1] + place.neuronCount) }
      guard places.allSatisfy({ $0.neuronCount > 0 }), starts.last == size else {
        refuse(
          name, .mapping, "all \(size) of its neurons, one or more on each core",
          "cores that hold \(shares(places))",
          "give the cores of the mapping the neurons of the population, no more and no fewer")
        return [0, size]
      }
    }
    let limits = chip.core
    for use in split.uses(starts) {
      let where_ = "on a core of the mapping"
      let cure = "map the population to more cores"
      if use.neurons.count > limits.neurons {
        refuse(
          name, .coreNeurons, "\(limits.neurons) neurons",
          "\(use.neurons.count) neurons \(where_)", cure)
      } else if use.inAxons > limits.inAxons {
        refuse(
          name, .coreInAxons, "\(limits.inAxons) in-axons", "\(use.inAxons) in-axons \(where_)",
          cure)
      } else if use.bytes > limits.synapseMemoryBytes {
        let isInference = use.inferenceBytes > limits.synapseMemoryBytes
        refuse(
          name, isInference ? .synapseMemory : .learningMemory,
          "\(limits.synapseMemoryBytes) bytes",
          "\(isInference ? use.inferenceBytes : use.bytes) bytes \(where_)", cure)
      } else {
        continue
      }
      break
    }
    return starts
  }

  private func shares(_ places: [PopulationMapping.Place]) -> String {
    let sum = places.reduce(0) { $0 + $1.neuronCount }
    // What is wrong in a list of many entries is seen by their sum.
    guard (2...8).contains(places.count) else { return "\(sum)" }
    return places.map { "\($0.neuronCount)" }.joined(separator: " + ") + " = \(sum)"
  }
}
