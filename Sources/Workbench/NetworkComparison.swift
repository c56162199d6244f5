import Accelerator
package import CompiledModel
package import NetworkTraining
import SpikingNetwork

/// How a network in floating point and the model that was compiled from it agree, on the same
/// samples with the same input spikes.
package struct NetworkComparison: Sendable, Equatable {
  /// Samples shown to both.
  package private(set) var samples = 0
  /// Samples that the network in floating point got right.
  package private(set) var correctFloat = 0
  /// Samples that the chip got right.
  package private(set) var correctChip = 0
  /// Samples to which both gave the same label, right or wrong.
  package private(set) var sameLabels = 0
  /// Spikes of the input, then of each layer of the model; a readout has none.
  package private(set) var agreements: [SpikeAgreement]
  /// By population of the model, the input first: its place in the network's description.
  private let places: [Int]

  /// Nothing compared yet; `reference` must be the network that the model was compiled from.
  package init(of model: CompiledModel, with reference: NetworkSimulator) {
    let populations = reference.network.populations
    let input = populations.firstIndex { $0.model == .input }
    places =
      [input].map { $0 ?? 0 }
      + model.layers.map { layer in
        guard let place = populations.firstIndex(where: { $0.name == layer.name }) else {
          preconditionFailure("no population `\(layer.name)` in `\(reference.network.name)`")
        }
        return place
      }
    agreements = [SpikeAgreement](repeating: SpikeAgreement(), count: places.count)
  }

  /// Adds a sample; `spikes` are the chip's by step, then by population from the input on.
  mutating func add(
    simulated: SimulatedSample, chip: Inference, _ spikes: [[Int32]], label: Int
  ) {
    guard let recording = simulated.recording else {
      preconditionFailure("a comparison without a recording")
    }
    samples += 1
    correctFloat += simulated.label == label ? 1 : 0
    correctChip += chip.label == label ? 1 : 0
    sameLabels += simulated.label == chip.label ? 1 : 0
    for (population, place) in places.enumerated() {
      let steps = stride(from: population, to: spikes.count, by: places.count).map { spikes[$0] }
      agreements[population].add(
        simulated: recording[place],
        chip: SpikeTrains(sources: recording[place].sources, steps: steps))
    }
  }

  /// Adds what was found for other samples of the same two.
  mutating func add(_ other: NetworkComparison) {
    precondition(places == other.places, "comparisons of different networks")
    samples += other.samples
    correctFloat += other.correctFloat
    correctChip += other.correctChip
    sameLabels += other.sameLabels
    for population in agreements.indices {
      agreements[population].add(other.agreements[population])
    }
  }
}
