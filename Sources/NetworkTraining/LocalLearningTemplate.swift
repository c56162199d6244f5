import SpikingNetwork

/// Classifiers of one layer that learns by a local rule, each neuron being a class's.
///
/// Their constants were found by trying some hundred sets; docs/ACCURACY.md says on which pictures.
enum LocalLearningTemplate {
  /// 256-10 for pictures of 16x16 on a chip with 4-bit weights from 0 up, one neuron firing a step.
  static func sdsp(_ encoderSeed: UInt64, _ weightSeed: UInt64) throws(NetworkError)
    -> SpikingNetwork
  {
    let rule = SDSPRule(
      potentialThreshold: 0, activityMin: 1, activityMaxUp: 4, activityMaxDown: 5,
      activityLeakSteps: 6, probability: 0.1774, weightMin: 0, weightMax: 1.5,
      teacher: TeacherSignal(excitation: 1.663, inhibition: 0, onMistakes: true))
    var network = try network(
      "digits-sdsp", inputs: 256, steps: 17, threshold: 8.8875, decay: 0.9893, reset: .soft,
      encoderSeed, weightSeed, weight: 0, deviation: 0.075, rule: .sdsp(rule))
    network.encoder = .latency
    network.populations[1].competition = WinnerTakeAll(inhibition: 0.9)
    try network.validate()
    return network
  }

  /// 512-10, on and off channels of pictures of 16x16, with weights of 8 bits from 0 up.
  static func stdp(_ encoderSeed: UInt64, _ weightSeed: UInt64) throws(NetworkError)
    -> SpikingNetwork
  {
    let rule = PairSTDPRule(
      aPlus: 4.5e-4, aMinus: 1e-6, tauPre: 0.00074, weightMin: 0, weightMax: 1, preTarget: 0.0568,
      teacher: TeacherSignal(excitation: 1.75, inhibition: 3.79))
    return try network(
      "digits-stdp", inputs: 512, steps: 80, threshold: 31.9, decay: 0.9788, reset: .soft,
      encoderSeed, weightSeed, weight: 0.398, deviation: 0.02, rule: .pairSTDP(rule))
  }

  /// Diehl and Cook's network in its cheaper form: no inhibitory population, one winner a step.
  ///
  /// Potentials are in millivolts above rest. Pictures are to spike at up to 128 Hz.
  static func winnerTakeAll(
    neurons: Int, _ encoderSeed: UInt64, _ weightSeed: UInt64
  ) throws(NetworkError) -> SpikingNetwork {
    let lif = LIFParameters(
      tauMem: 0.1, vThreshold: 13, vReset: 5, reset: .hard, refractory: 0.005)
    var output = Population(name: "output", size: neurons, model: .lif(lif))
    output.competition = WinnerTakeAll(inhibition: neurons > 100 ? 6 : 9.2)
    output.homeostasis = Homeostasis(thetaPlus: neurons > 100 ? 0.07 : 0.05, tauTheta: 1e4)
    output.classes = 10
    // Just below 1: a unit of 1/128 then holds all weights in 8 bits.
    let rule = PairSTDPRule(aPlus: 0.003, aMinus: 1e-4, weightMin: 0, weightMax: 0.99)
    let network = SpikingNetwork(
      name: neurons == 100 ? "digits-wta-stdp" : "digits-wta-stdp-\(neurons)", timeStep: 0.001,
      steps: 100,
      encoder: .bernoulli(seed: encoderSeed),
      populations: [Population(name: "input", size: 784, model: .input), output],
      projections: [
        Projection(
          source: "input", target: "output",
          connectivity: .dense(
            weights: InitialWeights.uniform(
              count: 784 * neurons, limit: 0.3, seed: weightSeed, stream: 0)),
          plasticity: .pairSTDP(rule), normalisation: 65)
      ])
    try network.validate()
    return network
  }

  private static func network(
    _ name: String, inputs: Int, steps: Int, threshold: Double, decay: Double, reset: ResetMode,
    _ encoderSeed: UInt64, _ weightSeed: UInt64, weight: Float, deviation: Float,
    rule: PlasticityRule
  ) throws(NetworkError) -> SpikingNetwork {
    let timeStep = 0.001
    let lif = LIFParameters(
      tauMem: NaturalExponential.timeConstant(decay: decay, timeStep: timeStep),
      vThreshold: threshold, reset: reset)
    let weights = InitialWeights.normal(
      count: inputs * 10, standardDeviation: Double(deviation), seed: weightSeed, stream: 0
    ).map { min(1, max(0, weight + $0)) }
    let network = SpikingNetwork(
      name: name, timeStep: timeStep, steps: steps, encoder: .bernoulli(seed: encoderSeed),
      populations: [
        Population(name: "input", size: inputs, model: .input),
        Population(name: "output", size: 10, model: .lif(lif)),
      ],
      projections: [
        Projection(source: "input", target: "output", weights: weights, plasticity: rule)
      ])
    try network.validate()
    return network
  }
}
