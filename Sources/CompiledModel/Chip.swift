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
  /// Widths of its state.
  package var arithmetic: StateArithmetic
  /// What events take.
  package var timing: TimingTable
  /// What events cost.
  package var prices: PriceTable
  /// Area of a core in square millimetres, where it is published.
  package var coreArea: PublishedFigure?
  /// Figures of the whole chip as their authors report them; nothing is computed from them.
  package var published: [PublishedFigure]

  /// A chip of `columns` x `rows` tiles.
  package init(
    name: String, columns: Int, rows: Int, coresPerTile: Int, core: CoreLimits,
    features: ChipFeatures, arithmetic: StateArithmetic, timing: TimingTable, prices: PriceTable,
    coreArea: PublishedFigure? = nil, published: [PublishedFigure] = []
  ) {
    self.name = name
    self.columns = columns
    self.rows = rows
    self.coresPerTile = coresPerTile
    self.core = core
    self.features = features
    self.arithmetic = arithmetic
    self.coreArea = coreArea
    self.published = published
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
  /// Largest delay of a connection in steps, beyond the step that delivery takes.
  package var delayMax: Int
  /// Longest refractory period in steps.
  package var refractoryMax: Int

  /// Limits of one core.
  package init(
    neurons: Int, inAxons: Int, outAxons: Int, synapseMemoryBytes: Int, weightBits: Int,
    delayMax: Int, refractoryMax: Int
  ) {
    self.delayMax = delayMax
    self.refractoryMax = refractoryMax
    self.neurons = neurons
    self.inAxons = inAxons
    self.outAxons = outAxons
    self.synapseMemoryBytes = synapseMemoryBytes
    self.weightBits = weightBits
  }
}

/// What the cores of a chip can do; lists are in the order of declaration of their kinds.
package struct ChipFeatures: Sendable, Equatable {
  /// A neuron's dynamics; raw values are stable names.
  package enum Neuron: String, Sendable, CaseIterable {
    /// Leaky integrate-and-fire.
    case lif
    /// The same behind a synaptic current.
    case cubaLIF = "cuba-lif"
    /// Integrate-and-fire without a leak.
    case integrateAndFire = "if"
    /// A threshold that rises with the neuron's spikes.
    case adaptiveLIF = "adaptive-lif"
    /// A leaky integrator that is read out.
    case readout
  }

  /// What a spike does to the potential; raw values are stable names.
  package enum Reset: String, Sendable, CaseIterable {
    /// Nothing.
    case none
    /// The threshold is subtracted.
    case soft
    /// The potential is set.
    case hard
  }

  /// How synapse memory is addressed; raw values are stable names.
  package enum Layout: String, Sendable, CaseIterable {
    /// A row of weights for each source.
    case dense
    /// A list of targets and weights for each source.
    case sparse
    /// Weights that all places share.
    case convolution
  }

  /// A learning rule that the cores can run; raw values are stable names.
  package enum Rule: String, Sendable, CaseIterable {
    /// Learning signal times traces; errors travel as graded messages.
    case threeFactor = "three-factor"
    /// Spike pairs by traces.
    case pairSTDP = "pair-stdp"
    /// Spike-driven plasticity.
    case sdsp
    /// Any sum of products over traces, weight, tag and reward; pair STDP among them.
    case sumOfProducts = "sum-of-products"
    /// Weights of one bit of a last layer whose neurons compete by class.
    case edgeLearning = "edge-learning"
  }

  /// What a layer does besides its neurons' dynamics and rules; raw values are stable names.
  package enum Operation: String, Sendable, CaseIterable {
    /// The neurons of a core find the one that may fire.
    case competition
    /// So do the neurons of a layer that lies on several cores.
    case wideCompetition = "wide-competition"
    /// Thresholds that outlive samples.
    case homeostasis
    /// Weights of a neuron are scaled to a sum.
    case normalisation
    /// Spikes are counted for the classes that labels name.
    case classAssignment = "class-assignment"
  }

  /// Dynamics that its neurons have.
  package var neurons: [Neuron]
  /// Resets that its neurons know.
  package var resets: [Reset]
  /// Layouts of its synapse memory.
  package var layouts: [Layout]
  /// Bits that a fixed weight may have besides the core's full width, of 1, 4 and 8.
  package var precisions: [SynapsePrecision]
  /// Rules that change weights on the chip; empty for a chip that does not learn.
  package var rules: [Rule]
  /// A window of sources can be summed on the way in.
  package var pooling: Bool
  /// What layers can do besides.
  package var operations: [Operation]

  /// What a chip declares.
  package init(
    neurons: [Neuron], resets: [Reset], layouts: [Layout], precisions: [SynapsePrecision],
    rules: [Rule], pooling: Bool, operations: [Operation] = []
  ) {
    self.neurons = neurons
    self.resets = resets
    self.layouts = layouts
    self.precisions = precisions
    self.rules = rules
    self.pooling = pooling
    self.operations = operations
  }
}

/// A figure that somebody published, with where it stands and how well it is founded.
package struct PublishedFigure: Sendable, Equatable {
  /// What it measures, as its authors name it.
  package var name: String
  /// The figure.
  package var value: Double
  /// Its unit, as text: `mm2`, `nJ/pixel`, `TOPS/W`, `%`.
  package var unit: String
  /// Where it comes from and what it includes.
  package var source: String
  /// How well it is founded.
  package var grade: EvidenceGrade

  /// Takes the figure as it is.
  package init(name: String, value: Double, unit: String, source: String, grade: EvidenceGrade) {
    self.name = name
    self.value = value
    self.unit = unit
    self.source = source
    self.grade = grade
  }
}
