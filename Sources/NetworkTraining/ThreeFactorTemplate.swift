import SpikingNetwork

/// 784-128-10 that learns by one form or another of the three-factor rule.
///
/// Constants were chosen by what 10,000 training pictures that were held out say, see
/// docs/LEARNING.md.
enum ThreeFactorTemplate {
  /// The network of an example that learns by the three-factor rule.
  static func network(
    _ example: ExampleNetwork, _ encoderSeed: UInt64, _ weightSeed: UInt64
  ) throws(NetworkError) -> SpikingNetwork {
    var network = try NetworkTemplate(
      name: "digits-" + example.rawValue, membraneDecay: membraneDecay(example),
      encoderSeed: encoderSeed, weightSeed: weightSeed, plasticity: .threeFactor(hidden(example))
    ).network()
    if example == .epropALIF { adapt(&network) }
    network.projections[1].plasticity = .threeFactor(hidden(example).ofReadout)
    try network.validate()
    return network
  }

  private static func membraneDecay(_ example: ExampleNetwork) -> Double {
    example == .stllr ? 0.88 : 0.9
  }

  /// The rule of the projection into the hidden population.
  private static func hidden(_ example: ExampleNetwork) -> ThreeFactorRule {
    switch example {
    case .epropRandom:
      ThreeFactorRule(
        learningRate: 0.0015, feedback: .random, feedbackScale: 0.2, rate: pull(0.03))
    case .epropAdaptive:
      ThreeFactorRule(
        learningRate: 0.0015, feedback: .adaptive, feedbackScale: 0.1, rate: pull(0.02),
        weightDecay: 3e-5)
    case .epropALIF: ThreeFactorRule(learningRate: 0.001, eligibility: .synapse)
    case .ottt: ThreeFactorRule(learningRate: 0.001, rate: pull(0.02), applied: .step)
    case .stllr:
      ThreeFactorRule(
        learningRate: 0.0007, preDecay: 0.75, postDecay: 0.2, aPost: 1, signalSteps: 5,
        postTrace: .before)
    case .decolle:
      ThreeFactorRule(
        learningRate: 0.0003, feedback: .local, feedbackScale: 1, rate: pull(0.1),
        secondPreDecay: 0.5)
    default: ThreeFactorRule(learningRate: 0.001)
    }
  }

  /// To a spike in ten steps, so that fewer spikes have to be paid for.
  private static func pull(_ strength: Double) -> ThreeFactorRule.RateRegulariser {
    ThreeFactorRule.RateRegulariser(target: 0.1, strength: strength)
  }

  private static func adapt(_ network: inout SpikingNetwork) {
    for index in network.populations.indices {
      guard case .lif(let lif) = network.populations[index].model else { continue }
      let tau = NaturalExponential.timeConstant(decay: 0.95, timeStep: network.timeStep)
      network.populations[index].model = .adaptiveLIF(
        AdaptiveLIFParameters(lif: lif, tauAdaptation: tau, beta: 0.1))
    }
  }
}
