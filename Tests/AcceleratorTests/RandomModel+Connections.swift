import CompiledModel

extension RandomModel {
  /// Adds a layer that is fed by one before it, often by several.
  mutating func addLayer(_ index: Int, isReadout: Bool) {
    // Mostly a chain, so that activity reaches the end.
    let source = chance(80) ? index - 1 : pick(-1...index - 1)
    let (first, target) = firstConnection(from: source, isReadout: isReadout)
    var connections = [first]
    planes.append(target)
    while chance(35), connections.count < 4 {
      let other = pick(-1...index - 1)
      connections.append(
        anyConnection(from: other, to: target, delay: chance(30) ? pick(1...3) : 0))
    }
    layers.append(
      CompiledLayer(
        name: isReadout ? "readout" : "layer-\(index)",
        neurons: .readout(
          ReadoutProgram(membrane: MembraneProgram(decay: 0), logitMultiplier: 0, logitShift: 0)),
        size: target.size, exponent: Int32(pick(-12...0)), connections: connections, phase: 1))
  }

  /// The connection that decides the size of a layer; source -1 is the input.
  private mutating func firstConnection(
    from source: Int, isReadout: Bool
  ) -> (CompiledConnection, Plane) {
    let plane = planes[source + 1]
    let pooling = pooling(of: plane)
    let seen = pooling.map(Self.pooled) ?? plane
    let delay = chance(15) ? pick(1...3) : 0
    if !isReadout, chance(40) {
      let shape = convolution(over: seen)
      let target = Plane(
        height: shape.outputHeight, width: shape.outputWidth, channels: shape.outputChannels)
      return (connect(source, pooling, .convolution(shape), target, delay: delay), target)
    }
    if !isReadout, chance(20) {
      return (connect(source, pooling, .oneToOne, seen, delay: delay), seen)
    }
    let target =
      isReadout
      ? Plane(height: 1, width: element([1, 2, 3, 7, 10, 16, 17]), channels: 1) : self.plane()
    let layout = chance(30) ? sparse(seen.size, target.size) : SynapseLayout.dense
    return (connect(source, pooling, layout, target, delay: delay), target)
  }

  /// A connection between two planes that are given.
  private mutating func anyConnection(
    from source: Int, to target: Plane, delay: Int
  ) -> CompiledConnection {
    let plane = planes[source + 1]
    let pooling = pooling(of: plane)
    let size = pooling?.pooledSize ?? plane.size
    if size == target.size, chance(50) {
      return connect(source, pooling, .oneToOne, target, delay: delay)
    }
    let layout = chance(40) ? sparse(size, target.size) : SynapseLayout.dense
    return connect(source, pooling, layout, target, delay: delay)
  }

  /// Connections from this layer or a later one, with a delay that leaves phases as they are.
  mutating func addRecurrence() {
    for index in layers.indices where index < layers.count - 1 || layers[index].name != "readout" {
      guard chance(35) else { continue }
      let last = layers.last?.name == "readout" ? layers.count - 2 : layers.count - 1
      let source = chance(60) ? index : pick(index...last)
      let delay = max(1, 1 + layers[source].phase - layers[index].phase) + pick(0...1)
      layers[index].connections.append(
        anyConnection(from: source, to: planes[index + 1], delay: delay))
    }
  }

  /// A dense connection from a layer to the last one, without delay or pooling.
  mutating func addFeedbackPath(from source: Int) {
    let last = layers.count - 1
    layers[last].connections.append(
      connect(source, nil, .dense, planes[last + 1], delay: 0))
    layers[last].phase = max(layers[last].phase, 1 + (source < 0 ? 0 : layers[source].phase))
  }

  /// Raises delays of connections from this layer or a later one, as phases have moved.
  mutating func fitDelays() {
    for index in layers.indices {
      for place in layers[index].connections.indices {
        let connection = layers[index].connections[place]
        guard let source = connection.source, source >= index else { continue }
        layers[index].connections[place].delay = max(
          connection.delay, 1 + layers[source].phase - layers[index].phase)
      }
    }
  }

  private mutating func connect(
    _ source: Int, _ pooling: SourcePooling?, _ layout: SynapseLayout, _ target: Plane, delay: Int
  ) -> CompiledConnection {
    let size = planes[source + 1].size
    let precision = element(SynapsePrecision.allCases + [.int8, .int8])
    let count = layout.weightCount(
      sources: pooling?.pooledSize ?? size, targets: target.size)
    return CompiledConnection(
      source: source < 0 ? nil : source, sourceSize: size, pooling: pooling, layout: layout,
      delay: delay, shift: Int32(pick(0...4)), precision: precision,
      weights: .fixed(fixedWeights(count, precision)))
  }

  private mutating func fixedWeights(_ count: Int, _ precision: SynapsePrecision) -> [Int8] {
    let limit = precision.limit
    let style = pick(0...9)
    return (0..<count).map { _ in
      if precision == .binary { return style == 0 || chance(60) ? 1 : -1 }
      switch style {
      case 0: return Int8(limit)
      case 1: return Int8(-limit)
      case 2: return chance(50) ? Int8(limit) : Int8(-limit)
      case 3: return chance(80) ? 0 : Int8(pick(-limit...limit))
      case 4: return Int8(pick(0...limit))
      default: return Int8(pick(-limit...limit))
      }
    }
  }

  private mutating func pooling(of plane: Plane) -> SourcePooling? {
    let windows = [2, 3].filter { $0 <= min(plane.height, plane.width) }
    guard !windows.isEmpty, chance(30) else { return nil }
    return SourcePooling(
      height: plane.height, width: plane.width, channels: plane.channels,
      window: element(windows))
  }

  private static func pooled(_ pooling: SourcePooling) -> Plane {
    Plane(
      height: pooling.height / pooling.window, width: pooling.width / pooling.window,
      channels: pooling.channels)
  }

  /// A kernel that fits over a plane and leads to at most 300 neurons.
  private mutating func convolution(over plane: Plane) -> ConvolutionShape {
    while true {
      let shape = ConvolutionShape(
        height: plane.height, width: plane.width, inputChannels: plane.channels,
        outputChannels: pick(1...5), kernelHeight: pick(1...5), kernelWidth: pick(1...5),
        stride: pick(1...2), padding: pick(0...2))
      let size = shape.outputHeight * shape.outputWidth * shape.outputChannels
      if (1...300).contains(size) { return shape }
    }
  }

  /// Rows of a few targets, some of them empty.
  private mutating func sparse(_ sources: Int, _ targets: Int) -> SynapseLayout {
    let density = element([5, 20, 60])
    var rowStarts: [UInt32] = [0]
    var entries: [UInt32] = []
    for _ in 0..<sources {
      let isEmpty = chance(10)
      for target in 0..<targets where !isEmpty && chance(density) {
        entries.append(UInt32(target))
      }
      rowStarts.append(UInt32(entries.count))
    }
    if entries.isEmpty {
      entries = [UInt32(targets - 1)]
      rowStarts[sources] = 1
    }
    return .sparse(rowStarts: rowStarts, targets: entries)
  }

  /// Lowers shifts until no sum of inputs can leave 30 bits.
  mutating func fitShifts() {
    for index in layers.indices {
      while inputBound(layers[index]) >= 1 << 30 {
        for place in layers[index].connections.indices {
          let shift = layers[index].connections[place].shift
          layers[index].connections[place].shift = max(0, shift - 1)
        }
      }
    }
  }

  /// No input of a neuron of the layer is larger.
  private func inputBound(_ layer: CompiledLayer) -> Int {
    layer.connections.reduce(0) { sum, connection in
      sum + connection.sourceSize * 127 << Int(arithmetic.inputShift + connection.shift)
    }
  }

  /// About as large as inputs of a layer's neurons often are.
  func inputScale(_ layer: CompiledLayer) -> Int {
    let scales = layer.connections.map { connection in
      let weights = connection.inferenceWeights.prefix(500).map { abs(Int($0)) }
      let mean = max(1, weights.reduce(0, +) / max(1, weights.count))
      return mean << Int(arithmetic.inputShift + connection.shift)
    }
    return scales.max() ?? 1
  }
}
