/// How the learning signals of a layer come about that learns by the three-factor rule.
///
/// A layer without one takes errors along the readout's own weights in each step.
package struct LearningSignalProgram: Sendable, Equatable {
  /// Where a hidden layer's errors come from; a readout has its own.
  package enum Feedback: Sendable, Equatable {
    /// Along the readout's weights, mirrored.
    case symmetric
    /// Along fixed random weights, see `FeedbackWeights`.
    case random(seed: UInt64)
    /// Along weights of 16 bits, `[neuron][class]`, that take the changes of the readout's.
    case adaptive([Int16])
    /// From a fixed random readout of the layer's own.
    case local(LocalReadoutProgram)
  }

  /// A pull of the layer's rates to a target.
  package struct RateRegulariser: Sendable, Equatable {
    /// Spikes a step that are wanted, in 1/256, 0 to 256.
    package var target: Int32
    /// Factor of what a neuron has fired too often, 0 to 2047.
    package var factor: Int32
    /// Shift of the product, 0 to 31.
    package var shift: Int32

    /// Takes the parameters as they are.
    package init(target: Int32, factor: Int32, shift: Int32) {
      self.target = target
      self.factor = factor
      self.shift = shift
    }
  }

  /// First step whose errors count.
  package var firstStep: Int32
  /// Where errors come from.
  package var feedback: Feedback
  /// What is added to the errors of spiking neurons, if anything.
  package var rate: RateRegulariser?

  /// Errors along the readout's weights in each step, unless told otherwise.
  package init(
    firstStep: Int32 = 0, feedback: Feedback = .symmetric, rate: RateRegulariser? = nil
  ) {
    self.firstStep = firstStep
    self.feedback = feedback
    self.rate = rate
  }
}

/// A fixed random readout that only its own layer sees: a leaky integrator for each class.
package struct LocalReadoutProgram: Sendable, Equatable {
  /// Decides its weights, see `FeedbackWeights`.
  package var seed: UInt64
  /// Decay of its potentials, 0 to 4096.
  package var decay: Int32
  /// `(v * logitMultiplier) >> logitShift` is the base-2 logit in 1/16.
  package var logitMultiplier: Int32
  /// Shift of the logit.
  package var logitShift: Int32

  /// Takes the parameters as they are.
  package init(seed: UInt64, decay: Int32, logitMultiplier: Int32, logitShift: Int32) {
    self.seed = seed
    self.decay = decay
    self.logitMultiplier = logitMultiplier
    self.logitShift = logitShift
  }
}

extension CompiledModel {
  /// What decides a layer's learning signals.
  package func signal(of layer: Int) -> LearningSignalProgram {
    layers[layer].signal ?? LearningSignalProgram()
  }

  /// The range of weights along which errors come back, in whole learning steps.
  package var feedbackBounds: ClosedRange<Int16> {
    let legal = ChipArithmetic.learningWeights
    let shift = Int(arithmetic.learningShift)
    let lower = Int(legal.lowerBound) / (1 << shift) * (1 << shift)
    return Int16(lower)...Int16((Int(legal.upperBound) >> shift) << shift)
  }

  /// Whether a layer learns by the three-factor rule.
  package func learnsByErrors(_ layer: Int) -> Bool {
    layers[layer].connections.contains {
      if case .threeFactor? = $0.plasticity { return true }
      return false
    }
  }

  /// Whether a rule changes weights within a sample, so that logical steps of a sample that is
  /// learnt follow one another without overlap, and a sample is judged before it is learnt.
  package var learnsWithinSamples: Bool {
    layers.contains { layer in
      layer.connections.contains {
        if case .threeFactor(let rule)? = $0.plasticity { return rule.isAppliedEachStep == 1 }
        return false
      }
    }
  }

  func validateSignal(of index: Int, _ path: FieldPath) throws(ModelError) {
    guard let signal = layers[index].signal else { return }
    let path = path.at("signal")
    try path.require(
      learnsByErrors(index), "feedback", "present", "none but where three-factor learning feeds")
    try path.range(signal.firstStep, 0...Int32(steps - 1), "first step")
    if case .readout = layers[index].neurons {
      try path.require(
        signal.feedback == .symmetric && signal.rate == nil, "feedback", "present on a readout",
        "a first step only, as a readout has errors of its own")
    }
    if case .adaptive(let weights) = signal.feedback {
      try path.require(
        feedbackConnection(of: index) != nil, "feedback", "adaptive",
        "a dense connection to the readout whose changes its weights take")
      let count = layers[index].size * classes
      try path.range(weights.count, count...count, "weights")
      let fraction = Int16(truncatingIfNeeded: (1 << arithmetic.learningShift) - 1)
      let bounds = feedbackBounds
      try path.require(
        weights.allSatisfy { bounds.contains($0) && $0 & fraction == 0 }, "weights",
        "a weight beyond its range or between steps",
        "multiples of \(1 << arithmetic.learningShift) within \(bounds)")
    }
    if case .local(let readout) = signal.feedback {
      try path.range(readout.decay, 0...4096, "decay")
      try path.range(readout.logitMultiplier, 0...65535, "logit multiplier")
      try path.range(readout.logitShift, 0...47, "logit shift")
    }
    guard let rate = signal.rate else { return }
    try path.range(rate.target, 0...ChipArithmetic.fractionOne, "rate target")
    try path.range(rate.factor, 0...2047, "rate factor")
    try path.range(rate.shift, 0...31, "rate shift")
    let largest = (steps * Int(ChipArithmetic.fractionOne) * Int(rate.factor)) >> Int(rate.shift)
    try path.require(
      largest <= 1 << 20, "rate factor", rate.factor, "a product of at most \(1 << 20)")
  }
}
