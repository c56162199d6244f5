import CompiledModel

/// Small models of all layouts, as a number says; only layouts and cores are valid.
struct RandomModel {
  private struct Plane {
    var height: Int
    var width: Int
    var channels: Int
    var size: Int { height * width * channels }
  }

  private var random: TestRandom

  /// The model of a seed.
  static func model(seed: Int) -> CompiledModel {
    var maker = RandomModel(random: TestRandom(state: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15))
    return maker.make()
  }

  private mutating func make() -> CompiledModel {
    var planes = [plane()]
    var kernels: [ConvolutionShape?] = []
    var pools: [SourcePooling?] = []
    for _ in 0...random.next(3) {
      let pool = random.next(2) == 0 ? pooling(planes[planes.count - 1]) : nil
      let shape = random.next(2) == 0 ? kernel(pooled(planes[planes.count - 1], pool)) : nil
      kernels.append(shape)
      pools.append(pool)
      planes.append(
        shape.map {
          Plane(height: $0.outputHeight, width: $0.outputWidth, channels: $0.outputChannels)
        } ?? plane())
    }
    var layers: [CompiledLayer] = []
    for index in kernels.indices {
      let source = index == 0 ? nil : index - 1
      var connections = [
        CompiledConnection(
          source: source, sourceSize: planes[index].size, pooling: pools[index],
          layout: kernels[index].map { .convolution($0) }
            ?? layout(pooled(planes[index], pools[index]).size, planes[index + 1].size),
          weights: .fixed([]))
      ]
      for _ in 0..<random.next(3) {
        // The input is plane 0, layer i plane i + 1.
        let from = random.next(planes.count)
        let pool = random.next(3) == 0 ? pooling(planes[from]) : nil
        connections.append(
          CompiledConnection(
            source: from == 0 ? nil : from - 1, sourceSize: planes[from].size, pooling: pool,
            layout: layout(pooled(planes[from], pool).size, planes[index + 1].size), delay: 1,
            weights: .fixed([])))
      }
      layers.append(
        CompiledLayer(
          name: "l\(index)", neurons: ModelFixture.spiking(), size: planes[index + 1].size,
          exponent: 0, connections: connections, phase: index + 1))
    }
    return ModelFixture.model(
      inputs: planes[0].size, layers: layers, coreNeurons: 1 + random.next(6))
  }

  private mutating func plane() -> Plane {
    Plane(height: 1 + random.next(5), width: 1 + random.next(5), channels: 1 + random.next(3))
  }

  private mutating func pooling(_ plane: Plane) -> SourcePooling {
    SourcePooling(
      height: plane.height, width: plane.width, channels: plane.channels,
      window: 1 + random.next(min(plane.height, plane.width)))
  }

  private func pooled(_ plane: Plane, _ pooling: SourcePooling?) -> Plane {
    let window = pooling?.window ?? 1
    return Plane(
      height: plane.height / window, width: plane.width / window, channels: plane.channels)
  }

  private mutating func kernel(_ plane: Plane) -> ConvolutionShape? {
    let shape = ConvolutionShape(
      height: plane.height, width: plane.width, inputChannels: plane.channels,
      outputChannels: 1 + random.next(3), kernelHeight: 1 + random.next(4),
      kernelWidth: 1 + random.next(4), stride: 1 + random.next(3), padding: random.next(4))
    return shape.outputHeight > 0 && shape.outputWidth > 0 ? shape : nil
  }

  private mutating func layout(_ sources: Int, _ targets: Int) -> SynapseLayout {
    if sources == targets, random.next(2) == 0 { return .oneToOne }
    guard random.next(3) > 0 else { return .dense }
    var rowStarts: [UInt32] = [0]
    var listed: [UInt32] = []
    let density = random.next(4)
    for _ in 0..<sources {
      for target in 0..<targets where random.next(8) < density { listed.append(UInt32(target)) }
      rowStarts.append(UInt32(listed.count))
    }
    return .sparse(rowStarts: rowStarts, targets: listed)
  }
}
