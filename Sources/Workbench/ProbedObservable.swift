package import CompiledModel

/// Something that was recorded of neurons of one population, under the name that files give it.
///
/// `v`, `i` and `threshold_rise` of each chosen neuron; of a connection that learnt, with its
/// source `presynaptic_trace.LAYER.CONNECTION`, with its layer
/// `postsynaptic_trace.SOURCE.CONNECTION`.
package struct ProbedObservable: Sendable, Equatable {
  /// A neuron's value in a step.
  package struct Value: Sendable, Equatable {
    /// Logical step.
    package let step: Int
    /// Number of the neuron.
    package let neuron: Int
    /// In the network's quantity.
    package let value: Double

    /// A neuron's value in a step.
    package init(step: Int, neuron: Int, value: Double) {
      self.step = step
      self.neuron = neuron
      self.value = value
    }
  }

  /// Index of the population, the input first.
  package let population: Int
  /// Name in files.
  package let name: String
  /// By sample, then by step and neuron, all steps of the same neurons.
  package let samples: [[Value]]

  /// All that was recorded but spikes.
  package static func all(
    of recording: SpikeRecording, model: CompiledModel
  ) -> [ProbedObservable] {
    states(of: recording, model: model) + traces(of: recording, model: model)
  }

  private static func states(
    of recording: SpikeRecording, model: CompiledModel
  ) -> [ProbedObservable] {
    typealias State = SpikeRecording.NeuronState
    let quantities: [(name: String, value: (State) -> Double?)] = [
      ("v", { $0.potential(in: model) }), ("i", { $0.current(in: model) }),
      ("threshold_rise", { $0.rise(in: model) }),
    ]
    return model.layers.indices.flatMap { layer in
      let states = recording.states.filter { $0.layer == layer }
      return quantities.compactMap { quantity in
        let values = states.compactMap { state in
          quantity.value(state).map {
            Value(step: state.step, neuron: state.neuron, value: $0)
          }
        }
        return ProbedObservable(layer + 1, quantity.name, values, of: recording)
      }
    }
  }

  private static func traces(
    of recording: SpikeRecording, model: CompiledModel
  ) -> [ProbedObservable] {
    model.plasticConnections.flatMap { index in
      let traces = recording.traces.filter { $0.connection == index }
      let ends: [(SpikeRecording.TraceState.Side, population: Int, other: String)] = [
        (.presynaptic, model[index].source.map { $0 + 1 } ?? 0, model.layers[index.layer].name),
        (.postsynaptic, index.layer + 1, model.sourceName(of: index)),
      ]
      return ends.compactMap { side, population, other in
        let values = traces.filter { $0.side == side }.map {
          Value(step: $0.step, neuron: $0.neuron, value: $0.value(in: model))
        }
        return ProbedObservable(
          population, "\(side.rawValue)_trace.\(other).\(index.connection)", values, of: recording)
      }
    }
  }

  /// Nil for values that were not recorded.
  private init?(
    _ population: Int, _ name: String, _ values: [Value], of recording: SpikeRecording
  ) {
    guard !values.isEmpty else { return nil }
    let count = values.count / recording.samples.count
    precondition(
      count * recording.samples.count == values.count && count % recording.stepCount == 0,
      "\(values.count) values of \(name) in \(recording.samples.count) samples")
    self.population = population
    self.name = name
    samples = recording.samples.indices.map { Array(values[$0 * count..<($0 + 1) * count]) }
  }
}
