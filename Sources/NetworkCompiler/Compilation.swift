package import CompiledModel

/// A compiled model with the facts that a report prints.
package struct Compilation: Sendable, Equatable {
  /// What the chip loads.
  package let model: CompiledModel
  /// One for each layer, in the order of the chain.
  package let layers: [LayerFacts]
  /// One for each core in use, in the order of `model.cores`.
  package let cores: [CoreFacts]
  /// What a core of the chip holds at most.
  package let limits: CoreLimits
  /// Cores of the whole chip.
  package let chipCores: Int

  /// Bytes of synapses and learning state in all cores.
  package var footprintBytes: Int { cores.reduce(0) { $0 + $1.synapseMemoryBytes } }
}

/// How a layer was compiled.
package struct LayerFacts: Sendable, Equatable {
  /// Name of the population.
  package let name: String
  /// Number of neurons.
  package let neurons: Int
  /// Number of weights.
  package let weights: Int
  /// One unit of an inference weight is `2^exponent`.
  package let exponent: Int
  /// Name of the rule that changes its weights: `none`, `three-factor` or `pair-stdp`.
  package let rule: String
  /// Cores that hold it.
  package let cores: Int
  /// Root mean square of what rounding took from the weights, in the network's units.
  package let roundingError: Double
}

/// What a core in use holds.
package struct CoreFacts: Sendable, Equatable {
  /// Index of its layer.
  package let layer: Int
  /// Neurons on it.
  package let neurons: Int
  /// Sources that it listens to.
  package let inAxons: Int
  /// Pairs of an own neuron and a destination core.
  package let outAxons: Int
  /// Bytes of synapses and learning state.
  package let synapseMemoryBytes: Int
  /// The part of them that only learning needs.
  package let learningBytes: Int
}
