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
  var isLearning = false
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
    for taker in plan.takers.indices { fillMirror(plan.takers[taker]) }
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
    takeLevels(intensities)
    return show(.levels(sample: sample), lesson: nil, probe: &probe)
  }

  /// Shows recorded input with fixed weights, one entry for each step of the model.
  package mutating func infer(_ input: SpikeTrains) -> Inference {
    var probe = SilentProbe()
    return infer(input, probe: &probe)
  }

  /// The same, observed.
  package mutating func infer(_ input: SpikeTrains, probe: inout some ChipProbe) -> Inference {
    precondition(
      input.sources == plan.model.inputs && input.steps.count == plan.model.steps,
      "\(input.steps.count) steps of \(input.sources) sources, expected \(plan.model.steps) of "
        + "\(plan.model.inputs)")
    claim()
    return show(.recorded(input), lesson: nil, probe: &probe)
  }

  /// Shows one sample and learns from it, by all rules of the model.
  ///
  /// Three-factor learning needs the label; local rules use it for a teacher only, and then the
  /// sample is first inferred without it, and counted as an inference. The inference that is
  /// returned never knows the label.
  /// Stochastic rounding draws from `seed` (of the node) and `ordinal` (of the sample in its
  /// training): give each pair to one sample only.
  package mutating func learn(
    _ intensities: [UInt8], sample: UInt64, label: Int?, seed: UInt64, ordinal: UInt64
  ) -> Inference {
    var probe = SilentProbe()
    return learn(
      intensities, sample: sample, label: label, seed: seed, ordinal: ordinal, probe: &probe)
  }

  /// The same, observed; a first pass without a teacher is not.
  package mutating func learn(
    _ intensities: [UInt8], sample: UInt64, label: Int?, seed: UInt64, ordinal: UInt64,
    probe: inout some ChipProbe
  ) -> Inference {
    precondition(
      label != nil || plan.errors == nil,
      "three-factor learning of `\(plan.model.name)` needs a label")
    precondition(
      label.map { (0..<plan.model.classes).contains($0) } ?? true,
      "label \(label ?? 0) of \(plan.model.classes) classes")
    claim()
    takeLevels(intensities)
    let input = InputSource.levels(sample: sample)
    let lesson = Lesson(
      label: label, random: CounterRandom(seed: seed, purpose: .rounding), ordinal: ordinal)
    guard plan.hasTeacher else { return show(input, lesson: lesson, probe: &probe) }
    var silent = SilentProbe()
    let judged = show(input, lesson: nil, probe: &silent)
    _ = show(input, lesson: lesson, probe: &probe)
    return judged
  }

  /// What a sample is learnt with.
  struct Lesson {
    let label: Int?
    let random: CounterRandom
    let ordinal: UInt64
  }

  /// Where the input's spikes come from.
  enum InputSource {
    case levels(sample: UInt64)
    case recorded(SpikeTrains)
  }

  /// Makes the memory this chip's own, if a copy shares it.
  private mutating func claim() {
    if !isKnownUniquelyReferenced(&resting) { resting = ChipMemory(copying: resting) }
    if !isKnownUniquelyReferenced(&lasting) { lasting = ChipMemory(copying: lasting) }
  }

  private mutating func takeLevels(_ intensities: [UInt8]) {
    precondition(
      intensities.count == plan.model.inputs,
      "\(intensities.count) intensities for \(plan.model.inputs) channels")
    levelBlockCount = kernels.table.pointee.levels(
      intensities, Int32(intensities.count), lasting[plan.levels], lasting[plan.levelBlocks])
  }

  private mutating func show(
    _ input: InputSource, lesson: Lesson?, probe: inout some ChipProbe
  ) -> Inference {
    begin(lesson)
    for step in 0..<plan.steps {
      takeInput(input, step)
      for layer in plan.layers.indices { run(layer, step) }
      if let lesson {
        if plan.errors != nil { learnFromLabel(step, lesson) }
        if plan.learnsLocally { learnLocally(step, lesson) }
      }
      observe(step, &probe)
    }
    if let lesson, plan.errors != nil { applySums(lesson) }
    end()
    return inference()
  }

  /// Puts other learned values in; counts and ranges as for `replacingLearnedState`.
  package mutating func load(learnedState: [[Int16]]) {
    let checked = plan.model.replacingLearnedState(learnedState)
    claim()
    for (place, weights) in checked.learnedState.enumerated() {
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
