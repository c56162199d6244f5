import Synchronization

/// Recorded data of a network's nodes in the interchange format of NIR, its data graph.
///
/// Times are in seconds; a file holds one array for each observable, samples in its first
/// dimension. Beside what the format asks for it holds the samples' ids, and events carry the step
/// `dt` as well.
package struct NIRDataGraph: Sendable, Equatable {
  /// One thing that was observed of a node.
  package enum Values: Sendable, Equatable {
    /// Neurons that fired: by sample, then by step.
    case spikes([[[Int32]]])
    /// Values of neurons: by sample, in the order of steps and neurons.
    ///
    /// A grid where each neuron has one in each step, else events with a value.
    case values([[Entry]])
  }

  /// The value of a neuron in a step.
  package struct Entry: Sendable, Equatable {
    /// Step.
    package let step: Int
    /// Number of the neuron.
    package let neuron: Int
    /// The value.
    package let value: Double

    /// A neuron's value in a step.
    package init(step: Int, neuron: Int, value: Double) {
      self.step = step
      self.neuron = neuron
      self.value = value
    }
  }

  /// A named observable of a node.
  package struct Observable: Sendable, Equatable {
    /// Name, as `spikes` or `v`.
    package let name: String
    /// What was recorded.
    package let values: Values

    /// Names what was recorded.
    package init(_ name: String, _ values: Values) {
      self.name = name
      self.values = values
    }
  }

  /// A population.
  package struct Node: Sendable, Equatable {
    /// Name of the node in its graph; no `/`.
    package let name: String
    /// Number of neurons.
    package let neurons: Int
    /// What was recorded, each under a name of its own.
    package let observables: [Observable]

    /// A population with what was recorded of it.
    package init(name: String, neurons: Int, observables: [Observable]) {
      self.name = name
      self.neurons = neurons
      self.observables = observables
    }
  }

  /// The nodes, each under a name of its own.
  package let nodes: [Node]
  /// Steps of a sample.
  package let steps: Int
  /// Length of a step in seconds.
  package let stepDuration: Double
  /// One for each sample.
  package let sampleIDs: [UInt64]

  /// Takes recorded nodes.
  package init(nodes: [Node], steps: Int, stepDuration: Double, sampleIDs: [UInt64]) {
    self.nodes = nodes
    self.steps = steps
    self.stepDuration = stepDuration
    self.sampleIDs = sampleIDs
  }

  /// The bytes of a file.
  package func encoded() throws(NIRFormatError) -> [UInt8] {
    try HDF5Object.library.withLock { _ throws(NIRFormatError) in try encodedAlone() }
  }

  private func encodedAlone() throws(NIRFormatError) -> [UInt8] {
    let file = try HDF5Object.file()
    try file.set("__type__", "NIRGraphData")
    try file.add("sample_ids", sampleIDs, dimensions: [sampleIDs.count])
    let all = try file.group("nodes")
    for node in nodes {
      let group = try all.group(node.name)
      try group.set("__type__", "NIRNodeData")
      let observables = try group.group("observables")
      for observable in node.observables {
        try add(observable, of: node, to: try observables.group(observable.name))
      }
    }
    return try file.image()
  }

  private func add(
    _ observable: Observable, of node: Node, to group: borrowing HDF5Object
  ) throws(NIRFormatError) {
    switch observable.values {
    case .values(let samples) where samples.allSatisfy({ isGrid($0, neurons: node.neurons) }):
      try group.set("__type__", "TimeGriddedData")
      try group.set("dt", stepDuration)
      try group.add(
        "data", samples.flatMap { $0.map(\.value) },
        dimensions: [samples.count, steps, node.neurons])
    case .spikes(let samples):
      let entries = samples.map { sample in
        sample.enumerated().flatMap { step, spikes in
          spikes.map { Entry(step: step, neuron: Int($0), value: 0) }
        }
      }
      try group.set("__type__", "EventData")
      try add(entries, of: node, to: group)
    case .values(let samples):
      try group.set("__type__", "ValuedEventData")
      let width = try add(samples, of: node, to: group)
      try group.add(
        "value", Self.padded(samples, width, with: 0) { $0.value },
        dimensions: [samples.count, width])
    }
  }

  /// Whether each neuron has a value in each step, in their order.
  private func isGrid(_ entries: [Entry], neurons: Int) -> Bool {
    entries.count == steps * neurons
      && entries.indices.allSatisfy {
        entries[$0].step == $0 / neurons && entries[$0].neuron == $0 % neurons
      }
  }

  /// When a step begins.
  ///
  /// Readers take the whole part of time by `dt` for the step: it must not come out one too low.
  private func time(of step: Int) -> Double {
    let time = Double(step) * stepDuration
    return time / stepDuration < Double(step) ? time.nextUp : time
  }

  @discardableResult
  private func add(
    _ samples: [[Entry]], of node: Node, to group: borrowing HDF5Object
  ) throws(NIRFormatError) -> Int {
    let width = samples.map(\.count).max() ?? 0
    let dimensions = [samples.count, width]
    try group.add(
      "idx", Self.padded(samples, width, with: Int64(-1)) { Int64($0.neuron) },
      dimensions: dimensions)
    try group.add(
      "time",
      Self.padded(samples, width, with: .infinity) { time(of: $0.step) },
      dimensions: dimensions)
    try group.set("n_neurons", Int64(node.neurons))
    try group.set("t_max", time(of: steps))
    try group.set("dt", stepDuration)
    return width
  }

  /// One row for each sample, filled up to the longest.
  private static func padded<Value>(
    _ samples: [[Entry]], _ width: Int, with filler: Value, _ value: (Entry) -> Value
  ) -> [Value] {
    samples.flatMap { sample in
      sample.map(value) + [Value](repeating: filler, count: width - sample.count)
    }
  }
}

/// A file that could not be written.
package struct NIRFormatError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What failed.
  package let operation: String

  package var description: String {
    "the data graph cannot \(operation); record fewer samples or neurons"
  }
}
