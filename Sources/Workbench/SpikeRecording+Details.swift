package import Accelerator
package import CompiledModel

extension SpikeRecording {
  /// State of learning of chosen neurons, or of the synapses between them, after a step.
  package struct DetailState: Sendable, Equatable {
    /// The sample's id in its data set.
    package let sample: UInt64
    /// Logical step.
    package let step: Int
    /// Index of the layer.
    package let layer: Int
    /// The connection; nil for what belongs to the layer.
    package let connection: CompiledModel.ConnectionIndex?
    /// What the value is.
    package let quantity: ProbedState.Detail.Quantity
    /// Number of the source, where it has one.
    package let source: Int?
    /// Number of the target, where it has one, or of the class.
    package let target: Int?
    /// The value.
    package let value: Int32
  }

  /// Keeps what belongs to chosen neurons; of synapses those with both ends chosen.
  mutating func keep(_ detail: ProbedState.Detail, of layer: Int, step: Int, sample: UInt64) {
    func add(_ source: Int?, _ target: Int?, _ place: Int) {
      details.append(
        DetailState(
          sample: sample, step: step, layer: layer, connection: detail.connection,
          quantity: detail.quantity, source: source, target: target, value: detail.values[place]))
    }
    let targets = selection.neurons(of: layer)
    guard let connection = detail.connection, let source = sources[connection] else {
      // Each neuron of the layer sees the whole of its readout.
      if !targets.isEmpty { for place in detail.values.indices { add(nil, place, place) } }
      return
    }
    let chosen = selection.neurons(of: source)
    if detail.quantity.isOfSources {
      for neuron in chosen where neuron < detail.values.count { add(neuron, nil, neuron) }
    } else if detail.quantity.isOfSynapses {
      let size = populations[layer + 1].size
      for neuron in chosen {
        for target in targets where neuron * size + target < detail.values.count {
          add(neuron, target, neuron * size + target)
        }
      }
    } else {
      for target in targets { add(nil, target, target) }
    }
  }
}

extension SpikeRecording.DetailState {
  /// Traces and eligibility in spikes, tags in weights, potentials of a local readout in the
  /// largest of its random weights.
  package func value(in model: CompiledModel) -> Double {
    let value = Double(value)
    switch (quantity, connection.flatMap { model[$0].plasticity }) {
    case (.localReadout, _): return value / Double(ChipArithmetic.weightLimit)
    case (.tag, _):
      guard let connection else { return value }
      return value * model.weightUnit(of: connection, target: target ?? 0) / 256
    case (_, .threeFactor(let program)): return value / Double(program.impulse)
    case (_, .program(let program)):
      guard let trace = program.traces.first(where: { "\($0.name)" == quantity.rawValue }) else {
        return value
      }
      if case .window = trace.fall { return value > 0 ? 1 : 0 }
      return value / Double(trace.impulse)
    case (_, .sdsp), (_, .edge), (_, nil): return value
    }
  }
}
