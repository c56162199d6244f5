extension CompiledModel {
  /// Judges one connection of a layer, the sizes of all layers being valid.
  func validate(
    _ connection: CompiledConnection, of index: Int, _ path: FieldPath
  ) throws(ModelError) {
    try validateSource(of: connection, index, path)
    if let pooling = connection.pooling {
      try validate(pooling, sourceSize: connection.sourceSize, path.at("pooling"))
    }
    let sources = connection.pooledSize
    let size = layers[index].size
    try validate(connection.layout, sources: sources, targets: size, path)
    try path.range(connection.shift, 0...15, "shift")
    let count = connection.layout.weightCount(sources: sources, targets: size)
    try path.range(count, 0...Self.weightsMax, "weights")
    try path.require(
      connection.weights.count == count, "weights", connection.weights.count, "\(count)")
    try validateNormalisation(of: connection, path)
    switch connection.weights {
    case .fixed(let weights):
      try path.require(
        connection.precision.holds(all: weights), "weights", "a weight beyond its precision",
        "\(connection.precision.rawValue) bits")
    case .plastic(let weights, let program, let bounds):
      try path.require(
        connection.layout == .dense && connection.pooling == nil, "plasticity", "present",
        "a dense layout without pooling")
      try path.require(
        connection.precision == .int8, "precision", connection.precision.rawValue,
        "8, the bits of what inference sees")
      try validate(weights, bounds, path)
      if program.ownWeightStep != 0 {
        try validate(weights, step: program.ownWeightStep, bounds, path)
      }
      try validate(program, of: index, path)
    }
  }

  /// A sum that weights from 0 up can be scaled to, after a local rule changed them.
  private func validateNormalisation(
    of connection: CompiledConnection, _ path: FieldPath
  ) throws(ModelError) {
    guard let sum = connection.normalisation else { return }
    guard case .plastic(_, let program, let bounds) = connection.weights else {
      throw path.error("normalisation", sum, "none for weights that are fixed")
    }
    try path.range(sum, 1...Int32.max, "normalisation")
    try path.require(
      program.isLocal && bounds.lowerBound >= 0 && program.ownWeightStep == 0,
      "normalisation", sum, "a local rule whose weights are from 0 up, on the chip's own steps")
  }

  private func validateSource(
    of connection: CompiledConnection, _ index: Int, _ path: FieldPath
  ) throws(ModelError) {
    try path.range(connection.delay, 0...Self.delayMax, "delay")
    var size = inputs
    var phase = 0
    if let source = connection.source {
      try path.range(source, 0...layers.count - 1, "source")
      if case .readout = layers[source].neurons {
        throw path.error("source", "a readout", "a layer that spikes")
      }
      try path.require(
        connection.delay > 0 || source < index, "source", "layer \(source) without delay",
        "an earlier layer, or a delay")
      size = layers[source].size
      phase = layers[source].phase
    }
    try path.range(connection.sourceSize, size...size, "source size")
    try path.require(
      connection.delay + layers[index].phase - phase >= 1, "delay", connection.delay,
      "at least a step from phase \(phase) to phase \(layers[index].phase)")
  }

  private func validate(
    _ pooling: SourcePooling, sourceSize: Int, _ path: FieldPath
  ) throws(ModelError) {
    let sizes = 1...Self.sizeMax
    try path.range(pooling.height, sizes, "height")
    try path.range(pooling.width, sizes, "width")
    try path.range(pooling.channels, sizes, "channels")
    try path.range(pooling.window, 1...min(pooling.height, pooling.width), "window")
    let plane = pooling.height * pooling.width * pooling.channels
    try path.range(plane, sourceSize...sourceSize, "plane")
  }

  private func validate(
    _ layout: SynapseLayout, sources: Int, targets: Int, _ path: FieldPath
  ) throws(ModelError) {
    switch layout {
    case .dense:
      break
    case .oneToOne:
      try path.range(sources, targets...targets, "one-to-one sources")
    case .sparse(let rowStarts, let listed):
      try path.range(rowStarts.count, sources + 1...sources + 1, "row starts")
      try path.range(listed.count, 0...Self.weightsMax, "weights")
      try path.require(
        rowStarts[0] == 0 && rowStarts[sources] == UInt32(listed.count)
          && !zip(rowStarts, rowStarts.dropFirst()).contains { $0 > $1 }, "row starts",
        "other ends or falling", "0 to \(listed.count), rising")
      try path.require(
        SynapseLayout.areRising(listed, in: rowStarts, below: targets), "targets",
        "a row that does not rise or goes too far", "rising, below \(targets)")
    case .convolution(let shape):
      for (field, value) in shape.fields.enumerated() {
        try path.range(value, ConvolutionShape.range(of: field), "convolution[\(field)]")
      }
      let plane = shape.height * shape.width * shape.inputChannels
      try path.range(plane, sources...sources, "convolution sources")
      let output = shape.outputHeight * shape.outputWidth * shape.outputChannels
      try path.range(output, targets...targets, "convolution targets")
    }
  }

  private func validate(
    _ weights: [Int16], _ bounds: ClosedRange<Int16>, _ path: FieldPath
  ) throws(ModelError) {
    let fraction = Int16(truncatingIfNeeded: (1 << arithmetic.learningShift) - 1)
    let legal = ChipArithmetic.learningWeights
    let step = 1 << Int(arithmetic.learningShift)
    try path.require(
      legal.contains(bounds.lowerBound) && legal.contains(bounds.upperBound)
        && (bounds.lowerBound | bounds.upperBound) & fraction == 0, "bounds", bounds,
      "multiples of \(step) within \(legal)")
    var lowest = bounds.lowerBound
    var highest = bounds.upperBound
    var bits: Int16 = 0
    for weight in weights {
      lowest = min(lowest, weight)
      highest = max(highest, weight)
      bits |= weight
    }
    try path.require(
      lowest == bounds.lowerBound && highest == bounds.upperBound, "weights",
      "\(lowest) to \(highest)", "within \(bounds)")
    try path.require(
      bits & fraction == 0, "weights", "a weight between steps", "multiples of \(step)")
  }
}

extension SynapsePrecision {
  /// `holds` for many weights.
  func holds(all weights: [Int8]) -> Bool {
    var smallest = UInt8.max
    var largest = UInt8.min
    for weight in weights {
      smallest = min(smallest, weight.magnitude)
      largest = max(largest, weight.magnitude)
    }
    return Int(largest) <= limit && (self != .binary || smallest > 0)
  }
}

extension SynapseLayout {
  /// Whether each row's targets rise and are below `limit`; `rowStarts` must rise to their count.
  static func areRising(_ targets: [UInt32], in rowStarts: [UInt32], below limit: Int) -> Bool {
    for row in 0..<rowStarts.count - 1 {
      var next = 0
      for entry in Int(rowStarts[row])..<Int(rowStarts[row + 1]) {
        let target = Int(targets[entry])
        guard target >= next, target < limit else { return false }
        next = target + 1
      }
    }
    return true
  }
}

extension CompiledConnection {
  /// The most that the spikes of one step add to one target, in units of the weights.
  ///
  /// Cut at 2^32, so that sums of it and shifts cannot overflow. A convolution's is that of a place
  /// which its whole kernel reaches.
  func largestInput(targets: Int) -> Int {
    let spikes = pooling.map { $0.window * $0.window } ?? 1
    return min(largestWeightSum(targets: targets) * spikes, 1 << 32)
  }

  private func largestWeightSum(targets: Int) -> Int {
    guard case .fixed(let weights) = weights else {
      return plasticity?.edge != nil ? pooledSize : ChipArithmetic.weightLimit * pooledSize
    }
    switch layout {
    case .oneToOne:
      return weights.reduce(0) { max($0, Int($1.magnitude)) }
    case .dense:
      return Self.largestColumnSum(weights, columns: targets)
    case .convolution(let shape):
      return Self.largestColumnSum(weights, columns: shape.outputChannels)
    case .sparse(_, let listed):
      // Each source names a target once: 2^20 times 127 fits.
      var sums = [UInt32](repeating: 0, count: targets)
      for (target, weight) in zip(listed, weights) { sums[Int(target)] += UInt32(weight.magnitude) }
      return Int(sums.max() ?? 0)
    }
  }

  /// Sums of magnitudes; 2^28 weights of 127 could pass 32 bits, so pieces of the rows are summed.
  private static func largestColumnSum(_ weights: [Int8], columns: Int) -> Int {
    var totals = [Int](repeating: 0, count: columns)
    var sums = [UInt32](repeating: 0, count: columns)
    let piece = columns << 20
    for first in stride(from: 0, to: weights.count, by: piece) {
      let end = min(first + piece, weights.count)
      weights.withUnsafeBufferPointer { weights in
        // Whole rows: indices stay below `end`, and a row has as many as there are sums.
        sums.withUnsafeMutableBufferPointer { sums in
          for row in stride(from: first, to: end, by: columns) {
            for column in 0..<columns { sums[column] &+= UInt32(weights[row + column].magnitude) }
          }
        }
      }
      for column in 0..<columns {
        totals[column] += Int(sums[column])
        sums[column] = 0
      }
    }
    return totals.max() ?? 0
  }
}
