import CompiledModel

extension GoldenText {
  /// The model, with all that decides what it computes.
  mutating func describe(_ model: CompiledModel) {
    let arithmetic = model.arithmetic
    lines.append("\(model.name): \(model.inputs) inputs, \(model.steps) steps")
    lines.append(
      "potentials of \(arithmetic.potentialBits) bits, currents of \(arithmetic.currentBits) bits, "
        + "\(arithmetic.currentOverflow), input shift \(arithmetic.inputShift), "
        + "learning weights of \(arithmetic.learningWeightBits) bits")
    if let converter = arithmetic.columnConverter {
      lines.append("columns of \(converter.rows) rows are read in \(converter.bits) bits")
    }
    let place = "port at \(model.port.column),\(model.port.row)"
    lines.append("\(Self.text(model.input)), \(place)")
    if case .draws(_, let levels) = model.input {
      lines.append("levels \(Self.list(levels.map(Int.init)))")
    }
    describe(model.timing)
    for (index, layer) in model.layers.enumerated() {
      lines.append("\(layer.name): \(layer.size) neurons, phase \(layer.phase)")
      describe(layer.neurons)
      if let teacher = layer.teacher {
        lines.append(
          "  teacher \(teacher.excitation), -\(teacher.inhibition)"
            + (teacher.onMistakes ? ", of mistakes" : ""))
      }
      describeLearnt(layer)
      if let signal = layer.signal { describe(signal) }
      for place in layer.connections.indices {
        describe(CompiledModel.ConnectionIndex(layer: index, connection: place), model)
      }
    }
    for (index, core) in model.cores.enumerated() {
      lines.append(
        "core \(index) at \(core.column),\(core.row): \(model.layers[core.layer].name) "
          + "\(core.neurons)")
    }
    lines.append("")
  }

  private mutating func describe(_ timing: TimingTable) {
    let kinds = EventKind.allCases.map { "\($0.name) \(timing[$0])" }
    lines.append("picoseconds: " + kinds.joined(separator: ", "))
    let barriers = timing.barriers.map { "\($0.picoseconds) from \($0.tiles) tiles on" }
    lines.append(
      "picoseconds to take in a message: \(timing.axonInPicoseconds), of a barrier: "
        + barriers.joined(separator: ", "))
  }

  private mutating func describe(_ neurons: NeuronProgram) {
    let membrane = neurons.membrane
    var line = "  decay \(membrane.decay)"
    if let decay = membrane.currentDecay { line += ", current decay \(decay)" }
    line += ", bias \(Self.list(membrane.bias.values))"
    switch neurons {
    case .readout(let program):
      line += ", logits x \(program.logitMultiplier) >> \(program.logitShift)"
      if program.neuronsPerClass > 1 { line += ", \(program.neuronsPerClass) neurons a class" }
    case .spiking(let program):
      line += ", threshold \(Self.list(program.threshold.values)), reset \(program.reset)"
      if program.reset == .hard { line += " \(Self.list(program.resetPotential.values))" }
      if program.refractorySteps > 0 { line += ", refractory \(program.refractorySteps)" }
      if let adaptation = program.adaptation {
        line += ", adaptation decay \(adaptation.decay)"
        line += " impulse \(Self.list(adaptation.impulse.values))"
      }
      if let psi = program.pseudoDerivative {
        line += ", psi x \(Self.list(psi.multiplier.values)) >> \(psi.shift)"
      }
    }
    lines.append(line)
  }

  private mutating func describe(_ signal: LearningSignalProgram) {
    var line = "  signal from step \(signal.firstStep), feedback "
    switch signal.feedback {
    case .symmetric: line += "symmetric"
    case .adaptive(let weights): line += "adaptive, weights \(Self.list(weights))"
    case .random(let seed): line += "random of seed \(seed)"
    case .local(let readout):
      line += "local of seed \(readout.seed), decay \(readout.decay), logits x "
      line += "\(readout.logitMultiplier) >> \(readout.logitShift)"
    }
    if let rate = signal.rate {
      line += ", rate \(rate.target) x \(rate.factor) >> \(rate.shift)"
    }
    lines.append(line)
  }

  /// How neurons compete, and what a layer learns beside weights.
  private mutating func describeLearnt(_ layer: CompiledLayer) {
    if case .spiking(let program) = layer.neurons, let competition = program.competition {
      lines.append("  winner takes all, inhibition \(competition.inhibition)")
    }
    if let homeostasis = layer.homeostasis {
      lines.append(
        "  homeostasis: impulse \(homeostasis.impulse), decay \(homeostasis.decay), "
          + "shift \(homeostasis.shift), rises \(Self.list(homeostasis.rises))")
    }
    if let mean = layer.rewardMean {
      lines.append("  rewards less their mean: rate \(mean.rate), mean \(mean.mean)")
    }
    if let assignment = layer.assignment {
      lines.append(
        "  assigned to \(assignment.classes) classes, counts \(Self.list(assignment.counts))")
    }
    if let plasticities = layer.plasticities {
      lines.append("  plasticities \(Self.list(plasticities))")
    }
  }

  private mutating func describe(_ place: CompiledModel.ConnectionIndex, _ model: CompiledModel) {
    let connection = model[place]
    var line = "  \(Self.name(place, model)): \(Self.text(connection.layout))"
    if let pooling = connection.pooling {
      line += " over windows of \(pooling.window) of \(pooling.height) x \(pooling.width) x "
      line += "\(pooling.channels)"
    }
    line += ", delay \(connection.delay), shift \(connection.shift)"
    switch connection.weights {
    case .fixed(let weights):
      lines.append(line + ", \(connection.precision.rawValue) bits")
      lines.append("    weights \(Self.list(weights))")
    case .plastic(let weights, let program, let bounds):
      lines.append(
        line + ", learns within \(bounds.lowerBound) to \(bounds.upperBound)"
          + (connection.normalisation.map { ", normalised to \($0)" } ?? ""))
      lines += Self.text(program).map { "    " + $0 }
      lines.append("    weights \(Self.list(weights))")
    }
  }

  private static func text(_ input: InputProgram) -> String {
    switch input {
    case .bernoulli(let seed): "encoder seed \(seed)"
    case .draws(let seed, _): "encoder of levels, seed \(seed)"
    case .latency: "encoder of latency"
    case .directCurrent: "direct current"
    case .levelCrossing(let threshold): "encoder of level crossings by \(threshold)"
    }
  }

  private static func text(_ layout: SynapseLayout) -> String {
    switch layout {
    case .dense: return "dense"
    case .oneToOne: return "one to one"
    case .sparse(let rowStarts, let targets):
      return "sparse, rows from \(list(rowStarts.map(Int.init))), targets "
        + list(targets.map(Int.init))
    case .convolution(let shape):
      return "convolution of \(shape.height) x \(shape.width) x \(shape.inputChannels) to "
        + "\(shape.outputHeight) x \(shape.outputWidth) x \(shape.outputChannels), kernel "
        + "\(shape.kernelHeight) x \(shape.kernelWidth), stride \(shape.stride), padding "
        + "\(shape.padding)"
    }
  }

  /// What is not so in the plain form.
  private static func options(_ rule: ThreeFactorProgram) -> String {
    var text = ""
    if rule.secondPreDecay != 0 { text += ", second pre decay \(rule.secondPreDecay)" }
    if rule.readsTraceBefore == 1 { text += ", psi trace of the step before" }
    if rule.isAppliedEachStep == 1 { text += ", applied each step" }
    if rule.weightDecay != 0 { text += ", weight decay \(rule.weightDecay)" }
    if rule.adaptationFactor != 0 { text += ", adaptation factor \(rule.adaptationFactor)" }
    return text
  }

  private static func text(_ program: PlasticityProgram) -> [String] {
    switch program {
    case .threeFactor(let rule):
      return [
        "three factors: pre decay \(rule.preDecay), post decay \(rule.postDecay), impulse "
          + "\(rule.impulse), pre factor \(rule.preFactor), post factor \(rule.postFactor), "
          + "signal >> \(rule.signalShift) to \(rule.signalLimit), gain \(rule.gain)"
          + options(rule)
      ]
    case .program(let program):
      return text(program)
    case .sdsp(let rule):
      return [
        "SDSP: potential \(rule.potentialThreshold), activity from \(rule.activityMin), up to "
          + "\(rule.activityMaxUp), down to \(rule.activityMaxDown), leak every "
          + "\(rule.activityLeakSteps), probability \(rule.probability)"
      ]
    case .edge(let rule):
      return [
        "weights of one bit: active from \(rule.activeSpikes) spikes on, plasticity decay "
          + "\(rule.plasticityDecay), down to \(rule.plasticityMin), competition "
          + "\(rule.competition)"
      ]
    }
  }

  private static func text(_ program: LearningProgram) -> [String] {
    if let pair = program.pairForm {
      return [
        "pair STDP: pre decay \(pair.preDecay), post decay \(pair.postDecay), impulse "
          + "\(pair.impulse), potentiation \(pair.potentiation), depression \(pair.depression), "
          + "pre target \(pair.preTarget)"
      ]
    }
    var lines = ["sums of products: weight step \(program.weightStep)"]
    for trace in program.traces {
      let fall =
        switch trace.fall {
        case .decay(let decay): "decay \(decay)"
        case .shift(let shift): "shift \(shift)"
        case .window(let steps): "window \(steps)"
        }
      lines.append(
        "trace \(trace.name): \(fall), impulse \(trace.impulse), "
          + "\(trace.isNearest ? "set" : "added"), read \(trace.readsBefore ? "before" : "after")")
    }
    for term in program.terms {
      let occasion =
        switch term.occasion {
        case .presynapticSpike: "x0"
        case .postsynapticSpike: "y0"
        case .period(let exponent): "u\(exponent)"
        case .end: "end"
        }
      let factors = term.factors.map { " * (\($0.variable) + \($0.offset))" }.joined()
      lines.append(
        "\(term.changesTag ? "dt" : "dw") at \(occasion): \(term.mantissa)\(factors) >> "
          + "\(term.shift)")
    }
    return lines
  }
}
