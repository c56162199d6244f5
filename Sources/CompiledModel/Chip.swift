/// An architecture: cores on a mesh, their limits, what they can do, take and cost.
package struct Chip: Sendable, Equatable {
  /// Name of the chip, `[a-z0-9][a-z0-9._-]{0,62}`.
  package var name: String
  /// Tiles in a row of the mesh.
  package var columns: Int
  /// Tiles in a column of the mesh.
  package var rows: Int
  /// Cores that share a tile.
  package var coresPerTile: Int
  /// What one core holds.
  package var core: CoreLimits
  /// What the cores can do.
  package var features: ChipFeatures
  /// What events take.
  package var timing: TimingTable
  /// What events cost.
  package var prices: PriceTable

  /// A chip of `columns` x `rows` tiles.
  package init(
    name: String, columns: Int, rows: Int, coresPerTile: Int, core: CoreLimits,
    features: ChipFeatures, timing: TimingTable, prices: PriceTable
  ) {
    self.name = name
    self.columns = columns
    self.rows = rows
    self.coresPerTile = coresPerTile
    self.core = core
    self.features = features
    self.timing = timing
    self.prices = prices
  }

  /// Cores of the whole chip.
  package var cores: Int { columns * rows * coresPerTile }
}

/// What one core holds at most.
package struct CoreLimits: Sendable, Equatable {
  /// Neurons.
  package var neurons: Int
  /// Sources whose spikes it listens to.
  package var inAxons: Int
  /// Pairs of an own neuron and a destination core.
  package var outAxons: Int
  /// Bytes of synapses and learning state.
  package var synapseMemoryBytes: Int
  /// Bits of a weight for inference, its sign among them.
  package var weightBits: Int

  /// Limits of one core.
  package init(
    neurons: Int, inAxons: Int, outAxons: Int, synapseMemoryBytes: Int, weightBits: Int
  ) {
    self.neurons = neurons
    self.inAxons = inAxons
    self.outAxons = outAxons
    self.synapseMemoryBytes = synapseMemoryBytes
    self.weightBits = weightBits
  }
}

/// What the cores of a chip can do beyond hard reset and fixed weights.
package struct ChipFeatures: Sendable, Equatable {
  /// The threshold can be subtracted from a potential.
  package var softReset: Bool
  /// A readout core can send signed errors with a value.
  package var gradedErrors: Bool
  /// Bits of a weight that learns; 0 for a chip that does not learn.
  package var learningWeightBits: Int

  /// What a chip declares.
  package init(softReset: Bool, gradedErrors: Bool, learningWeightBits: Int) {
    self.softReset = softReset
    self.gradedErrors = gradedErrors
    self.learningWeightBits = learningWeightBits
  }
}
