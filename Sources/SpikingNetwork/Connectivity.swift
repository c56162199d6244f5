/// Which neuron of the source reaches which of the target, and with what weight.
///
/// Where a projection pools, `source` below means the pooled source.
package enum Connectivity: Sendable, Equatable, Codable {
  /// Each source with each target; weights row-major `[target][source]`.
  case dense(weights: [Float])
  /// The pairs that are listed.
  case sparse(SparseWeights)
  /// A two-dimensional convolution; both populations have shapes.
  case convolution(Convolution)
  /// Each source with the target of the same number, all with one weight: pooling by itself.
  case oneToOne(weight: Float)
}

/// Weights of the listed pairs only, by source.
///
/// Entries `rowStarts[i]..<rowStarts[i + 1]` lead from source i to `targets`, which rise within a
/// row; there is at most one entry for a pair.
package struct SparseWeights: Sendable, Equatable, Codable {
  /// One more than there are sources; the first is 0, the last the number of entries.
  package var rowStarts: [Int32]
  /// The target of each entry.
  package var targets: [Int32]
  /// The weight of each entry.
  package var weights: [Float]

  /// Takes the rows as they are; `SpikingNetwork.validate()` judges them.
  package init(rowStarts: [Int32], targets: [Int32], weights: [Float]) {
    self.rowStarts = rowStarts
    self.targets = targets
    self.weights = weights
  }
}

/// Weights that all places of a plane share.
///
/// Target (y, x, o) sums `weights[o][i][ky][kx]` of source (y * stride + ky - padding,
/// x * stride + kx - padding, i); sources beyond the edge are silent. The target is
/// `(height + 2 * padding - kernelHeight) / stride + 1` places high, and wide accordingly.
package struct Convolution: Sendable, Equatable, Codable {
  /// Rows of the kernel.
  package var kernelHeight: Int
  /// Columns of the kernel.
  package var kernelWidth: Int
  /// Places by which the kernel moves.
  package var stride: Int
  /// Silent places added on each side.
  package var padding: Int
  /// Row-major `[output channel][input channel][row][column]`, as NIR and PyTorch have them.
  package var weights: [Float]

  /// Takes the parts as they are; `SpikingNetwork.validate()` judges them.
  package init(
    kernelHeight: Int, kernelWidth: Int, stride: Int = 1, padding: Int, weights: [Float]
  ) {
    self.kernelHeight = kernelHeight
    self.kernelWidth = kernelWidth
    self.stride = stride
    self.padding = padding
    self.weights = weights
  }

  /// The shape of the target for a source of this shape, nil where no place is left.
  package func output(of source: FeatureShape, channels: Int) -> FeatureShape? {
    let height = source.height + 2 * padding - kernelHeight
    let width = source.width + 2 * padding - kernelWidth
    guard height >= 0, width >= 0, stride > 0 else { return nil }
    return FeatureShape(
      height: height / stride + 1, width: width / stride + 1, channels: channels)
  }
}

/// How many values a weight for inference may take on the chip.
package enum WeightPrecision: String, Sendable, Equatable, Codable, CaseIterable {
  /// -127 to 127.
  case int8
  /// -7 to 7.
  case int4
  /// -1 and 1; the layer's scale goes into thresholds.
  case binary
}
