package import SpikingNetwork

/// Runs a network as it is described, in floating point: what the chip is compared with.
///
/// It does what a step of a layer on the chip does, in the same order, in the units of the
/// description: sum of inputs, decay of the current, decay of the potential, threshold (strict),
/// reset, rise of the threshold. Of neurons that compete the one highest above its threshold fires.
/// Nothing is learnt: thresholds with homeostasis are those of the description, and where neurons
/// come to stand for classes none does yet, so that all scores are 0. Populations start at rest,
/// `vLeak`. Within a step sources without delay come first; a projection with delay d takes its
/// source's spikes of step t - d. Sums have one order (projections as described, spikes rising), so
/// that the same network and spikes give the same bits everywhere.
package struct NetworkSimulator: Sendable {
  /// The network that runs.
  package let network: SpikingNetwork
  /// Position among the populations of the one that judges: the leaky integrator at the end, or
  /// else the only population that feeds no other.
  package let output: Int

  /// Neurons of a leaky integrator that stand for one class, whose score is the largest of theirs.
  private let neuronsPerClass: Int
  private let input: Int
  /// Populations of neurons, sources without delay first.
  private let order: [Int]
  /// What each population's neurons compute, by population; nil for the input.
  private let neurons: [SimulatedNeurons?]
  /// Projections by the population that they feed, in the order of the description.
  private let feeding: [[SimulatedProjection]]

  /// Takes the numbers out of a description; throws for one that is unsound, has a cycle without
  /// delay or has no single output.
  package init(_ network: SpikingNetwork) throws(NetworkError) {
    try network.validate()
    self.network = network
    let graph = PopulationGraph(network)
    input = graph.input
    order = try graph.order()
    output = try graph.output()
    neuronsPerClass = network.neuronsPerClass(of: network.populations[output].name)
    neurons = network.populations.map { SimulatedNeurons($0, timeStep: network.timeStep) }
    var feeding = [[SimulatedProjection]](repeating: [], count: network.populations.count)
    for (projection, edge) in zip(network.projections, graph.edges) {
      feeding[edge.target].append(
        SimulatedProjection(
          projection, sourceIndex: edge.source, source: network.populations[edge.source],
          target: network.populations[edge.target]))
    }
    self.feeding = feeding
  }

  /// Channels of the input.
  package var channels: Int { network.populations[input].size }

  /// Classes that the output tells apart.
  package var classes: Int {
    network.populations[output].classes ?? network.populations[output].size / neuronsPerClass
  }

  /// Shows a sample's intensities with the network's encoder: the spikes that the chip gets, too.
  package func run(_ sample: LabelledSample, isRecording: Bool = false) -> SimulatedSample {
    precondition(
      sample.intensities.count == network.sampleSize,
      "a sample of \(sample.intensities.count) intensities, expected \(network.sampleSize)")
    let encoder = SampleEncoder(network)
    return run(
      encoder.spikes(of: sample.intensities, sample: sample.id),
      direct: encoder.isDirect ? sample.intensities : nil, isRecording: isRecording)
  }

  /// Shows recorded input spikes, one entry for each step of the network.
  package func run(_ spikes: SpikeTrains, isRecording: Bool = false) -> SimulatedSample {
    precondition(
      spikes.sources == channels && spikes.steps.count == network.steps,
      "spikes of \(spikes.sources) sources in \(spikes.steps.count) steps for \(channels) channels "
        + "and \(network.steps) steps")
    return run(spikes.steps, isRecording: isRecording)
  }

  /// Classifies every sample; throws if they do not fit the network.
  package func evaluate(
    on samples: LabelledSamples
  ) throws(TrainingError) -> SimulatedEvaluation {
    try TrainingError.check(samples, channels: network.sampleSize, classes: classes)
    var evaluation = SimulatedEvaluation(populations: network.populations.count)
    for position in 0..<samples.count {
      let sample = samples[position]
      evaluation.add(run(sample), label: sample.label)
    }
    return evaluation
  }

  private func classScores(_ scores: [Double]) -> [Double] {
    guard neuronsPerClass > 1 else { return scores }
    return stride(from: 0, to: scores.count, by: neuronsPerClass).map { first in
      scores[first..<first + neuronsPerClass].max() ?? 0
    }
  }

  /// `direct` are intensities that act through weights in each step, in place of spikes.
  private func run(
    _ inputSpikes: [[Int32]], direct: [UInt8]? = nil, isRecording: Bool
  ) -> SimulatedSample {
    let drives = feeding.enumerated().map { index, projections in
      projections.map { projection -> [Float]? in
        guard let direct, projection.source == input else { return nil }
        return projection.drive(direct, targets: network.populations[index].size)
      }
    }
    var fired = [[[Int32]]](repeating: [], count: network.populations.count)
    fired[input] = inputSpikes
    var states = zip(neurons, network.populations).map { neurons, population in
      neurons.map { NeuronStates($0, size: population.size) }
    }
    let judges = network.populations[output]
    var sums = [Double](repeating: 0, count: judges.classes ?? judges.size)
    for step in 0..<network.steps {
      for index in order {
        guard let neurons = neurons[index], var state = states[index].take() else { continue }
        state.clearInput()
        for (place, projection) in feeding[index].enumerated() where projection.delay <= step {
          if let drive = drives[index][place] {
            for target in drive.indices { state.input[target] += drive[target] }
            continue
          }
          projection.deliver(
            fired[projection.source][step - projection.delay], to: &state.input)
        }
        fired[index].append(neurons.advance(&state))
        if index == output, neurons.firing == nil {
          for k in sums.indices { sums[k] += Double(state.potentials[k]) }
        }
        states[index] = state
      }
    }
    if neurons[output]?.firing != nil, judges.classes == nil {
      for k in fired[output].joined() { sums[Int(k)] += 1 }
    }
    return SimulatedSample(
      scores: classScores(sums), spikeCounts: fired.map { $0.reduce(0) { $0 + $1.count } },
      recording: isRecording
        ? zip(fired, network.populations).map { SpikeTrains(sources: $1.size, steps: $0) } : nil)
  }
}
