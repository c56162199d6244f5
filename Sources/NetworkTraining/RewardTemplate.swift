import SpikingNetwork

/// A last layer that learns by reward which of its neurons is to fire first.
///
/// Neurons only count what comes, and the first that fires shuts out the others and itself, so
/// that its tags are those of the decision (Mozafari et al. 2019 decide so too). Constants were
/// chosen on training digits that neither features nor this layer learnt, see docs/LEARNING.md.
enum RewardTemplate {
  static func lastLayer(
    of features: FixedFeatures, classes: Int, seed: UInt64
  ) -> FixedFeatures.LastLayer {
    let lif = LIFParameters(
      tauMem: 1e6 * features.network.timeStep, vThreshold: 39.5, reset: .hard,
      refractory: 0.06)
    var output = Population(name: features.output, size: classes, model: .lif(lif))
    output.competition = WinnerTakeAll(inhibition: 10)
    let rule = ProgramRule(
      dw: "0.03*(r - 0.8927)*t*end", dt: "2^-4*x1*y0",
      traces: ["x1": TraceRule(tau: 0.0136)], weightMin: 0, weightMax: 0.99)
    let start = InitialWeights.uniform(
      count: features.source.size * classes, limit: 0.1, seed: seed, stream: 0)
    return FixedFeatures.LastLayer(
      population: output, weights: start.map { 0.52 + $0 }, rule: .program(rule))
  }
}
