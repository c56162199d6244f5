import CompiledModel
import SpikingNetwork

extension ReferenceAccelerator {
  /// Whether a connection learns by the three-factor rule.
  var learnsFromLabels: Bool {
    connections.contains { rule(of: $0) != nil }
  }

  private func rule(of index: CompiledModel.ConnectionIndex) -> ThreeFactorProgram? {
    guard case .threeFactor(let rule)? = model[index].plasticity else { return nil }
    return rule
  }

  /// One step of three-factor learning; the errors, empty where nothing learns by it.
  mutating func learnFromLabel(_ step: Int, _ lesson: Lesson) -> [Int] {
    guard learnsFromLabels, let label = lesson.label else { return [] }
    let errors = readoutErrors(label: label)
    var layerErrors = [[Int]](repeating: [], count: model.layers.count)
    layerErrors[readout] =
      step >= Int(model.signal(of: readout).firstStep) ? errors : errors.map { _ in 0 }
    for layer in takers { layerErrors[layer] = feedBack(errors, to: layer, step, label: label) }
    self.layerErrors = model.layers.indices.map { layer in
      layer == readout || model.layers[layer].signal == nil ? [] : layerErrors[layer]
    }
    for (position, index) in connections.enumerated() {
      guard let rule = rule(of: index) else { continue }
      let ownStep = learningStep(step, index.layer)
      raisePreTraces(
        position, step, decay: rule.preDecay, impulse: rule.impulse, second: rule.secondPreDecay,
        chipStep: ownStep)
      for target in 0..<model.layers[index.layer].size {
        let place = Place(position: position, target: target, step: step, chipStep: ownStep)
        accumulate(place, error: layerErrors[index.layer][target], rule)
      }
    }
    for (position, index) in connections.enumerated() {
      guard let rule = rule(of: index), rule.isAppliedEachStep == 1 else { continue }
      applySums(position, rule, lesson, step: step, chipStep: (step + 1) * stepLength - 1)
    }
    return errors
  }

  /// One target of a connection in a step.
  private struct Place {
    let position: Int
    let target: Int
    let step: Int
    let chipStep: Int
  }

  /// Adds one step's products to the sums of a target's synapses.
  private mutating func accumulate(_ place: Place, error: Int, _ rule: ThreeFactorProgram) {
    let (position, target) = (place.position, place.target)
    let layer = connections[position].layer
    let size = model.layers[layer].size
    let derivative = layer == readout ? 256 : psi[layer][target]
    if layer != readout {
      ledger.work(.traceUpdate, 1, core: coreOf[layer][target], step: place.chipStep)
    }
    let signal = signal(error * derivative * Int(rule.preFactor), rule)
    for source in preTraces[position].indices {
      if rule.adaptationFactor != 0 {
        adapt(place, source, signal: signal, derivative: derivative, rule)
        continue
      }
      let product = signal * preTraces[position][source]
      guard product != 0 else { continue }
      sums[position][source * size + target] += product
      countProduct(position, source, target, chipStep: place.chipStep)
    }
    guard rule.postFactor != 0 else { return }
    let before = postTraces[position][target]
    let trace = ((before * Int(rule.postDecay)) >> 12) + derivative
    let after = note((trace, min(trace, Int(ChipArithmetic.traceLimit))))
    postTraces[position][target] = after
    let met = rule.readsTraceBefore == 1 ? before : after
    let postSignal = self.signal(error * met * Int(rule.postFactor), rule)
    for source in spikes(taken: model[connections[position]], in: place.step) {
      let product = postSignal * Int(rule.impulse)
      guard product != 0 else { continue }
      sums[position][source * size + target] += product
      countProduct(position, source, target, chipStep: place.chipStep)
    }
  }

  /// The presynaptic product of a synapse with a trace of its own, and a step of that trace.
  private mutating func adapt(
    _ place: Place, _ source: Int, signal: Int, derivative: Int, _ rule: ThreeFactorProgram
  ) {
    let (position, layer) = (place.position, connections[place.position].layer)
    guard hasSpiked[position][source],
      case .spiking(let program) = model.layers[layer].neurons,
      let adaptation = program.adaptation
    else { return }
    let synapse = source * model.layers[layer].size + place.target
    let (trace, taken) = (preTraces[position][source], eligibility[position][synapse])
    sums[position][synapse] += signal * (trace - taken)
    let share = (derivative * Int(rule.adaptationFactor)) >> 8
    eligibility[position][synapse] =
      (taken * (Int(adaptation.decay) - share) + trace * share) >> 12
    let core = coreOf[layer][place.target]
    ledger.work(.traceUpdate, 1, core: core, step: place.chipStep)
    if signal != 0 { ledger.work(.learningOperation, 1, core: core, step: place.chipStep) }
  }

  /// Divided by `2^signalShift`, rounded half away from zero, clipped.
  private mutating func signal(_ product: Int, _ rule: ThreeFactorProgram) -> Int {
    let half = rule.signalShift > 0 ? 1 << Int(rule.signalShift - 1) : 0
    let size = (abs(product) + half) >> Int(rule.signalShift)
    let kept = note((size, min(size, Int(rule.signalLimit))))
    return product < 0 ? -kept : kept
  }

  private mutating func countProduct(
    _ position: Int, _ source: Int, _ target: Int, chipStep: Int
  ) {
    let layer = connections[position].layer
    ledger.work(.learningOperation, 1, core: coreOf[layer][target], step: chipStep)
    if let core = mirror(of: position, source) {
      ledger.work(.learningOperation, 1, core: core, step: chipStep + 1)
    }
  }

  /// The core that repeats the sums of a source's row of readout weights, for a mirror of them or
  /// for weights that take the same changes.
  func mirror(of position: Int, _ source: Int) -> Int? {
    mirroring(position).map { coreOf[$0][source] }
  }

  private func mirroring(_ position: Int) -> Int? {
    guard connections[position].layer == readout,
      let layer = model[connections[position]].source, takers.contains(layer)
    else { return nil }
    switch model.signal(of: layer).feedback {
    case .symmetric, .adaptive: return feedback(of: layer) == position ? layer : nil
    case .random, .local: return nil
    }
  }

  /// Changes each weight whose sum is not 0 yet, and its mirror, in a sample's last chip step.
  mutating func applySums(_ lesson: Lesson, chipStep: Int) {
    for (position, index) in connections.enumerated() {
      guard let rule = rule(of: index), rule.isAppliedEachStep == 0 else { continue }
      applySums(position, rule, lesson, step: 0, chipStep: chipStep)
    }
  }

  private mutating func applySums(
    _ position: Int, _ rule: ThreeFactorProgram, _ lesson: Lesson, step: Int, chipStep: Int
  ) {
    let layer = connections[position].layer
    let size = model.layers[layer].size
    let shift = Int(model.arithmetic.learningShift)
    for place in sums[position].indices where sums[position][place] != 0 {
      let (source, target) = (place / size, place % size)
      let stream = lesson.random.stream(
        lesson.ordinal, UInt64(position) << 32 + UInt64(step) << 20 + UInt64(source))
      let scaled = (sums[position][place] * Int(rule.gain)) >> 16
      func difference(of weight: Int) -> Int {
        let exact = scaled + (weight >> shift) * Int(rule.weightDecay)
        return -(((exact + field(target, stream)) >> 16) << shift)
      }
      var hasChanged = change(position, place, by: difference(of: weights[position][place]))
      countVisit(coreOf[layer][target], hasChanged, chipStep: chipStep)
      if let holder = mirroring(position) {
        if !feedbackWeights[holder].isEmpty {
          let old = feedbackWeights[holder][place]
          hasChanged = changeFeedback(holder, place, to: old + difference(of: old))
        }
        countVisit(coreOf[holder][source], hasChanged, chipStep: chipStep)
      }
      sums[position][place] = 0
    }
  }

  private mutating func changeFeedback(_ layer: Int, _ place: Int, to exact: Int) -> Bool {
    let bounds = model.feedbackBounds
    let kept = note((exact, max(Int(bounds.lowerBound), min(Int(bounds.upperBound), exact))))
    defer { feedbackWeights[layer][place] = kept }
    return kept != feedbackWeights[layer][place]
  }
}
