import CompiledModel

/// Bytes that neurons of a layer take in the synapse memory of a core.
///
/// Fixed weights take their bits: dense ones for each source and neuron; sparse ones with a target
/// of 16 bits each and 4 bytes for each source with an entry; shared ones once, as many output
/// channels as the neurons span. Weights that learn take the chip's learning bits. The three-
/// factor rule adds a sum of 32 bits to each weight unless weights change in each step, traces of
/// 16 bits in rings as deep as the lag between a step and its error, one of 16 bits for each
/// weight where eligibility is kept by synapse, counts of spikes of 16 bits where rates are
/// regularised, and the readout's weights mirrored for feedback, with sums if they learn, or
/// random ones of 8 bits; with a local readout each core has the random weights of the whole layer
/// and potentials of 24 bits. A program adds traces of 16 bits and, where it has them, tags of 16
/// bits, spike-driven plasticity activities of 3 bits. Weights of one bit that learn take that bit,
/// with 16 bits for each neuron and each source. Thresholds that outlive samples take 16
/// bits for each neuron, as do its counts of spikes and of each class, and a mean of rewards 16 for
/// each core.
struct LayerMemory {
  private let connections: [Part]
  private let rings: Int
  private let psiTraces: Int
  private let mirrorBits: Int
  private let activityBits: Int
  /// Bits that each core needs whatever its neurons.
  private let coreBits: Int
  private let lastingBits: Int

  private struct Part {
    let kind: Kind
    let bits: Int
    let sources: Int
    /// Bits of learning state: for each synapse, for each neuron and for each source of a core.
    var learning: (synapse: Int, neuron: Int, source: Int) = (0, 0, 0)

    enum Kind {
      case dense
      /// Entries before each target.
      case sparse(starts: [UInt32])
      case shared(ConvolutionShape)
      case single
    }
  }

  init(_ layer: LoweredLayer, _ chip: Chip) {
    let full = max(1, min(8, chip.core.weightBits))
    let learningBits = chip.arithmetic.learningWeightBits
    // Errors of a step are back that much later; the readout has its own at once.
    let depth = layer.mirror.map { $0.lag + 1 } ?? 1
    var learnsByError = false
    var learnsByActivity = false
    var connections: [Part] = []
    var rings = 0
    for connection in layer.compiled.connections {
      let sources = connection.pooledSize
      let isOneBit = connection.plasticity?.edge != nil
      let kept =
        connection.plasticity == nil
        ? Int(connection.precision.rawValue) : isOneBit ? 1 : learningBits
      let bits = min(full, kept)
      var part = Part(
        kind: Self.kind(of: connection, size: layer.compiled.size), bits: bits, sources: sources)
      switch connection.plasticity {
      case nil:
        break
      case .program(let program):
        let pre = program.traces.count { $0.name.isPresynaptic }
        part.learning = (
          learningBits - bits + (program.hasTags ? 16 : 0), 16 * (program.traces.count - pre),
          16 * pre
        )
      case .edge:
        // How plastic each neuron is, and how often each source has spiked.
        part.learning = (0, 16, 16)
      case .sdsp:
        part.learning = (learningBits - bits, 0, 0)
        learnsByActivity = true
      case .threeFactor(let rule):
        learnsByError = true
        let sum = rule.isAppliedEachStep == 1 ? 0 : 32
        let eligibility = rule.adaptationFactor != 0 ? 16 : 0
        let filters = rule.secondPreDecay != 0 ? 2 : 1
        part.learning = (learningBits - bits + sum + eligibility, 0, 16 * filters * depth)
        if rule.postFactor != 0 { rings += 1 }
      }
      connections.append(part)
    }
    self.connections = connections
    psiTraces = learnsByError ? 16 * depth : 0
    self.rings = rings * 16 * depth
    activityBits = learnsByActivity ? 3 : 0
    let compiled = layer.compiled
    let isCounted =
      compiled.assignment != nil || compiled.connections.contains { $0.normalisation != nil }
    lastingBits =
      16
      * ((compiled.homeostasis == nil ? 0 : 1) + (isCounted ? 1 : 0)
        + (compiled.assignment?.classes ?? 0))
    let size = compiled.size
    coreBits =
      (layer.mirror.map { $0.isLocal ? $0.classes * (size * 8 + 24) : 0 } ?? 0)
      + (compiled.rewardMean == nil ? 0 : 16)
    let countBits = layer.mirror?.countsSpikes == true ? 16 : 0
    mirrorBits =
      countBits
      + (layer.mirror.map {
        $0.isLocal ? 0 : $0.classes * ($0.learns ? learningBits + 32 : min(full, $0.bits))
      } ?? 0)
  }

  /// Bytes for inference alone, and for all, of a core with these neurons.
  ///
  /// `rows` is, for each connection, how many sources have an entry there.
  func bytes(neurons: Range<Int>, rows: [Int]) -> (inference: Int, all: Int) {
    let count = neurons.count
    var inference = 0
    let each = psiTraces + rings + mirrorBits + activityBits + lastingBits
    var learning = (count * each + coreBits + 7) / 8
    for (index, part) in connections.enumerated() {
      switch part.kind {
      case .dense:
        inference += (count * part.sources * part.bits + 7) / 8
        let state = part.learning
        learning +=
          (count * (part.sources * state.synapse + state.neuron) + part.sources * state.source + 7)
          / 8
      case .sparse(let starts):
        let entries = Int(starts[neurons.upperBound]) - Int(starts[neurons.lowerBound])
        inference += (entries * (part.bits + 16) + 7) / 8 + 4 * rows[index]
      case .shared(let shape):
        let kernel = shape.inputChannels * shape.kernelHeight * shape.kernelWidth
        inference += (min(count, shape.outputChannels) * kernel * part.bits + 7) / 8
      case .single:
        inference += (part.bits + 7) / 8
      }
    }
    return (inference, inference + learning)
  }

  private static func kind(of connection: CompiledConnection, size: Int) -> Part.Kind {
    switch connection.layout {
    case .dense: return .dense
    case .convolution(let shape): return .shared(shape)
    case .oneToOne: return .single
    case .sparse(_, let targets):
      var starts = [UInt32](repeating: 0, count: size + 1)
      for target in targets { starts[Int(target) + 1] += 1 }
      for neuron in 0..<size { starts[neuron + 1] += starts[neuron] }
      return .sparse(starts: starts)
    }
  }
}
