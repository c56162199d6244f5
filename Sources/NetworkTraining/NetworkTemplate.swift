package import SpikingNetwork

/// The shape of a feed-forward classifier: input, LIF populations, leaky-integrator output.
package struct NetworkTemplate: Codable, Sendable, Equatable {
  /// Name of the network.
  package var name: String
  /// Channels of the sensor.
  package var inputs: Int
  /// Neurons of each hidden population, from the input on.
  package var hidden: [Int]
  /// Classes to tell apart.
  package var classes: Int
  /// Steps for which one sample is shown.
  package var steps: Int
  /// Length of a step in seconds.
  package var timeStep: Double
  /// lambda: what is left of a hidden potential after one step, 0 to 1 exclusive.
  package var membraneDecay: Double
  /// kappa: what is left of an output potential after one step, 0 to 1 exclusive.
  package var outputDecay: Double
  /// Firing threshold of hidden neurons.
  package var threshold: Double
  /// Standard deviation of the weights into hidden populations before training.
  package var hiddenDeviation: Double
  /// Standard deviation of the weights into the output before training.
  package var outputDeviation: Double
  /// Decides the input spikes of each sample.
  package var encoderSeed: UInt64
  /// Decides the weights before training.
  package var weightSeed: UInt64
  /// How all weights learn on the chip; nil for a network that does not.
  package var plasticity: PlasticityRule?

  /// The digits network, 784-128-10 over 10 steps, unless told otherwise.
  package init(
    name: String = "digits", inputs: Int = 784, hidden: [Int] = [128], classes: Int = 10,
    steps: Int = 10, timeStep: Double = 0.001, membraneDecay: Double = 0.9,
    outputDecay: Double = 0.9, threshold: Double = 1, hiddenDeviation: Double = 0.05,
    outputDeviation: Double = 0.05, encoderSeed: UInt64 = 1, weightSeed: UInt64 = 1,
    plasticity: PlasticityRule? = .threeFactor(ThreeFactorRule(learningRate: 0.001))
  ) {
    self.name = name
    self.inputs = inputs
    self.hidden = hidden
    self.classes = classes
    self.steps = steps
    self.timeStep = timeStep
    self.membraneDecay = membraneDecay
    self.outputDecay = outputDecay
    self.threshold = threshold
    self.hiddenDeviation = hiddenDeviation
    self.outputDeviation = outputDeviation
    self.encoderSeed = encoderSeed
    self.weightSeed = weightSeed
    self.plasticity = plasticity
  }

  /// The network before training.
  ///
  /// Its populations are `input`, `hidden` (or `hidden1`, `hidden2` and so on) and `output`.
  package func network() throws(NetworkError) -> SpikingNetwork {
    try require(inputs, "inputs")
    for size in hidden { try require(size, "hidden") }
    try require(classes, "classes")
    try require(decay: membraneDecay, "membraneDecay")
    try require(decay: outputDecay, "outputDecay")
    var populations = [Population(name: "input", size: inputs, model: .input)]
    let lif = LIFParameters(
      tauMem: NaturalExponential.timeConstant(decay: membraneDecay, timeStep: timeStep),
      vThreshold: threshold)
    for (index, size) in hidden.enumerated() {
      let name = hidden.count == 1 ? "hidden" : "hidden\(index + 1)"
      populations.append(Population(name: name, size: size, model: .lif(lif)))
    }
    let output = LeakyIntegratorParameters(
      tauMem: NaturalExponential.timeConstant(decay: outputDecay, timeStep: timeStep))
    populations.append(
      Population(name: "output", size: classes, model: .leakyIntegrator(output)))
    let projections = zip(populations, populations.dropFirst()).enumerated().map { index, pair in
      Projection(
        source: pair.0.name, target: pair.1.name,
        weights: InitialWeights.normal(
          count: pair.0.size * pair.1.size,
          standardDeviation: index == hidden.count ? outputDeviation : hiddenDeviation,
          seed: weightSeed, stream: UInt64(index)),
        plasticity: plasticity)
    }
    let network = SpikingNetwork(
      name: name, timeStep: timeStep, steps: steps, encoder: .bernoulli(seed: encoderSeed),
      populations: populations, projections: projections)
    try network.validate()
    return network
  }

  // Weights are drawn before the network is judged, so sizes are judged here.
  private func require(_ size: Int, _ field: String) throws(NetworkError) {
    guard (1...16_384).contains(size) else {
      throw NetworkError(
        field: "template.\(field)", found: "\(size)", expected: "1 to 16384",
        cure: "describe a larger network by hand")
    }
  }

  private func require(decay: Double, _ field: String) throws(NetworkError) {
    guard decay > 0, decay < 1 else {
      throw NetworkError(
        field: "template.\(field)", found: "\(decay)", expected: "above 0 and below 1",
        cure: "set the part of a potential that is left after one step, 0.9 for instance")
    }
  }
}
