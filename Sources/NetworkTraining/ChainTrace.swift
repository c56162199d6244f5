/// What one sample did in a chain, step by step: kept by the forward pass for the backward pass.
///
/// One trace serves many samples, so that nothing is allocated for each.
package struct ChainTrace<Scalar: BinaryFloatingPoint & Sendable>: Sendable {
  /// What each layer did.
  var layers: [LayerTrace]
  /// Input spikes.
  var input = SpikeRaster<Scalar>()
  /// Class with the largest sum of output potentials, the lowest of equals.
  package internal(set) var prediction = 0
  /// Mean over the steps of the cross-entropy; nats.
  package internal(set) var loss = 0.0
  /// Channels that spike, by step.
  var scratch: [[Int32]] = []

  /// What one layer did: potentials and errors are row-major `[step][neuron]`.
  struct LayerTrace: Sendable {
    /// Potentials before the reset.
    var potentials: [Scalar]
    /// Derivatives of the loss by these potentials.
    var errors: [Scalar]
    /// Potentials as the next step finds them.
    var carried: [Scalar]
    var spikes = SpikeRaster<Scalar>()
  }

  /// Room for one sample in `chain`.
  package init(for chain: SpikingChain<Scalar>) {
    layers = chain.layers.map { layer in
      let zeros = [Scalar](repeating: 0, count: layer.size * chain.steps)
      return LayerTrace(
        potentials: zeros, errors: zeros, carried: [Scalar](repeating: 0, count: layer.size))
    }
  }

  /// Number of spikes of all spiking neurons.
  package var spikeCount: Int { layers.reduce(0) { $0 + $1.spikes.neurons.count } }

  /// Potentials of a layer before the reset, row-major `[step][neuron]`.
  package func potentials(ofLayer layer: Int) -> [Scalar] { layers[layer].potentials }
}

/// Spikes in the order of steps, and of neurons within a step.
struct SpikeRaster<Scalar: BinaryFloatingPoint & Sendable>: Sendable {
  var neurons: [Int32] = []
  /// One for each spike; another number only for the smooth stand-in of a spike.
  var amplitudes: [Scalar] = []
  /// Where the spikes of each step end.
  var ends: [Int] = []

  mutating func clear() {
    neurons.removeAll(keepingCapacity: true)
    amplitudes.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
  }

  func range(ofStep step: Int) -> Range<Int> {
    (step == 0 ? 0 : ends[step - 1])..<ends[step]
  }
}
