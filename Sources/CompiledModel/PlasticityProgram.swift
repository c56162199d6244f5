/// How a connection's weights learn on the chip, in integers; dense connections only.
package enum PlasticityProgram: Sendable, Equatable {
  /// Learning signal times traces, applied once at a sample's end.
  case threeFactor(ThreeFactorProgram)
  /// Sums of products over traces, a rule that is data; pair STDP is one.
  case program(LearningProgram)
  /// The target's potential and activity, applied at presynaptic spikes.
  case sdsp(SDSPProgram)
  /// Weights of one bit, moved by the neuron of a class that wins.
  case edge(EdgeLearningProgram)
}

/// Parameters of the three-factor kernel of one connection.
///
/// Per step: `signal1 = (L * psi * preFactor) >> signalShift`, `signal2 = (L * psibar * postFactor)
/// >> signalShift`, both rounded and clipped to `signalLimit`; the sum of a synapse rises by
/// `signal1[j] * (xbar[i] - q[i][j]) + signal2[j] * impulse * x[i]`. At the end, or in each step,
/// `w16 -= (((sum * gain) >> 16) + (w16 >> learningShift) * weightDecay + r) >> 16 <<
/// learningShift`, r uniform in 16 bits. `docs/CHIP.md` states it exactly.
package struct ThreeFactorProgram: Sendable, Equatable {
  /// Decay of the presynaptic trace, 0 to 4096.
  package var preDecay: Int32
  /// Decay of the trace of the pseudo-derivative, 0 to 4096.
  package var postDecay: Int32
  /// What a spike adds to a presynaptic trace.
  package var impulse: Int32
  /// Factor of the presynaptic term in 1/64.
  package var preFactor: Int32
  /// Factor of the postsynaptic term in 1/64.
  package var postFactor: Int32
  /// Shift of the product of signal and pseudo-derivative.
  package var signalShift: Int32
  /// Largest magnitude of a neuron's signal, so that sums fit 32 bits.
  package var signalLimit: Int32
  /// Learning steps for one unit of a sum, in 2^-32.
  package var gain: Int32
  /// Decay of a second filter of the presynaptic trace, 0 to 4096; 0 leaves the trace as it is.
  package var secondPreDecay: Int32
  /// 1 where presynaptic spikes meet the trace of the pseudo-derivative as the step before left it.
  package var readsTraceBefore: Int32
  /// 1 where weights change at the end of each step, 0 at that of the sample.
  package var isAppliedEachStep: Int32
  /// What a change takes off the weight, in 2^-16 of it, 0 to 16384.
  package var weightDecay: Int32
  /// How far a threshold's rise shares in the pseudo-derivative, in 1/4096; above 0, each synapse
  /// has an eligibility trace of its own.
  package var adaptationFactor: Int32

  /// Takes the parameters as they are.
  package init(
    preDecay: Int32, postDecay: Int32, impulse: Int32, preFactor: Int32, postFactor: Int32,
    signalShift: Int32, signalLimit: Int32, gain: Int32, secondPreDecay: Int32 = 0,
    readsTraceBefore: Int32 = 0, isAppliedEachStep: Int32 = 0, weightDecay: Int32 = 0,
    adaptationFactor: Int32 = 0
  ) {
    self.secondPreDecay = secondPreDecay
    self.readsTraceBefore = readsTraceBefore
    self.isAppliedEachStep = isAppliedEachStep
    self.weightDecay = weightDecay
    self.adaptationFactor = adaptationFactor
    self.preDecay = preDecay
    self.postDecay = postDecay
    self.impulse = impulse
    self.preFactor = preFactor
    self.postFactor = postFactor
    self.signalShift = signalShift
    self.signalLimit = signalLimit
    self.gain = gain
  }

  /// Largest value that a presynaptic trace can reach within so many steps.
  package func traceMax(steps: Int) -> Int32 {
    var first: Int32 = 0
    var trace: Int32 = 0
    for _ in 0..<steps {
      first = min(ChipArithmetic.decayed(first, by: preDecay) + impulse, ChipArithmetic.traceLimit)
      trace = min(
        ChipArithmetic.decayed(trace, by: secondPreDecay) + first, ChipArithmetic.traceLimit)
    }
    return trace
  }
}

/// Parameters of spike-driven synaptic plasticity of one connection.
///
/// At a presynaptic spike each weight of its row moves by one learning step with a probability: up
/// where `v >= potentialThreshold` and the activity is in `activityMin..<activityMaxUp`, down where
/// `v` is below and the activity in `activityMin..<activityMaxDown`.
package struct SDSPProgram: Sendable, Equatable {
  /// Potential that parts rise from fall.
  package var potentialThreshold: Int32
  /// Activity below which weights rest, 0 to 8.
  package var activityMin: Int32
  /// Activity from which on weights no longer rise, 0 to 8.
  package var activityMaxUp: Int32
  /// Activity from which on weights no longer fall, 0 to 8.
  package var activityMaxDown: Int32
  /// Steps after which an activity falls by one, 1 to 4096.
  package var activityLeakSteps: Int32
  /// Probability of a due change in 1/65536, 0 to 65536.
  package var probability: Int32

  /// Takes the parameters as they are.
  package init(
    potentialThreshold: Int32, activityMin: Int32, activityMaxUp: Int32, activityMaxDown: Int32,
    activityLeakSteps: Int32, probability: Int32
  ) {
    self.potentialThreshold = potentialThreshold
    self.activityMin = activityMin
    self.activityMaxUp = activityMaxUp
    self.activityMaxDown = activityMaxDown
    self.activityLeakSteps = activityLeakSteps
    self.probability = probability
  }
}
