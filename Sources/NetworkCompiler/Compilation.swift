package import CompiledModel

/// A compiled model with the facts that a report prints.
package struct Compilation: Sendable, Equatable {
  /// What the chip loads.
  package let model: CompiledModel
  /// One for each layer, in the order of the model's.
  package let layers: [LayerFacts]
  /// One for each core in use, in the order of `model.cores`.
  package let cores: [CoreFacts]
  /// What a core of the chip holds at most.
  package let limits: CoreLimits
  /// Cores of the whole chip.
  package let chipCores: Int
  /// What messages cost on the mesh.
  package let traffic: TrafficFacts

  /// Bytes of synapses and learning state in all cores.
  package var footprintBytes: Int { cores.reduce(0) { $0 + $1.synapseMemoryBytes } }
}

/// How a layer was compiled.
package struct LayerFacts: Sendable, Equatable {
  /// Name of the population.
  package let name: String
  /// Number of neurons.
  package let neurons: Int
  /// Number of weights of all its connections.
  package let weights: Int
  /// One unit of its finest inference weights is `2^exponent`, or near it where it is scaled.
  package let exponent: Int
  /// One unit of its finest inference weights: a power of two, or the mean over scales of neurons.
  package let scale: Double
  /// Whether neurons, or channels, have scales of their own in their thresholds.
  package let isPerChannel: Bool
  /// Chip steps by which it runs behind the input.
  package let phase: Int
  /// Names of the rules that change its weights, joined by `+`: `none`, `three-factor`,
  /// `pair-stdp`, `sdsp`, `sum-of-products`, `edge-learning`.
  package let rule: String
  /// Cores that hold it.
  package let cores: Int
  /// Root mean square of what rounding took from the weights, in the network's units.
  package let roundingError: Double
  /// One for each connection, in the order of the model's.
  package let connections: [ConnectionFacts]
}

/// How a connection was compiled.
package struct ConnectionFacts: Sendable, Equatable {
  /// Name of the population that sends.
  package let source: String
  /// Name of the layout: `dense`, `sparse`, `convolution` or `one-to-one`.
  package let layout: String
  /// Number of weights.
  package let weights: Int
  /// Bits of a weight: of a fixed one in memory, of one that learns as inference sees it.
  package let bits: Int
  /// One unit of an inference weight is `2^exponent`, or near it where the layer is scaled.
  package let exponent: Int
  /// Name of the rule that changes its weights, or `none`.
  package let rule: String
  /// Logical steps by which spikes arrive late.
  package let delay: Int
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

/// Links that the messages of a sample pass, by where cores lie; from the rates of the options, or
/// from the assumption that each neuron spikes in one of twenty steps.
package struct TrafficFacts: Sendable, Equatable {
  /// Hops of a sample with cores row by row in the order of layers.
  package let rowMajor: Double
  /// Hops of a sample where cores do lie.
  package let placed: Double
}
