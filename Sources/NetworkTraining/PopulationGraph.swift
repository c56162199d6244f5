import SpikingNetwork

/// Who feeds whom in a sound network, by positions among the populations.
struct PopulationGraph {
  /// The ends of each projection, in the order of the description.
  let edges: [(source: Int, target: Int)]
  /// The input population.
  let input: Int
  private let network: SpikingNetwork

  init(_ network: SpikingNetwork) {
    self.network = network
    var places: [String: Int] = [:]
    for (index, population) in network.populations.enumerated() { places[population.name] = index }
    edges = network.projections.map { projection in
      guard let source = places[projection.source], let target = places[projection.target] else {
        preconditionFailure("a projection of a sound network has no ends")
      }
      return (source, target)
    }
    guard let input = network.populations.firstIndex(where: { $0.model == .input }) else {
      preconditionFailure("a sound network has no input")
    }
    self.input = input
  }

  /// All populations but the input, sources of projections without delay before their targets; of
  /// those that could come next, the first of the description.
  func order() throws(NetworkError) -> [Int] {
    var waitingFor = [Int](repeating: 0, count: network.populations.count)
    let immediate = edges.indices.filter {
      network.projections[$0].delay == 0 && edges[$0].source != input
    }
    for edge in immediate { waitingFor[edges[edge].target] += 1 }
    var isDone = network.populations.indices.map { $0 == input }
    var order: [Int] = []
    while let next = isDone.indices.first(where: { !isDone[$0] && waitingFor[$0] == 0 }) {
      isDone[next] = true
      order.append(next)
      for edge in immediate where edges[edge].source == next {
        waitingFor[edges[edge].target] -= 1
      }
    }
    if let left = isDone.firstIndex(of: false) {
      throw cycle(behind: left, along: immediate.filter { !isDone[edges[$0].source] })
    }
    return order
  }

  /// Names a projection of a cycle: whoever walks against the spikes for long enough is on one.
  private func cycle(behind start: Int, along candidates: [Int]) -> NetworkError {
    var place = start
    var found = 0
    for _ in 0...network.populations.count {
      guard let edge = candidates.first(where: { edges[$0].target == place }) else {
        preconditionFailure("population \(place) waits for none")
      }
      found = edge
      place = edges[edge].source
    }
    return NetworkError(
      field: "projections[\(found)].delay", found: "0 on a cycle",
      expected: "at least 1 on some projection of each cycle", cure: "delay what leads back")
  }

  /// The population that judges.
  func output() throws(NetworkError) -> Int {
    let isSink = network.populations.indices.map { index in
      index != input && !edges.contains { $0.source == index && $0.target != index }
    }
    let sinks = network.populations.indices.filter { isSink[$0] }
    let readouts = sinks.filter {
      if case .leakyIntegrator = network.populations[$0].model { true } else { false }
    }
    let candidates = readouts.isEmpty ? sinks : readouts
    guard candidates.count == 1 else {
      throw NetworkError(
        field: "populations",
        found: "\(candidates.count) that could judge"
          + (candidates.isEmpty
            ? "" : ", " + candidates.map { network.populations[$0].name }.joined(separator: ", ")),
        expected: "one leaky integrator, or one population that feeds no other",
        cure: "end the network with one population with a neuron for each class")
    }
    return candidates[0]
  }
}
