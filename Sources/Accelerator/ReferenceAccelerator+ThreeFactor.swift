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

  private var readout: Int { model.layers.count - 1 }

  /// Layers other than the readout that learn from errors.
  private var takers: [Int] {
    model.layers.indices.filter { layer in
      layer != readout && connections.contains { $0.layer == layer && rule(of: $0) != nil }
    }
  }

  /// The position of the connection whose weights carry errors back to a layer.
  private func feedback(of layer: Int) -> Int {
    let found = connections.indices.first { position in
      let connection = model[connections[position]]
      return connections[position].layer == readout && connection.source == layer
        && connection.layout == .dense && connection.delay == 0 && connection.pooling == nil
    }
    guard let found else { preconditionFailure("layer \(layer) has no way to the readout") }
    return found
  }

  /// One step of three-factor learning; the errors, empty where nothing learns by it.
  mutating func learnFromLabel(_ step: Int, _ lesson: Lesson) -> [Int] {
    guard learnsFromLabels, let label = lesson.label else { return [] }
    let errors = errors(label: label)
    let chipStep = step + model.layers[readout].phase
    for layer in takers { feedBack(errors, to: layer, chipStep: chipStep) }
    for (position, index) in connections.enumerated() {
      guard let rule = rule(of: index) else { continue }
      let ownErrors = index.layer == readout ? errors : errorsOf(index.layer, errors)
      let ownStep = index.layer == readout ? chipStep : chipStep + 1
      raisePreTraces(
        position, step, decay: rule.preDecay, impulse: rule.impulse, chipStep: ownStep)
      for target in 0..<model.layers[index.layer].size {
        let place = Place(position: position, target: target, step: step, chipStep: ownStep)
        accumulate(place, error: ownErrors[target], rule)
      }
    }
    return errors
  }

  /// Probability minus target of each class in 1/256, from a base-2 softmax.
  private func errors(label: Int) -> [Int] {
    guard case .readout(let program) = model.layers[readout].neurons,
      let largest = potentials[readout].max()
    else { preconditionFailure("model `\(model.name)` has no readout") }
    let half = program.logitShift > 0 ? 1 << Int(program.logitShift - 1) : 0
    let powers = potentials[readout].map { potential in
      let logit =
        ((largest - potential) * Int(program.logitMultiplier) + half) >> Int(program.logitShift)
      return logit / 16 < 17 ? ((32 - logit % 16) << 11) >> (logit / 16) : 0
    }
    let sum = powers.reduce(0, +)
    return powers.indices.map { index in
      (256 * powers[index] + sum / 2) / sum - (index == label ? 256 : 0)
    }
  }

  /// Sends errors to a layer's cores, which multiply them with mirrored weights.
  private mutating func feedBack(_ errors: [Int], to layer: Int, chipStep: Int) {
    for neuron in errors.indices where errors[neuron] != 0 {
      for core in cores(of: layer) {
        ledger.message(
          .errorMessage, from: coreOf[readout][neuron], to: core, step: chipStep)
        ledger.answer(
          .feedbackOperation, model.cores[core].neuronCount, core: core, step: chipStep)
      }
    }
  }

  /// By neuron of a layer: `E_j`.
  private func errorsOf(_ layer: Int, _ errors: [Int]) -> [Int] {
    let position = feedback(of: layer)
    return (0..<model.layers[layer].size).map { neuron in
      errors.indices.reduce(0) { sum, output in
        sum + inferenceWeight(position, neuron * errors.count + output) * errors[output]
      }
    }
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
      let product = signal * preTraces[position][source]
      guard product != 0 else { continue }
      sums[position][source * size + target] += product
      countProduct(position, source, target, chipStep: place.chipStep)
    }
    guard rule.postFactor != 0 else { return }
    let trace = ((postTraces[position][target] * Int(rule.postDecay)) >> 12) + derivative
    postTraces[position][target] = note((trace, min(trace, Int(ChipArithmetic.traceLimit))))
    let postSignal = self.signal(
      error * postTraces[position][target] * Int(rule.postFactor), rule)
    for source in spikes(taken: model[connections[position]], in: place.step) {
      let product = postSignal * Int(rule.impulse)
      guard product != 0 else { continue }
      sums[position][source * size + target] += product
      countProduct(position, source, target, chipStep: place.chipStep)
    }
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

  /// The core that holds a mirror of a source's row of readout weights.
  private func mirror(of position: Int, _ source: Int) -> Int? {
    guard connections[position].layer == readout,
      let layer = model[connections[position]].source, takers.contains(layer),
      feedback(of: layer) == position
    else { return nil }
    return coreOf[layer][source]
  }

  /// Changes each weight whose sum is not 0, and its mirror, in a chip step.
  mutating func applySums(_ lesson: Lesson, chipStep: Int) {
    for (position, index) in connections.enumerated() {
      guard let rule = rule(of: index) else { continue }
      let size = model.layers[index.layer].size
      for place in sums[position].indices where sums[position][place] != 0 {
        let (source, target) = (place / size, place % size)
        let stream = lesson.random.stream(
          lesson.ordinal, UInt64(position) << 32 + UInt64(source))
        let steps = (((sums[position][place] * Int(rule.gain)) >> 16) + field(target, stream)) >> 16
        let hasChanged = change(
          position, place, by: -(steps << Int(model.arithmetic.learningShift)))
        var holders = [coreOf[index.layer][target]]
        if let core = mirror(of: position, source) { holders.append(core) }
        for core in holders { countVisit(core, hasChanged, chipStep: chipStep) }
        sums[position][place] = 0
      }
    }
  }
}
