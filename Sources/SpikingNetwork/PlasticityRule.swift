/// How weights change on the chip.
package enum PlasticityRule: Sendable, Equatable, Codable {
  /// Learning signal times eligibility trace.
  case threeFactor(ThreeFactorRule)
  /// Spike-timing dependent plasticity of spike pairs, by traces.
  case pairSTDP(PairSTDPRule)
  /// Spike-driven plasticity by the target's potential and recent activity.
  case sdsp(SDSPRule)
  /// Formulas over traces, a rule that is data.
  case program(ProgramRule)
  /// Competition of the neurons of a class, with weights of one bit.
  case edgeLearning(EdgeLearningRule)
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
  /// Presynaptic trace, in impulses, below which a postsynaptic spike depresses instead: sources
  /// that are silent lose weight.
  package var preTarget: Double
  /// How a label drives the target's neurons while they learn; nil without a teacher.
  package var teacher: TeacherSignal?

  /// Traces of 20 ms, weights in 0 to 1 and no teacher, unless told otherwise.
  package init(
    aPlus: Double, aMinus: Double, tauPre: Double = 0.02, tauPost: Double = 0.02,
    weightMin: Double = 0, weightMax: Double = 1, preTarget: Double = 0,
    teacher: TeacherSignal? = nil
  ) {
    self.preTarget = preTarget
    self.teacher = teacher
    self.aPlus = aPlus
    self.aMinus = aMinus
    self.tauPre = tauPre
    self.tauPost = tauPost
    self.weightMin = weightMin
    self.weightMax = weightMax
  }
}

/// Input that a label adds to the neurons of the last population in each step of learning.
package struct TeacherSignal: Sendable, Equatable, Codable {
  /// Added to the neuron of the label, in thresholds.
  package var excitation: Double
  /// Taken from every other neuron, in thresholds.
  package var inhibition: Double
  /// Whether samples that were judged right are not learnt.
  package var onMistakes: Bool

  /// A teacher's two strengths, for all samples unless told otherwise.
  package init(excitation: Double, inhibition: Double, onMistakes: Bool = false) {
    self.excitation = excitation
    self.inhibition = inhibition
    self.onMistakes = onMistakes
  }

  /// Reads a teacher; `onMistakes` may be absent.
  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    excitation = try values.decode(Double.self, forKey: .excitation)
    inhibition = try values.decode(Double.self, forKey: .inhibition)
    onMistakes = try values.decodeIfPresent(Bool.self, forKey: .onMistakes) ?? false
  }
}

/// Spike-driven synaptic plasticity (Brader, Senn, Fusi 2007; ODIN, Frenkel 2019).
///
/// Only presynaptic spikes change weights, by one step of the chip's learning weight: up where the
/// target's potential is at least `potentialThreshold` and its activity in
/// `activityMin..<activityMaxUp`, down where the potential is below and the activity in
/// `activityMin..<activityMaxDown`. A neuron's activity rises by one at each of its spikes, to 7,
/// and falls by one every `activityLeakSteps` steps.
package struct SDSPRule: Sendable, Equatable, Codable {
  /// Potential that parts rise from fall, in thresholds.
  package var potentialThreshold: Double
  /// Activity below which weights rest.
  package var activityMin: Int
  /// Activity from which on weights no longer rise.
  package var activityMaxUp: Int
  /// Activity from which on weights no longer fall.
  package var activityMaxDown: Int
  /// Steps after which the activity falls by one.
  package var activityLeakSteps: Int
  /// Probability that a due change happens, above 0 to 1.
  package var probability: Double
  /// Smallest weight.
  package var weightMin: Double
  /// Largest weight.
  package var weightMax: Double
  /// How a label drives the target's neurons while they learn; nil without a teacher.
  package var teacher: TeacherSignal?

  /// Takes the parameters as they are; `SpikingNetwork.validate()` judges them.
  package init(
    potentialThreshold: Double = 0.5, activityMin: Int = 0, activityMaxUp: Int = 8,
    activityMaxDown: Int = 8, activityLeakSteps: Int = 4, probability: Double = 1,
    weightMin: Double = 0, weightMax: Double = 1, teacher: TeacherSignal? = nil
  ) {
    self.potentialThreshold = potentialThreshold
    self.activityMin = activityMin
    self.activityMaxUp = activityMaxUp
    self.activityMaxDown = activityMaxDown
    self.activityLeakSteps = activityLeakSteps
    self.probability = probability
    self.weightMin = weightMin
    self.weightMax = weightMax
    self.teacher = teacher
  }
}
