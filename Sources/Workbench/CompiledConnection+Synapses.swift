import CompiledModel

extension CompiledConnection {
  /// Calls `body` with each synapse of a source, after pooling, and the place of its weight.
  ///
  /// Targets rise, except through a kernel, where they follow the kernel's rows and columns.
  func forEachSynapse(
    ofPooled source: Int, targets: Int, _ body: (_ target: Int, _ weight: Int) -> Void
  ) {
    switch layout {
    case .dense:
      for target in 0..<targets { body(target, source * targets + target) }
    case .sparse(let rowStarts, let list):
      for entry in Int(rowStarts[source])..<Int(rowStarts[source + 1]) {
        body(Int(list[entry]), entry)
      }
    case .convolution(let shape):
      shape.forEachSynapse(of: source, body)
    case .oneToOne:
      body(source, 0)
    }
  }

  /// Synapses of a network that holds a sparse connection as a matrix with zeros.
  ///
  /// Pairs that a kernel does not reach, and padding, are in no matrix and do not count.
  func denseSynapses(targets: Int) -> Int {
    if case .sparse = layout { return pooledSize * targets }
    var count = 0
    for source in 0..<pooledSize {
      forEachSynapse(ofPooled: source, targets: targets) { _, _ in count += 1 }
    }
    return count
  }

  /// Weights of a network that holds a sparse connection as a matrix with zeros.
  func denseWeights(targets: Int) -> Int {
    if case .sparse = layout { return pooledSize * targets }
    return weights.count
  }

  /// For each source after pooling: its synapses whose weight is not zero.
  func effectiveFanOuts(targets: Int) -> [UInt64] {
    let weights = inferenceWeights
    return (0..<pooledSize).map { source in
      var count: UInt64 = 0
      forEachSynapse(ofPooled: source, targets: targets) { _, weight in
        if weights[weight] != 0 { count += 1 }
      }
      return count
    }
  }
}

extension ConvolutionShape {
  fileprivate func forEachSynapse(of source: Int, _ body: (Int, Int) -> Void) {
    let channel = source % inputChannels
    let (y, x) = (source / inputChannels / width, source / inputChannels % width)
    for kernelRow in 0..<kernelHeight {
      guard let row = place(y, kernelRow, below: outputHeight) else { continue }
      for kernelColumn in 0..<kernelWidth {
        guard let column = place(x, kernelColumn, below: outputWidth) else { continue }
        let target = (row * outputWidth + column) * outputChannels
        let weight =
          ((channel * kernelHeight + kernelRow) * kernelWidth + kernelColumn) * outputChannels
        for output in 0..<outputChannels { body(target + output, weight + output) }
      }
    }
  }

  /// The target's row or column that reads a place of the source through a place of the kernel.
  private func place(_ source: Int, _ kernel: Int, below limit: Int) -> Int? {
    let moved = source + padding - kernel
    guard moved >= 0, moved % stride == 0, moved / stride < limit else { return nil }
    return moved / stride
  }
}
