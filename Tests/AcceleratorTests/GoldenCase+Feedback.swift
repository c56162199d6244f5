import CompiledModel

/// Forms of three-factor learning: the plain case with other signals, traces and moments of change.
extension GoldenCase {
  /// Random weights carry errors of the last four steps back, rates are pulled to a quarter, traces
  /// are filtered twice, and weights decay.
  static let randomFeedback = variant("three-factor-random") { model in
    model.layers[0].signal = LearningSignalProgram(
      firstStep: 2, feedback: .random(seed: 11),
      rate: LearningSignalProgram.RateRegulariser(target: 64, factor: 1500, shift: 7))
    model.layers[1].signal = LearningSignalProgram(firstStep: 1)
    change(&model, 0) { rule in
      rule.secondPreDecay = 2500
      rule.signalLimit = 2000
      rule.weightDecay = 3000
    }
  }

  /// A layer on two cores with a readout of its own and the postsynaptic trace of the step before.
  static let localFeedback = variant("three-factor-local") { model in
    model.layers[0].signal = LearningSignalProgram(
      feedback: .local(
        LocalReadoutProgram(seed: 12, decay: 3686, logitMultiplier: 23, logitShift: 4)))
    change(&model, 0) { rule in
      rule.postFactor = 50
      rule.readsTraceBefore = 1
    }
  }

  /// Errors come back along weights that take the readout's changes, and both decay.
  static let adaptiveFeedback = variant("three-factor-adaptive") { model in
    model.layers[0].signal = LearningSignalProgram(
      feedback: .adaptive([1000, -2000, 3000, 0, -1500, 32_600]))
    change(&model, 1) { $0.weightDecay = 6000 }
  }

  /// Weights and their mirrors change at the end of each step.
  static let eachStep = variant("three-factor-steps") { model in
    for layer in 0...1 { change(&model, layer) { $0.isAppliedEachStep = 1 } }
  }

  /// Thresholds adapt, and each synapse has a trace that follows.
  static let eligibility = variant("three-factor-eligibility") { model in
    guard case .spiking(var program) = model.layers[0].neurons else { return }
    program.adaptation = .init(decay: 3500, impulse: NeuronValues(6))
    model.layers[0].neurons = .spiking(program)
    change(&model, 0) { $0.adaptationFactor = 1200 }
  }

  private static func variant(
    _ name: String, _ vary: (inout CompiledModel) -> Void
  ) -> GoldenCase {
    var model = threeFactor.model
    model.name = name
    vary(&model)
    return GoldenCase(model, learnt)
  }

  /// Changes the rule of a layer's first connection.
  private static func change(
    _ model: inout CompiledModel, _ layer: Int, _ vary: (inout ThreeFactorProgram) -> Void
  ) {
    guard
      case .plastic(let weights, .threeFactor(var rule), let bounds) =
        model.layers[layer].connections[0].weights
    else { return }
    vary(&rule)
    model.layers[layer].connections[0].weights = .plastic(
      weights, .threeFactor(rule), bounds: bounds)
  }
}
