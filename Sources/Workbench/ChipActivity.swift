package import Accelerator
package import CompiledModel

/// Counts of a run that the ledger does not keep: what metrics of activity are made of.
///
/// Fan-outs are those of the model's weights at the start: learning does not change them here.
package struct ChipActivity: ChipProbe, Sendable, Equatable {
  /// Spikes by population, from the input on, and neuron.
  package private(set) var spikes: [[UInt64]]
  /// By connection of the model: spikes that arrived times weights that are not zero.
  package private(set) var effectiveOperations: [UInt64]
  /// By layer: potentials that differed from those of the step before, or from rest.
  package private(set) var membraneUpdates: [UInt64]
  /// By layer: potentials of the step before.
  private var potentials: [[Int32]]
  private let fanOuts: FanOuts

  /// What a spike of each population reaches.
  private struct FanOuts: Sendable, Equatable {
    struct Target: Sendable, Equatable {
      let connection: Int
      /// Steps from which on a spike comes too late for its sample.
      let end: Int
      let counts: [UInt64]
    }
    let targets: [[Target]]
  }

  /// No activity of a model yet.
  package init(of model: CompiledModel) {
    spikes =
      [[UInt64](repeating: 0, count: model.inputs)]
      + model.layers.map { [UInt64](repeating: 0, count: $0.size) }
    let connections = model.connections
    effectiveOperations = [UInt64](repeating: 0, count: connections.count)
    membraneUpdates = [UInt64](repeating: 0, count: model.layers.count)
    potentials = model.layers.map { [Int32](repeating: 0, count: $0.size) }
    var targets = [[FanOuts.Target]](repeating: [], count: model.layers.count + 1)
    for (number, index) in connections.enumerated() {
      let connection = model[index]
      targets[(connection.source ?? -1) + 1].append(
        FanOuts.Target(
          connection: number, end: model.steps - connection.delay,
          counts: connection.effectiveFanOuts(targets: model.layers[index.layer].size)))
    }
    fanOuts = FanOuts(targets: targets)
  }

  /// Adds a step of a population.
  package mutating func observe(_ state: ProbedState) {
    let population = (state.layer ?? -1) + 1
    for spike in state.spikes { spikes[population][Int(spike)] += 1 }
    for target in fanOuts.targets[population] where state.step < target.end {
      var sum: UInt64 = 0
      for spike in state.spikes { sum += target.counts[Int(spike)] }
      effectiveOperations[target.connection] += sum
    }
    guard let layer = state.layer else { return }
    if state.step == 0 {
      membraneUpdates[layer] += UInt64(state.potentials.count { $0 != 0 })
    } else {
      var changed: UInt64 = 0
      for (now, before) in zip(state.potentials, potentials[layer]) where now != before {
        changed += 1
      }
      membraneUpdates[layer] += changed
    }
    potentials[layer] = state.potentials
  }

  /// Adds the counts of another run of the same model.
  package mutating func add(_ other: ChipActivity) {
    precondition(spikes.map(\.count) == other.spikes.map(\.count), "runs of different models")
    for population in spikes.indices {
      for neuron in spikes[population].indices {
        spikes[population][neuron] += other.spikes[population][neuron]
      }
    }
    for index in effectiveOperations.indices {
      effectiveOperations[index] += other.effectiveOperations[index]
    }
    for layer in membraneUpdates.indices { membraneUpdates[layer] += other.membraneUpdates[layer] }
  }

  /// Whether all counts agree; what the last step left behind does not matter.
  package static func == (left: ChipActivity, right: ChipActivity) -> Bool {
    left.spikes == right.spikes && left.effectiveOperations == right.effectiveOperations
      && left.membraneUpdates == right.membraneUpdates
  }
}
