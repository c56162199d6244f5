import SpikingNetwork

/// A convolution seen from a source: the places that its kernel reaches.
struct KernelFanOut: Sendable {
  private let convolution: Convolution
  private let source: FeatureShape
  private let target: FeatureShape
  /// Row-major `[input channel][row][column][output channel]`.
  private let weights: [Float]

  init(_ convolution: Convolution, from source: FeatureShape, to target: FeatureShape) {
    self.source = source
    self.target = target
    let area = convolution.kernelHeight * convolution.kernelWidth
    var weights: [Float] = []
    weights.reserveCapacity(convolution.weights.count)
    for i in 0..<source.channels {
      for place in 0..<area {
        for o in 0..<target.channels {
          weights.append(convolution.weights[(o * source.channels + i) * area + place])
        }
      }
    }
    self.weights = weights
    var shape = convolution
    shape.weights = []
    self.convolution = shape
  }

  /// Adds the weights of every spike to the sums of its targets, spike by spike.
  func deliver(_ spikes: [Int32], to sums: inout [Float]) {
    precondition(sums.count == target.size, "\(sums.count) sums for \(target.size) targets")
    // Unsafe: bounds checks would keep the channels from vectorising. Spikes are below the
    // source's size, places and kernel positions are cut to the plane and the kernel.
    weights.withUnsafeBufferPointer { weights in
      sums.withUnsafeMutableBufferPointer { sums in
        guard let weights = weights.baseAddress, let sums = sums.baseAddress else { return }
        for spike in spikes { deliver(Int(spike), weights, to: sums) }
      }
    }
  }

  private func deliver(
    _ neuron: Int, _ weights: UnsafePointer<Float>, to sums: UnsafeMutablePointer<Float>
  ) {
    let (height, width) = (convolution.kernelHeight, convolution.kernelWidth)
    let (place, channel) = neuron.quotientAndRemainder(dividingBy: source.channels)
    let (sourceY, sourceX) = place.quotientAndRemainder(dividingBy: source.width)
    let rows = reached(from: sourceY, kernel: height, limit: target.height)
    let columns = reached(from: sourceX, kernel: width, limit: target.width)
    for y in rows {
      let kernelRow =
        channel * height + sourceY + convolution.padding - y * convolution.stride
      for x in columns {
        let kernelColumn = sourceX + convolution.padding - x * convolution.stride
        addScaled(
          weights + (kernelRow * width + kernelColumn) * target.channels, by: 1,
          to: sums + (y * target.width + x) * target.channels, count: target.channels)
      }
    }
  }

  /// Target places y with `0 <= from + padding - y * stride < kernel`.
  private func reached(from place: Int, kernel: Int, limit: Int) -> Range<Int> {
    let last = place + convolution.padding
    let first = last - kernel + 1
    let low = first <= 0 ? 0 : (first + convolution.stride - 1) / convolution.stride
    return low..<max(low, min(limit, last / convolution.stride + 1))
  }
}
