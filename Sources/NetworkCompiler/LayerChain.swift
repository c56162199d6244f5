import SpikingNetwork

/// Populations in the order in which spikes pass them, from the input on.
struct LayerChain {
  struct Link {
    let population: Population
    let projection: Projection
  }

  let input: Population
  let links: [Link]

  /// Nil, with violations, for a network that is no chain; the network must be valid.
  init?(of network: SpikingNetwork, into violations: inout [DesignViolation]) {
    guard let input = network.populations.first(where: { $0.model == .input }) else { return nil }
    self.input = input
    var broken: [DesignViolation] = []
    for population in network.populations {
      let incoming = network.projections.count { $0.target == population.name }
      let outgoing = network.projections.count { $0.source == population.name }
      let expected = population.model == .input ? 0 : 1
      if incoming != expected {
        broken.append(
          Self.violation(
            population.name, need: "\(incoming) incoming projections", limit: "\(expected)"))
      }
      if outgoing > 1 {
        broken.append(
          Self.violation(population.name, need: "\(outgoing) outgoing projections", limit: "1"))
      }
      if case .leakyIntegrator = population.model, outgoing > 0 {
        broken.append(
          Self.violation(
            population.name, need: "a readout that sends spikes", limit: "a readout at the end"))
      }
    }
    var links: [Link] = []
    var current = input
    while let projection = network.projections.first(where: { $0.source == current.name }),
      let next = network.population(named: projection.target),
      links.count < network.projections.count
    {
      links.append(Link(population: next, projection: projection))
      current = next
    }
    if broken.isEmpty, links.count != network.projections.count {
      broken.append(
        Self.violation(network.name, need: "a cycle", limit: "layers that the input reaches"))
    }
    self.links = links
    violations += broken
    if !broken.isEmpty { return nil }
  }

  private static func violation(_ layer: String, need: String, limit: String) -> DesignViolation {
    DesignViolation(
      layer: layer, rule: .topology, limit: limit, need: need,
      cure: "connect the populations as one chain: input, spiking layers, then a readout")
  }
}
