import CompiledModel
import SpikingNetwork

/// A layer in the chip's integers, not yet on cores.
struct LoweredLayer {
  var compiled: CompiledLayer
  var units: LayerUnits
  /// Sum of squares of what rounding took, by connection, in the network's units.
  var squares: [Double]
  /// Mirrored weights that cores hold for feedback; nil without feedback.
  var mirror: Mirror?

  struct Mirror {
    /// Classes whose weights are mirrored.
    let classes: Int
    /// Whether those weights learn.
    var learns: Bool
    /// Bits of one that does not.
    var bits: Int
    /// Chip steps between the layer's and its errors.
    var lag: Int
    /// Whether each core follows a readout of all neurons of its layer.
    var isLocal = false
    /// Whether neurons count their spikes.
    var countsSpikes: Bool
  }
}

/// Turns the populations of a graph into the chip's integers and notes which rules they break.
struct NetworkLowering {
  let network: SpikingNetwork
  let chip: Chip
  let graph: PopulationGraph
  let options: CompilerOptions
  private(set) var violations: [DesignViolation] = []

  init(network: SpikingNetwork, chip: Chip, graph: PopulationGraph, options: CompilerOptions) {
    self.network = network
    self.chip = chip
    self.graph = graph
    self.options = options
  }

  var input: InputProgram {
    switch network.encoder.rule(timeStep: network.timeStep) {
    case .draws(let seed, InputProgram.plainLevels): .bernoulli(seed: seed)
    case .draws(let seed, let levels): .draws(seed: seed, levels: levels)
    case .latency: .latency
    case .directCurrent: .directCurrent
    case .levelCrossing(let threshold): .levelCrossing(threshold: Int32(threshold))
    }
  }

  /// One for each node of the graph; meaningless where rules are broken.
  mutating func layers() -> [LoweredLayer] {
    for node in graph.nodes { checkFeatures(of: node) }
    var units: [LayerUnits] = []
    var neurons: [NeuronProgram] = []
    for node in graph.nodes {
      let edges = edges(of: node)
      let drive = DriveEstimate(
        edges, resistance: node.population.model.resistance, neurons: node.population.size,
        steps: network.steps)
      units.append(self.units(of: node, edges: edges, drive: drive))
      neurons.append(neuronProgram(of: node, units: units[units.count - 1], drive: drive))
    }
    var layers: [LoweredLayer] = []
    for index in graph.nodes.indices {
      layers.append(layer(index, units: units, neurons: neurons))
    }
    return layers
  }

  /// What a part gives, without the violations that were noted elsewhere.
  mutating func silently<Value>(_ part: (inout NetworkLowering) -> Value) -> Value {
    let kept = violations
    defer { violations = kept }
    return part(&self)
  }

  mutating func refuse(
    _ layer: String, _ rule: DesignRule, limit: String, need: String, cure: String
  ) {
    violations.append(
      DesignViolation(layer: layer, rule: rule, limit: limit, need: need, cure: cure))
  }

  func projection(_ edge: PopulationGraph.Edge) -> Projection {
    network.projections[edge.projection]
  }

  func source(of edge: PopulationGraph.Edge) -> Population {
    edge.source.map { graph.nodes[$0].population } ?? graph.input
  }

  func weights(of edge: PopulationGraph.Edge, into node: PopulationGraph.Node) -> ProjectionWeights
  {
    ProjectionWeights(projection(edge), source: source(of: edge), target: node.population)
  }

  private func edges(of node: PopulationGraph.Node) -> [EdgeWeights] {
    node.edges.map { edge in
      let weights = weights(of: edge, into: node)
      let precision = precision(of: projection(edge))
      return EdgeWeights(
        weights: weights, limit: precision.limit, isBinary: precision.width == .binary,
        rule: projection(edge).plasticity, window: projection(edge).pooling,
        rates: rates(of: edge, weights: weights))
    }
  }

  private func units(
    of node: PopulationGraph.Node, edges: [EdgeWeights], drive: DriveEstimate
  ) -> LayerUnits {
    let isConvolution = node.edges.contains {
      if case .convolution = projection($0).connectivity { return true }
      return false
    }
    let room = UnitSearch.room(chip.arithmetic)
    return UnitSearch(
      edges: edges, resistance: node.population.model.resistance,
      threshold: node.population.model.threshold.map { $0 - offset(of: node) }
        ?? max(1, readoutReach(of: node, drive: drive) / room),
      isReadout: node.isReadout,
      hasCurrent: node.population.model.dynamics(timeStep: network.timeStep).currentDecay != nil,
      arithmetic: chip.arithmetic,
      perChannel: options.perChannel && !sharesUnits(node.population),
      neurons: node.population.size,
      channels: isConvolution ? node.population.shape?.channels : nil
    ).units()
  }

  /// The potentials that a readout is expected to reach.
  private func readoutReach(of node: PopulationGraph.Node, drive: DriveEstimate) -> Double {
    let (decay, current, _) = node.population.model.dynamics(timeStep: network.timeStep)
    let gains = DriveEstimate.gains(decay: decay, currentDecay: current, steps: network.steps)
    return drive.mean.indices.reduce(0) { reach, neuron in
      let deviation = (drive.variance[neuron] * gains.squares).squareRoot()
      // Rates may be twice as high, and classes stand out by more than one deviation.
      return max(reach, 2 * abs(drive.mean[neuron] * gains.sum) + 3 * deviation)
    }
  }

  private mutating func layer(
    _ index: Int, units: [LayerUnits], neurons: [NeuronProgram]
  ) -> LoweredLayer {
    let node = graph.nodes[index]
    var lowered = LoweredLayer(
      compiled: CompiledLayer(
        name: node.population.name, neurons: neurons[index], size: node.population.size,
        exponent: Int32(units[index].exponent), units: networkUnits(of: node, units[index]),
        connections: [], phase: node.phase, teacher: teacher(index, units: units[index]),
        assignment: assignment(of: node.population), plasticities: plasticities(of: node)),
      units: units[index], squares: [], mirror: nil)
    for (place, edge) in node.edges.enumerated() {
      let factor = units[index].factors(
        edge: place, resistance: node.population.model.resistance)[0]
      let grid = grid(of: projection(edge).plasticity, factor: factor, node)
      let program = plasticity(index, place, units: units, grid: grid)
      let (weights, squares) = quantised(
        index, place, program: program, units: units[index], grid: grid)
      lowered.squares.append(squares)
      var connection = connection(
        edge, into: node, weights: weights, shift: units[index].shifts[place])
      if program != nil {
        let factors = units[index].factors(
          edge: place, resistance: node.population.model.resistance)
        connection.normalisation = normalisation(
          of: projection(edge), into: node, factor: factors[0])
      }
      lowered.compiled.connections.append(connection)
      if case .threeFactor = program, !node.isReadout { lowered.mirror = mirror(of: index) }
    }
    lowered.compiled.signal = learningSignal(index, units: units)
    lowered.compiled.rewardMean = rewardMean(of: node)
    checkRanges(of: lowered, node: node)
    return lowered
  }

  /// What the layer's integers stand for, as short as it can be.
  private func networkUnits(of node: PopulationGraph.Node, _ units: LayerUnits) -> NetworkUnits {
    let first = units.scales[0]
    return NetworkUnits(
      scales: !units.isScaled
        ? nil : units.scales.allSatisfy { $0 == first } ? [first] : units.scales,
      // Plus zero, as a negative zero has other bytes.
      resistance: node.population.model.resistance, rest: offset(of: node) + 0)
  }

  private func connection(
    _ edge: PopulationGraph.Edge, into node: PopulationGraph.Node,
    weights: CompiledConnection.Weights, shift: Int32
  ) -> CompiledConnection {
    let projection = projection(edge)
    let source = source(of: edge)
    var pooling: SourcePooling?
    if projection.pooling != 1, let shape = source.shape {
      pooling = SourcePooling(
        height: shape.height, width: shape.width, channels: shape.channels,
        window: projection.pooling)
    }
    return CompiledConnection(
      source: edge.source, sourceSize: source.size, pooling: pooling,
      layout: layout(of: projection, source: source, target: node.population),
      delay: projection.delay, shift: shift,
      precision: projection.plasticity == nil ? precision(of: projection).width : .int8,
      weights: weights)
  }

  private func layout(
    of projection: Projection, source: Population, target: Population
  ) -> SynapseLayout {
    switch projection.connectivity {
    case .dense: return .dense
    case .oneToOne: return .oneToOne
    case .sparse(let sparse):
      return .sparse(
        rowStarts: sparse.rowStarts.map { UInt32($0) }, targets: sparse.targets.map { UInt32($0) })
    case .convolution(let convolution):
      let shape = source.shape?.pooled(by: projection.pooling)
      return .convolution(
        ConvolutionShape(
          height: shape?.height ?? 0, width: shape?.width ?? 0,
          inputChannels: shape?.channels ?? 0, outputChannels: target.shape?.channels ?? 0,
          kernelHeight: convolution.kernelHeight, kernelWidth: convolution.kernelWidth,
          stride: convolution.stride, padding: convolution.padding))
    }
  }

  private mutating func quantised(
    _ index: Int, _ place: Int, program: PlasticityProgram?, units: LayerUnits,
    grid: (range: ClosedRange<Int16>, step: Int32)
  ) -> (CompiledConnection.Weights, Double) {
    let node = graph.nodes[index]
    let edge = node.edges[place]
    let precision = precision(of: projection(edge))
    let quantiser = WeightQuantiser(
      weights: weights(of: edge, into: node),
      factors: units.factors(edge: place, resistance: node.population.model.resistance),
      limit: units.limits[place])
    guard let program else {
      let (weights, squares) = quantiser.fixed(isBinary: precision.width == .binary)
      return (.fixed(weights), squares)
    }
    if case .edge = program {
      return (.plastic(bits(of: edge, into: node), program, bounds: grid.range), 0)
    }
    let own = grid.step == 1 << chip.arithmetic.learningShift
    let (weights, squares) = quantiser.learning(
      bounds: grid.range, step: grid.step, from: own ? 0 : grid.range.lowerBound)
    return (.plastic(weights, program, bounds: grid.range), squares)
  }

  /// Mean spikes by source as the weights see it, nil where nothing was measured.
  private func rates(of edge: PopulationGraph.Edge, weights: ProjectionWeights) -> [Float]? {
    let source = source(of: edge)
    guard let measured = options.rates?.spikes[source.name], !measured.isEmpty else { return nil }
    let projection = projection(edge)
    let count = source.size
    // A direct current comes in every step, of half the largest intensity or so.
    let factor =
      edge.source == nil && network.encoder == .directCurrent
      ? Float(network.steps) / 2 : 1
    func spikes(_ index: Int) -> Float {
      factor
        * (measured.count == 1 ? measured[0] : index < measured.count ? measured[index] : 0)
    }
    var sums = [Float](repeating: 0, count: weights.sources)
    if projection.pooling == 1 {
      for index in 0..<count { sums[index] = spikes(index) }
    } else if let shape = source.shape {
      let pooling = SourcePooling(
        height: shape.height, width: shape.width, channels: shape.channels,
        window: projection.pooling)
      for index in 0..<count {
        if let window = pooling.window(of: index) { sums[window] += spikes(index) }
      }
    }
    guard case .convolution = projection.connectivity else { return sums }
    var channels = [Float](repeating: 0, count: weights.channels.input)
    for (index, sum) in sums.enumerated() { channels[index % channels.count] += sum }
    let places = Float(max(1, sums.count / channels.count))
    return channels.map { $0 / places }
  }
}

extension PopulationGraph.Node {
  /// Whether it is the readout.
  var isReadout: Bool {
    if case .leakyIntegrator = population.model { return true }
    return false
  }
}
