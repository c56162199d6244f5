/// Online three-factor learning: learning signal times eligibility trace.
///
/// `dw = -rate * L * (aPre * psi * xbar + aPost * psibar * x)`, `xbar[t] = preDecay * xbar[t-1] +
/// x[t]`, `psibar[t] = postDecay * psibar[t-1] + psi[t]`, and
/// `psi = gamma * max(0, 1 - |v/theta - 1|)`.
/// With `aPost = 0` it is e-prop for LIF neurons (Bellec 2020) and OTTT (Xiao 2022), with it
/// S-TLLR, with `secondPreDecay` and local feedback DECOLLE. What stands for a whole population,
/// its signal, is the same in all rules of the projections into it.
package struct ThreeFactorRule: Sendable, Equatable, Codable {
  /// Where a hidden neuron's share of the error comes from.
  package enum Feedback: String, Sendable, Equatable, Codable, CaseIterable {
    /// Along the readout's own weights, mirrored at the hidden cores.
    case symmetric
    /// Along fixed random weights, for every population that learns (direct feedback alignment).
    case random
    /// Along random weights that take the changes of the readout's, both decaying (Kolen, Pollack).
    case adaptive
    /// From a fixed random readout of the population's own, without messages between populations.
    case local
  }

  /// When changes are made.
  package enum Application: String, Sendable, Equatable, Codable, CaseIterable {
    /// Once, at a sample's end.
    case sample
    /// At the end of each step (OTTT's online form).
    case step
  }

  /// What a presynaptic spike meets of the postsynaptic trace.
  package enum TraceReading: String, Sendable, Equatable, Codable, CaseIterable {
    /// The trace of the steps before.
    case before
    /// The same with this step's pseudo-derivative.
    case after
  }

  /// Where the eligibility of a change is kept.
  package enum Eligibility: String, Sendable, Equatable, Codable, CaseIterable {
    /// In traces of neurons, whatever the threshold does.
    case neuron
    /// In a trace of each synapse as well, which follows an adaptive threshold.
    case synapse
  }

  /// A pull of each neuron's rate to a target.
  package struct RateRegulariser: Sendable, Equatable, Codable {
    /// Spikes a step that are wanted, 0 to 1.
    package var target: Double
    /// What a neuron that is off by one spike a step adds to its error, 0 to 1000.
    package var strength: Double

    /// A pull to so many spikes a step.
    package init(target: Double, strength: Double) {
      self.target = target
      self.strength = strength
    }
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
  /// Random weights of the feedback lie evenly within plus and minus it; nil for 0.5.
  package var feedbackScale: Double?
  /// Decides the random weights of the feedback; nil for 1.
  package var feedbackSeed: UInt64?
  /// Decay of the potentials of a local readout per step, 0 to 1; nil for 0.9.
  package var localDecay: Double?
  /// Errors count in so many last steps of a sample only; nil for all.
  package var signalSteps: Int?
  /// A pull of the population's rates to a target, if any.
  package var rate: RateRegulariser?
  /// When changes are made; nil for a sample's end.
  package var applied: Application?
  /// What a spike meets of the postsynaptic trace; nil for `after`.
  package var postTrace: TraceReading?
  /// Decay of a second filter of the presynaptic trace, 0 to 1; nil without one.
  package var secondPreDecay: Double?
  /// Part of a weight that each of its changes takes off, 0 to 0.25; nil for nothing.
  package var weightDecay: Double?
  /// Where eligibility is kept; nil for the traces of neurons.
  package var eligibility: Eligibility?

  /// The e-prop form, unless told otherwise.
  package init(
    learningRate: Double, gamma: Double = 0.3, preDecay: Double = 0.9, postDecay: Double = 0,
    aPre: Double = 1, aPost: Double = 0, feedback: Feedback = .symmetric,
    feedbackScale: Double? = nil, localDecay: Double? = nil, signalSteps: Int? = nil,
    rate: RateRegulariser? = nil, applied: Application? = nil, postTrace: TraceReading? = nil,
    secondPreDecay: Double? = nil, weightDecay: Double? = nil, eligibility: Eligibility? = nil
  ) {
    self.learningRate = learningRate
    self.gamma = gamma
    self.preDecay = preDecay
    self.postDecay = postDecay
    self.aPre = aPre
    self.aPost = aPost
    self.feedback = feedback
    self.feedbackScale = feedbackScale
    self.localDecay = localDecay
    self.signalSteps = signalSteps
    self.rate = rate
    self.applied = applied
    self.postTrace = postTrace
    self.secondPreDecay = secondPreDecay
    self.weightDecay = weightDecay
    self.eligibility = eligibility
  }
  /// The same rule for weights into the readout, without what only spiking neurons have.
  package var ofReadout: ThreeFactorRule {
    var rule = self
    rule.eligibility = nil
    rule.rate = nil
    rule.feedback = .symmetric
    rule.feedbackScale = nil
    rule.feedbackSeed = nil
    rule.localDecay = nil
    return rule
  }
}
