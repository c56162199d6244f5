import CompiledModel

/// Parts of models that are small enough to follow by hand.
enum SmallModels {
  /// Round times, so that a sum shows what it is made of; a barrier takes 10,000 ps.
  static let timing = timing(barriers: [.init(tiles: 2, picoseconds: 10_000)])

  /// The same with other barriers.
  static func timing(barriers: [TimingTable.Barrier]) -> TimingTable {
    TimingTable(
      picoseconds: [
        .synapticOperation: 10, .sparseOperation: 11, .convolutionOperation: 12,
        .neuronAccess: 1000, .neuronUpdate: 100, .spike: 7, .message: 5, .errorMessage: 3,
        .feedbackOperation: 20, .traceUpdate: 30, .learningOperation: 40, .weightRead: 60,
        .weightWrite: 80, .columnConversion: 2, .hopHorizontal: 100_000, .hopVertical: 100_000,
        .step: 100_000,
      ], axonInPicoseconds: 50, barriers: barriers)
  }

  static func arithmetic(
    potentialBits: Int = 16, currentBits: Int = 16,
    currentOverflow: StateArithmetic.Overflow = .saturate, inputShift: Int32 = 0,
    learningWeightBits: Int = 16
  ) -> StateArithmetic {
    StateArithmetic(
      potentialBits: potentialBits, currentBits: currentBits, currentOverflow: currentOverflow,
      inputShift: inputShift, learningWeightBits: learningWeightBits)
  }

  /// Layers on one core each, unless told otherwise: the first at the port, the next to its right.
  static func model(
    _ name: String, steps: Int, inputs: Int, arithmetic: StateArithmetic = arithmetic(),
    layers: [CompiledLayer], cores: [PlacedCore]? = nil,
    port: CompiledModel.MeshPlace = .init(column: 0, row: 0), timing: TimingTable = timing
  ) -> CompiledModel {
    let oneEach = layers.indices.map { layer in
      PlacedCore(
        layer: layer, firstNeuron: 0, neuronCount: layers[layer].size, column: layer, row: 0)
    }
    return CompiledModel(
      name: name, chip: "test-chip", steps: steps, inputs: inputs, input: .bernoulli(seed: 1),
      port: port, arithmetic: arithmetic, layers: layers, cores: cores ?? oneEach,
      prices: RandomModel.prices, timing: timing)
  }

  static func layer(
    _ name: String, _ neurons: NeuronProgram, size: Int, phase: Int = 1,
    _ connections: [CompiledConnection], teacher: TeacherProgram? = nil
  ) -> CompiledLayer {
    CompiledLayer(
      name: name, neurons: neurons, size: size, exponent: 0, connections: connections,
      phase: phase, teacher: teacher)
  }

  static func spiking(
    decay: Int32, currentDecay: Int32? = nil, bias: Int32 = 0, threshold: Int32,
    reset: SpikingProgram.Reset = .soft, resetPotential: Int32 = 0, refractorySteps: Int32 = 0,
    adaptation: SpikingProgram.Adaptation? = nil,
    psi: SpikingProgram.PseudoDerivative? = nil
  ) -> NeuronProgram {
    .spiking(
      SpikingProgram(
        membrane: MembraneProgram(
          decay: decay, currentDecay: currentDecay, bias: NeuronValues(bias)),
        threshold: NeuronValues(threshold), reset: reset,
        resetPotential: NeuronValues(resetPotential), refractorySteps: refractorySteps,
        adaptation: adaptation, pseudoDerivative: psi))
  }

  static func readout(
    decay: Int32, bias: Int32 = 0, logitMultiplier: Int32 = 16, logitShift: Int32 = 0
  ) -> NeuronProgram {
    .readout(
      ReadoutProgram(
        membrane: MembraneProgram(decay: decay, bias: NeuronValues(bias)),
        logitMultiplier: logitMultiplier, logitShift: logitShift))
  }

  static func fixed(
    from source: Int? = nil, _ sourceSize: Int, _ weights: [Int8],
    _ layout: SynapseLayout = .dense, pooling: SourcePooling? = nil, delay: Int = 0,
    shift: Int32 = 0, precision: SynapsePrecision = .int8
  ) -> CompiledConnection {
    CompiledConnection(
      source: source, sourceSize: sourceSize, pooling: pooling, layout: layout, delay: delay,
      shift: shift, precision: precision, weights: .fixed(weights))
  }

  static func plastic(
    from source: Int? = nil, _ sourceSize: Int, _ weights: [Int16],
    _ program: PlasticityProgram, bounds: ClosedRange<Int16> = -32_640...32_639, delay: Int = 0
  ) -> CompiledConnection {
    CompiledConnection(
      source: source, sourceSize: sourceSize, delay: delay,
      weights: .plastic(weights, program, bounds: bounds))
  }
}
