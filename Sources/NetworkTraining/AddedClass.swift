package import SpikingNetwork

/// A network with one class more than before: a neuron is added to its output, or as many as
/// stand for each class.
package enum AddedClass {
  /// Adds a neuron to the population that judges; all other weights stay.
  ///
  /// Where the output learns by weights of one bit, it gains as many neurons as each class has,
  /// which have learned nothing, and examples are refused. Else the new weights are 0, or with
  /// `examples` of the class a prototype: the mean spikes of each source over the examples, less
  /// their mean over the sources, as long as the other neurons' weights are on average. Throws for
  /// a network whose output is not fed by dense projections alone.
  package static func add(
    to network: SpikingNetwork, name: String? = nil, examples: LabelledSamples? = nil
  ) throws -> SpikingNetwork {
    let simulator = try NetworkSimulator(network)
    var grown = network
    if let name { grown.name = name }
    let output = simulator.output
    let population = network.populations[output]
    if population.classes != nil {
      throw NetworkError(
        field: "populations[\(output)].classes", found: "neurons that come to stand for classes",
        expected: "a neuron for each class", cure: "write the number of classes that you want")
    }
    let neurons = network.neuronsPerClass(of: population.name)
    grown.populations[output].size += neurons
    if population.shape != nil {
      throw NetworkError(
        field: "populations[\(output)].shape", found: "a plane", expected: "no shape",
        cure: "add classes to an output without a plane")
    }
    let means = try examples.map { try Self.means($0, simulator) }
    for (index, projection) in network.projections.enumerated() {
      guard projection.source != population.name else {
        throw NetworkError(
          field: "projections[\(index)].source", found: "the output", expected: "another",
          cure: "add classes to a network whose output feeds nobody")
      }
      guard projection.target == population.name else { continue }
      guard case .dense(let weights) = projection.connectivity else {
        throw NetworkError(
          field: "projections[\(index)].connectivity", found: "a layout other than dense",
          expected: "dense", cure: "add classes to a network with a dense last layer")
      }
      let sources = weights.count / population.size
      if let rule = projection.edgeLearning {
        guard examples == nil else {
          throw NetworkError(
            field: "projections[\(index)].plasticity.edgeLearning", found: "examples of the class",
            expected: "none", cure: "let the chip learn them with their labels")
        }
        grown.projections[index].addFreeNeurons(
          to: rule, weights, from: population.size, stream: UInt64(index))
        continue
      }
      var row = [Float](repeating: 0, count: sources)
      if let means, projection.pooling == 1,
        let source = network.populations.firstIndex(where: { $0.name == projection.source })
      {
        row = ClassPrototype.weights(
          along: means[source],
          asLongAs: (0..<population.size).map {
            Array(weights[$0 * sources..<($0 + 1) * sources])
          })
      }
      grown.projections[index].connectivity = .dense(weights: weights + row)
    }
    try grown.validate()
    return grown
  }

  /// Mean spikes of each neuron for an example, by population.
  private static func means(
    _ examples: LabelledSamples, _ simulator: NetworkSimulator
  ) throws(TrainingError) -> [[Float]] {
    guard examples.channels == simulator.network.sampleSize else {
      throw .samples(
        found: "\(examples.channels) channels", expected: "\(simulator.network.sampleSize)",
        cure: "name examples of the sensor that the network was made for")
    }
    var means = simulator.network.populations.map { [Float](repeating: 0, count: $0.size) }
    for position in 0..<examples.count {
      let recording = simulator.run(examples[position], isRecording: true).recording ?? []
      for (population, trains) in recording.enumerated() {
        for neuron in trains.steps.joined() {
          means[population][Int(neuron)] += 1 / Float(examples.count)
        }
      }
    }
    return means
  }
}
