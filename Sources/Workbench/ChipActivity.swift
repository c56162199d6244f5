package import Accelerator
package import CompiledModel

/// Counts of a run that the ledger does not keep: what metrics of activity are made of.
///
/// Fan-outs are those of the model's weights at the start: learning does not change them here.
package struct ChipActivity: ChipProbe, Sendable, Equatable {
  /// Spikes by population, from the input on, and neuron.
  package private(set) var spikes: [[UInt64]]
  /// By connection of the model.
  package private(set) var operations: [Operations]
  /// By layer: all potentials in a sample's first step, from then on those that differ from those
  /// of the step before.
  package private(set) var membraneUpdates: [UInt64]
  /// By layer: potentials of the step before.
  private var potentials: [[Int32]]
  /// By connection that pools: the last visit that found a spike in a window.
  private var visits: [[UInt64]]
  private var visit: UInt64 = 0
  private let fanOuts: FanOuts

  /// Pairs of a source that is not zero in a step and a weight that is not zero.
  ///
  /// A source is a window where the connection pools, and counts once however many spikes it holds.
  package struct Operations: Sendable, Equatable {
    /// In steps in which no source holds more than one spike.
    package fileprivate(set) var accumulates: UInt64 = 0
    /// In steps in which a source holds several: all pairs of the step, as a sum of spikes has to
    /// be multiplied.
    package fileprivate(set) var multiplyAccumulates: UInt64 = 0
  }

  /// What a spike of each population reaches.
  private struct FanOuts: Sendable, Equatable {
    struct Target: Sendable, Equatable {
      let connection: Int
      /// Steps from which on a spike comes too late for its sample.
      let end: Int
      /// Weights that are not zero, by window where the connection pools, else by source.
      let counts: [UInt64]
      /// Windows by source, -1 for sources that are dropped; nil without pooling.
      let windows: [Int32]?
    }
    let targets: [[Target]]
  }

  /// No activity of a model yet.
  package init(of model: CompiledModel) {
    spikes =
      [[UInt64](repeating: 0, count: model.inputs)]
      + model.layers.map { [UInt64](repeating: 0, count: $0.size) }
    let connections = model.connections
    operations = [Operations](repeating: Operations(), count: connections.count)
    visits = connections.map { index in
      let connection = model[index]
      return [UInt64](repeating: 0, count: connection.pooling == nil ? 0 : connection.pooledSize)
    }
    membraneUpdates = [UInt64](repeating: 0, count: model.layers.count)
    potentials = model.layers.map { [Int32](repeating: 0, count: $0.size) }
    var targets = [[FanOuts.Target]](repeating: [], count: model.layers.count + 1)
    for (number, index) in connections.enumerated() {
      let connection = model[index]
      targets[(connection.source ?? -1) + 1].append(
        FanOuts.Target(
          connection: number, end: model.steps - connection.delay,
          counts: connection.effectiveFanOuts(targets: model.layers[index.layer].size),
          windows: connection.pooling.map { pooling in
            (0..<connection.sourceSize).map { Int32(pooling.window(of: $0) ?? -1) }
          }))
    }
    fanOuts = FanOuts(targets: targets)
  }

  /// Adds a step of a population.
  package mutating func observe(_ state: ProbedState) {
    let population = (state.layer ?? -1) + 1
    for spike in state.spikes { spikes[population][Int(spike)] += 1 }
    for target in fanOuts.targets[population] where state.step < target.end {
      if let windows = target.windows {
        takePooled(state.spikes, windows, target)
      } else {
        var sum: UInt64 = 0
        for spike in state.spikes { sum += target.counts[Int(spike)] }
        operations[target.connection].accumulates += sum
      }
    }
    guard let layer = state.layer else { return }
    if state.step == 0 {
      membraneUpdates[layer] += UInt64(state.potentials.count)
    } else {
      var changed: UInt64 = 0
      for (now, before) in zip(state.potentials, potentials[layer]) where now != before {
        changed += 1
      }
      membraneUpdates[layer] += changed
    }
    potentials[layer] = state.potentials
  }

  private mutating func takePooled(
    _ spikes: [Int32], _ windows: [Int32], _ target: FanOuts.Target
  ) {
    visit += 1
    var sum: UInt64 = 0
    var holdsSeveral = false
    for spike in spikes {
      let window = Int(windows[Int(spike)])
      guard window >= 0 else { continue }
      if visits[target.connection][window] == visit {
        holdsSeveral = true
      } else {
        visits[target.connection][window] = visit
        sum += target.counts[window]
      }
    }
    if holdsSeveral {
      operations[target.connection].multiplyAccumulates += sum
    } else {
      operations[target.connection].accumulates += sum
    }
  }

  /// Adds the counts of another run of the same model.
  package mutating func add(_ other: ChipActivity) {
    precondition(spikes.map(\.count) == other.spikes.map(\.count), "runs of different models")
    for population in spikes.indices {
      for neuron in spikes[population].indices {
        spikes[population][neuron] += other.spikes[population][neuron]
      }
    }
    for index in operations.indices {
      operations[index].accumulates += other.operations[index].accumulates
      operations[index].multiplyAccumulates += other.operations[index].multiplyAccumulates
    }
    for layer in membraneUpdates.indices { membraneUpdates[layer] += other.membraneUpdates[layer] }
  }

  /// Whether all counts agree; what the last step left behind does not matter.
  package static func == (left: ChipActivity, right: ChipActivity) -> Bool {
    left.spikes == right.spikes && left.operations == right.operations
      && left.membraneUpdates == right.membraneUpdates
  }
}
