import CompiledModel
import SpikingNetwork

/// Puts lowered layers on cores and cores on tiles, and tells what came of it.
struct ModelAssembly {
  let network: SpikingNetwork
  let chip: Chip
  let graph: PopulationGraph
  let options: CompilerOptions
  let layers: [LoweredLayer]
  let allocation: CoreAllocation
  let pinned: [Int?]

  func compilation(input: InputProgram) -> Compilation {
    let traffic = CoreTraffic(
      starts: allocation.starts, reaches: allocation.reaches, spikes: spikes(of:neuron:))
    let placement = Placement(traffic: traffic, pinned: pinned, chip: chip)
    let rowMajor = placement.rowMajor
    let tiles = options.placement == .rowMajor ? rowMajor : placement.leastTraffic()
    var cores: [PlacedCore] = []
    var coreFacts: [CoreFacts] = []
    for (layer, uses) in allocation.uses().enumerated() {
      let destinations = allocation.destinations(of: layer)
      for use in uses {
        let tile = tiles[cores.count]
        cores.append(
          PlacedCore(
            layer: layer, firstNeuron: use.neurons.lowerBound, neuronCount: use.neurons.count,
            column: tile % chip.columns, row: tile / chip.columns))
        coreFacts.append(
          CoreFacts(
            layer: layer, neurons: use.neurons.count, inAxons: use.inAxons,
            outAxons: destinations[use.neurons].reduce(0, +), synapseMemoryBytes: use.bytes,
            learningBytes: use.bytes - use.inferenceBytes))
      }
    }
    let model = CompiledModel(
      name: network.name, chip: chip.name, steps: network.steps,
      timeStep: network.timeStep, inputs: graph.input.size, input: input,
      arithmetic: chip.arithmetic, layers: layers.map(\.compiled), cores: cores,
      prices: chip.prices, timing: chip.timing)
    return Compilation(
      model: model, layers: layers.indices.map(facts(of:)), cores: coreFacts, limits: chip.core,
      chipCores: chip.cores,
      traffic: TrafficFacts(
        rowMajor: traffic.hops(tiles: rowMajor, columns: chip.columns),
        placed: traffic.hops(tiles: tiles, columns: chip.columns)))
  }

  private func spikes(of layer: Int?, neuron: Int) -> Double {
    let population = layer.map { graph.nodes[$0].population } ?? graph.input
    return options.rates?.spikes(of: population.name, neuron: neuron)
      ?? SpikeRates.assumed * Double(network.steps)
  }

  private func facts(of index: Int) -> LayerFacts {
    let layer = layers[index]
    let connections = layer.compiled.connections.indices.map { facts(of: index, connection: $0) }
    let weights = connections.reduce(0) { $0 + $1.weights }
    var rules: [String] = []
    for connection in connections where !rules.contains(connection.rule) {
      if connection.rule != "none" { rules.append(connection.rule) }
    }
    let scales = layer.units.scales
    let shift = layer.units.shifts.min() ?? 0
    return LayerFacts(
      name: layer.compiled.name, neurons: layer.compiled.size, weights: weights,
      exponent: layer.units.exponent + Int(shift),
      scale: scales.reduce(0, +) / Double(scales.count) * Double(1 << shift),
      isPerChannel: scales.count > 1, phase: layer.compiled.phase,
      rule: rules.isEmpty ? "none" : rules.joined(separator: "+"),
      cores: allocation.starts[index].count - 1,
      roundingError: (layer.squares.reduce(0, +) / Double(max(1, weights))).squareRoot(),
      connections: connections)
  }

  private func facts(of index: Int, connection place: Int) -> ConnectionFacts {
    let layer = layers[index]
    let connection = layer.compiled.connections[place]
    let count = connection.weights.count
    let full = max(1, min(8, chip.core.weightBits))
    let kept =
      connection.plasticity == nil
      ? Int(connection.precision.rawValue)
      : connection.plasticity?.edge != nil ? 1 : min(8, chip.arithmetic.learningWeightBits)
    return ConnectionFacts(
      source: connection.source.map { graph.nodes[$0].population.name } ?? graph.input.name,
      layout: Self.name(of: connection.layout), weights: count, bits: min(full, kept),
      exponent: layer.units.exponent + Int(connection.shift),
      rule: Self.name(of: connection.plasticity), delay: connection.delay,
      roundingError: (layer.squares[place] / Double(max(1, count))).squareRoot())
  }

  private static func name(of layout: SynapseLayout) -> String {
    switch layout {
    case .dense: "dense"
    case .sparse: "sparse"
    case .convolution: "convolution"
    case .oneToOne: "one-to-one"
    }
  }

  private static func name(of program: PlasticityProgram?) -> String {
    switch program {
    case nil: "none"
    case .threeFactor: ChipFeatures.Rule.threeFactor.rawValue
    case .program(let program):
      (program.pairForm != nil ? ChipFeatures.Rule.pairSTDP : .sumOfProducts).rawValue
    case .sdsp: ChipFeatures.Rule.sdsp.rawValue
    case .edge: ChipFeatures.Rule.edgeLearning.rawValue
    }
  }
}
