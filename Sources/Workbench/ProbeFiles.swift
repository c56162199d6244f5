import Accelerator
package import CompiledModel
package import Foundation

/// Recordings as comma-separated values: one header line, populations by name.
///
/// Integers are those of the chip; `v`, `i`, `threshold_rise` and columns called `value` say the
/// same in the network's quantities, to the last digit.
package enum ProbeFiles {
  /// A file's name and its content.
  package struct File: Sendable, Equatable {
    /// Name in the folder.
    package let name: String
    /// All of it.
    package let content: Data

    /// A file of any content.
    package init(name: String, content: Data) {
      self.name = name
      self.content = content
    }

    init(name: String, text: String) { self.init(name: name, content: Data(text.utf8)) }
  }

  /// Name of the file of a data graph, which stands in the same folder.
  package static let graphName = "recording.h5"
  /// Name of the table of what learning keeps besides first traces.
  package static let learningName = "learning.csv"
  /// Name of the table of weights.
  package static let weightsName = "weights.csv"

  /// All files of a recording; those of states, traces and weights only where neurons are chosen.
  ///
  /// `model` holds the weights as they were at the end of the recording.
  package static func files(of recording: SpikeRecording, model: CompiledModel) -> [File] {
    var files = [File(name: "spikes.csv", text: spikes(of: recording))]
    guard recording.selection != .none(of: model) else { return files }
    files.append(File(name: "states.csv", text: states(of: recording, model: model)))
    if !recording.traces.isEmpty {
      files.append(File(name: "traces.csv", text: traces(of: recording, model: model)))
    }
    return files + weightFiles(of: recording, model: model)
  }

  /// The tables that a data graph has no place for: of weights, and of what learning keeps besides
  /// first traces, if anything; none where no neurons are chosen.
  package static func weightFiles(of recording: SpikeRecording, model: CompiledModel) -> [File] {
    guard recording.selection != .none(of: model) else { return [] }
    let weights = File(name: weightsName, text: weights(into: recording.selection, of: model))
    guard !recording.details.isEmpty else { return [weights] }
    return [File(name: learningName, text: details(of: recording, model: model)), weights]
  }

  /// Writes files into a folder, which is made if it is not there.
  ///
  /// All are written beside their places before the first takes its place, so that a full disk
  /// leaves an older recording as it was. Files of it that the new one lacks are removed, a data
  /// graph included: half of one beside another would be read as one.
  package static func write(_ files: [File], to folder: String) throws {
    guard !folder.isEmpty else { throw OutputFile.Failure("an empty path") }
    let manager = FileManager.default
    let place = URL(filePath: folder, directoryHint: .isDirectory)
    try manager.createDirectory(at: place, withIntermediateDirectories: true)
    let names = ["spikes.csv", "states.csv", "traces.csv", learningName, weightsName, graphName]
    for name in names {
      var isFolder: ObjCBool = false
      let path = place.appending(path: name).path
      if manager.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
        throw OutputFile.Failure("`\(name)` in it is a folder")
      }
    }
    let staging = place.appending(path: ".recording-\(UUID().uuidString)")
    defer { try? manager.removeItem(at: staging) }
    try manager.createDirectory(at: staging, withIntermediateDirectories: false)
    for file in files {
      try OutputFile.write(file.content, to: staging.appending(path: file.name).path)
    }
    for name in names {
      let path = place.appending(path: name).path
      if files.contains(where: { $0.name == name }) {
        guard rename(staging.appending(path: name).path, path) == 0 else {
          throw OutputFile.Failure(errno: errno)
        }
      } else if unlink(path) != 0, errno != ENOENT {
        throw OutputFile.Failure(errno: errno)
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
  package static func states(of recording: SpikeRecording, model: CompiledModel) -> String {
    var text = "sample,step,layer,neuron,potential,current,rise,v,i,threshold_rise\n"
    for state in recording.states {
      let name = recording.populations[state.layer + 1].name
      text += "\(state.sample),\(state.step),\(name),\(state.neuron),"
      text += "\(state.potential),\(cell(state.current)),\(cell(state.rise)),"
      text += "\(state.potential(in: model)),\(cell(state.current(in: model))),"
      text += "\(cell(state.rise(in: model)))\n"
    }
    return text
  }

  /// A line for each trace of a chosen neuron and step of learning.
  package static func traces(of recording: SpikeRecording, model: CompiledModel) -> String {
    var text = "sample,step,source,layer,connection,side,neuron,trace,value\n"
    for trace in recording.traces {
      let index = trace.connection
      text += "\(trace.sample),\(trace.step),\(model.sourceName(of: index)),"
      text += "\(model.layers[index.layer].name),\(index.connection),"
      text += "\(trace.side.rawValue),\(trace.neuron),\(trace.value),\(trace.value(in: model))\n"
    }
    return text
  }

  /// A line for each value of learning besides first traces, by the two ends that it has: second
  /// traces, tags, eligibility, and for a layer's own readout the class in place of the target.
  package static func details(of recording: SpikeRecording, model: CompiledModel) -> String {
    var text = "sample,step,source,layer,connection,quantity,presynaptic,postsynaptic,state,value\n"
    for detail in recording.details {
      let source = detail.connection.map { model.sourceName(of: $0) }
      text += "\(detail.sample),\(detail.step),\(cell(source)),"
      text += "\(model.layers[detail.layer].name),\(cell(detail.connection?.connection)),"
      text += "\(detail.quantity.rawValue),\(cell(detail.source)),\(cell(detail.target)),"
      text += "\(detail.value),\(detail.value(in: model))\n"
    }
    return text
  }

  /// A line for each synapse of a chosen neuron: the weight as inference sees it, and as it learns.
  ///
  /// Sources of a connection with pooling are windows.
  package static func weights(into selection: ProbeSelection, of model: CompiledModel) -> String {
    var text = "source,layer,connection,presynaptic,postsynaptic,weight,learning_weight,value,"
    text += "learning_value\n"
    for index in model.connections {
      let chosen = selection.neurons(of: index.layer)
      guard !chosen.isEmpty else { continue }
      var units: [Int: Double] = [:]
      for neuron in chosen { units[neuron] = model.weightUnit(of: index, target: neuron) }
      let connection = model[index]
      let weights = connection.inferenceWeights
      var learning: [Int16]?
      if case .plastic(let values, _, _) = connection.weights { learning = values }
      let head =
        "\(model.sourceName(of: index)),\(model.layers[index.layer].name),"
        + "\(index.connection),"
      for source in 0..<connection.pooledSize {
        connection.forEachSynapse(ofPooled: source, targets: model.layers[index.layer].size) {
          target, place in
          guard let unit = units[target] else { return }
          let learnt = learning?[place]
          text += "\(head)\(source),\(target),\(weights[place]),\(cell(learnt)),"
          text +=
            "\(Double(weights[place]) * unit),\(cell(learnt.map { Double($0) * unit / 256 }))\n"
        }
      }
    }
    return text
  }

  private static func cell(_ value: (some CustomStringConvertible)?) -> String {
    value.map { "\($0)" } ?? ""
  }
}
