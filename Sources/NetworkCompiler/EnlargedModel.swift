package import CompiledModel
import SpikingNetwork

/// A compiled model with one class more than before, made without its network.
///
/// The integers that are there stay, what nodes learnt included, and so do their random draws: only
/// the number of targets of the last layer's connections grows. The last layer gains a neuron, or
/// where its neurons come to stand for classes a column of counts.
package struct EnlargedModel {
  private let model: CompiledModel
  private let chip: Chip
  /// Mean spikes of an example by population, the input first, and neuron.
  private let meanSpikes: [[Float]]?
  private var grown: CompiledModel

  /// Adds the class, whose weights are 0 or along centred `meanSpikes` of its examples, as long as
  /// the other neurons' are on average.
  ///
  /// Cores stay on their tiles as long as they hold what is added; else all are placed anew. Throws
  /// for a last layer that cannot be enlarged exactly, and all rules of the chip that are broken.
  package static func adding(
    classTo model: CompiledModel, for chip: Chip, name: String? = nil, meanSpikes: [[Float]]? = nil
  ) throws(CompileError) -> CompiledModel {
    var enlarged = EnlargedModel(
      model: model, chip: chip, meanSpikes: meanSpikes, grown: model)
    if let name { enlarged.grown.name = name }
    do { try enlarged.grow() } catch { throw .network(error) }
    enlarged.grown.cores = try enlarged.cores()
    do { try enlarged.grown.validate() } catch {
      throw .rules(
        network: model.name, chip: chip.name,
        [
          DesignViolation(
            layer: model.layers[model.layers.count - 1].name, rule: .formatLimit,
            limit: error.expected, need: "\(error.section)\(error.field) = \(error.found)",
            cure: "tell fewer classes apart")
        ])
    }
    return enlarged.grown
  }

  private var last: Int { model.layers.count - 1 }

  private func refusal(
    _ field: String, _ found: String, _ expected: String, _ cure: String
  ) -> NetworkError {
    NetworkError(field: field, found: found, expected: expected, cure: cure)
  }

  private mutating func grow() throws(NetworkError) {
    guard model.chip == chip.name, model.arithmetic == chip.arithmetic else {
      throw refusal(
        "chip", "`\(chip.name)`", "`\(model.chip)` with the model's widths",
        "name the file of the chip that the model was compiled for")
    }
    let layer = model.layers[last]
    guard !model.connections.contains(where: { model[$0].source == last }) else {
      throw refusal(
        "layers[\(last)]", "an output that feeds a layer", "one that feeds nobody",
        "add the class to the network and compile it")
    }
    if var assignment = layer.assignment {
      let counts = assignment.counts
      let classes = assignment.classes
      assignment.classes += 1
      assignment.counts = (0..<layer.size).flatMap {
        counts[$0 * classes..<($0 + 1) * classes] + [0]
      }
      grown.layers[last].assignment = assignment
      return
    }
    guard layer.neuronsPerClass == 1, !layer.learnsByOneBit else {
      throw refusal(
        "layers[\(last)]", "weights of one bit that learn", "weights that can begin at 0",
        "add the class to the network, which knows how free neurons begin, with `--learnt`")
    }
    guard layer.units.scales?.count ?? 1 == 1 else {
      throw refusal(
        "layers[\(last)].scales", "a scale for each neuron", "one for all",
        "add the class to the network and compile it")
    }
    grown.layers[last].size += 1
    if case .spiking(var program) = layer.neurons {
      program.homeostasis?.rises.append(0)
      grown.layers[last].neurons = .spiking(program)
    }
    for place in layer.connections.indices { try growConnection(place) }
    growFeedback()
  }

  private mutating func growConnection(_ place: Int) throws(NetworkError) {
    let index = CompiledModel.ConnectionIndex(layer: last, connection: place)
    let connection = model[index]
    let field = "layers[\(last)].connections[\(place)]"
    guard case .dense = connection.layout else {
      throw refusal(
        field, "a layout other than dense", "dense", "add the class to the network and compile it")
    }
    let targets = model.layers[last].size
    switch connection.weights {
    case .fixed(let weights):
      guard connection.precision.holds(0) else {
        throw refusal(
          field, "weights of one bit, which none is 0 of", "weights that can be 0",
          "add the class to the network and compile it")
      }
      let limit = Float(connection.precision.limit)
      let column = prototype(connection, weights.map(Float.init)).map {
        Int8(max(-limit, min(limit, $0.rounded())))
      }
      grown[index].weights = .fixed(Self.widened(weights, targets: targets, by: column))
    case .plastic(let weights, let program, let bounds):
      guard let block = model.learnedBlocks.first(where: { $0.kind == .weights(index) }) else {
        preconditionFailure("learning weights without a block")
      }
      let origin = block.ownStep > 0 ? Float(bounds.lowerBound) : 0
      let step = Float(block.step)
      let column = prototype(connection, weights.map(Float.init)).map { value -> Int16 in
        let most = ((Float(bounds.upperBound) - origin) / step).rounded(.down)
        let least = ((Float(bounds.lowerBound) - origin) / step).rounded(.up)
        return Int16(
          origin + max(least, min(most, ((value - origin) / step).rounded())) * step)
      }
      guard meanSpikes != nil || column.allSatisfy({ $0 == 0 }) else {
        throw refusal(
          field, "weights of which none can be 0", "bounds and steps with a 0",
          "begin with a prototype of examples")
      }
      grown[index].weights = .plastic(
        Self.widened(weights, targets: targets, by: column), program, bounds: bounds)
    }
  }

  /// Weights along which errors come back to a layer are, for the new class, those that lead on: as
  /// both take the same changes, they stay so.
  private mutating func growFeedback() {
    for index in model.layers.indices {
      guard case .adaptive(let weights) = model.layers[index].signal?.feedback else { continue }
      let targets = model.layers[last].size
      let bounds = model.feedbackBounds
      var column = [Int16](repeating: 0, count: model.layers[index].size)
      if let onward = model.feedbackConnection(of: index),
        case .plastic(let new, _, _) = grown[onward].weights
      {
        for neuron in column.indices {
          let weight = new[neuron * (targets + 1) + targets]
          column[neuron] = max(bounds.lowerBound, min(bounds.upperBound, weight))
        }
      }
      grown.layers[index].signal?.feedback = .adaptive(
        Self.widened(weights, targets: targets, by: column))
    }
  }

  /// `[source][target]` with a target more.
  private static func widened<Weight>(
    _ weights: [Weight], targets: Int, by column: [Weight]
  ) -> [Weight] {
    column.indices.flatMap { weights[$0 * targets..<($0 + 1) * targets] + [column[$0]] }
  }

  /// A weight for each source, 0 where there are no examples of spikes that it takes one by one.
  private func prototype(_ connection: CompiledConnection, _ weights: [Float]) -> [Float] {
    let none = [Float](repeating: 0, count: connection.pooledSize)
    let isDriven = connection.source == nil && model.input == .directCurrent
    guard let meanSpikes, connection.pooling == nil, !isDriven else { return none }
    let means = meanSpikes[connection.source.map { $0 + 1 } ?? 0]
    let targets = model.layers[last].size
    return ClassPrototype.weights(
      along: means,
      asLongAs: (0..<targets).map { target in
        stride(from: target, to: weights.count, by: targets).map { weights[$0] }
      })
  }
}

/// Cores of the larger model.
extension EnlargedModel {
  private func cores() throws(CompileError) -> [PlacedCore] {
    let layers = grown.layers.indices.map(lowered)
    let kept = CoreAllocation(
      layers: layers, chip: chip, options: CompilerOptions(mapping: mapping), network: model.name)
    if kept.violations.isEmpty, tilesHoldCores {
      var cores = model.cores
      cores[cores.count - 1].neuronCount += grown.layers[last].size - model.layers[last].size
      return cores
    }
    let allocation = CoreAllocation(
      layers: layers, chip: chip, options: CompilerOptions(), network: model.name)
    guard allocation.violations.isEmpty else {
      throw .rules(network: model.name, chip: chip.name, allocation.violations)
    }
    let rate = SpikeRates.assumed * Double(model.steps)
    let traffic = CoreTraffic(starts: allocation.starts, reaches: allocation.reaches) {
      layer, neuron in meanSpikes.map { Double($0[layer.map { $0 + 1 } ?? 0][neuron]) } ?? rate
    }
    let uses = allocation.uses().enumerated().flatMap { layer, uses in
      uses.map { (layer: layer, neurons: $0.neurons) }
    }
    let tiles = Placement(
      traffic: traffic, pinned: [Int?](repeating: nil, count: uses.count), chip: chip
    ).leastTraffic()
    return zip(uses, tiles).map { use, tile in
      PlacedCore(
        layer: use.layer, firstNeuron: use.neurons.lowerBound, neuronCount: use.neurons.count,
        column: tile % chip.columns, row: tile / chip.columns)
    }
  }

  /// Whether the model's cores lie on tiles of the chip.
  private var tilesHoldCores: Bool {
    var used: [Int: Int] = [:]
    for core in model.cores {
      guard core.column < chip.columns, core.row < chip.rows else { return false }
      used[core.row * chip.columns + core.column, default: 0] += 1
    }
    return used.values.allSatisfy { $0 <= chip.coresPerTile }
  }

  /// The cores as they are, the last one with the new neuron.
  private var mapping: [String: PopulationMapping] {
    var places: [String: [PopulationMapping.Place]] = [:]
    for (position, core) in model.cores.enumerated() {
      let added =
        position == model.cores.count - 1 ? grown.layers[last].size - model.layers[last].size : 0
      places[model.layers[core.layer].name, default: []].append(
        PopulationMapping.Place(
          column: core.column, row: core.row, neuronCount: core.neuronCount + added))
    }
    return places.mapValues { .places($0) }
  }

  /// A layer as its memory is counted.
  private func lowered(_ index: Int) -> LoweredLayer {
    let layer = grown.layers[index]
    var mirror: LoweredLayer.Mirror?
    if grown.learnsByErrors(index), index != last {
      let signal = grown.signal(of: index)
      var feedback = LoweredLayer.Mirror(
        classes: grown.classes, learns: false, bits: 8,
        lag: Int(grown.layers[last].phase) - Int(layer.phase) + 1,
        countsSpikes: signal.rate != nil)
      switch signal.feedback {
      case .random: break
      case .local:
        feedback.lag = 1
        feedback.isLocal = true
      case .symmetric, .adaptive:
        if let onward = grown.feedbackConnection(of: index) {
          feedback.learns = grown[onward].plasticity != nil
          feedback.bits = Int(grown[onward].precision.rawValue)
        }
      }
      mirror = feedback
    }
    return LoweredLayer(
      compiled: layer,
      units: LayerUnits(
        exponent: Int(layer.exponent), scales: [1], shifts: [], limits: [], isScaled: false),
      squares: [], mirror: mirror)
  }
}
