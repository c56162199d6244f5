import CompiledModel

/// What one message from a place to each core of a layer costs in links.
struct CoreRoutes: Sendable {
  let destinations: Int
  let horizontal: Int
  let vertical: Int

  /// Messages travel along their row first, so hops are the distances.
  init(from column: Int, _ row: Int, to cores: ArraySlice<PlacedCore>) {
    destinations = cores.count
    horizontal = cores.reduce(0) { $0 + abs($1.column - column) }
    vertical = cores.reduce(0) { $0 + abs($1.row - row) }
  }
}

/// A core as the kernels see it.
struct CoreShare: Sendable {
  /// Index among the model's cores.
  let core: Int
  /// Its neurons within the layer.
  let neurons: Range<Int>
  /// From it to the cores of the next layer.
  let forward: CoreRoutes
  /// From it to the cores of the layer before.
  let backward: CoreRoutes

  /// The shares of each layer's cores, in the order of their neurons.
  static func shares(of model: CompiledModel) -> [[CoreShare]] {
    let ranges = model.layers.indices.map { layer in
      let first = model.cores.firstIndex { $0.layer == layer } ?? 0
      return first..<first + model.cores.count { $0.layer == layer }
    }
    return model.layers.indices.map { layer in
      let next = layer + 1 < ranges.count ? model.cores[ranges[layer + 1]] : []
      let previous = layer > 0 ? model.cores[ranges[layer - 1]] : []
      return ranges[layer].map { index in
        let core = model.cores[index]
        return CoreShare(
          core: index, neurons: core.firstNeuron..<core.firstNeuron + core.neuronCount,
          forward: CoreRoutes(from: core.column, core.row, to: next),
          backward: CoreRoutes(from: core.column, core.row, to: previous))
      }
    }
  }
}
