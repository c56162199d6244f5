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
    switch sample {
    case .shown(let spikes):
      lines.append("sample: recorded spikes")
      result = chip.infer(SpikeTrains(sources: model.inputs, steps: spikes))
    case .learnt(let number, let intensities, let label, let given):
      let name = label.map { "label \($0)" } ?? "no label"
      let (seed, ordinal) = (GoldenCase.roundingSeed, given ?? number)
      lines.append(
        "sample \(number): learnt with \(name), rounding seed \(seed), ordinal \(ordinal), "
          + "intensities \(Self.list(intensities))")
      isLearnt = true
      result = chip.learn(
        intensities, sample: number, label: label, seed: seed, ordinal: ordinal)
    }
    for step in chip.steps { add(step, model, isLearnt: isLearnt) }
    // A teacher would give the label away, so that its model judges the sample before it learns.
    let hasTeacher = isLearnt && model.layers.last?.teacher != nil
    lines.append(
      (hasTeacher ? "  first shown without learning: " : "  ")
        + "label \(result.label), scores \(Self.list(result.scores)), spikes of the input "
        + "\(result.inputSpikes), of layers \(Self.list(result.layerSpikes))")
    for (index, weights) in chip.learnedState.enumerated() {
      let place = model.plasticConnections[index]
      lines.append("  weights of \(Self.name(place, model)): \(Self.list(weights))")
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
        if program.pseudoDerivative != nil { line += ", psi \(Self.list(state.psi))" }
        line += ", spikes \(Self.list(state.spikes))"
      }
      mark(line)
    }
    if !step.errors.isEmpty { mark("  errors \(Self.list(step.errors))") }
    guard isLearnt else { return }
    for (place, state) in zip(model.plasticConnections, step.plastic) {
      var line = "  \(Self.name(place, model)):"
      switch model[place].plasticity {
      case .threeFactor(let rule)?:
        line += " pre \(Self.list(state.preTraces))"
        if rule.postFactor != 0 { line += ", psi trace \(Self.list(state.postTraces))" }
        line += ", sums \(Self.list(state.sums))"
      case .pairSTDP?:
        line += " pre \(Self.list(state.preTraces)), post \(Self.list(state.postTraces))"
        line += ", weights \(Self.list(state.weights))"
      case .sdsp?:
        line += " activity \(Self.list(state.postTraces)), weights \(Self.list(state.weights))"
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

  static func name(
    _ place: CompiledModel.ConnectionIndex, _ model: CompiledModel
  ) -> String {
    let source = model[place].source.map { model.layers[$0].name } ?? "input"
    return "\(source) -> \(model.layers[place.layer].name)"
  }
}
