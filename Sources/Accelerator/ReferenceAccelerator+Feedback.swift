import CompiledModel
import SpikingNetwork

/// How errors come back to the layers that learn from them.
extension ReferenceAccelerator {
  var readout: Int { model.layers.count - 1 }

  /// Layers other than the readout that learn from errors.
  var takers: [Int] {
    model.layers.indices.filter { $0 != readout && model.learnsByErrors($0) }
  }

  /// The position of the connection whose weights carry errors back to a layer.
  func feedback(of layer: Int) -> Int {
    guard let index = model.feedbackConnection(of: layer),
      let position = connections.firstIndex(of: index)
    else { preconditionFailure("layer \(layer) has no way to the readout") }
    return position
  }

  /// Chip step in which a layer's traces, signals and products of a step are worked on.
  func learningStep(_ step: Int, _ layer: Int) -> Int {
    if layer == readout { return chipStep(step, readout) }
    if case .local = model.signal(of: layer).feedback { return chipStep(step, layer) + 1 }
    return chipStep(step, readout) + 1
  }

  /// Probability minus target of each class in 1/256, from a base-2 softmax of potentials.
  func errors(
    of potentials: [Int], label: Int, logitMultiplier: Int32, logitShift: Int32
  ) -> [Int] {
    let largest = potentials.max() ?? 0
    let half = logitShift > 0 ? 1 << Int(logitShift - 1) : 0
    let powers = potentials.map { potential in
      let logit = ((largest - potential) * Int(logitMultiplier) + half) >> Int(logitShift)
      return logit / 16 < 17 ? ((32 - logit % 16) << 11) >> (logit / 16) : 0
    }
    let sum = powers.reduce(0, +)
    return powers.indices.map { index in
      (256 * powers[index] + sum / 2) / sum - (index == label ? 256 : 0)
    }
  }

  /// The errors of the readout.
  func readoutErrors(label: Int) -> [Int] {
    guard case .readout(let program) = model.layers[readout].neurons else {
      preconditionFailure("model `\(model.name)` has no readout")
    }
    return errors(
      of: potentials[readout], label: label, logitMultiplier: program.logitMultiplier,
      logitShift: program.logitShift)
  }

  /// By neuron of a layer: its error in a step, given those of the readout.
  mutating func feedBack(_ errors: [Int], to layer: Int, _ step: Int, label: Int) -> [Int] {
    let signal = model.signal(of: layer)
    var own = errors
    if case .local(let program) = signal.feedback {
      integrateLocally(layer, step, program)
      own = self.errors(
        of: localPotentials[layer], label: label, logitMultiplier: program.logitMultiplier,
        logitShift: program.logitShift)
    }
    var sums = [Int](repeating: 0, count: model.layers[layer].size)
    if step >= Int(signal.firstStep) {
      count(own, to: layer, step, signal)
      for neuron in sums.indices {
        for number in own.indices {
          sums[neuron] += feedbackWeight(layer, neuron, number) * own[number]
        }
      }
    }
    if let rate = signal.rate { regulate(&sums, layer, step, rate) }
    return sums
  }

  private func feedbackWeight(_ layer: Int, _ neuron: Int, _ number: Int) -> Int {
    switch model.signal(of: layer).feedback {
    case .symmetric: inferenceWeight(feedback(of: layer), neuron * model.classes + number)
    case .adaptive:
      max(-127, min(127, (feedbackWeights[layer][neuron * model.classes + number] + 128) >> 8))
    case .random, .local: feedbackRows[layer][neuron][number]
    }
  }

  /// Counts errors on their way to a layer's cores, and their products with weights there.
  private mutating func count(
    _ errors: [Int], to layer: Int, _ step: Int, _ signal: LearningSignalProgram
  ) {
    for number in errors.indices where errors[number] != 0 {
      for core in cores(of: layer) {
        let products = model.cores[core].neuronCount
        if case .local = signal.feedback {
          ledger.work(.feedbackOperation, products, core: core, step: learningStep(step, layer))
          continue
        }
        let chipStep = chipStep(step, readout)
        ledger.message(.errorMessage, from: coreOf[readout][number], to: core, step: chipStep)
        ledger.answer(.feedbackOperation, products, core: core, step: chipStep)
      }
    }
  }

  /// A step of a local readout; each core of the layer follows all of it.
  private mutating func integrateLocally(
    _ layer: Int, _ step: Int, _ program: LocalReadoutProgram
  ) {
    let spikes = fired[layer + 1][step]
    let chipStep = chipStep(step, layer)
    for spike in spikes {
      for core in cores(of: layer) {
        if core != coreOf[layer][spike] {
          ledger.message(.message, from: coreOf[layer][spike], to: core, step: chipStep)
        }
        ledger.answer(.feedbackOperation, model.classes, core: core, step: chipStep)
      }
    }
    for number in 0..<model.classes {
      let input = spikes.reduce(0) { $0 + feedbackRows[layer][$1][number] }
      let potential = decayed(localPotentials[layer][number], Int(program.decay)) + input
      let limit = Int(ChipArithmetic.potentialLimit)
      localPotentials[layer][number] = note((potential, max(-limit, min(limit, potential))))
    }
  }

  /// Adds what a neuron has fired too often or too rarely.
  private mutating func regulate(
    _ errors: inout [Int], _ layer: Int, _ step: Int, _ rate: LearningSignalProgram.RateRegulariser
  ) {
    for spike in fired[layer + 1][step] { spikeCounts[layer][spike] += 1 }
    for neuron in errors.indices {
      let surplus = 256 * spikeCounts[layer][neuron] - Int(rate.target) * (step + 1)
      errors[neuron] += (surplus * Int(rate.factor)) >> Int(rate.shift)
      ledger.work(
        .traceUpdate, 1, core: coreOf[layer][neuron], step: learningStep(step, layer))
    }
  }
}

extension CompiledModel {
  /// By neuron of a layer: random weights to the classes, none where errors come otherwise.
  func feedbackRows(of layer: Int) -> [[Int8]] {
    let seed: UInt64
    switch signal(of: layer).feedback {
    case .symmetric, .adaptive: return []
    case .random(let own): seed = own
    case .local(let readout): seed = readout.seed
    }
    let weights = FeedbackWeights(seed: seed, layer: layer)
    return (0..<layers[layer].size).map { weights.row(neuron: $0, classes: classes) }
  }
}
