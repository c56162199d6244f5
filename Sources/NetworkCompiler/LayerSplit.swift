import CompiledModel

/// What a core of a layer would hold, whatever its tile.
struct CoreUse: Equatable {
  var neurons: Range<Int>
  var inAxons: Int
  var inferenceBytes: Int
  var bytes: Int
}

/// Ways to split one layer over cores.
struct LayerSplit {
  let layer: LoweredLayer
  private let memory: LayerMemory
  private let limits: CoreLimits
  /// Neurons that are better kept together, coarsest first: rows and places of a plane.
  private let units: [Int]
  private let sources: [Int?]

  init(_ layer: LoweredLayer, chip: Chip) {
    self.layer = layer
    memory = LayerMemory(layer, chip)
    limits = chip.core
    var units: [Int] = []
    var sources: [Int?] = []
    for connection in layer.compiled.connections {
      if case .convolution(let shape) = connection.layout, units.isEmpty {
        units = [shape.outputWidth * shape.outputChannels, shape.outputChannels]
      }
      if !sources.contains(connection.source) { sources.append(connection.source) }
    }
    self.units = units + [1]
    self.sources = sources
  }

  private var size: Int { layer.compiled.size }

  /// Boundaries of `count` even shares at multiples of `unit` neurons, as even as these allow.
  private func starts(_ count: Int, unit: Int) -> [Int]? {
    let atoms = (size + unit - 1) / unit
    guard atoms >= count else { return nil }
    return (0...count).map { min(size, atoms * $0 / count * unit) }
  }

  /// Who reaches the cores that lie between these boundaries, by source.
  func reaches(_ starts: [Int]) -> [LayerReach] {
    sources.map { LayerReach(source: $0, layer: layer.compiled, starts: starts) }
  }

  /// What each of the cores between these boundaries holds.
  func uses(_ starts: [Int]) -> [CoreUse] {
    let reaches = reaches(starts)
    return (0..<starts.count - 1).map { core in
      let neurons = starts[core]..<starts[core + 1]
      let rows = layer.compiled.connections.indices.map { place in
        reaches.reduce(0) { $0 + ($1.rows[place].isEmpty ? 0 : $1.rows[place][core]) }
      }
      let bytes = memory.bytes(neurons: neurons, rows: rows)
      return CoreUse(
        neurons: neurons, inAxons: reaches.reduce(0) { $0 + $1.sources(of: core) },
        inferenceBytes: bytes.inference, bytes: bytes.all)
    }
  }

  /// What the neuron with the most synapses needs on a core of its own.
  func largestNeuron() -> CoreUse {
    var fanIn = [Int](repeating: 0, count: size)
    for connection in layer.compiled.connections {
      guard case .sparse(_, let targets) = connection.layout else { continue }
      for target in targets { fanIn[Int(target)] += 1 }
    }
    // Of equals, one from the middle of a plane, where kernels do not reach over the edge.
    var heaviest = layer.compiled.size / 2
    for neuron in fanIn.indices where fanIn[neuron] > fanIn[heaviest] { heaviest = neuron }
    for unit in units.prefix(1) where unit > 1 { heaviest = min(size - 1, heaviest + unit / 2) }
    let uses = uses([0, heaviest, heaviest + 1, size])
    return uses[1]
  }

  /// Whether the cores may hold their shares, as far as can be told without counting sources.
  private func mayHold(_ starts: [Int]) -> Bool {
    let none = layer.compiled.connections.map { _ in 0 }
    return zip(starts, starts.dropFirst()).allSatisfy { first, next in
      next - first <= limits.neurons
        && memory.bytes(neurons: first..<next, rows: none).all <= limits.synapseMemoryBytes
    }
  }

  private func holds(_ use: CoreUse) -> Bool {
    use.neurons.count <= limits.neurons && use.inAxons <= limits.inAxons
      && use.bytes <= limits.synapseMemoryBytes
  }

  /// Boundaries of the fewest cores that keep places of a plane whole; if there are none, of the
  /// fewest that do not.
  func fewest(
    atLeast least: Int, most: Int, where further: ([Int]) -> Bool = { _ in true }
  ) -> [Int]? {
    if units.count > 1,
      let starts = fewest(units.dropLast(), atLeast: least, most: most, where: further)
    {
      return starts
    }
    return fewest([1], atLeast: least, most: most, where: further)
  }

  /// Boundaries of the fewest cores at multiples of one of these units.
  ///
  /// At least `least` and at most `most` of them, that hold the layer and satisfy `further`; nil if
  /// there are none.
  private func fewest(
    _ units: some Sequence<Int>, atLeast least: Int, most: Int, where further: ([Int]) -> Bool
  ) -> [Int]? {
    func fit(_ count: Int) -> [Int]? {
      for unit in units {
        guard let starts = starts(count, unit: unit), mayHold(starts), further(starts)
        else { continue }
        if uses(starts).allSatisfy(holds) { return starts }
      }
      return nil
    }
    let floor = max(1, least, (size + limits.neurons - 1) / max(1, limits.neurons))
    guard floor <= most else { return nil }
    // More cores hold no more each: gallop to a number that does, then halve the gap.
    var low = floor
    var high = floor
    var step = 1
    var found = fit(high)
    while found == nil, high < most {
      low = high + 1
      high = min(most, high + step)
      step *= 2
      found = fit(high)
    }
    guard found != nil else { return nil }
    while low < high {
      let middle = (low + high) / 2
      if let starts = fit(middle) {
        found = starts
        high = middle
      } else {
        low = middle + 1
      }
    }
    return found
  }

  /// Even boundaries of a number of cores that was asked for.
  func even(_ count: Int) -> [Int] {
    for unit in units {
      if let starts = starts(count, unit: unit), uses(starts).allSatisfy(holds) { return starts }
    }
    return starts(count, unit: 1) ?? [0, size]
  }
}
