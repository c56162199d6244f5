import CompiledModel
import SpikingNetwork

/// A model and what it is shown, for a trace that is kept as a file.
struct GoldenCase {
  /// One sample.
  enum Sample {
    /// Inferred from recorded spikes, by step.
    case shown([[Int32]])
    /// Learnt from intensities with a label and perhaps a reward; the number is the sample's id,
    /// and its ordinal where that is not given.
    case learnt(UInt64, [UInt8], label: Int?, reward: Int32? = nil, ordinal: UInt64? = nil)
    /// Shown from intensities to assign neurons to a label.
    case assigned(UInt64, [UInt8], label: Int)
  }

  /// What the rounding of learnt weights draws from.
  static let roundingSeed: UInt64 = 7

  let model: CompiledModel
  let samples: [Sample]

  /// The name of the case and of its file.
  var name: String { model.name }

  init(_ model: CompiledModel, _ samples: [Sample]) {
    self.model = model
    self.samples = samples
  }

  static let all =
    neurons + encoders + layouts + graphs + learning + programs + saturating + competition + edge

  /// A pattern that one can follow: 0, 1, both, none, 0, 0, 1, both, by step.
  static let pattern: [[Int32]] = [[0], [1], [0, 1], [], [0], [0], [1], [0, 1]]

  /// Spikes of larger planes, about a third of the sources in each step.
  static func drawn(_ sources: Int, steps: Int) -> [[Int32]] {
    let random = CounterRandom(seed: 3, purpose: .training)
    return (0..<steps).map { step in
      (0..<Int32(sources)).filter {
        CounterRandom.draw(random.stream(UInt64(step)), UInt64($0)) % 3 == 0
      }
    }
  }

  /// One case for each kind of neuron: two neurons fed by two inputs, shown twice.
  private static let neurons: [GoldenCase] = [
    neuron("leaky-soft", SmallModels.spiking(decay: 3686, bias: 3, threshold: 100)),
    neuron("leaky-hard-refractory", refractory),
    neuron("integrate-and-fire", SmallModels.spiking(decay: 4096, threshold: 90, reset: .none)),
    neuron(
      "current-saturating",
      SmallModels.spiking(decay: 2048, currentDecay: 3500, threshold: 120, reset: .hard),
      SmallModels.arithmetic(currentBits: 8)),
    neuron(
      "current-wrapping",
      SmallModels.spiking(
        decay: 2048, currentDecay: 3500, threshold: 120, reset: .hard, refractorySteps: 1),
      SmallModels.arithmetic(currentBits: 8, currentOverflow: .wrap)),
    neuron(
      "adaptive",
      SmallModels.spiking(
        decay: 3686, threshold: 40,
        adaptation: .init(decay: 3500, impulse: NeuronValues(each: [30, 60])))),
    neuron(
      "narrow-potential", SmallModels.spiking(decay: 4096, threshold: 120, reset: .none),
      SmallModels.arithmetic(potentialBits: 8, inputShift: 1)),
    neuron("readout", SmallModels.readout(decay: 3000, bias: -5)),
  ]

  private static var refractory: NeuronProgram {
    .spiking(
      SpikingProgram(
        membrane: MembraneProgram(decay: 3000, bias: NeuronValues(each: [10, 0])),
        threshold: NeuronValues(each: [60, 50]), reset: .hard,
        resetPotential: NeuronValues(-20), refractorySteps: 2))
  }

  private static func neuron(
    _ name: String, _ program: NeuronProgram,
    _ arithmetic: StateArithmetic = SmallModels.arithmetic()
  ) -> GoldenCase {
    GoldenCase(
      SmallModels.model(
        name, steps: 8, inputs: 2, arithmetic: arithmetic,
        layers: [
          SmallModels.layer("output", program, size: 2, [SmallModels.fixed(2, [70, -30, 25, 80])])
        ]), [.shown(pattern), .shown(pattern.reversed())])
  }
}
