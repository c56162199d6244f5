import SpikingNetwork

/// Classifiers of one layer that learns by a local rule, each neuron being a class's.
enum LocalLearningTemplate {
  /// 256-10 for pictures of 16x16 on a chip with 4-bit weights from 0 up and potentials of 8 bits.
  static func sdsp(_ encoderSeed: UInt64, _ weightSeed: UInt64) throws(NetworkError)
    -> SpikingNetwork
  {
    let rule = SDSPRule(
      potentialThreshold: 0.5, activityMin: 1, activityMaxUp: 8, activityMaxDown: 8,
      activityLeakSteps: 4, probability: 0.05, weightMin: 0, weightMax: 1,
      teacher: TeacherSignal(excitation: 1, inhibition: 0.5))
    return try network(
      "digits-sdsp", inputs: 256, steps: 20, threshold: 8, decay: 0.9, reset: .hard,
      encoderSeed, weightSeed, rule: .sdsp(rule))
  }

  /// 784-10 with weights of 8 bits from 0 up.
  static func stdp(_ encoderSeed: UInt64, _ weightSeed: UInt64) throws(NetworkError)
    -> SpikingNetwork
  {
    let rule = PairSTDPRule(
      aPlus: 0.01, aMinus: 0, tauPre: 0.01, weightMin: 0, weightMax: 1, preTarget: 0.5,
      teacher: TeacherSignal(excitation: 1.5, inhibition: 1.5))
    return try network(
      "digits-stdp", inputs: 784, steps: 20, threshold: 20, decay: 0.9, reset: .soft,
      encoderSeed, weightSeed, rule: .pairSTDP(rule))
  }

  private static func network(
    _ name: String, inputs: Int, steps: Int, threshold: Double, decay: Double, reset: ResetMode,
    _ encoderSeed: UInt64, _ weightSeed: UInt64, rule: PlasticityRule
  ) throws(NetworkError) -> SpikingNetwork {
    let timeStep = 0.001
    let lif = LIFParameters(
      tauMem: NaturalExponential.timeConstant(decay: decay, timeStep: timeStep),
      vThreshold: threshold, reset: reset)
    let weights = InitialWeights.normal(
      count: inputs * 10, standardDeviation: 0.1, seed: weightSeed, stream: 0
    ).map { min(1, max(0, 0.3 + $0)) }
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
