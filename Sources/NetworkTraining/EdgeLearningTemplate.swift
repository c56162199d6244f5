import SpikingNetwork

/// Classifiers whose last layer learns by weights of one bit, behind features that are fixed.
enum EdgeLearningTemplate {
  /// Neurons of each class, their weights of 1, and the rule's constants: chosen on 10,000 training
  /// digits that were held out, see docs/LEARNING.md.
  private static let rule = EdgeLearningRule(
    neuronsPerClass: 50, connectedInputs: 128, initialPlasticity: 0.3, plasticityDecay: 0.03,
    minPlasticity: 0.01, learningCompetition: 0.02, activeSpikes: 5)

  /// What takes the place of the output of trained features.
  static func lastLayer(
    of features: FixedFeatures, classes: Int, seed: UInt64
  ) -> FixedFeatures.LastLayer {
    var rule = rule
    rule.connectedInputs = min(rule.connectedInputs, max(1, features.source.size / 4))
    rule.activeSpikes = min(rule.activeSpikes, features.network.steps)
    let neurons = classes * rule.neuronsPerClass
    // Nothing is left of a potential after a step: its sum over the steps is the overlap.
    let tauMem = features.network.timeStep / 16
    return FixedFeatures.LastLayer(
      population: Population(
        name: features.output, size: neurons,
        model: .leakyIntegrator(LeakyIntegratorParameters(tauMem: tauMem))),
      weights: rule.freeWeights(
        sources: features.source.size, neurons: neurons, seed: seed,
        stream: UInt64(features.feeding)),
      rule: .edgeLearning(rule))
  }
}
