import Accelerator
import CompiledModel
import SpikingNetwork

/// Golden traces as text: the model, each sample, then counts and times.
struct GoldenText {
  /// Before each line about a step, which only the oracle keeps.
  static let stepMark = "  | "

  var lines: [String] = []

  /// The trace of a case on a simulator.
  static func trace<Chip: TracedChip>(_ golden: GoldenCase, on type: Chip.Type) -> String {
    var text = GoldenText()
    text.describe(golden.model)
    var chip = Chip(golden.model)
    chip.keepSteps()
    for sample in golden.samples { text.show(sample, golden.model, &chip) }
    text.summarise(golden.model, chip)
    return text.lines.joined(separator: "\n") + "\n"
  }

  /// The lines of a trace that every simulator can tell.
  static func outcome(of trace: String) -> String {
    trace.split(separator: "\n", omittingEmptySubsequences: false)
      .filter { !$0.hasPrefix(stepMark) }.joined(separator: "\n")
  }

  private mutating func show<Chip: TracedChip>(
    _ sample: GoldenCase.Sample, _ model: CompiledModel, _ chip: inout Chip
  ) {
    let result: Inference
    var isLearnt = false
    var sought: Int?
    switch sample {
    case .shown(let spikes):
      lines.append("sample: recorded spikes")
      result = chip.infer(SpikeTrains(sources: model.inputs, steps: spikes))
    case .learnt(let number, let intensities, let label, let reward, let given):
      let name =
        (label.map { "label \($0)" } ?? "no label") + (reward.map { ", reward \($0)" } ?? "")
      let (seed, ordinal) = (GoldenCase.roundingSeed, given ?? number)
      lines.append(
        "sample \(number): learnt with \(name), rounding seed \(seed), ordinal \(ordinal), "
          + "intensities \(Self.list(intensities))")
      (isLearnt, sought) = (true, label)
      result = chip.learn(
        intensities, sample: number, label: label, reward: reward, seed: seed, ordinal: ordinal)
    case .assigned(let number, let intensities, let label):
      lines.append("sample \(number): assigned to \(label), intensities \(Self.list(intensities))")
      result = chip.assign(intensities, sample: number, label: label)
    }
    // What would give the label away is judged before it is learnt.
    let judgesFirst = isLearnt && (model.layers.last?.teacher != nil || model.learnsWithinSamples)
    let isRight = model.layers.last?.teacher?.onMistakes == true && sought == result.label
    for step in chip.steps { add(step, model, isLearnt: isLearnt && !isRight) }
    lines.append(
      (isRight
        ? "  judged right, not learnt: " : judgesFirst ? "  first shown without learning: " : "  ")
        + "label \(result.label), scores \(Self.list(result.scores)), spikes of the input "
        + "\(result.inputSpikes), of layers \(Self.list(result.layerSpikes))")
    for (block, values) in zip(model.learnedBlocks, chip.learnedState) {
      lines.append("  \(Self.name(block.kind, model)): \(Self.list(values))")
    }
    lines.append("")
  }

  private mutating func add(_ step: ReferenceRecord, _ model: CompiledModel, isLearnt: Bool) {
    mark("step \(step.step): input \(Self.list(step.input))")
    for (layer, state) in zip(model.layers, step.layers) {
      var line = "  \(layer.name):"
      if layer.neurons.membrane.currentDecay != nil { line += " u \(Self.list(state.currents))," }
      line += " v \(Self.list(state.potentials))"
      if case .spiking(let program) = layer.neurons {
        if program.adaptation != nil { line += ", a \(Self.list(state.rises))" }
        if program.homeostasis != nil { line += ", h \(Self.list(state.lastingRises))" }
        if program.pseudoDerivative != nil { line += ", psi \(Self.list(state.psi))" }
        line += ", spikes \(Self.list(state.spikes))"
      }
      mark(line)
    }
    if !step.errors.isEmpty { mark("  errors \(Self.list(step.errors))") }
    for (layer, errors) in zip(model.layers, step.layerErrors) where !errors.isEmpty {
      mark("  errors of \(layer.name) \(Self.list(errors))")
    }
    guard isLearnt else { return }
    for (place, state) in zip(model.plasticConnections, step.plastic) {
      var line = "  \(Self.name(place, model)):"
      switch model[place].plasticity {
      case .threeFactor(let rule)?:
        line += " pre \(Self.list(state.preTraces))"
        if rule.postFactor != 0 { line += ", psi trace \(Self.list(state.postTraces))" }
        if rule.adaptationFactor != 0 { line += ", eligibility \(Self.list(state.eligibility))" }
        if rule.isAppliedEachStep == 1 {
          line += ", weights \(Self.list(state.weights))"
        } else {
          line += ", sums \(Self.list(state.sums))"
        }
      case .program(let program)?:
        let names = program.pairForm != nil ? ["pre", "post"] : program.traces.map { "\($0.name)" }
        for (name, trace) in zip(names, state.traces) { line += " \(name) \(Self.list(trace))," }
        if program.hasTags { line += " tags \(Self.list(state.tags))," }
        line += " weights \(Self.list(state.weights))"
      case .sdsp?:
        line += " activity \(Self.list(state.postTraces)), weights \(Self.list(state.weights))"
      case .edge?:
        line += " activity \(Self.list(state.preTraces))"
      case nil: break
      }
      mark(line)
    }
  }

  private mutating func mark(_ line: String) { lines.append(Self.stepMark + line) }

  private mutating func summarise<Chip: TracedChip>(_ model: CompiledModel, _ chip: Chip) {
    for (index, layer) in model.layers.enumerated() {
      lines.append("potentials of \(layer.name): \(Self.list(chip.potentials(layer: index)))")
    }
    lines.append("saturations: \(chip.saturations)")
    lines.append("inference: \(Self.list(chip.inferenceCounts))")
    lines.append("  time \(chip.inferencePicoseconds) ps")
    lines.append("learning: \(Self.list(chip.learningCounts))")
    lines.append("  time \(chip.learningPicoseconds) ps")
    for (core, counts) in chip.coreCounts.enumerated() {
      lines.append("core \(core): \(Self.list(counts))")
    }
  }

  /// Counts with the names of their kinds.
  private static func list(_ counts: [UInt64]) -> String {
    let known = EventKind.allCases.filter { counts[$0.rawValue] > 0 }
    guard !known.isEmpty else { return "nothing" }
    return known.map { "\($0.name) \(counts[$0.rawValue])" }.joined(separator: ", ")
  }

  static func list(_ numbers: [some SignedInteger]) -> String {
    numbers.isEmpty ? "-" : numbers.map { "\($0)" }.joined(separator: " ")
  }

  private static func list(_ numbers: [UInt8]) -> String { list(numbers.map { Int($0) }) }

  static func name(_ kind: LearnedBlock.Kind, _ model: CompiledModel) -> String {
    switch kind {
    case .weights(let place): "weights of \(name(place, model))"
    case .thresholds(let layer): "rises of \(model.layers[layer].name)"
    case .assignment(let layer): "counts of \(model.layers[layer].name)"
    case .reward(let layer): "mean of rewards of \(model.layers[layer].name)"
    case .plasticity(let layer): "plasticities of \(model.layers[layer].name)"
    case .feedback(let layer): "weights of feedback to \(model.layers[layer].name)"
    }
  }

  static func name(
    _ place: CompiledModel.ConnectionIndex, _ model: CompiledModel
  ) -> String {
    let source = model[place].source.map { model.layers[$0].name } ?? "input"
    return "\(source) -> \(model.layers[place.layer].name)"
  }
}
