import SpikingNetwork

/// Populations in the order in which a step runs them, with their phases and what feeds them.
///
/// Phases are the smallest with `delay + phase(target) - phase(source) >= 1` on each projection and
/// 1 or more everywhere but at the input. Layers come by phase, then as described, the output last:
/// what a layer takes without delay comes before it.
struct PopulationGraph {
  struct Edge {
    /// Position among the network's projections.
    let projection: Int
    /// Index of the layer that sends; nil for the input.
    let source: Int?
  }

  struct Node {
    let population: Population
    let phase: Int
    /// In the order of the network's projections.
    let edges: [Edge]
  }

  let input: Population
  let nodes: [Node]

  /// Nil, with violations, for a network that no phases fit; the network must be valid.
  init?(of network: SpikingNetwork, into violations: inout [DesignViolation]) {
    var positions: [String: Int] = [:]
    for (index, population) in network.populations.enumerated() {
      positions[population.name] = index
    }
    let links = network.projections.map { projection in
      (
        source: positions[projection.source] ?? 0, target: positions[projection.target] ?? 0,
        delay: projection.delay
      )
    }
    guard let first = network.populations.firstIndex(where: { $0.model == .input }) else {
      return nil
    }
    input = network.populations[first]
    let checks = GraphChecks(network: network, links: links, input: first)
    violations += checks.violations
    let phases: [Int]
    switch Self.phases(of: links, count: network.populations.count, input: first) {
    case .success(let found): phases = found
    case .failure(let cycle):
      violations.append(Self.violation(of: cycle.populations, links, network))
      return nil
    }
    guard checks.violations.isEmpty, let output = checks.output else { return nil }
    let order = network.populations.indices.filter { $0 != first }.sorted {
      ($0 == output ? 1 : 0, phases[$0], $0) < ($1 == output ? 1 : 0, phases[$1], $1)
    }
    var layer = [Int?](repeating: nil, count: network.populations.count)
    for (index, position) in order.enumerated() { layer[position] = index }
    nodes = order.map { position in
      Node(
        population: network.populations[position], phase: phases[position],
        edges: links.indices.filter { links[$0].target == position }.map {
          Edge(projection: $0, source: layer[links[$0].source])
        })
    }
  }

  private struct Cycle: Error {
    let populations: [Int]
  }

  /// Longest paths by repeated relaxation; what still rises after as many rounds as there are
  /// populations lies behind a cycle with too little delay.
  private static func phases(
    of links: [(source: Int, target: Int, delay: Int)], count: Int, input: Int
  ) -> Result<[Int], Cycle> {
    var phases = [Int](repeating: 1, count: count)
    phases[input] = 0
    var previous = [Int?](repeating: nil, count: count)
    var risen: Int?
    for _ in 0...count {
      risen = nil
      for link in links {
        let least = phases[link.source] + 1 - link.delay
        if least > phases[link.target] {
          phases[link.target] = least
          previous[link.target] = link.source
          risen = link.target
        }
      }
      if risen == nil { return .success(phases) }
    }
    // As many steps back as there are populations end within the cycle.
    var member = risen ?? input
    for _ in 0..<count { member = previous[member] ?? member }
    var cycle = [member]
    var next = previous[member] ?? member
    while next != member, cycle.count <= count {
      cycle.append(next)
      next = previous[next] ?? member
    }
    let start = cycle.indices.min { cycle[$0] < cycle[$1] } ?? 0
    let backward = Array(cycle[start...] + cycle[..<start])
    return .failure(Cycle(populations: [backward[0]] + backward.dropFirst().reversed()))
  }

  private static func violation(
    of cycle: [Int], _ links: [(source: Int, target: Int, delay: Int)], _ network: SpikingNetwork
  ) -> DesignViolation {
    let closed = cycle + [cycle[0]]
    let delay = zip(closed, closed.dropFirst()).reduce(0) { sum, pair in
      sum + (links.filter { $0.source == pair.0 && $0.target == pair.1 }.map(\.delay).min() ?? 0)
    }
    let path = closed.map { network.populations[$0].name }.joined(separator: " -> ")
    return DesignViolation(
      layer: network.populations[cycle[0]].name, rule: .delayCycle,
      limit: "a delay of at least \(cycle.count) steps, one for each connection of a cycle",
      need: "a cycle \(path) with a delay of \(delay)",
      cure: "delay the connections of this cycle by one step each")
  }
}

/// Whether the input reaches every population and exactly one is the output.
private struct GraphChecks {
  var violations: [DesignViolation] = []
  var output: Int?

  init(
    network: SpikingNetwork, links: [(source: Int, target: Int, delay: Int)], input: Int
  ) {
    let populations = network.populations
    var isReached = [Bool](repeating: false, count: populations.count)
    isReached[input] = true
    var frontier = [input]
    while let position = frontier.popLast() {
      for link in links where link.source == position && !isReached[link.target] {
        isReached[link.target] = true
        frontier.append(link.target)
      }
    }
    for position in populations.indices where !isReached[position] {
      refuse(
        populations[position].name, limit: "populations that the input reaches",
        need: "one that it does not reach",
        cure: "connect the input to it, or remove the population")
    }
    let readouts = populations.indices.filter {
      if case .leakyIntegrator = populations[$0].model { return true }
      return false
    }
    for position in readouts where links.contains(where: { $0.source == position }) {
      refuse(
        populations[position].name, limit: "a readout at the end", need: "a readout that sends",
        cure: "remove what it sends, or let a population that spikes send instead")
    }
    for position in readouts.dropFirst() {
      refuse(
        populations[position].name, limit: "one readout", need: "a further readout",
        cure: "read all classes out in one population")
    }
    let ends = populations.indices.filter { position in
      position != input
        && !links.contains { $0.source == position && $0.target != position }
    }
    output = readouts.first ?? ends.first
    guard let output else {
      refuse(
        network.name, limit: "one output", need: "a population that sends to no other",
        cure: "end the network with a readout, or with a population that spikes")
      return
    }
    var leads = [Bool](repeating: false, count: populations.count)
    leads[output] = true
    frontier = [output]
    while let position = frontier.popLast() {
      for link in links where link.target == position && !leads[link.source] {
        leads[link.source] = true
        frontier.append(link.source)
      }
    }
    for position in populations.indices where !leads[position] && isReached[position] {
      if readouts.contains(position) || position == input { continue }
      refuse(
        populations[position].name, limit: "one output, `\(populations[output].name)`",
        need: "one that does not lead there", cure: "connect it onward, or remove it")
    }
  }

  private mutating func refuse(_ layer: String, limit: String, need: String, cure: String) {
    violations.append(
      DesignViolation(layer: layer, rule: .topology, limit: limit, need: need, cure: cure))
  }
}
