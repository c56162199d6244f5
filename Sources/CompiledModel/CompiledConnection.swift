/// Synapses between a source and the layer they belong to.
package struct CompiledConnection: Sendable, Equatable {
  /// The weights of a connection, in the order of its layout.
  package enum Weights: Sendable, Equatable {
    /// Inference weights that never change, each within the precision.
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
  /// Number of neurons or channels that send, before pooling.
  package var sourceSize: Int
  /// Spikes are summed over windows of this plane first; nil where each stands for itself.
  package var pooling: SourcePooling?
  /// Who reaches whom.
  package var layout: SynapseLayout
  /// Logical steps by which spikes arrive late.
  package var delay: Int
  /// One unit of an inference weight is `2^shift` of the layer's finest, 0 to 15.
  package var shift: Int32
  /// Bits of a fixed weight in memory and in files; weights that learn have 16.
  package var precision: SynapsePrecision
  /// The weights.
  package var weights: Weights
  /// What the weights of each target that fired in a sample are scaled to sum to after it was
  /// learnt; nil where they stay as the rule leaves them.
  package var normalisation: Int32?

  /// Takes the parts as they are.
  package init(
    source: Int?, sourceSize: Int, pooling: SourcePooling? = nil, layout: SynapseLayout = .dense,
    delay: Int = 0, shift: Int32 = 0, precision: SynapsePrecision = .int8, weights: Weights,
    normalisation: Int32? = nil
  ) {
    self.source = source
    self.sourceSize = sourceSize
    self.pooling = pooling
    self.layout = layout
    self.delay = delay
    self.shift = shift
    self.precision = precision
    self.weights = weights
    self.normalisation = normalisation
  }

  /// Sources as the layout sees them.
  package var pooledSize: Int { pooling?.pooledSize ?? sourceSize }

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

/// How finely fixed weights are kept; raw values are bits.
package enum SynapsePrecision: UInt8, Sendable, CaseIterable {
  /// -1 and 1.
  case binary = 1
  /// -7 to 7.
  case int4 = 4
  /// -127 to 127.
  case int8 = 8

  /// Whether a weight of this precision may have this value.
  package func holds(_ weight: Int8) -> Bool {
    switch self {
    case .binary: weight == 1 || weight == -1
    case .int4: (-7...7).contains(weight)
    case .int8: weight != -128
    }
  }

  /// Largest magnitude of a weight.
  package var limit: Int {
    switch self {
    case .binary: 1
    case .int4: 7
    case .int8: 127
    }
  }
}

/// Sums of spikes over windows of a plane of sources, the channel running fastest.
package struct SourcePooling: Sendable, Equatable {
  /// Rows of the plane.
  package var height: Int
  /// Columns of the plane.
  package var width: Int
  /// Sources at each place.
  package var channels: Int
  /// Side of a window; places beyond the last whole one are dropped.
  package var window: Int

  /// Takes the parts as they are.
  package init(height: Int, width: Int, channels: Int, window: Int) {
    self.height = height
    self.width = width
    self.channels = channels
    self.window = window
  }

  /// Sources after pooling.
  package var pooledSize: Int { height / window * (width / window) * channels }

  /// The window's number for a source, nil for one that is dropped.
  package func window(of source: Int) -> Int? {
    let channel = source % channels
    let place = source / channels
    let y = place / width / window
    let x = place % width / window
    guard y < height / window, x < width / window else { return nil }
    return (y * (width / window) + x) * channels + channel
  }
}

/// Who reaches whom, and in which order weights lie.
package enum SynapseLayout: Sendable, Equatable {
  /// Each source with each target, row-major `[source][target]`.
  case dense
  /// The listed pairs: entries `rowStarts[i]..<rowStarts[i + 1]` lead from source i to rising
  /// `targets`; weights in their order.
  case sparse(rowStarts: [UInt32], targets: [UInt32])
  /// Weights that all places share, row-major `[input channel][row][column][output channel]`.
  case convolution(ConvolutionShape)
  /// Each source with the target of its number, all with the one weight.
  case oneToOne

  /// Weights of a layout that leads from `sources` to `targets`.
  package func weightCount(sources: Int, targets: Int) -> Int {
    switch self {
    case .dense: sources * targets
    case .sparse(_, let targets): targets.count
    case .convolution(let shape): shape.weightCount
    case .oneToOne: 1
    }
  }
}

/// The planes and the kernel of a convolution, neurons with the channel running fastest.
///
/// Target (y, x, o) sums `weight[i][ky][kx][o]` of source (y * stride + ky - padding,
/// x * stride + kx - padding, i).
package struct ConvolutionShape: Sendable, Equatable {
  /// Rows of the source's plane, after pooling.
  package var height: Int
  /// Columns of the source's plane, after pooling.
  package var width: Int
  /// Sources at each place.
  package var inputChannels: Int
  /// Targets at each place.
  package var outputChannels: Int
  /// Rows of the kernel.
  package var kernelHeight: Int
  /// Columns of the kernel.
  package var kernelWidth: Int
  /// Places by which the kernel moves.
  package var stride: Int
  /// Silent places on each side.
  package var padding: Int

  /// Takes the parts as they are.
  package init(
    height: Int, width: Int, inputChannels: Int, outputChannels: Int, kernelHeight: Int,
    kernelWidth: Int, stride: Int, padding: Int
  ) {
    self.height = height
    self.width = width
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.kernelHeight = kernelHeight
    self.kernelWidth = kernelWidth
    self.stride = stride
    self.padding = padding
  }

  /// Rows of the target's plane; below 1 where the kernel does not fit.
  package var outputHeight: Int { Self.places(height, padding, kernelHeight, stride) }
  /// Columns of the target's plane; below 1 where the kernel does not fit.
  package var outputWidth: Int { Self.places(width, padding, kernelWidth, stride) }
  /// Weights of the kernel.
  package var weightCount: Int { inputChannels * kernelHeight * kernelWidth * outputChannels }

  private static func places(_ side: Int, _ padding: Int, _ kernel: Int, _ stride: Int) -> Int {
    let room = side + 2 * padding - kernel
    return room < 0 ? 0 : room / stride + 1
  }
}
