/// To which cores spikes go: one message for each core that holds a synapse of their source.
package struct RoutingTable: Sendable, Equatable {
  /// Neighbouring sources whose spikes go to the same cores.
  package struct Route: Sendable, Equatable {
    /// Index of the layer that sends; nil for the input.
    package var source: Int?
    /// The sources.
    package var neurons: Range<Int>
    /// Positions of the cores among the model's, rising; never empty.
    package var cores: [Int]

    /// Sends the spikes of `neurons` to `cores`.
    package init(source: Int?, neurons: Range<Int>, cores: [Int]) {
      self.source = source
      self.neurons = neurons
      self.cores = cores
    }
  }

  /// From the input on, then by layer, then by neuron; as few as there can be.
  package let routes: [Route]

  /// The routes that a model's connections and cores demand.
  ///
  /// Layouts and cores of the model must be valid; the rest of it does not matter.
  package init(of model: CompiledModel) {
    var routes: [Route] = []
    var walk = RouteWalk(of: model)
    walk.forEach { routes.append($0) }
    self.routes = routes
  }

  /// The routes of one source, by neuron; nil asks for those of the input.
  package func routes(from source: Int?) -> ArraySlice<Route> {
    let number = source ?? -1
    return routes[firstIndex(from: number)..<firstIndex(from: number + 1)]
  }

  /// Sources whose spikes a core listens to, by the core's position.
  package func inAxons(ofCore core: Int) -> Int {
    routes.reduce(0) { $0 + ($1.cores.contains(core) ? $1.neurons.count : 0) }
  }

  /// `inAxons` of each of a model's cores.
  package func inAxonCounts(cores: Int) -> [Int] {
    var counts = [Int](repeating: 0, count: cores)
    for route in routes {
      for core in route.cores { counts[core] += route.neurons.count }
    }
    return counts
  }

  /// Index of the first route whose source's number is not below this one; the input is -1.
  private func firstIndex(from number: Int) -> Int {
    var low = 0
    var high = routes.count
    while low < high {
      let middle = (low + high) / 2
      if (routes[middle].source ?? -1) < number { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
