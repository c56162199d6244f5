import CKernels
package import CompiledModel
package import SpikingNetwork

/// The simulated chip: runs a compiled model in integers, learns, counts events and time.
///
/// The same model, inputs and seeds give the same results and counts on every machine and with
/// every set of kernels. One thread at a time; a copy is another chip in the same state.
package struct Accelerator: Sendable {
  let plan: ChipPlan
  let kernels: KernelSet
  private(set) var resting: ChipMemory
  private(set) var lasting: ChipMemory
  var inputSpikes = 0
  var layerSpikes: [Int]
  /// Groups of 32 channels that are not silent.
  var levelBlockCount: Int32 = 0
  /// Input spikes by step, where they are known once the sample is.
  var sampleSpikes: [[Int32]] = []
  var isLearning = false
  /// Chip steps from one logical step to the next: 1 where they overlap.
  var stepLength = 1
  /// How far weights may be from the deployed ones, and these, by connection as kernels have them.
  var driftMax: Int32?
  var deployed: [[Int16]] = []
  /// What a round does to weights at the end of each sample; nil for nothing.
  var steering: Steering?
  /// Whether biases hold what a teacher adds.
  var hasTaughtLabel = false

  /// Events of samples that were inferred, by the raw value of their kind, since the start.
  package internal(set) var inferenceCounts: [UInt64]
  /// Events of samples that were learnt, their forward passes among them.
  package internal(set) var learningCounts: [UInt64]
  /// Modelled time of samples that were inferred, in picoseconds.
  package internal(set) var inferencePicoseconds: UInt64 = 0
  /// Modelled time of samples that were learnt, in picoseconds.
  package internal(set) var learningPicoseconds: UInt64 = 0
  /// Values that were cut as they lay beyond their range, and currents that wrapped.
  package internal(set) var saturations: UInt64 = 0
  /// Those of each layer's neurons among them: potentials, currents and rises.
  package internal(set) var layerSaturations: [UInt64]

  /// Loads a model, which must be valid: compiled, or read from bytes.
  package init(_ model: CompiledModel, kernels: KernelSet = .best) {
    do { try model.validate() } catch {
      preconditionFailure("a model that was not checked: \(error)")
    }
    self.kernels = kernels
    var memory: ChipMemory?
    plan = ChipPlan(model) { memory = $0.makeLasting() }
    guard let memory else { preconditionFailure("a plan without memory") }
    lasting = memory
    resting = ChipMemory(plan.resting)
    layerSpikes = [Int](repeating: 0, count: model.layers.count)
    layerSaturations = [UInt64](repeating: 0, count: model.layers.count)
    inferenceCounts = [UInt64](repeating: 0, count: EventKind.allCases.count)
    learningCounts = inferenceCounts
    fillRandomWeights()
    fillMirrors()
  }

  /// Shows one sample with fixed weights.
  ///
  /// `intensities` has one value a channel; spikes depend on `sample`, its id in the data set.
  package mutating func infer(_ intensities: [UInt8], sample: UInt64) -> Inference {
    var probe = SilentProbe()
    return infer(intensities, sample: sample, probe: &probe)
  }

  /// The same, observed.
  package mutating func infer(
    _ intensities: [UInt8], sample: UInt64, probe: inout some ChipProbe
  ) -> Inference {
    claim()
    takeSample(intensities, sample: sample)
    return show(.levels(sample: sample), lesson: nil, probe: &probe)
  }

  /// Shows recorded input with fixed weights, one entry for each step of the model.
  package mutating func infer(_ input: SpikeTrains) -> Inference {
    var probe = SilentProbe()
    return infer(input, probe: &probe)
  }

  /// The same, observed.
  package mutating func infer(_ input: SpikeTrains, probe: inout some ChipProbe) -> Inference {
    precondition(plan.direct == nil, "recorded spikes for an input of direct current")
    precondition(
      input.sources == plan.model.inputs && input.steps.count == plan.model.steps,
      "\(input.steps.count) steps of \(input.sources) sources, expected \(plan.model.steps) of "
        + "\(plan.model.inputs)")
    claim()
    return show(.recorded(input), lesson: nil, probe: &probe)
  }

  /// Shows one sample and learns from it, by all rules of the model.
  ///
  /// Three-factor learning needs the label; local rules use it for a teacher only. With a teacher,
  /// and where weights change within samples, the sample is first inferred without either, and
  /// counted as an inference; a teacher of mistakes leaves it at that if the label was found. The
  /// inference that is returned never knows the label. Programs that read a reward take the one
  /// that is given, in 1/256 and cut to within -256 to 256, throughout the sample; without one,
  /// the label gives it at the sample's end: 1 if the decision is right, else -1. Stochastic
  /// rounding draws from `seed` (of the node) and `ordinal` (of the sample in its training): give
  /// each pair to one sample only.
  package mutating func learn(
    _ intensities: [UInt8], sample: UInt64, label: Int?, reward: Int32? = nil, seed: UInt64,
    ordinal: UInt64
  ) -> Inference {
    var probe = SilentProbe()
    return learn(
      intensities, sample: sample, label: label, reward: reward, seed: seed, ordinal: ordinal,
      probe: &probe)
  }

  /// The same, observed; a first pass that does not learn is not.
  package mutating func learn(
    _ intensities: [UInt8], sample: UInt64, label: Int?, reward: Int32? = nil, seed: UInt64,
    ordinal: UInt64, probe: inout some ChipProbe
  ) -> Inference {
    precondition(
      label != nil || plan.errors == nil,
      "three-factor learning of `\(plan.model.name)` needs a label")
    precondition(
      label.map { (0..<plan.model.classes).contains($0) } ?? true,
      "label \(label ?? 0) of \(plan.model.classes) classes")
    claim()
    takeSample(intensities, sample: sample)
    let input = InputSource.levels(sample: sample)
    var lesson = Lesson(
      label: label, reward: reward.map { max(-256, min(256, $0)) },
      random: CounterRandom(seed: seed, purpose: .rounding), ordinal: ordinal, seed: seed)
    guard plan.judgesFirst else { return show(input, lesson: lesson, probe: &probe) }
    var silent = SilentProbe()
    let judged = show(input, lesson: nil, probe: &silent)
    if plan.learnsFromMistakesOnly, judged.label == label { return judged }
    lesson.decision = judged.label
    _ = show(input, lesson: lesson, probe: &probe)
    return judged
  }

  /// Shows one sample with all else fixed, and counts its spikes for the label's class.
  ///
  /// For models with an assignment; counted as learning. The inference that is returned does not
  /// know the label.
  package mutating func assign(
    _ intensities: [UInt8], sample: UInt64, label: Int
  ) -> Inference {
    precondition(plan.assignment != nil, "neurons of `\(plan.model.name)` stand for no classes")
    precondition(
      (0..<plan.model.classes).contains(label), "label \(label) of \(plan.model.classes) classes")
    claim()
    takeSample(intensities, sample: sample)
    let random = CounterRandom(seed: 0, purpose: .rounding)
    var silent = SilentProbe()
    return show(
      .levels(sample: sample),
      lesson: Lesson(
        label: label, reward: nil, random: random, ordinal: 0, onlyAssigns: true), probe: &silent)
  }

  /// What a sample is learnt with.
  struct Lesson {
    let label: Int?
    /// In 1/256; nil where a label judges the decision at the end.
    let reward: Int32?
    /// What was decided before the sample was learnt, where it was shown twice.
    var decision: Int?
    let random: CounterRandom
    let ordinal: UInt64
    /// Seed of the random numbers.
    var seed: UInt64 = 0
    /// Whether nothing is learnt but for which class neurons fire.
    var onlyAssigns = false
  }

  /// Makes the memory this chip's own, if a copy shares it.
  private mutating func claim() {
    if !isKnownUniquelyReferenced(&resting) { resting = ChipMemory(copying: resting) }
    if !isKnownUniquelyReferenced(&lasting) { lasting = ChipMemory(copying: lasting) }
  }

  private mutating func show(
    _ input: InputSource, lesson: Lesson?, probe: inout some ChipProbe
  ) -> Inference {
    begin(lesson)
    if let reward = lesson?.reward { sendReward(reward, from: nil, chipStep: 0) }
    for step in 0..<plan.steps {
      takeInput(input, step)
      for layer in plan.layers.indices { run(layer, step) }
      if let lesson, !lesson.onlyAssigns {
        if plan.errors != nil { learnFromLabel(step, lesson) }
        if plan.learnsLocally { learnLocally(step, lesson) }
        raiseThresholds(step)
      }
      observe(step, &probe)
    }
    scoreAssigned()
    let judged = inference()
    if let lesson, !lesson.onlyAssigns {
      if plan.errors != nil { applySums(lesson) }
      finishPrograms(lesson, decision: lesson.decision ?? judged.label)
      learnByCompetition(lesson)
      normalise(lesson)
      lowerThresholds(lesson)
      steer(lesson)
      cutDrift()
    }
    if let label = lesson?.label { assign(label) }
    end()
    return judged
  }

  /// Puts other learned values in; counts and ranges as for `replacingLearnedState`.
  package mutating func load(learnedState: [[Int16]]) {
    let checked = plan.model.replacingLearnedState(learnedState)
    claim()
    for (block, values) in zip(checked.learnedBlocks, learnedState) {
      switch block.kind {
      case .weights(let index): load(values, into: index)
      case .thresholds(let layer):
        if let homeostasis = plan.layers[layer].pointee.homeostasis {
          lasting.fill(homeostasis.rises, with: values)
        }
      case .assignment:
        if let assignment = plan.assignment { lasting.fill(assignment.counts, with: values) }
      case .feedback(let layer): load(values, alongFeedbackOf: layer)
      case .plasticity:
        for place in plan.edge.indices {
          lasting.fill(plan.edge[place].pointee.plasticities, with: values)
        }
      case .reward(let layer):
        for place in plan.rewardMeans where place.layer == layer {
          lasting.fill(place.mean, with: values)
        }
      }
    }
  }

  private func load(_ weights: [Int16], alongFeedbackOf layer: Int) {
    for index in plan.takers.indices where plan.takers[index].pointee.layer == layer {
      guard case .adaptive(let own) = plan.takers[index].pointee.weights else { continue }
      let rows = AdaptiveFeedbackPlan.rows(
        weights, classes: plan.model.classes, stride: own.stride, own.bounds)
      lasting.fill(own.learning, with: rows)
      lasting.fill(own.view, with: rows.map(ChipArithmetic.inferenceWeight))
    }
  }

  private func load(_ weights: [Int16], into index: CompiledModel.ConnectionIndex) {
    for place in plan.plastic.indices where plan.plastic[place].pointee.index == index {
      let plastic = plan.plastic[place].pointee
      let rows = PlasticPlan.rows(
        weights, targets: plastic.targets, stride: plastic.stride, plastic.bounds)
      lasting.fill(plastic.learning, with: rows)
      if let view = plastic.view {
        lasting.fill(view, with: rows.map(ChipArithmetic.inferenceWeight))
      }
    }
  }
}
