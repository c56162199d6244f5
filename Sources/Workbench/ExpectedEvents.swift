package import CompiledModel
package import NetworkCompiler

/// Events of one inference as mean spikes let expect them, before anything was run.
///
/// Spikes, messages, hops and synaptic operations follow from the spikes of each source exactly;
/// each neuron is taken to compute in each step. The time is that of a step whose spikes are spread
/// evenly, times the steps: spikes that come in bursts take longer.
package struct ExpectedEvents: Sendable, Equatable {
  /// Events of the whole chip, by the raw value of their kind.
  package private(set) var counts: [Double]
  /// Events by core and kind.
  package private(set) var coreCounts: [[Double]]
  /// Spikes of the input, then of each layer.
  package private(set) var spikes: [Double]
  /// Modelled time in picoseconds.
  package private(set) var picoseconds = 0.0

  private let model: CompiledModel
  private let coreOfNeuron: [[Int]]
  private var messagesIn: [Double]

  /// What spikes of a sample, for population (the input is 0) and neuron, let expect of a model.
  package init(of model: CompiledModel, spikes: (_ population: Int, _ neuron: Int) -> Double) {
    self.model = model
    counts = [Double](repeating: 0, count: EventKind.allCases.count)
    coreCounts = [[Double]](repeating: counts, count: model.cores.count)
    messagesIn = [Double](repeating: 0, count: model.cores.count)
    var coreOfNeuron = [[Int]](repeating: [], count: model.layers.count)
    for (position, core) in model.cores.enumerated() {
      coreOfNeuron[core.layer] += repeatElement(position, count: core.neuronCount)
    }
    self.coreOfNeuron = coreOfNeuron
    let rates = ([model.inputs] + model.layers.map(\.size)).enumerated().map { population, size in
      (0..<size).map { spikes(population, $0) }
    }
    self.spikes = rates.map { $0.reduce(0, +) }
    addNeurons(rates)
    addMessages(rates)
    for index in model.connections { addOperations(index, rates) }
    let steps = model.steps + (model.layers.map(\.phase).max() ?? 0)
    count(.step, Double(steps), core: nil)
    picoseconds = time(steps: steps)
  }

  /// What the rates of a compilation let expect, `SpikeRates.assumed` where there are none.
  package init(of compilation: Compilation, rates: SpikeRates?, input: String) {
    let model = compilation.model
    let names = [input] + model.layers.map(\.name)
    let spiking = ProbedPopulation.all(of: model).map(\.spikes)
    self.init(of: model) { population, neuron in
      guard spiking[population] else { return 0 }
      return rates?.spikes(of: names[population], neuron: neuron)
        ?? SpikeRates.assumed * Double(model.steps)
    }
  }

  private mutating func count(_ kind: EventKind, _ number: Double, core: Int?) {
    counts[kind.rawValue] += number
    if let core { coreCounts[core][kind.rawValue] += number }
  }

  private mutating func addNeurons(_ rates: [[Double]]) {
    for (position, core) in model.cores.enumerated() {
      let steps = Double(core.neuronCount * model.steps)
      count(.neuronAccess, steps, core: position)
      count(.neuronUpdate, steps, core: position)
      count(.spike, rates[core.layer + 1][core.neurons].reduce(0, +), core: position)
    }
  }

  private mutating func addMessages(_ rates: [[Double]]) {
    for route in RoutingTable(of: model).routes {
      for neuron in route.neurons {
        let spikes = rates[(route.source ?? -1) + 1][neuron]
        let sender = route.source.map { coreOfNeuron[$0][neuron] }
        let column = sender.map { model.cores[$0].column } ?? model.port.column
        let row = sender.map { model.cores[$0].row } ?? model.port.row
        for core in route.cores {
          let place = model.cores[core]
          count(.message, spikes, core: sender)
          count(.hopHorizontal, spikes * Double(abs(place.column - column)), core: sender)
          count(.hopVertical, spikes * Double(abs(place.row - row)), core: sender)
          messagesIn[core] += spikes
        }
      }
    }
  }

  private mutating func addOperations(_ index: CompiledModel.ConnectionIndex, _ rates: [[Double]]) {
    let connection = model[index]
    let sources = rates[(connection.source ?? -1) + 1]
    let size = model.layers[index.layer].size
    var pooled = sources
    if let pooling = connection.pooling {
      pooled = [Double](repeating: 0, count: connection.pooledSize)
      for (source, spikes) in sources.enumerated() {
        if let window = pooling.window(of: source) { pooled[window] += spikes }
      }
    }
    switch connection.layout {
    case .dense:
      let spikes = pooled.reduce(0, +)
      for (position, core) in model.cores.enumerated() where core.layer == index.layer {
        count(.synapticOperation, spikes * Double(core.neuronCount), core: position)
      }
    case .sparse, .convolution, .oneToOne:
      var kind = EventKind.convolutionOperation
      if case .sparse = connection.layout { kind = .sparseOperation }
      let cores = coreOfNeuron[index.layer]
      var sums = [Double](repeating: 0, count: model.cores.count)
      for (source, spikes) in pooled.enumerated() where spikes > 0 {
        connection.forEachSynapse(ofPooled: source, targets: size) { target, _ in
          sums[cores[target]] += spikes
        }
      }
      for (core, sum) in sums.enumerated() where sum > 0 { count(kind, sum, core: core) }
    }
  }

  /// A step lasts as long as the longest work on neurons or on messages of a core, which go side by
  /// side, then comes the barrier.
  private func time(steps: Int) -> Double {
    let ofMessages: [EventKind] = [
      .synapticOperation, .sparseOperation, .convolutionOperation, .feedbackOperation,
    ]
    let ofNeurons = EventKind.allCases.filter {
      ![.hopHorizontal, .hopVertical, .step].contains($0) && !ofMessages.contains($0)
    }
    var busiest = 0.0
    for core in model.cores.indices {
      func work(_ kinds: [EventKind]) -> Double {
        kinds.reduce(0.0) { $0 + coreCounts[core][$1.rawValue] * Double(model.timing[$1]) }
      }
      let taken = messagesIn[core] * Double(model.timing.axonInPicoseconds)
      busiest = max(
        busiest, max(work(ofNeurons), work(ofMessages) + taken) / Double(model.steps))
    }
    let tiles = Set(model.cores.map { [$0.column, $0.row] }).count
    return Double(model.steps) * busiest
      + Double(steps) * Double(model.timing.barrier(activeTiles: tiles))
  }
}
