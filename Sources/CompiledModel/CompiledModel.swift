import Crypto

/// What the chip loads: integers, placed on cores, with prices and times of its events.
///
/// This version runs a chain: the input feeds layer 0, layer i feeds layer i + 1, each densely; the
/// last layer may be a readout. Values come from `NetworkCompiler` or from `init(reading:)`.
package struct CompiledModel: Sendable, Equatable {
  /// How intensities become input spikes.
  package enum InputProgram: Sendable, Equatable {
    /// Each channel spikes in each step with the probability intensity / 255.
    case bernoulli(seed: UInt64)
  }

  /// Name of the network.
  package var name: String
  /// Name of the chip that it was compiled for.
  package var chip: String
  /// Steps for which one sample is shown.
  package var steps: Int
  /// Input channels.
  package var inputs: Int
  /// How intensities become input spikes.
  package var input: InputProgram
  /// Tile at which input spikes enter the mesh: column and row.
  package var port: MeshPlace
  /// Layers in the order of the chain.
  package var layers: [CompiledLayer]
  /// Cores in use, in the order of layers and neurons.
  package var cores: [PlacedCore]
  /// What events cost.
  package var prices: PriceTable
  /// What events take.
  package var timing: TimingTable

  /// A tile of the mesh.
  package struct MeshPlace: Sendable, Equatable {
    /// Place in the row.
    package var column: Int
    /// Place in the column.
    package var row: Int

    /// The tile at a column and a row.
    package init(column: Int, row: Int) {
      self.column = column
      self.row = row
    }
  }

  /// Takes the parts as they are; `validate()` judges them.
  package init(
    name: String, chip: String, steps: Int, inputs: Int, input: InputProgram,
    port: MeshPlace = MeshPlace(column: 0, row: 0), layers: [CompiledLayer], cores: [PlacedCore],
    prices: PriceTable, timing: TimingTable
  ) {
    self.name = name
    self.chip = chip
    self.steps = steps
    self.inputs = inputs
    self.input = input
    self.port = port
    self.layers = layers
    self.cores = cores
    self.prices = prices
    self.timing = timing
  }

  /// Classes that the readout tells apart; without a readout, the neurons of the last layer.
  package var classes: Int { layers.last?.size ?? 0 }

  /// Whether the last layer is a readout, so that labels can be learnt.
  package var hasReadout: Bool {
    if case .readout = layers.last?.neurons { return true }
    return false
  }

  /// Indices of the layers that learn, rising.
  package var plasticLayers: [Int] {
    layers.indices.filter { layers[$0].connection.plasticity != nil }
  }

  /// Learning weights of each plastic layer, row-major `[source][target]`.
  package var plasticWeights: [[Int16]] {
    layers.compactMap { layer in
      if case .plastic(let weights, _, _) = layer.connection.weights { return weights }
      return nil
    }
  }

  /// The range that a plastic layer's weights keep to.
  ///
  /// `layer` must be one of `plasticLayers`.
  package func weightBounds(layer: Int) -> ClosedRange<Int16> {
    guard case .plastic(_, _, let bounds) = layers[layer].connection.weights else {
      preconditionFailure("layer \(layer) has fixed weights")
    }
    return bounds
  }

  /// The same model with other learning weights, one array for each plastic layer.
  ///
  /// Counts must match and values lie within `weightBounds`: check what comes from outside first.
  package func replacingPlasticWeights(_ weights: [[Int16]]) -> CompiledModel {
    let plastic = plasticLayers
    precondition(
      weights.count == plastic.count,
      "\(weights.count) arrays of weights for \(plastic.count) plastic layers")
    var model = self
    for (index, new) in zip(plastic, weights) {
      guard case .plastic(let old, let program, let bounds) = layers[index].connection.weights
      else { continue }
      precondition(
        new.count == old.count, "\(new.count) weights for \(old.count) of layer \(index)")
      precondition(
        new.allSatisfy(bounds.contains), "a weight of layer \(index) is outside \(bounds)")
      model.layers[index].connection.weights = .plastic(new, program, bounds: bounds)
    }
    return model
  }

  /// SHA-256 over everything except learning weights: equal for models that differ in these only.
  package var structureDigest: [UInt8] {
    var bare = self
    for index in plasticLayers {
      guard case .plastic(let old, let program, let bounds) = layers[index].connection.weights
      else { continue }
      let zeros = [Int16](repeating: 0, count: old.count)
      bare.layers[index].connection.weights = .plastic(zeros, program, bounds: bounds)
    }
    return Array(SHA256.hash(data: bare.encoded()))
  }
}
