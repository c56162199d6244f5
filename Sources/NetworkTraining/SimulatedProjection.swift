import SpikingNetwork

/// A projection in the form in which one spike finds its weights.
struct SimulatedProjection: Sendable {
  /// Position of the population whose spikes it takes.
  let source: Int
  /// Steps by which they arrive late.
  let delay: Int
  /// The window of each source neuron, negative for what is dropped; nil without pooling.
  private let windows: [Int32]?
  private let fanOut: FanOut

  private enum FanOut: Sendable {
    /// Row-major `[source][target]`.
    case dense([Float], targets: Int)
    case sparse(SparseWeights)
    case convolution(KernelFanOut)
    case oneToOne(Float)
  }

  init(
    _ projection: Projection, sourceIndex: Int, source: Population, target: Population
  ) {
    self.source = sourceIndex
    delay = projection.delay
    let pooled = source.shape?.pooled(by: projection.pooling)
    windows =
      projection.pooling == 1
      ? nil : source.shape.map { Self.windows(of: $0, by: projection.pooling) }
    switch projection.connectivity {
    case .dense(let weights):
      let sources = projection.pooling == 1 ? source.size : pooled?.size ?? 0
      var rows: [Float] = []
      rows.reserveCapacity(weights.count)
      for i in 0..<sources {
        for j in 0..<target.size { rows.append(weights[j * sources + i]) }
      }
      fanOut = .dense(rows, targets: target.size)
    case .sparse(let sparse):
      fanOut = .sparse(sparse)
    case .convolution(let convolution):
      guard let pooled, let shape = target.shape else {
        preconditionFailure("a convolution of a sound network without planes")
      }
      fanOut = .convolution(KernelFanOut(convolution, from: pooled, to: shape))
    case .oneToOne(let weight):
      fanOut = .oneToOne(weight)
    }
  }

  /// Adds the weights of every spike to the sums of its targets, spike by spike.
  func deliver(_ spikes: [Int32], to sums: inout [Float]) {
    guard let windows else { return deliverPooled(spikes, to: &sums) }
    deliverPooled(spikes.map { windows[Int($0)] }.filter { $0 >= 0 }, to: &sums)
  }

  /// What intensities add to the targets in each step, where they act as a direct current.
  func drive(_ intensities: [UInt8], targets: Int) -> [Float] {
    var sums = [Float](repeating: 0, count: targets)
    for (source, intensity) in intensities.enumerated() where intensity > 0 {
      var own = [Float](repeating: 0, count: targets)
      deliver([Int32(source)], to: &own)
      addScaled(own, by: Float(intensity) / 256, to: &sums, count: targets)
    }
    return sums
  }

  private func deliverPooled(_ spikes: [Int32], to sums: inout [Float]) {
    switch fanOut {
    case .dense(let weights, let targets):
      // Unsafe: bounds checks would keep the rows from vectorising. Spikes are below the number
      // of rows, and a sum belongs to each target: the network was validated.
      weights.withUnsafeBufferPointer { weights in
        sums.withUnsafeMutableBufferPointer { sums in
          guard let weights = weights.baseAddress, let sums = sums.baseAddress else { return }
          for spike in spikes {
            addScaled(weights + Int(spike) * targets, by: 1, to: sums, count: targets)
          }
        }
      }
    case .sparse(let sparse):
      for spike in spikes {
        let row = Int(sparse.rowStarts[Int(spike)])..<Int(sparse.rowStarts[Int(spike) + 1])
        for entry in row { sums[Int(sparse.targets[entry])] += sparse.weights[entry] }
      }
    case .convolution(let kernel):
      kernel.deliver(spikes, to: &sums)
    case .oneToOne(let weight):
      for spike in spikes { sums[Int(spike)] += weight }
    }
  }

  private static func windows(of shape: FeatureShape, by window: Int) -> [Int32] {
    let pooled = shape.pooled(by: window)
    var windows: [Int32] = []
    windows.reserveCapacity(shape.size)
    for y in 0..<shape.height {
      for x in 0..<shape.width {
        let isInside = y / window < pooled.height && x / window < pooled.width
        let place = (y / window * pooled.width + x / window) * shape.channels
        for channel in 0..<shape.channels { windows.append(isInside ? Int32(place + channel) : -1) }
      }
    }
    return windows
  }
}
