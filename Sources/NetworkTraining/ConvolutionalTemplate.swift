package import SpikingNetwork

/// The shape of a convolutional classifier: a plane as input, LIF populations behind convolutions,
/// a leaky-integrator output.
///
/// The first convolution sees the input as it is; each later projection sees sums over windows.
/// Padding keeps the size of a plane, so only windows make planes smaller.
package struct ConvolutionalTemplate: Codable, Sendable, Equatable {
  /// Name of the network.
  package var name: String
  /// Plane of the sensor.
  package var input: FeatureShape
  /// Channels of each hidden population, from the input on.
  package var channels: [Int]
  /// Side of all kernels, an odd number.
  package var kernel: Int
  /// Side of the windows over which the spikes of a hidden population are summed.
  package var pooling: Int
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
  /// Standard deviation of the weights into each hidden population before training.
  package var deviations: [Double]
  /// Standard deviation of the weights into the output before training.
  package var outputDeviation: Double
  /// Decides the input spikes of each sample.
  package var encoderSeed: UInt64
  /// Decides the weights before training.
  package var weightSeed: UInt64

  /// 28x28x1 to 28x28x16 to 14x14x32 to 10, kernels of 3 and windows of 2, unless told otherwise.
  ///
  /// The deviations let about one hidden neuron in twenty spike in a step at a digit.
  package init(
    name: String = "digits-convolutional",
    input: FeatureShape = FeatureShape(height: 28, width: 28, channels: 1),
    channels: [Int] = [16, 32], kernel: Int = 3, pooling: Int = 2, classes: Int = 10,
    steps: Int = 10, timeStep: Double = 0.001, membraneDecay: Double = 0.9,
    outputDecay: Double = 0.9, threshold: Double = 1, deviations: [Double] = [0.3, 0.045],
    outputDeviation: Double = 0.05, encoderSeed: UInt64 = 1, weightSeed: UInt64 = 1
  ) {
    self.name = name
    self.input = input
    self.channels = channels
    self.kernel = kernel
    self.pooling = pooling
    self.classes = classes
    self.steps = steps
    self.timeStep = timeStep
    self.membraneDecay = membraneDecay
    self.outputDecay = outputDecay
    self.threshold = threshold
    self.deviations = deviations
    self.outputDeviation = outputDeviation
    self.encoderSeed = encoderSeed
    self.weightSeed = weightSeed
  }

  /// The network before training; its populations are `input`, `hidden1`, `hidden2` and so on, and
  /// `output`.
  package func network() throws(NetworkError) -> SpikingNetwork {
    try check()
    let lif = LIFParameters(
      tauMem: NaturalExponential.timeConstant(decay: membraneDecay, timeStep: timeStep),
      vThreshold: threshold)
    var populations = [Population(name: "input", shape: input, model: .input)]
    var projections: [Projection] = []
    var plane = input
    for (index, count) in channels.enumerated() {
      let weights = InitialWeights.normal(
        count: count * plane.channels * kernel * kernel, standardDeviation: deviations[index],
        seed: weightSeed, stream: UInt64(index))
      let name = "hidden\(index + 1)"
      projections.append(
        Projection(
          source: populations[index].name, target: name,
          connectivity: .convolution(
            Convolution(
              kernelHeight: kernel, kernelWidth: kernel, padding: kernel / 2, weights: weights)),
          pooling: index == 0 ? 1 : pooling))
      plane.channels = count
      populations.append(Population(name: name, shape: plane, model: .lif(lif)))
      plane = plane.pooled(by: pooling)
    }
    let weights = InitialWeights.normal(
      count: plane.size * classes, standardDeviation: outputDeviation, seed: weightSeed,
      stream: UInt64(channels.count))
    projections.append(
      Projection(
        source: populations[channels.count].name, target: "output",
        connectivity: .dense(weights: weights), pooling: pooling))
    let output = LeakyIntegratorParameters(
      tauMem: NaturalExponential.timeConstant(decay: outputDecay, timeStep: timeStep))
    populations.append(
      Population(name: "output", size: classes, model: .leakyIntegrator(output)))
    let network = SpikingNetwork(
      name: name, timeStep: timeStep, steps: steps, encoder: .bernoulli(seed: encoderSeed),
      populations: populations, projections: projections)
    try network.validate()
    return network
  }

  // Weights are drawn before the network is judged, so what decides their number is judged here.
  private func check() throws(NetworkError) {
    let sides = 1...1024
    try TemplateField.require(input.height, in: sides, "input.height")
    try TemplateField.require(input.width, in: sides, "input.width")
    try TemplateField.require(input.channels, in: sides, "input.channels")
    try TemplateField.require(channels.count, in: 1...16, "channels")
    for count in channels { try TemplateField.require(count, in: sides, "channels") }
    try TemplateField.require(kernel, in: 1...31, "kernel")
    try TemplateField.require(classes, in: sides, "classes")
    guard kernel % 2 == 1 else {
      throw NetworkError(
        field: "template.kernel", found: "\(kernel)", expected: "an odd number",
        cure: "choose a kernel with a middle")
    }
    guard deviations.count == channels.count else {
      throw NetworkError(
        field: "template.deviations", found: "\(deviations.count)", expected: "\(channels.count)",
        cure: "give one standard deviation for each hidden population")
    }
    var side = min(input.height, input.width)
    for _ in channels {
      try TemplateField.require(pooling, in: 1...side, "pooling")
      side /= pooling
    }
    try TemplateField.require(decay: membraneDecay, "membraneDecay")
    try TemplateField.require(decay: outputDecay, "outputDecay")
  }
}
