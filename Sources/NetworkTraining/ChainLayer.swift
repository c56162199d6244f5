import SpikingNetwork

/// One population of a chain and the projection that feeds it.
struct ChainLayer<Scalar: BinaryFloatingPoint & Sendable>: Sendable {
  /// Index of the projection in the description.
  let projection: Int
  let sourceSize: Int
  let size: Int
  /// Row-major `[source][target]`, so that one source's spike adds one contiguous row.
  var weights: [Scalar]
  /// What training moves where weights take two values only, nil elsewhere.
  var latent: LatentWeights<Scalar>?
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
    let described = try Self.denseWeights(projection, at: "projections[\(index)]")
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
    case .leakyIntegrator(let integrator) where isLast && integrator.tauSyn == nil:
      decay = Scalar(integrator.decay(timeStep: network.timeStep))
      gain = Scalar(integrator.r)
      vLeak = integrator.vLeak
      firing = nil
    case .input, .lif, .cubaLIF, .integrateAndFire, .adaptiveLIF, .leakyIntegrator:
      throw NetworkError(
        field: "populations[\(place)].model",
        found: target.model.words + (isLast ? " at the end" : " before the end"),
        expected: isLast ? "a leaky integrator without a current" : "LIF",
        cure: "train a chain of LIF that ends with its only leaky integrator")
    }
    rest = Scalar(vLeak)
    bias = (1 - decay) * rest
    weights = [Scalar](repeating: 0, count: sourceSize * size)
    for j in 0..<size {
      for i in 0..<sourceSize {
        weights[i * size + j] = Scalar(described[j * sourceSize + i])
      }
    }
    if projection.precision == .binary {
      latent = LatentWeights(weights)
      latent?.binarise(into: &weights)
    }
  }

  /// Weights row-major `[target][source]`, as a description has them.
  var describedWeights: [Float] {
    var described: [Float] = []
    described.reserveCapacity(weights.count)
    for target in 0..<size {
      for source in 0..<sourceSize { described.append(Float(weights[source * size + target])) }
    }
    return described
  }

  private static func denseWeights(
    _ projection: Projection, at field: String
  ) throws(NetworkError) -> [Float] {
    guard case .dense(let weights) = projection.connectivity else {
      throw NetworkError(
        field: field + ".connectivity", found: "not dense", expected: "dense",
        cure: "train dense projections only")
    }
    guard projection.pooling == 1 else {
      throw NetworkError(
        field: field + ".pooling", found: "\(projection.pooling)", expected: "1",
        cure: "train without pooling")
    }
    guard projection.delay == 0 else {
      throw NetworkError(
        field: field + ".delay", found: "\(projection.delay)", expected: "0",
        cure: "train without delays")
    }
    return weights
  }
}

extension NeuronModel {
  /// The model in the words of a message.
  fileprivate var words: String {
    switch self {
    case .input: "the input"
    case .lif: "LIF"
    case .cubaLIF: "current-based LIF"
    case .integrateAndFire: "integrate-and-fire"
    case .adaptiveLIF: "adaptive LIF"
    case .leakyIntegrator(let integrator):
      integrator.tauSyn == nil ? "a leaky integrator" : "a leaky integrator with a current"
    }
  }
}
