import CompiledModel
import SpikingNetwork

extension ReferenceAccelerator {
  /// Probability minus target of each class in 1/256, from a base-2 softmax.
  func errors(label: Int) -> [Int] {
    guard case .readout(let program)? = model.layers.last?.neurons,
      let potentials = potentials.last, let largest = potentials.max()
    else { preconditionFailure("model `\(model.name)` has no readout") }
    let half = program.logitShift > 0 ? 1 << Int(program.logitShift - 1) : 0
    let powers = potentials.map { potential in
      let distance =
        ((largest - potential) * Int(program.logitMultiplier) + half) >> Int(program.logitShift)
      let mantissa = (32 - distance % 16) * 2048
      return distance / 16 < 17 ? mantissa >> (distance / 16) : 0
    }
    let sum = powers.reduce(0, +)
    return powers.indices.map { index in
      (powers[index] * 256 + sum / 2) / sum - (index == label ? 256 : 0)
    }
  }

  /// Adds one step's products to the sums of the readout and of the layer before it.
  mutating func accumulate(_ errors: [Int]) {
    let last = model.layers.count - 1
    for layer in [last - 1, last] where layer >= 0 {
      guard case .threeFactor(let rule)? = model.layers[layer].connection.plasticity else {
        continue
      }
      let isHidden = layer < last
      if isHidden { feedBack(errors, to: layer) }
      raisePreTraces(layer, decay: rule.preDecay, impulse: rule.impulse)
      let isMirrored = !isHidden && learnsFromErrors(layer - 1)
      if isHidden { count(.traceUpdate, model.layers[layer].size) }
      count(.traceUpdate, preTraces[layer].count * model.cores.count { $0.layer == layer })
      for neuron in 0..<model.layers[layer].size {
        var error = errors.indices.contains(neuron) ? errors[neuron] : 0
        if isHidden {
          error = errors.indices.reduce(0) { $0 + weight(last, neuron, $1) * errors[$1] }
        }
        let derivative = isHidden ? psi[layer][neuron] : 256
        add(layer, neuron, error, derivative, rule, copies: isMirrored ? 2 : 1)
      }
    }
  }

  private func learnsFromErrors(_ layer: Int) -> Bool {
    guard layer >= 0, case .threeFactor? = model.layers[layer].connection.plasticity else {
      return false
    }
    return true
  }

  private mutating func feedBack(_ errors: [Int], to layer: Int) {
    for index in errors.indices where errors[index] != 0 {
      multicast(.errorMessage, from: tile(layer + 1, index), toLayer: layer)
      count(.feedbackOperation, model.layers[layer].size)
    }
  }

  private mutating func add(
    _ layer: Int, _ neuron: Int, _ error: Int, _ derivative: Int, _ rule: ThreeFactorProgram,
    copies: Int
  ) {
    let size = model.layers[layer].size
    let signal = shifted(error * derivative * Int(rule.preFactor), rule)
    if signal != 0 {
      for (source, trace) in preTraces[layer] {
        sums[layer][source * size + neuron, default: 0] += signal * trace
        count(.learningOperation, copies)
      }
    }
    guard rule.postFactor != 0 else { return }
    let decayed = (psiTraces[layer][neuron] * Int(rule.postDecay)) >> 12
    psiTraces[layer][neuron] = min(decayed + derivative, Int(ChipArithmetic.traceLimit))
    let post = shifted(error * psiTraces[layer][neuron] * Int(rule.postFactor), rule)
    guard post != 0 else { return }
    for source in sources[layer] {
      sums[layer][source * size + neuron, default: 0] += post * Int(rule.impulse)
      count(.learningOperation, copies)
    }
  }

  /// Divided by `2^signalShift`, rounded half away from zero, clipped.
  private func shifted(_ product: Int, _ rule: ThreeFactorProgram) -> Int {
    let half = rule.signalShift > 0 ? 1 << Int(rule.signalShift - 1) : 0
    let size = min((abs(product) + half) >> Int(rule.signalShift), Int(rule.signalLimit))
    return product < 0 ? -size : size
  }

  /// Changes each weight whose sum is not zero, and its mirror.
  mutating func applySums(seed: UInt64, ordinal: UInt64) {
    for layer in model.layers.indices {
      guard case .threeFactor(let rule)? = model.layers[layer].connection.plasticity else {
        continue
      }
      let copies = layer == model.layers.count - 1 && learnsFromErrors(layer - 1) ? 2 : 1
      let size = model.layers[layer].size
      for (index, sum) in sums[layer] where sum != 0 {
        let stream = CounterRandom(seed: seed, purpose: .rounding)
          .stream(ordinal, UInt64(layer) << 32 | UInt64(index / size))
        let change = rounded(sum * Int(rule.gain), rule.gainShift, stream, UInt64(index % size))
        write(layer, index, by: -change, copies: copies)
      }
      sums[layer] = [:]
    }
  }

  /// One step of pair STDP: depression, then potentiation, then the postsynaptic traces rise.
  mutating func pairSTDP(_ layer: Int, _ step: Int, seed: UInt64, ordinal: UInt64) {
    guard case .pairSTDP(let rule)? = model.layers[layer].connection.plasticity else { return }
    let size = model.layers[layer].size
    let random = CounterRandom(seed: seed, purpose: .rounding)
    let down = random.stream(ordinal, UInt64(layer) << 32 | UInt64(step * 2))
    let up = random.stream(ordinal, UInt64(layer) << 32 | UInt64(step * 2 + 1))
    raisePreTraces(layer, decay: rule.preDecay, impulse: rule.impulse)
    count(.traceUpdate, preTraces[layer].count * model.cores.count { $0.layer == layer })
    for neuron in 0..<size {
      postTraces[layer][neuron] = (postTraces[layer][neuron] * Int(rule.postDecay)) >> 12
      let trace = postTraces[layer][neuron]
      guard trace != 0 else { continue }
      count(.traceUpdate, 1)
      for source in sources[layer] {
        let index = source * size + neuron
        let product = -trace * Int(rule.depression)
        write(layer, index, by: rounded(product, rule.shift, down, UInt64(index)), copies: 1)
      }
    }
    for neuron in sources[layer + 1] {
      count(.traceUpdate, 1)
      for (source, trace) in preTraces[layer] where trace != 0 {
        let index = source * size + neuron
        let product = trace * Int(rule.potentiation)
        write(layer, index, by: rounded(product, rule.shift, up, UInt64(index)), copies: 1)
      }
      postTraces[layer][neuron] = min(
        postTraces[layer][neuron] + Int(rule.impulse), Int(ChipArithmetic.traceLimit))
    }
  }

  private mutating func raisePreTraces(_ layer: Int, decay: Int32, impulse: Int32) {
    for source in preTraces[layer].keys {
      preTraces[layer][source] = ((preTraces[layer][source] ?? 0) * Int(decay)) >> 12
    }
    for source in sources[layer] {
      preTraces[layer][source] = min(
        (preTraces[layer][source] ?? 0) + Int(impulse), Int(ChipArithmetic.traceLimit))
    }
  }

  /// `product / 2^shift` rounded down or up at random, so that its mean is exact.
  private func rounded(_ product: Int, _ shift: Int32, _ stream: UInt64, _ draw: UInt64) -> Int {
    let random = Int(CounterRandom.draw(stream, draw) & ((1 << UInt64(shift)) - 1))
    return (product + random) >> Int(shift)
  }

  private mutating func write(_ layer: Int, _ index: Int, by change: Int, copies: Int) {
    let bounds = model.weightBounds(layer: layer)
    let old = learningWeights[layer][index]
    let new = max(Int(bounds.lowerBound), min(Int(bounds.upperBound), old + change))
    count(.learningOperation, copies)
    count(.weightRead, copies)
    if new != old { count(.weightWrite, copies) }
    learningWeights[layer][index] = new
  }
}
