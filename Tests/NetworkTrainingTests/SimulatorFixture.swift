import SpikingNetwork

/// Networks of an input and few neurons whose spikes can be worked out by hand.
enum SimulatorFixture {
  /// The time constant that halves a state in a step of 1 ms.
  static let half = NaturalExponential.timeConstant(decay: 0.5, timeStep: 0.001)

  /// A network of 1 ms steps; the encoder does not matter where spikes are given.
  static func network(
    steps: Int, _ populations: [Population], _ projections: [Projection]
  ) -> SpikingNetwork {
    SpikingNetwork(
      name: "by-hand", timeStep: 0.001, steps: steps, encoder: .bernoulli(seed: 1),
      populations: populations, projections: projections)
  }

  /// One channel that feeds one neuron by `weight`.
  static func neuron(
    _ model: NeuronModel, steps: Int, weight: Float, delay: Int = 0
  ) -> SpikingNetwork {
    network(
      steps: steps,
      [
        Population(name: "input", size: 1, model: .input),
        Population(name: "neuron", size: 1, model: model),
      ],
      [
        Projection(
          source: "input", target: "neuron", connectivity: .dense(weights: [weight]),
          delay: delay)
      ])
  }

  /// One channel that spikes in the given steps.
  static func channel(_ spikes: Set<Int>, steps: Int) -> SpikeTrains {
    SpikeTrains(sources: 1, steps: (0..<steps).map { spikes.contains($0) ? [0] : [] })
  }

  /// Integrate-and-fire neurons that fire in the step in which a weight above 1 reaches them.
  static let relay = NeuronModel.integrateAndFire(IFParameters(reset: .hard))

  /// Integrators without memory: their scores are the weights that arrive.
  static let adder = NeuronModel.leakyIntegrator(LeakyIntegratorParameters(tauMem: 1e-6))
}
