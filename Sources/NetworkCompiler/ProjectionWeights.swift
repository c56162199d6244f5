import SpikingNetwork

/// The weights of a projection with the places that they connect, whatever the connectivity.
///
/// Nothing is copied: a projection may hold more weights than there is room for twice.
struct ProjectionWeights {
  let connectivity: Connectivity
  /// Sources after pooling; input channels of a convolution's plane are `channels.input`.
  let sources: Int
  let targets: Int
  /// Channels of source and target, for a convolution.
  let channels: (input: Int, output: Int)

  init(_ projection: Projection, source: Population, target: Population) {
    connectivity = projection.connectivity
    let pooled = projection.pooling == 1 ? nil : source.shape?.pooled(by: projection.pooling)
    sources = pooled?.size ?? source.size
    targets = target.size
    channels = (source.shape?.channels ?? 1, target.shape?.channels ?? 1)
  }

  /// Number of weights.
  var count: Int {
    switch connectivity {
    case .dense(let weights): weights.count
    case .sparse(let sparse): sparse.weights.count
    case .convolution(let convolution): convolution.weights.count
    case .oneToOne: 1
    }
  }

  /// Calls `body` once for each weight with its source, its target, its position in the chip's
  /// order and its value.
  ///
  /// For a convolution the places are channels, for a single weight both are 0.
  @inline(__always)
  func forEach(_ body: (_ source: Int, _ target: Int, _ position: Int, _ weight: Float) -> Void) {
    switch connectivity {
    case .dense(let weights):
      weights.withUnsafeBufferPointer { forEachDense($0, body) }
    case .sparse(let sparse):
      sparse.weights.withUnsafeBufferPointer { weights in
        sparse.targets.withUnsafeBufferPointer { targets in
          for source in 0..<sources {
            let end = Int(sparse.rowStarts[source + 1])
            for entry in Int(sparse.rowStarts[source])..<end {
              body(source, Int(targets[entry]), entry, weights[entry])
            }
          }
        }
      }
    case .convolution(let convolution):
      let area = convolution.kernelHeight * convolution.kernelWidth
      for output in 0..<channels.output {
        for input in 0..<channels.input {
          for place in 0..<area {
            let weight = convolution.weights[(output * channels.input + input) * area + place]
            body(input, output, (input * area + place) * channels.output + output, weight)
          }
        }
      }
    case .oneToOne(let weight):
      body(0, 0, 0, weight)
    }
  }

  /// In blocks of targets, so that both the rows of the description and those of the chip, which
  /// lie across, are read and written by whole cache lines.
  @inline(__always)
  private func forEachDense(
    _ weights: UnsafeBufferPointer<Float>, _ body: (Int, Int, Int, Float) -> Void
  ) {
    var first = 0
    while first < targets {
      let last = min(first + 64, targets)
      for source in 0..<sources {
        for target in first..<last {
          body(source, target, source * targets + target, weights[target * sources + source])
        }
      }
      first = last
    }
  }

  /// Largest magnitude and sum of magnitudes of the weights of each group of targets.
  ///
  /// Target j belongs to group `j % groups`.
  func magnitudes(groups: Int) -> (largest: [Double], mean: [Double]) {
    var largest = [Float](repeating: 0, count: groups)
    var sums = [Double](repeating: 0, count: groups)
    var counts = [Int](repeating: 0, count: groups)
    forEach { _, target, _, weight in
      let group = Self.group(target, groups, targets)
      let size = abs(weight)
      largest[group] = max(largest[group], size)
      sums[group] += Double(size)
      counts[group] += 1
    }
    return (
      largest.map(Double.init), zip(sums, counts).map { $1 > 0 ? $0 / Double($1) : 0 }
    )
  }

  @inline(__always)
  static func group(_ target: Int, _ groups: Int, _ targets: Int) -> Int {
    groups == 1 ? 0 : groups == targets ? target : target % groups
  }
}
