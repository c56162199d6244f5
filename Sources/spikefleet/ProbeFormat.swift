import ArgumentParser
import CompiledModel
import Foundation
import NIRFormat
import Workbench

/// How a recording is written.
enum ProbeFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
  case csv, nir

  /// Writes a recording into a folder, which is made if it is not there.
  func write(_ recording: SpikeRecording, model: CompiledModel, to folder: String) throws {
    switch self {
    case .csv:
      try ProbeFiles.write(recording, model: model, to: folder)
    case .nir:
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try NIRDataGraph(recording).write(to: folder + "/recording.h5")
    }
  }
}

extension NIRDataGraph {
  /// Spikes of all populations, and potentials of chosen neurons in the network's unit, as `v`.
  ///
  /// Times are logical steps.
  init(_ recording: SpikeRecording) {
    self.init(
      nodes: recording.populations.indices.map { Self.node($0, of: recording) },
      steps: recording.stepCount)
  }

  private static func node(_ index: Int, of recording: SpikeRecording) -> Node {
    let population = recording.populations[index]
    var observables: [Observable] = []
    if population.spikes {
      observables.append(
        Observable("spikes", .spikes(recording.samples.map { $0.steps[index] })))
    }
    let chosen = index == 0 ? [] : recording.selection.neurons(of: index - 1)
    if !chosen.isEmpty, let exponent = population.exponent {
      let unit = exp2(Double(exponent))
      let states = recording.states.filter { $0.layer == index - 1 }
      let count = recording.stepCount * chosen.count
      let samples = recording.samples.indices.map { sample in
        states[sample * count..<(sample + 1) * count].map { state in
          Entry(step: state.step, neuron: state.neuron, value: Double(state.potential) * unit)
        }
      }
      observables.append(
        Observable(
          "v",
          chosen.count == population.size
            ? .grid(samples.map { rows($0.map(\.value), of: population.size) })
            : .chosen(samples)))
    }
    return Node(name: population.name, neurons: population.size, observables: observables)
  }

  private static func rows(_ values: [Double], of length: Int) -> [[Double]] {
    stride(from: 0, to: values.count, by: length).map { Array(values[$0..<$0 + length]) }
  }
}
