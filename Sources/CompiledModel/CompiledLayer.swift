/// A population as the chip runs it, with the connection that feeds it.
package struct CompiledLayer: Sendable, Equatable {
  /// Name of the population.
  package var name: String
  /// What its neurons compute.
  package var neurons: NeuronProgram
  /// Number of neurons.
  package var size: Int
  /// What feeds them.
  package var connection: CompiledConnection
  /// Steps after a sample's first one at which the layer starts; 0 for the first layer.
  package var phase: Int

  /// Takes the parts as they are; `CompiledModel.validate()` judges them.
  package init(
    name: String, neurons: NeuronProgram, size: Int, connection: CompiledConnection, phase: Int
  ) {
    self.name = name
    self.neurons = neurons
    self.size = size
    self.connection = connection
    self.phase = phase
  }
}

/// What a layer's neurons compute, in units of the layer's potential.
package enum NeuronProgram: Sendable, Equatable {
  /// Leaky integrate-and-fire.
  case spiking(SpikingProgram)
  /// A leaky integrator that never spikes and judges the classes: the readout.
  case readout(ReadoutProgram)

  /// Decay of the potential, 0 to 4096.
  package var decay: Int32 {
    switch self {
    case .spiking(let program): program.decay
    case .readout(let program): program.decay
    }
  }

  /// What is added to the potential in each step.
  package var bias: Int32 {
    switch self {
    case .spiking(let program): program.bias
    case .readout(let program): program.bias
    }
  }
}

/// Parameters of leaky integrate-and-fire neurons.
package struct SpikingProgram: Sendable, Equatable {
  /// What a spike does to the potential.
  package enum Reset: UInt8, Sendable, CaseIterable {
    /// Nothing.
    case none = 0
    /// The threshold is subtracted.
    case soft = 1
    /// The potential becomes `resetPotential`.
    case hard = 2
  }

  /// Decay of the potential, 0 to 4096.
  package var decay: Int32
  /// What is added to the potential in each step.
  package var bias: Int32
  /// A neuron fires above it.
  package var threshold: Int32
  /// What a spike does to the potential.
  package var reset: Reset
  /// Potential after a hard reset.
  package var resetPotential: Int32
  /// Steps after a spike during which the potential is held.
  package var refractorySteps: Int32

  /// Takes the parameters as they are.
  package init(
    decay: Int32, bias: Int32, threshold: Int32, reset: Reset, resetPotential: Int32,
    refractorySteps: Int32
  ) {
    self.decay = decay
    self.bias = bias
    self.threshold = threshold
    self.reset = reset
    self.resetPotential = resetPotential
    self.refractorySteps = refractorySteps
  }
}

/// Parameters of the readout.
package struct ReadoutProgram: Sendable, Equatable {
  /// Decay of the potential, 0 to 4096.
  package var decay: Int32
  /// What is added to the potential in each step.
  package var bias: Int32
  /// `(v * logitMultiplier) >> logitShift` is the base-2 logit in 1/16.
  package var logitMultiplier: Int32
  /// Shift of the logit.
  package var logitShift: Int32

  /// Takes the parameters as they are.
  package init(decay: Int32, bias: Int32, logitMultiplier: Int32, logitShift: Int32) {
    self.decay = decay
    self.bias = bias
    self.logitMultiplier = logitMultiplier
    self.logitShift = logitShift
  }
}

/// Synapses between a source and the layer they belong to.
package struct CompiledConnection: Sendable, Equatable {
  /// How the synapses are laid out; more layouts may follow.
  package enum Layout: UInt8, Sendable, CaseIterable {
    /// Each source with each target, row-major `[source][target]`.
    case dense = 0
  }

  /// The weights of a connection.
  package enum Weights: Sendable, Equatable {
    /// Inference weights that never change.
    case fixed([Int8])
    /// Learning weights of 16 bits with the rule that changes them and the range it keeps to.
    case plastic([Int16], PlasticityProgram, bounds: ClosedRange<Int16>)

    /// Number of weights.
    package var count: Int {
      switch self {
      case .fixed(let weights): weights.count
      case .plastic(let weights, _, _): weights.count
      }
    }
  }

  /// Index of the layer that sends; nil for the input.
  package var source: Int?
  /// Number of neurons or channels that send.
  package var sourceSize: Int
  /// How the synapses are laid out.
  package var layout: Layout
  /// One unit of an inference weight is `2^exponent`.
  package var exponent: Int32
  /// The weights.
  package var weights: Weights

  /// Takes the parts as they are.
  package init(
    source: Int?, sourceSize: Int, layout: Layout = .dense, exponent: Int32, weights: Weights
  ) {
    self.source = source
    self.sourceSize = sourceSize
    self.layout = layout
    self.exponent = exponent
    self.weights = weights
  }

  /// The rule that changes the weights, if any.
  package var plasticity: PlasticityProgram? {
    if case .plastic(_, let program, _) = weights { return program }
    return nil
  }

  /// Weights as inference uses them.
  package var inferenceWeights: [Int8] {
    switch weights {
    case .fixed(let weights): weights
    case .plastic(let weights, _, _): weights.map(ChipArithmetic.inferenceWeight)
    }
  }
}

/// A core in use: which neurons of which layer it holds, and where it lies.
package struct PlacedCore: Sendable, Equatable {
  /// Index of the layer.
  package var layer: Int
  /// First of its neurons.
  package var firstNeuron: Int
  /// Number of its neurons.
  package var neuronCount: Int
  /// Tile's place in its row of the mesh.
  package var column: Int
  /// Tile's place in its column of the mesh.
  package var row: Int

  /// A core that holds `neuronCount` neurons of a layer from `firstNeuron` on.
  package init(layer: Int, firstNeuron: Int, neuronCount: Int, column: Int, row: Int) {
    self.layer = layer
    self.firstNeuron = firstNeuron
    self.neuronCount = neuronCount
    self.column = column
    self.row = row
  }
}
