/// Finds the cores that hold synapses of each source, and joins neighbours that agree.
///
/// Sources are taken in blocks. Each has a row of bits, one for each core; connections set bits,
/// and routes end where rows change.
struct RouteWalk {
  private static let blockSources = 1024

  private let model: CompiledModel
  /// Words of a row.
  private let words: Int
  /// Number of each layer's first neuron among those of all layers.
  private let firstNeurons: [Int]
  /// Positions of each layer's cores.
  private let layerCores: [Range<Int>]
  /// Position of the core that holds a neuron, by the neuron's number among those of all layers.
  private let coreOfNeuron: [UInt16]
  private var rows: [UInt64]

  init(of model: CompiledModel) {
    self.model = model
    words = (model.cores.count + 63) / 64
    rows = [UInt64](repeating: 0, count: Self.blockSources * words)
    var firstNeurons: [Int] = []
    var total = 0
    for layer in model.layers {
      firstNeurons.append(total)
      total += layer.size
    }
    self.firstNeurons = firstNeurons
    var coreOfNeuron: [UInt16] = []
    coreOfNeuron.reserveCapacity(total)
    var layerCores = [Range<Int>](repeating: 0..<0, count: model.layers.count)
    for (position, core) in model.cores.enumerated() {
      coreOfNeuron += repeatElement(UInt16(position), count: core.neuronCount)
      let known = layerCores[core.layer]
      layerCores[core.layer] = (known.isEmpty ? position : known.lowerBound)..<position + 1
    }
    precondition(coreOfNeuron.count == total, "\(coreOfNeuron.count) of \(total) neurons on cores")
    self.coreOfNeuron = coreOfNeuron
    self.layerCores = layerCores
  }

  /// Hands over the routes in their order and stops at the first error.
  mutating func forEach<Failure: Error>(
    _ body: (RoutingTable.Route) throws(Failure) -> Void
  ) throws(Failure) {
    try walk(from: nil, size: model.inputs, body)
    for (index, layer) in model.layers.enumerated() {
      try walk(from: index, size: layer.size, body)
    }
  }

  private mutating func walk<Failure: Error>(
    from source: Int?, size: Int, _ body: (RoutingTable.Route) throws(Failure) -> Void
  ) throws(Failure) {
    let connections = model.connections.filter { model[$0].source == source }
    guard !connections.isEmpty else { return }
    var first = 0
    var row = [UInt64](repeating: 0, count: words)
    for start in stride(from: 0, to: size, by: Self.blockSources) {
      let block = start..<min(start + Self.blockSources, size)
      for index in 0..<block.count * words { rows[index] = 0 }
      for index in connections { mark(model[index], to: index.layer, sources: block) }
      for neuron in block {
        let own = (neuron - start) * words
        guard !agrees(own, row) else { continue }
        try end(source, first..<neuron, row, body)
        first = neuron
        for word in 0..<words { row[word] = rows[own + word] }
      }
    }
    try end(source, first..<size, row, body)
  }

  private func agrees(_ start: Int, _ row: [UInt64]) -> Bool {
    for word in 0..<words where rows[start + word] != row[word] { return false }
    return true
  }

  private func end<Failure: Error>(
    _ source: Int?, _ neurons: Range<Int>, _ row: [UInt64],
    _ body: (RoutingTable.Route) throws(Failure) -> Void
  ) throws(Failure) {
    var cores: [Int] = []
    for (word, bits) in row.enumerated() {
      var rest = bits
      while rest != 0 {
        cores.append(word * 64 + rest.trailingZeroBitCount)
        rest &= rest - 1
      }
    }
    guard !cores.isEmpty else { return }
    try body(RoutingTable.Route(source: source, neurons: neurons, cores: cores))
  }

  /// Sets the bits of one connection in the rows of a block.
  private mutating func mark(
    _ connection: CompiledConnection, to layer: Int, sources: Range<Int>
  ) {
    let places = sources.map { source in
      guard let pooling = connection.pooling else { return source }
      return pooling.window(of: source) ?? -1
    }
    let base = firstNeurons[layer]
    switch connection.layout {
    case .dense:
      for (row, place) in places.enumerated() where place >= 0 {
        set(layerCores[layer], row: row)
      }
    case .oneToOne:
      for (row, place) in places.enumerated() where place >= 0 {
        let core = Int(coreOfNeuron[base + place])
        set(core..<core + 1, row: row)
      }
    case .sparse(let rowStarts, let targets):
      markListed(places, rowStarts, targets, base: base)
    case .convolution(let shape):
      markPlanes(places, shape, base: base)
    }
  }

  /// Targets of a row rise and so do their cores: most entries lie on the core of the one before.
  private mutating func markListed(
    _ places: [Int], _ rowStarts: [UInt32], _ targets: [UInt32], base: Int
  ) {
    for (row, place) in places.enumerated() where place >= 0 {
      var end = 0
      for entry in Int(rowStarts[place])..<Int(rowStarts[place + 1]) {
        let target = Int(targets[entry])
        guard target >= end else { continue }
        let core = Int(coreOfNeuron[base + target])
        rows[row * words + core >> 6] |= 1 << UInt64(core & 63)
        end = model.cores[core].neurons.upperBound
      }
    }
  }

  /// A source reaches a rectangle of places, and all channels of each: one range of neurons for
  /// each of its lines.
  private mutating func markPlanes(_ places: [Int], _ shape: ConvolutionShape, base: Int) {
    for (row, source) in places.enumerated() where source >= 0 {
      let place = source / shape.inputChannels
      let lines = Self.targets(
        of: place / shape.width, shape.padding, shape.kernelHeight, shape.stride,
        count: shape.outputHeight)
      let columns = Self.targets(
        of: place % shape.width, shape.padding, shape.kernelWidth, shape.stride,
        count: shape.outputWidth)
      guard !columns.isEmpty else { continue }
      for line in lines {
        let first = base + (line * shape.outputWidth + columns.lowerBound) * shape.outputChannels
        let last = first + columns.count * shape.outputChannels - 1
        set(Int(coreOfNeuron[first])..<Int(coreOfNeuron[last]) + 1, row: row)
      }
    }
  }

  /// Places t with `0 <= source + padding - t * stride < kernel`.
  private static func targets(
    of source: Int, _ padding: Int, _ kernel: Int, _ stride: Int, count: Int
  ) -> Range<Int> {
    let reach = source + padding
    let upper = min(reach / stride + 1, count)
    let lower = reach < kernel ? 0 : (reach - kernel) / stride + 1
    return lower..<max(lower, upper)
  }

  private mutating func set(_ cores: Range<Int>, row: Int) {
    guard let last = cores.last else { return }
    let start = row * words
    let low = UInt64.max << UInt64(cores.lowerBound & 63)
    let high = UInt64.max >> UInt64(63 - last & 63)
    let words = (cores.lowerBound >> 6)...(last >> 6)
    for word in words {
      var bits = UInt64.max
      if word == words.lowerBound { bits &= low }
      if word == words.upperBound { bits &= high }
      rows[start + word] |= bits
    }
  }
}
