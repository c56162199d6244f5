package import CompiledModel
import Foundation

/// Recordings as comma-separated values: one header line, integers, populations by name.
///
/// Units stand in columns called `exponent`: one unit is `2^exponent` of the network's unit.
package enum ProbeFiles {
  /// A file's name and its text.
  package struct File: Sendable, Equatable {
    /// Name in the folder.
    package let name: String
    /// The whole text.
    package let text: String
  }

  /// All files of a recording; those of states, traces and weights only where neurons are chosen.
  ///
  /// `model` holds the weights as they were at the end of the recording.
  package static func files(of recording: SpikeRecording, model: CompiledModel) -> [File] {
    var files = [File(name: "spikes.csv", text: spikes(of: recording))]
    guard recording.selection != .none(of: model) else { return files }
    files.append(File(name: "states.csv", text: states(of: recording)))
    if !recording.traces.isEmpty {
      files.append(File(name: "traces.csv", text: traces(of: recording, model: model)))
    }
    files.append(File(name: "weights.csv", text: weights(into: recording.selection, of: model)))
    return files
  }

  /// Writes all files into a folder, which is made if it is not there.
  ///
  /// Files of a recording that was there before are removed.
  package static func write(
    _ recording: SpikeRecording, model: CompiledModel, to folder: String
  ) throws {
    let place = URL(filePath: folder, directoryHint: .isDirectory)
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    let files = files(of: recording, model: model)
    for name in ["spikes.csv", "states.csv", "traces.csv", "weights.csv"] {
      let path = place.appending(path: name)
      if let file = files.first(where: { $0.name == name }) {
        try Data(file.text.utf8).write(to: path, options: .atomic)
      } else if FileManager.default.fileExists(atPath: path.path) {
        // Half of an older recording beside a new one would be read as one.
        try FileManager.default.removeItem(at: path)
      }
    }
  }

  /// A line for each spike, the input's included.
  package static func spikes(of recording: SpikeRecording) -> String {
    var text = "sample,step,layer,neuron\n"
    let names = recording.populations.map(\.name)
    for sample in recording.samples {
      for step in 0..<recording.stepCount {
        for (name, steps) in zip(names, sample.steps) {
          for neuron in steps[step] { text += "\(sample.id),\(step),\(name),\(neuron)\n" }
        }
      }
    }
    return text
  }

  /// A line for each chosen neuron and step; cells of state that a layer does not have are empty.
  package static func states(of recording: SpikeRecording) -> String {
    var text = "sample,step,layer,neuron,potential,current,rise,exponent\n"
    for state in recording.states {
      let population = recording.populations[state.layer + 1]
      let (current, rise) = (cell(state.current), cell(state.rise))
      text += "\(state.sample),\(state.step),\(population.name),\(state.neuron),"
      text += "\(state.potential),\(current),\(rise),\(cell(population.exponent))\n"
    }
    return text
  }

  /// A line for each trace of a chosen neuron and step of learning.
  package static func traces(of recording: SpikeRecording, model: CompiledModel) -> String {
    var text = "sample,step,source,layer,connection,side,neuron,trace\n"
    for trace in recording.traces {
      let index = trace.connection
      text += "\(trace.sample),\(trace.step),\(source(of: index, model)),"
      text += "\(model.layers[index.layer].name),\(index.connection),"
      text += "\(trace.side.rawValue),\(trace.neuron),\(trace.value)\n"
    }
    return text
  }

  /// A line for each synapse of a chosen neuron; learning weights are in 1/256 of the unit.
  ///
  /// Sources of a connection with pooling are windows.
  package static func weights(into selection: ProbeSelection, of model: CompiledModel) -> String {
    var text = "source,layer,connection,presynaptic,postsynaptic,weight,learning_weight,exponent\n"
    for index in model.connections {
      let chosen = Set(selection.neurons(of: index.layer))
      guard !chosen.isEmpty else { continue }
      let connection = model[index]
      let weights = connection.inferenceWeights
      var learning: [Int16]?
      if case .plastic(let values, _, _) = connection.weights { learning = values }
      let head =
        "\(source(of: index, model)),\(model.layers[index.layer].name),"
        + "\(index.connection),"
      for source in 0..<connection.pooledSize {
        connection.forEachSynapse(ofPooled: source, targets: model.layers[index.layer].size) {
          target, place in
          guard chosen.contains(target) else { return }
          text += "\(head)\(source),\(target),\(weights[place]),\(cell(learning?[place])),"
          text += "\(model.exponent(of: index))\n"
        }
      }
    }
    return text
  }

  private static func source(
    of index: CompiledModel.ConnectionIndex, _ model: CompiledModel
  ) -> String {
    model[index].source.map { model.layers[$0].name } ?? "input"
  }

  private static func cell(_ value: (some BinaryInteger)?) -> String {
    value.map { "\($0)" } ?? ""
  }
}
