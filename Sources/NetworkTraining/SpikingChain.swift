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
  /// Turns a sample into input spikes.
  let encoder: BernoulliEncoder
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
    steps = network.steps
    switch network.encoder {
    case .bernoulli(let seed): encoder = BernoulliEncoder(seed: seed)
    }
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
      for target in 0..<layer.size {
        for source in 0..<layer.sourceSize {
          network.projections[layer.projection].weights[target * layer.sourceSize + source] =
            Float(layer.weights[source * layer.size + target])
        }
      }
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

/// One population of a chain and the projection that feeds it.
struct ChainLayer<Scalar: BinaryFloatingPoint & Sendable>: Sendable {
  /// Index of the projection in the description.
  let projection: Int
  let sourceSize: Int
  let size: Int
  /// Row-major `[source][target]`, so that one source's spike adds one contiguous row.
  var weights: [Scalar]
  /// `v[t] = decay * v[t-1] + bias + gain * input`.
  let decay: Scalar
  let bias: Scalar
  let gain: Scalar
  /// Potential before the first step.
  let rest: Scalar
  /// Nil for the output.
  let firing: Firing?

  struct Firing: Sendable {
    let threshold: Scalar
    let reset: ResetMode
    let resetPotential: Scalar
  }

  init(_ network: SpikingNetwork, projection index: Int) throws(NetworkError) {
    let projection = network.projections[index]
    guard let source = network.population(named: projection.source),
      let place = network.populations.firstIndex(where: { $0.name == projection.target })
    else { preconditionFailure("projection \(index) of a sound network has no ends") }
    let target = network.populations[place]
    self.projection = index
    sourceSize = source.size
    size = target.size
    let isLast = !network.projections.contains { $0.source == target.name }
    let vLeak: Double
    switch target.model {
    case .lif(let lif) where !isLast:
      guard lif.refractory == 0 else {
        throw NetworkError(
          field: "populations[\(place)].refractory", found: "\(lif.refractory)", expected: "0",
          cure: "train without refractoriness, no gradient passes through it")
      }
      decay = Scalar(lif.decay(timeStep: network.timeStep))
      gain = Scalar(lif.r)
      vLeak = lif.vLeak
      firing = Firing(
        threshold: Scalar(lif.vThreshold), reset: lif.reset, resetPotential: Scalar(lif.vReset))
    case .leakyIntegrator(let integrator) where isLast:
      decay = Scalar(integrator.decay(timeStep: network.timeStep))
      gain = Scalar(integrator.r)
      vLeak = integrator.vLeak
      firing = nil
    case .input, .lif, .leakyIntegrator:
      throw NetworkError(
        field: "populations[\(place)].model", found: isLast ? "spiking" : "not spiking",
        expected: isLast ? "a leaky integrator at the end" : "LIF before the end",
        cure: "end the chain with its only leaky integrator, one neuron for each class")
    }
    rest = Scalar(vLeak)
    bias = (1 - decay) * rest
    weights = [Scalar](repeating: 0, count: sourceSize * size)
    for j in 0..<size {
      for i in 0..<sourceSize {
        weights[i * size + j] = Scalar(projection.weights[j * sourceSize + i])
      }
    }
  }
}
