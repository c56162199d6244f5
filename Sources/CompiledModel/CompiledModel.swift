/// What the chip loads: integers, placed on cores, with prices and times of its events.
///
/// Layers are run in their order in every logical step: what reaches a layer without delay comes
/// before it. The last layer judges the classes. Values come from `NetworkCompiler` or from
/// `init(reading:)`.
package struct CompiledModel: Sendable, Equatable {
  /// Name of the network.
  package var name: String
  /// Name of the chip that it was compiled for.
  package var chip: String
  /// Steps for which one sample is shown.
  package var steps: Int
  /// Seconds of the network's time that a step stands for.
  package var timeStep: Double
  /// Input channels.
  package var inputs: Int
  /// How intensities become input spikes.
  package var input: InputProgram
  /// Tile at which input spikes enter the mesh: column and row.
  package var port: MeshPlace
  /// Widths of the chip's state.
  package var arithmetic: StateArithmetic
  /// Layers in the order in which a step runs them; the last one is the output.
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
    name: String, chip: String, steps: Int, timeStep: Double = 0.001, inputs: Int,
    input: InputProgram,
    port: MeshPlace = MeshPlace(column: 0, row: 0), arithmetic: StateArithmetic = .loihi,
    layers: [CompiledLayer], cores: [PlacedCore], prices: PriceTable, timing: TimingTable
  ) {
    self.name = name
    self.chip = chip
    self.steps = steps
    self.timeStep = timeStep
    self.inputs = inputs
    self.input = input
    self.port = port
    self.arithmetic = arithmetic
    self.layers = layers
    self.cores = cores
    self.prices = prices
    self.timing = timing
  }

  /// Classes that the readout tells apart; without a readout, those that neurons are assigned to,
  /// or else the neurons of the last layer.
  package var classes: Int {
    layers.last.map { $0.assignment?.classes ?? $0.size / max(1, $0.neuronsPerClass) } ?? 0
  }

  /// Whether the last layer's spikes stand for classes that labels have shown.
  package var hasAssignment: Bool { layers.last?.assignment != nil }

  /// Whether cores tell each other more than spikes while they infer: candidates, winners, scores.
  package var sendsMoreThanSpikes: Bool {
    hasAssignment
      || layers.contains { layer in
        guard case .spiking(let program) = layer.neurons else { return false }
        return program.competition != nil
      }
  }

  /// Whether the last layer is a readout, so that labels can be learnt.
  package var hasReadout: Bool {
    if case .readout = layers.last?.neurons { return true }
    return false
  }

  /// A connection by the layer that it feeds and its place among that layer's connections.
  package struct ConnectionIndex: Sendable, Hashable {
    /// Index of the layer that it feeds.
    package let layer: Int
    /// Its place among the connections of that layer.
    package let connection: Int

    /// The connection at a place.
    package init(layer: Int, connection: Int) {
      self.layer = layer
      self.connection = connection
    }
  }

  /// All connections in the order of layers; positions in it are what random draws are keyed by.
  package var connections: [ConnectionIndex] {
    layers.indices.flatMap { layer in
      layers[layer].connections.indices.map { ConnectionIndex(layer: layer, connection: $0) }
    }
  }

  /// The connection at a place.
  package subscript(index: ConnectionIndex) -> CompiledConnection {
    get { layers[index.layer].connections[index.connection] }
    set { layers[index.layer].connections[index.connection] = newValue }
  }

  /// The connections that learn, in the order of `connections`: the order of all weight arrays.
  package var plasticConnections: [ConnectionIndex] {
    connections.filter { self[$0].plasticity != nil }
  }

  /// The exponent of one unit of a connection's inference weights, resistance included; only near
  /// it where the layer has scales, see `weightUnit`.
  package func exponent(of index: ConnectionIndex) -> Int32 {
    layers[index.layer].exponent + self[index].shift
  }
}
