import CompiledModel

/// Bytes that a layer takes in the synapse memory of a core, by the number of its neurons.
///
/// Weights that learn have 16 bits; the three-factor rule adds an accumulator of 32 bits to each,
/// traces of 16 bits in rings as deep as the lag between a step and its error, and the readout's
/// weights mirrored for feedback, with their accumulators if they learn.
struct LayerMemory {
  /// Bytes for each neuron.
  let bytesPerNeuron: Int
  private let bytesPerCore: Int
  private let inferenceBytesPerNeuron: Int

  init(_ layer: LoweredLayer, _ chip: Chip) {
    let sources = layer.compiled.connection.sourceSize
    inferenceBytesPerNeuron = (sources * min(8, max(1, chip.core.weightBits)) + 7) / 8
    switch layer.compiled.connection.plasticity {
    case nil:
      bytesPerNeuron = inferenceBytesPerNeuron
      bytesPerCore = 0
    case .pairSTDP:
      bytesPerNeuron = sources * 2 + 2
      bytesPerCore = sources * 2
    case .threeFactor(let rule):
      // An error is back two steps after a layer before the readout saw the step.
      let ring = layer.mirroredClasses > 0 ? 3 : 1
      let mirrored = layer.mirroredClasses * (layer.mirrorLearns ? 6 : 1)
      let traces = rule.postFactor == 0 ? ring : 2 * ring
      bytesPerNeuron = sources * 6 + traces * 2 + mirrored
      bytesPerCore = sources * 2 * ring
    }
  }

  /// Bytes with the learning state.
  func bytes(neurons: Int) -> Int { bytesPerCore + neurons * bytesPerNeuron }

  /// Bytes for inference alone.
  func inferenceBytes(neurons: Int) -> Int { neurons * inferenceBytesPerNeuron }
}
