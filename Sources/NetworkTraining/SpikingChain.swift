package import SpikingNetwork

/// A feed-forward network as the trainer runs it: one layer after the other, numbers only.
///
/// The trainer works in `Float`; `Double` is for checks of the gradient against differences.
package struct SpikingChain<Scalar: BinaryFloatingPoint & Sendable>: Sendable {
  /// Most potentials that are kept for one sample: steps times neurons.
  package static var potentialsMax: Int { 1 << 26 }

  /// Steps for which one sample is shown.
  let steps: Int
  /// Channels of the input.
  let inputSize: Int
  /// Intensities of one sample.
  let sampleSize: Int
  /// Turns a sample into input spikes.
  let encoder: SampleEncoder
  /// From the one that the input feeds to the output, which is the last and never spikes.
  var layers: [ChainLayer<Scalar>]
  /// How a potential becomes a spike.
  package var spikeFunction = SpikeFunction.step
  /// Height of the pseudo-derivative.
  package var gamma: Scalar = 0.3

  /// Classes that the output tells apart.
  package var classes: Int { layers[layers.count - 1].size }

  /// Takes the numbers out of a description; throws for what is not a chain that ends in a readout.
  package init(_ network: SpikingNetwork) throws(NetworkError) {
    try network.validate()
    for (index, population) in network.populations.enumerated()
    where population.competition != nil || population.homeostasis != nil
      || population.classes != nil
    {
      throw NetworkError(
        field: "populations[\(index)]", found: "competition, homeostasis or classes",
        expected: "neurons on their own, one for each class at the output",
        cure: "let the network learn on a chip")
    }
    steps = network.steps
    encoder = SampleEncoder(network)
    sampleSize = network.sampleSize
    inputSize = network.populations.first { $0.model == .input }?.size ?? 0
    layers = []
    for projection in try Self.chain(of: network) {
      layers.append(try ChainLayer(network, projection: projection))
    }
    let neurons = layers.reduce(0) { $0 + $1.size }
    guard neurons * steps <= Self.potentialsMax else {
      throw NetworkError(
        field: "steps", found: "\(steps) of \(neurons) neurons",
        expected: "at most \(Self.potentialsMax) potentials for a sample",
        cure: "show samples for fewer steps")
    }
  }

  /// Writes the weights into the description that the chain was made from.
  package func write(into network: inout SpikingNetwork) {
    for layer in layers {
      precondition(
        network.projections[layer.projection].weights.count == layer.weights.count,
        "projection \(layer.projection) has another shape than the layer made from it")
      network.projections[layer.projection].weights = layer.describedWeights
    }
  }

  /// A weight by its layer, source and target.
  package subscript(layer: Int, source: Int, target: Int) -> Scalar {
    get { layers[layer].weights[source * layers[layer].size + target] }
    set { layers[layer].weights[source * layers[layer].size + target] = newValue }
  }

  /// Indices of the projections in the order in which spikes pass them.
  private static func chain(of network: SpikingNetwork) throws(NetworkError) -> [Int] {
    var order: [Int] = []
    var current = network.populations.first { $0.model == .input }?.name ?? ""
    while true {
      let next = network.projections.indices.filter { network.projections[$0].source == current }
      guard let only = next.first else { break }
      let target = network.projections[only].target
      let feeding = network.projections.count { $0.target == target }
      guard next.count == 1, feeding == 1 else {
        throw NetworkError(
          field: "projections[\(only)]",
          found: "one of \(next.count) from `\(current)` and of \(feeding) to `\(target)`",
          expected: "the only one from its source and to its target",
          cure: "train a plain chain of populations")
      }
      order.append(only)
      current = target
    }
    guard order.count == network.projections.count else {
      throw NetworkError(
        field: "projections", found: "\(network.projections.count - order.count) off the chain",
        expected: "one chain from the input to the output",
        cure: "remove the projections that no input spike reaches")
    }
    return order
  }
}
