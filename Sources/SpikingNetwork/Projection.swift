/// A dense connection from one population to another, with the rule that changes it, if any.
package struct Projection: Sendable, Equatable, Codable {
  /// Name of the population whose spikes are sent.
  package var source: String
  /// Name of the population that receives them.
  package var target: String
  /// Weights, row-major `[target][source]`: `weights[j * sourceSize + i]` leads from i to j.
  package var weights: [Float]
  /// How the weights learn on the chip; nil for fixed weights.
  package var plasticity: PlasticityRule?

  /// Connects two named populations.
  package init(
    source: String, target: String, weights: [Float], plasticity: PlasticityRule? = nil
  ) {
    self.source = source
    self.target = target
    self.weights = weights
    self.plasticity = plasticity
  }
}

/// How weights change on the chip.
package enum PlasticityRule: Sendable, Equatable, Codable {
  /// Learning signal times eligibility trace.
  case threeFactor(ThreeFactorRule)
  /// Spike-timing dependent plasticity of spike pairs, by traces.
  case pairSTDP(PairSTDPRule)
}

/// Online three-factor learning with one trace per neuron.
///
/// `dw = -rate * L * (aPre * psi * xbar + aPost * psibar * x)`, `xbar[t] = preDecay * xbar[t-1] +
/// x[t]`, `psibar[t] = postDecay * psibar[t-1] + psi[t]`, and
/// `psi = gamma * max(0, 1 - |v/theta - 1|)`.
/// With `aPost = 0` it is e-prop for LIF neurons (Bellec 2020) and OTTT (Xiao 2022), else S-TLLR.
package struct ThreeFactorRule: Sendable, Equatable, Codable {
  /// Where a hidden neuron's share of the error comes from.
  package enum Feedback: String, Sendable, Equatable, Codable {
    /// Along the readout's own weights, mirrored at the hidden cores.
    case symmetric
  }

  /// Step size in the units of the weights, for one sample.
  package var learningRate: Double
  /// Height of the pseudo-derivative.
  package var gamma: Double
  /// Decay of the presynaptic trace per step, 0 to 1.
  package var preDecay: Double
  /// Decay of the postsynaptic trace per step, 0 to 1.
  package var postDecay: Double
  /// Weight of the term that reads the presynaptic trace.
  package var aPre: Double
  /// Weight of the term that reads the postsynaptic trace.
  package var aPost: Double
  /// Where the error comes from.
  package var feedback: Feedback

  /// The e-prop form, unless told otherwise.
  package init(
    learningRate: Double, gamma: Double = 0.3, preDecay: Double = 0.9, postDecay: Double = 0,
    aPre: Double = 1, aPost: Double = 0, feedback: Feedback = .symmetric
  ) {
    self.learningRate = learningRate
    self.gamma = gamma
    self.preDecay = preDecay
    self.postDecay = postDecay
    self.aPre = aPre
    self.aPost = aPost
    self.feedback = feedback
  }
}

/// Pair STDP by traces: a presynaptic spike depresses by the postsynaptic trace, a postsynaptic
/// spike potentiates by the presynaptic trace.
package struct PairSTDPRule: Sendable, Equatable, Codable {
  /// Potentiation at a postsynaptic spike, times the presynaptic trace.
  package var aPlus: Double
  /// Depression at a presynaptic spike, times the postsynaptic trace.
  package var aMinus: Double
  /// Time constant of the presynaptic trace in seconds.
  package var tauPre: Double
  /// Time constant of the postsynaptic trace in seconds.
  package var tauPost: Double
  /// Smallest weight.
  package var weightMin: Double
  /// Largest weight.
  package var weightMax: Double

  /// Traces of 20 ms and weights in 0 to 1, unless told otherwise.
  package init(
    aPlus: Double, aMinus: Double, tauPre: Double = 0.02, tauPost: Double = 0.02,
    weightMin: Double = 0, weightMax: Double = 1
  ) {
    self.aPlus = aPlus
    self.aMinus = aMinus
    self.tauPre = tauPre
    self.tauPost = tauPost
    self.weightMin = weightMin
    self.weightMax = weightMax
  }
}
