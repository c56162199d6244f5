import ArgumentParser
import CompiledModel
import Foundation
import NIRFormat
import Workbench

/// How a recording is written.
enum ProbeFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
  case csv, nir

  /// What both formats hold, for help pages.
  static let discussion = """
    As tables a recording is spikes.csv, states.csv, traces.csv where it learnt, \
    \(ProbeFiles.learningName) for second traces, tags and eligibility of synapses between chosen \
    neurons and readouts of a layer's own, and weights.csv. \
    As a data graph of NIR it is \(ProbeFiles.graphName): for each population `spikes`, and for \
    its chosen neurons `v`, `i`, `threshold_rise` and traces by connection, in the network's \
    units and seconds, samples in the order of `sample_ids`. A data graph has no place for \
    weights and what synapses keep: they go to tables beside it.
    """

  /// Writes a recording into a folder, which is made if it is not there.
  func write(_ recording: SpikeRecording, model: CompiledModel, to folder: String) throws {
    let files: [ProbeFiles.File]
    switch self {
    case .csv:
      files = ProbeFiles.files(of: recording, model: model)
    case .nir:
      let graph = try NIRDataGraph(recording, model: model).encoded()
      files =
        ProbeFiles.weightFiles(of: recording, model: model)
        + [ProbeFiles.File(name: ProbeFiles.graphName, content: Data(graph))]
    }
    try ProbeFiles.write(files, to: folder)
  }

  /// What to say about what was written.
  func note(_ folder: String) -> String {
    switch self {
    case .csv:
      "wrote the recording to \(folder)"
    case .nir:
      "wrote the recording to \(folder), weights to \(ProbeFiles.weightsName) only: a data graph "
        + "has no place for them"
    }
  }
}

extension NIRDataGraph {
  /// Spikes of all populations, and whatever else was recorded of chosen neurons.
  init(_ recording: SpikeRecording, model: CompiledModel) {
    let observables = ProbedObservable.all(of: recording, model: model)
    self.init(
      nodes: recording.populations.enumerated().map { index, population in
        var all: [Observable] = []
        if population.spikes {
          all.append(Observable("spikes", .spikes(recording.samples.map { $0.steps[index] })))
        }
        all += observables.filter { $0.population == index }.map { observable in
          Observable(
            observable.name,
            .values(
              observable.samples.map { sample in
                sample.map { Entry(step: $0.step, neuron: $0.neuron, value: $0.value) }
              }))
        }
        return Node(name: population.name, neurons: population.size, observables: all)
      },
      steps: recording.stepCount, stepDuration: model.timeStep,
      sampleIDs: recording.samples.map(\.id))
  }
}
