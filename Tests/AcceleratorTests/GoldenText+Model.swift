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
    if case .bernoulli(let seed) = model.input {
      lines.append("encoder seed \(seed), port at \(model.port.column),\(model.port.row)")
    }
    describe(model.timing)
    for (index, layer) in model.layers.enumerated() {
      lines.append("\(layer.name): \(layer.size) neurons, phase \(layer.phase)")
      describe(layer.neurons)
      if let teacher = layer.teacher {
        lines.append("  teacher \(teacher.excitation), -\(teacher.inhibition)")
      }
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
      lines.append(line + ", learns within \(bounds.lowerBound) to \(bounds.upperBound)")
      lines.append("    " + Self.text(program))
      lines.append("    weights \(Self.list(weights))")
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

  private static func text(_ program: PlasticityProgram) -> String {
    switch program {
    case .threeFactor(let rule):
      return "three factors: pre decay \(rule.preDecay), post decay \(rule.postDecay), impulse "
        + "\(rule.impulse), pre factor \(rule.preFactor), post factor \(rule.postFactor), "
        + "signal >> \(rule.signalShift) to \(rule.signalLimit), gain \(rule.gain)"
    case .pairSTDP(let rule):
      return "pair STDP: pre decay \(rule.preDecay), post decay \(rule.postDecay), impulse "
        + "\(rule.impulse), potentiation \(rule.potentiation), depression \(rule.depression), "
        + "pre target \(rule.preTarget)"
    case .sdsp(let rule):
      return "SDSP: potential \(rule.potentialThreshold), activity from \(rule.activityMin), up to "
        + "\(rule.activityMaxUp), down to \(rule.activityMaxDown), leak every "
        + "\(rule.activityLeakSteps), probability \(rule.probability)"
    }
  }
}
