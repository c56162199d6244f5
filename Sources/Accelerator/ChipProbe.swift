package import CompiledModel

/// Observes a chip while it runs a sample.
package protocol ChipProbe {
  /// Takes the state of the input, then of each layer, after each logical step.
  mutating func observe(_ state: ProbedState)
}

/// State of a layer, or of the input, after a logical step and what was learnt in it.
package struct ProbedState: Sendable, Equatable {
  /// Traces of a connection that learns.
  package struct Traces: Sendable, Equatable {
    /// The connection.
    package let connection: CompiledModel.ConnectionIndex
    /// By source: the presynaptic trace, the first one of a program, or spikes of the sample;
    /// empty where there is none.
    package let pre: [Int16]
    /// By target: postsynaptic trace, the first one of a program, trace of the pseudo-derivative,
    /// activity or plasticity; empty where there is none.
    package let post: [Int32]
  }

  /// Index of the layer; nil for the input.
  package let layer: Int?
  /// Logical step.
  package let step: Int
  /// Neurons or channels that spiked, rising.
  package let spikes: [Int32]
  /// Neurons that were updated, rising; empty for the input.
  package let updates: [Int32]
  /// Potentials after the reset; empty for the input.
  package let potentials: [Int32]
  /// Synaptic currents; empty where the layer has none.
  package let currents: [Int32]
  /// Rises of thresholds, those that outlive samples among them; empty where there are none.
  package let rises: [Int32]
  /// Of the connections that feed the layer and learn; empty unless the sample is learnt.
  package let traces: [Traces]
  /// What else learning keeps of these connections and of the layer; empty likewise.
  package let details: [Detail]
}

/// Observes nothing, at no cost.
struct SilentProbe: ChipProbe {
  func observe(_ state: ProbedState) {}
}

extension Accelerator {
  /// Shows a probe the state after a step.
  @inline(__always)
  func observe<Probe: ChipProbe>(_ step: Int, _ probe: inout Probe) {
    guard Probe.self != SilentProbe.self else { return }
    for population in plan.populations.indices {
      probe.observe(probedState(population, step))
    }
  }

  private func probedState(_ number: Int, _ step: Int) -> ProbedState {
    let population = plan.populations[number]
    let spikes = self.spikes(of: population, in: step)
    let list = Array(UnsafeBufferPointer(start: spikes.list, count: Int(spikes.count)))
    guard number > 0 else {
      return ProbedState(
        layer: nil, step: step, spikes: list, updates: [], potentials: [], currents: [], rises: [],
        traces: [], details: [])
    }
    let layer = plan.layers[number - 1].pointee
    let neurons = layer.neurons
    func values(_ block: Block<Int32>?) -> [Int32] {
      block.map { resting.read($0, count: layer.size) } ?? []
    }
    let updates = resting[neurons.updates]
    return ProbedState(
      layer: number - 1, step: step, spikes: list,
      updates: (0..<Int32(layer.size)).filter {
        updates[Int($0) >> 6] >> UInt64($0 & 63) & 1 == 1
      },
      potentials: values(neurons.potentials),
      currents: values(neurons.currents), rises: rises(layer),
      traces: isLearning ? traces(layer: number - 1, step) : [],
      details: isLearning ? details(layer: number - 1) : [])
  }

  private func rises(_ layer: LayerPlan) -> [Int32] {
    let own = layer.neurons.rises.map { resting.read($0, count: layer.size) }
    guard let homeostasis = layer.homeostasis else { return own ?? [] }
    let lasting = lasting.read(homeostasis.rises, count: layer.size)
    return lasting.enumerated().map { neuron, rise in
      (own?[neuron] ?? 0) + Int32(rise) << homeostasis.shift
    }
  }

  private func traces(layer: Int, _ step: Int) -> [ProbedState.Traces] {
    let threeFactor = plan.threeFactor.indices.map { place in
      let memory = plan.threeFactor[place].pointee
      let row = resting[memory.traces.traces] + (step & 1) * memory.traces.padded
      return ProbedState.Traces(
        connection: memory.plastic.index,
        pre: Array(UnsafeBufferPointer(start: row, count: memory.plastic.sources)),
        post: memory.psiTraces.map { resting.read($0, count: memory.plastic.targets) } ?? [])
    }
    let pairs = plan.pairSTDP.indices.map { place in
      let memory = plan.pairSTDP[place].pointee
      return ProbedState.Traces(
        connection: memory.plastic.index,
        pre: resting.read(memory.traces.traces, count: memory.plastic.sources),
        post: resting.read(memory.postTraces, count: memory.plastic.targets).map(Int32.init))
    }
    let sdsp = plan.sdsp.indices.map { place in
      let memory = plan.sdsp[place].pointee
      return ProbedState.Traces(
        connection: memory.plastic.index, pre: [],
        post: resting.read(memory.activities, count: memory.plastic.targets).map(Int32.init))
    }
    let edge = plan.edge.indices.map { place in
      let memory = plan.edge[place].pointee
      return ProbedState.Traces(
        connection: memory.plastic.index,
        pre: resting.read(memory.activity, count: memory.plastic.sources).map(Int16.init),
        post: lasting.read(memory.plasticities, count: memory.plastic.targets).map(Int32.init))
    }
    let programs = plan.programs.indices.map { programTraces(plan.programs[$0].pointee) }
    return (threeFactor + pairs + programs + sdsp + edge).filter { $0.connection.layer == layer }
      .sorted { $0.connection.connection < $1.connection.connection }
  }

  /// The first trace of the sources and the first one of the targets that a program has.
  private func programTraces(_ memory: ProgramPlan) -> ProbedState.Traces {
    let pre = memory.traces.first { $0.rule.name.isPresynaptic }
    let post = memory.traces.first { !$0.rule.name.isPresynaptic }
    return ProbedState.Traces(
      connection: memory.plastic.index,
      pre: pre.map { resting.read($0.values, count: memory.plastic.sources) } ?? [],
      post: post.map { resting.read($0.values, count: memory.plastic.targets).map(Int32.init) }
        ?? [])
  }
}
