package import SpikingNetwork

/// The shape of a classifier of dense projections: input, LIF populations, leaky-integrator output.
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
  /// What a hidden neuron does after a spike.
  package var reset: ResetMode
  /// Standard deviation of the weights into hidden populations before training.
  package var hiddenDeviation: Double
  /// Standard deviation of the weights into the output before training.
  package var outputDeviation: Double
  /// Standard deviation of the weights by which each hidden population feeds itself, one step late;
  /// nil for a network that feeds forward only.
  package var recurrentDeviation: Double?
  /// Decides the input spikes of each sample.
  package var encoderSeed: UInt64
  /// Decides the weights before training.
  package var weightSeed: UInt64
  /// How finely all weights are kept on the chip; binary ones are drawn with one magnitude for each
  /// projection.
  package var precision: WeightPrecision
  /// How all weights learn on the chip; nil for a network that does not.
  package var plasticity: PlasticityRule?
  /// How the weights into the output learn on the chip; nil for as all others do.
  package var outputPlasticity: PlasticityRule?

  /// The digits network, 784-128-10 over 10 steps, unless told otherwise.
  package init(
    name: String = "digits", inputs: Int = 784, hidden: [Int] = [128], classes: Int = 10,
    steps: Int = 10, timeStep: Double = 0.001, membraneDecay: Double = 0.9,
    outputDecay: Double = 0.9, threshold: Double = 1, reset: ResetMode = .soft,
    hiddenDeviation: Double = 0.05, outputDeviation: Double = 0.05,
    recurrentDeviation: Double? = nil, encoderSeed: UInt64 = 1,
    weightSeed: UInt64 = 1, precision: WeightPrecision = .int8,
    plasticity: PlasticityRule? = .threeFactor(ThreeFactorRule(learningRate: 0.001)),
    outputPlasticity: PlasticityRule? = nil
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
    self.reset = reset
    self.hiddenDeviation = hiddenDeviation
    self.outputDeviation = outputDeviation
    self.recurrentDeviation = recurrentDeviation
    self.encoderSeed = encoderSeed
    self.weightSeed = weightSeed
    self.precision = precision
    self.plasticity = plasticity
    self.outputPlasticity = outputPlasticity
  }

  /// The network before training.
  ///
  /// Its populations are `input`, `hidden` (or `hidden1`, `hidden2` and so on) and `output`.
  package func network() throws(NetworkError) -> SpikingNetwork {
    // Weights are drawn before the network is judged, so sizes are judged here.
    let sizes = 1...16_384
    try TemplateField.require(inputs, in: sizes, "inputs")
    for size in hidden { try TemplateField.require(size, in: sizes, "hidden") }
    try TemplateField.require(classes, in: sizes, "classes")
    try TemplateField.require(decay: membraneDecay, "membraneDecay")
    try TemplateField.require(decay: outputDecay, "outputDecay")
    var populations = [Population(name: "input", size: inputs, model: .input)]
    let lif = LIFParameters(
      tauMem: NaturalExponential.timeConstant(decay: membraneDecay, timeStep: timeStep),
      vThreshold: threshold, reset: reset)
    for (index, size) in hidden.enumerated() {
      let name = hidden.count == 1 ? "hidden" : "hidden\(index + 1)"
      populations.append(Population(name: name, size: size, model: .lif(lif)))
    }
    let output = LeakyIntegratorParameters(
      tauMem: NaturalExponential.timeConstant(decay: outputDecay, timeStep: timeStep))
    populations.append(
      Population(name: "output", size: classes, model: .leakyIntegrator(output)))
    var projections: [Projection] = []
    for (index, pair) in zip(populations, populations.dropFirst()).enumerated() {
      projections.append(
        projection(
          from: pair.0, to: pair.1, stream: UInt64(index),
          deviation: index == hidden.count ? outputDeviation : hiddenDeviation))
    }
    if let outputPlasticity { projections[hidden.count].plasticity = outputPlasticity }
    if let recurrentDeviation {
      for (index, population) in populations.dropFirst().dropLast().enumerated() {
        var loop = projection(
          from: population, to: population, stream: UInt64(populations.count + index),
          deviation: recurrentDeviation)
        loop.delay = 1
        projections.append(loop)
      }
    }
    let network = SpikingNetwork(
      name: name, timeStep: timeStep, steps: steps, encoder: .bernoulli(seed: encoderSeed),
      populations: populations, projections: projections)
    try network.validate()
    return network
  }

  private func projection(
    from source: Population, to target: Population, stream: UInt64, deviation: Double
  ) -> Projection {
    var weights = InitialWeights.normal(
      count: source.size * target.size, standardDeviation: deviation, seed: weightSeed,
      stream: stream)
    if precision == .binary { LatentWeights(weights).binarise(into: &weights) }
    return Projection(
      source: source.name, target: target.name, connectivity: .dense(weights: weights),
      precision: precision, plasticity: plasticity)
  }
}
