package import Accelerator
package import CompiledModel
package import SpikingNetwork

/// What a chip did with samples: all spikes, and the state of chosen neurons.
///
/// Announce each sample by `begin` before the chip runs it.
package struct SpikeRecording: ChipProbe, Sendable, Equatable {
  /// Spikes of one sample.
  package struct Sample: Sendable, Equatable {
    /// The sample's id in its data set.
    package let id: UInt64
    /// By population, then by step: the neurons that fired, rising.
    package fileprivate(set) var steps: [[[Int32]]]
  }

  /// State of a chosen neuron after a step, in units of its population.
  package struct NeuronState: Sendable, Equatable {
    /// The sample's id in its data set.
    package let sample: UInt64
    /// Logical step.
    package let step: Int
    /// Index of the layer.
    package let layer: Int
    /// Number of the neuron in its layer.
    package let neuron: Int
    /// Potential after the reset.
    package let potential: Int32
    /// Synaptic current, where the layer has one.
    package let current: Int32?
    /// Rise of the threshold, where it adapts.
    package let rise: Int32?
  }

  /// A trace of a chosen neuron after a step of learning.
  package struct TraceState: Sendable, Equatable {
    /// Which end of the connection the trace belongs to; raw values are stable text.
    package enum Side: String, Sendable {
      /// The presynaptic trace of a source.
      case presynaptic
      /// Postsynaptic trace, trace of the pseudo-derivative or activity of a target.
      case postsynaptic
    }

    /// The sample's id in its data set.
    package let sample: UInt64
    /// Logical step.
    package let step: Int
    /// The connection that learns.
    package let connection: CompiledModel.ConnectionIndex
    /// Which end of the connection.
    package let side: Side
    /// Number of the neuron, or of the pooled source, at that end.
    package let neuron: Int
    /// The trace.
    package let value: Int32
  }

  /// The input, then each layer.
  package let populations: [ProbedPopulation]
  /// The neurons whose state is kept.
  package let selection: ProbeSelection
  /// Steps of a sample.
  package let stepCount: Int
  /// One for each sample, in the order in which they were shown.
  package private(set) var samples: [Sample] = []
  /// By sample, step, layer and neuron.
  package private(set) var states: [NeuronState] = []
  /// By sample, step, connection, side and neuron; empty where nothing was learnt.
  package private(set) var traces: [TraceState] = []
  /// By sample, step, connection and quantity; empty where nothing of the kind was learnt.
  package internal(set) var details: [DetailState] = []
  let sources: [CompiledModel.ConnectionIndex: Int?]

  /// An empty recording of a model's runs.
  package init(of model: CompiledModel, selecting selection: ProbeSelection? = nil) {
    populations = ProbedPopulation.all(of: model)
    self.selection = selection ?? .none(of: model)
    stepCount = model.steps
    var sources: [CompiledModel.ConnectionIndex: Int?] = [:]
    for index in model.plasticConnections { sources[index] = .some(model[index].source) }
    self.sources = sources
  }

  /// Starts the next sample.
  package mutating func begin(_ sample: UInt64) {
    samples.append(
      Sample(
        id: sample,
        steps: [[[Int32]]](
          repeating: [[Int32]](repeating: [], count: stepCount), count: populations.count)))
  }

  /// Keeps the spikes, and the state of chosen neurons.
  package mutating func observe(_ state: ProbedState) {
    guard let current = samples.indices.last else {
      preconditionFailure("a step was observed before a sample began")
    }
    let id = samples[current].id
    samples[current].steps[(state.layer ?? -1) + 1][state.step] = state.spikes
    guard let layer = state.layer else { return }
    for neuron in selection.neurons(of: layer) {
      states.append(
        NeuronState(
          sample: id, step: state.step, layer: layer, neuron: neuron,
          potential: state.potentials[neuron],
          current: state.currents.isEmpty ? nil : state.currents[neuron],
          rise: state.rises.isEmpty ? nil : state.rises[neuron]))
    }
    for trace in state.traces { keep(trace, of: layer, step: state.step, sample: id) }
    for detail in state.details { keep(detail, of: layer, step: state.step, sample: id) }
  }

  private mutating func keep(
    _ traces: ProbedState.Traces, of layer: Int, step: Int, sample: UInt64
  ) {
    func add(_ side: TraceState.Side, _ neuron: Int, _ value: Int32) {
      self.traces.append(
        TraceState(
          sample: sample, step: step, connection: traces.connection, side: side, neuron: neuron,
          value: value))
    }
    if let source = sources[traces.connection] {
      for neuron in selection.neurons(of: source) where neuron < traces.pre.count {
        add(.presynaptic, neuron, Int32(traces.pre[neuron]))
      }
    }
    for neuron in selection.neurons(of: layer) where neuron < traces.post.count {
      add(.postsynaptic, neuron, traces.post[neuron])
    }
  }

  /// Adds what another recording of the same model and neurons holds.
  package mutating func append(_ other: SpikeRecording) {
    precondition(
      populations == other.populations && selection == other.selection
        && stepCount == other.stepCount, "recordings of different models")
    samples += other.samples
    states += other.states
    traces += other.traces
    details += other.details
  }

  /// Spikes of a population in one sample; populations count from the input on.
  package func trains(sample: Int, population: Int) -> SpikeTrains {
    SpikeTrains(sources: populations[population].size, steps: samples[sample].steps[population])
  }
}
