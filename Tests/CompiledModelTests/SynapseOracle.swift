import CompiledModel

/// Who reaches whom, straight from the definitions, pair by pair.
enum SynapseOracle {
  /// The routes of a model, neuron by neuron and core by core.
  static func routes(of model: CompiledModel) -> [RoutingTable.Route] {
    var routes: [RoutingTable.Route] = []
    for source in [nil] + model.layers.indices.map(Optional.some) {
      for neuron in 0..<(source.map { model.layers[$0].size } ?? model.inputs) {
        let cores = model.cores.indices.filter { holds(model, $0, source, neuron) }
        guard !cores.isEmpty else { continue }
        if let last = routes.last, last.source == source, last.neurons.upperBound == neuron,
          last.cores == cores
        {
          routes[routes.count - 1].neurons = last.neurons.lowerBound..<neuron + 1
        } else {
          routes.append(
            RoutingTable.Route(source: source, neurons: neuron..<neuron + 1, cores: cores))
        }
      }
    }
    return routes
  }

  private static func holds(
    _ model: CompiledModel, _ core: Int, _ source: Int?, _ neuron: Int
  ) -> Bool {
    let place = model.cores[core]
    return model.layers[place.layer].connections.contains { connection in
      connection.source == source
        && place.neurons.contains { isSynapse(connection, neuron, $0) }
    }
  }

  private static func isSynapse(
    _ connection: CompiledConnection, _ neuron: Int, _ target: Int
  ) -> Bool {
    var source = neuron
    if let pooling = connection.pooling {
      let rows = pooling.height / pooling.window
      let columns = pooling.width / pooling.window
      let y = neuron / (pooling.width * pooling.channels) / pooling.window
      let x = neuron / pooling.channels % pooling.width / pooling.window
      guard y < rows, x < columns else { return false }
      source = (y * columns + x) * pooling.channels + neuron % pooling.channels
    }
    switch connection.layout {
    case .dense:
      return true
    case .oneToOne:
      return source == target
    case .sparse(let rowStarts, let targets):
      return targets[Int(rowStarts[source])..<Int(rowStarts[source + 1])].contains(UInt32(target))
    case .convolution(let shape):
      let place = target / shape.outputChannels
      for ky in 0..<shape.kernelHeight {
        for kx in 0..<shape.kernelWidth {
          let y = place / shape.outputWidth * shape.stride + ky - shape.padding
          let x = place % shape.outputWidth * shape.stride + kx - shape.padding
          let isInside = (0..<shape.height).contains(y) && (0..<shape.width).contains(x)
          if isInside, source / shape.inputChannels == y * shape.width + x { return true }
        }
      }
      return false
    }
  }
}
