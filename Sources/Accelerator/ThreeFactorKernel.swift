import CompiledModel
import SpikingNetwork

extension Accelerator {
  /// Adds one logical step's products of signals and traces to the sums of all learning layers.
  ///
  /// `errors` are those of the same logical step: pipelining does not change learning.
  mutating func accumulate(_ errors: [Int32], step: Int) {
    let last = layers.count - 1
    if last > 0, case .threeFactor(let rule)? = layers[last - 1].plasticity {
      sendErrors(errors, step: step)
      layers[last - 1].feedBack(errors, along: layers[last].weights, rule, &saturations)
      accumulate(last - 1, rule, at: step + layers[last].phase + 1)
    }
    if case .threeFactor(let rule)? = layers[last].plasticity {
      layers[last].takeErrors(errors, rule, &saturations)
      accumulate(last, rule, at: step + layers[last].phase)
    }
  }

  /// Errors that are not zero leave for every core of the layer before the readout.
  private mutating func sendErrors(_ errors: [Int32], step: Int) {
    let last = layers.count - 1
    var sent = 0
    for share in layers[last].shares {
      let count = share.neurons.count { errors[$0] != 0 }
      sent += count
      ledger.count(
        .errorMessage, count * share.backward.destinations, core: share.core,
        step: step + layers[last].phase)
      ledger.count(.hopHorizontal, count * share.backward.horizontal)
      ledger.count(.hopVertical, count * share.backward.vertical)
    }
    for share in layers[last - 1].shares {
      ledger.receive(sent, core: share.core, step: step + layers[last].phase + 1)
      ledger.count(
        .feedbackOperation, sent * share.neurons.count, core: share.core,
        step: step + layers[last].phase + 1)
    }
  }

  private mutating func accumulate(_ index: Int, _ rule: ThreeFactorProgram, at step: Int) {
    let sources = sources(of: index)
    layers[index].updatePreTraces(
      sources, decay: rule.preDecay, impulse: rule.impulse, &saturations)
    layers[index].addProducts(sources, rule)
    let traced = layers[index].traced.count
    var isSpiking = false
    if case .spiking = layers[index].neurons { isSpiking = true }
    var active = 0
    var postActive = 0
    for share in layers[index].shares {
      let own = layers[index].activeSignals(share.neurons, rule)
      ledger.count(
        .traceUpdate, traced + (isSpiking ? share.neurons.count : 0), core: share.core, step: step)
      ledger.count(
        .learningOperation, traced * own.pre + sources.count * own.post, core: share.core,
        step: step)
      active += own.pre
      postActive += own.post
    }
    guard layers[index].isMirrored else { return }
    // Cores of the layer before repeat the sums for their own rows of the mirrored weights.
    for share in layers[index - 1].shares {
      let traced = layers[index].traced.count { share.neurons.contains(Int($0)) }
      let spiking = sources.count { share.neurons.contains(Int($0)) }
      ledger.count(
        .learningOperation, traced * active + spiking * postActive, core: share.core,
        step: step + 1)
    }
  }

  /// Changes each weight whose sum is not zero, with one stochastic rounding.
  mutating func applySums(seed: UInt64, ordinal: UInt64, step: Int) {
    let random = CounterRandom(seed: seed, purpose: .rounding)
    for index in layers.indices {
      guard case .threeFactor(let rule)? = layers[index].plasticity else { continue }
      for source in layers[index].traced {
        let stream = random.stream(ordinal, UInt64(index) << 32 | UInt64(source))
        var total = WeightTally()
        for share in layers[index].shares {
          let tally = layers[index].applyRow(Int(source), share.neurons, rule, stream)
          count(tally, core: share.core, step: step)
          total += tally
        }
        saturations += UInt64(total.saturations)
        guard layers[index].isMirrored else { continue }
        for share in layers[index - 1].shares where share.neurons.contains(Int(source)) {
          count(total, core: share.core, step: step)
        }
      }
    }
  }

  mutating func count(_ tally: WeightTally, core: Int, step: Int) {
    ledger.count(.learningOperation, tally.visited, core: core, step: step)
    ledger.count(.weightRead, tally.visited, core: core, step: step)
    ledger.count(.weightWrite, tally.written, core: core, step: step)
  }

  func sources(of index: Int) -> [Int32] {
    index == 0 ? inputSpikes : layers[index - 1].spikes
  }
}

/// What a visit of some weights counted.
struct WeightTally: Equatable {
  var visited = 0
  var written = 0
  var saturations = 0

  static func += (left: inout WeightTally, right: WeightTally) {
    left.visited += right.visited
    left.written += right.written
    left.saturations += right.saturations
  }
}

extension LayerState {
  /// Signals of a hidden layer: `L * psi` with `L = sum over classes of mirrored weight * error`.
  mutating func feedBack(
    _ errors: [Int32], along mirrored: [Int8], _ rule: ThreeFactorProgram,
    _ saturations: inout UInt64
  ) {
    let classes = errors.count
    for neuron in 0..<size {
      var sum: Int32 = 0
      for index in 0..<classes {
        sum &+= Int32(mirrored[neuron &* classes &+ index]) &* errors[index]
      }
      setSignals(neuron, error: sum, psi: psi[neuron], rule, &saturations)
    }
  }

  /// Signals of the readout: the errors themselves, with a pseudo-derivative of one.
  mutating func takeErrors(
    _ errors: [Int32], _ rule: ThreeFactorProgram, _ saturations: inout UInt64
  ) {
    for neuron in 0..<size {
      setSignals(
        neuron, error: errors[neuron], psi: ChipArithmetic.fractionOne, rule, &saturations)
    }
  }

  private mutating func setSignals(
    _ neuron: Int, error: Int32, psi: Int32, _ rule: ThreeFactorProgram,
    _ saturations: inout UInt64
  ) {
    let product = Int64(error) &* Int64(psi) &* Int64(rule.preFactor)
    signals[neuron] = Self.signal(product, rule, &saturations)
    guard rule.postFactor != 0 else { return }
    let trace = min(
      ChipArithmetic.decayed(psiTrace[neuron], by: rule.postDecay) &+ psi,
      ChipArithmetic.traceLimit)
    psiTrace[neuron] = trace
    let post = Int64(error) &* Int64(trace) &* Int64(rule.postFactor)
    postSignals[neuron] = Self.signal(post, rule, &saturations)
  }

  /// Shifted with rounding, half away from zero, so that no drift comes from the shift.
  private static func signal(
    _ product: Int64, _ rule: ThreeFactorProgram, _ saturations: inout UInt64
  ) -> Int32 {
    let shift = Int64(rule.signalShift)
    let half: Int64 = shift > 0 ? 1 << (shift - 1) : 0
    let size = (abs(product) &+ half) >> shift
    let limit = Int64(rule.signalLimit)
    if size > limit { saturations += 1 }
    let clipped = Int32(truncatingIfNeeded: min(size, limit))
    return product < 0 ? -clipped : clipped
  }

  /// Neurons of a range whose signals are not zero.
  func activeSignals(_ range: Range<Int>, _ rule: ThreeFactorProgram) -> (pre: Int, post: Int) {
    var pre = 0
    var post = 0
    for neuron in range {
      if signals[neuron] != 0 { pre += 1 }
      if rule.postFactor != 0, postSignals[neuron] != 0 { post += 1 }
    }
    return (pre, post)
  }

  /// Decays the traces of the sources seen so far and raises those that spike now.
  mutating func updatePreTraces(
    _ sources: [Int32], decay: Int32, impulse: Int32, _ saturations: inout UInt64
  ) {
    for source in traced {
      preTrace[Int(source)] = (preTrace[Int(source)] &* decay) >> 12
    }
    for source in sources {
      if !isTraced[Int(source)] {
        isTraced[Int(source)] = true
        traced.append(source)
      }
      let new = preTrace[Int(source)] &+ impulse
      if new > ChipArithmetic.traceLimit { saturations += 1 }
      preTrace[Int(source)] = min(new, ChipArithmetic.traceLimit)
    }
  }

  /// `sums[i][j] += signal[j] * trace[i]`, and the postsynaptic term for sources that spike now.
  mutating func addProducts(_ sources: [Int32], _ rule: ThreeFactorProgram) {
    let size = self.size
    sums.withUnsafeMutableBufferPointer { sums in
      // Unsafe: sources lie within the layer, and the loop has to vectorise.
      signals.withUnsafeBufferPointer { signals in
        guard let base = sums.baseAddress, let signals = signals.baseAddress else { return }
        for source in traced {
          let trace = preTrace[Int(source)]
          let row = base + Int(source) * size
          for target in 0..<size { row[target] &+= signals[target] &* trace }
        }
      }
      guard rule.postFactor != 0 else { return }
      for source in sources {
        for target in 0..<size {
          sums[Int(source) &* size &+ target] &+= postSignals[target] &* rule.impulse
        }
      }
    }
  }

  /// Applies and clears the sums of one row within a range of targets.
  mutating func applyRow(
    _ source: Int, _ range: Range<Int>, _ rule: ThreeFactorProgram, _ stream: UInt64
  ) -> WeightTally {
    var tally = WeightTally()
    let shift = Int64(rule.gainShift)
    let mask = (Int64(1) << shift) - 1
    let gain = Int64(rule.gain)
    let low = Int64(bounds.lowerBound)
    let high = Int64(bounds.upperBound)
    for target in range {
      let index = source &* size &+ target
      let sum = sums[index]
      guard sum != 0 else { continue }
      sums[index] = 0
      let draw = CounterRandom.draw(stream, UInt64(truncatingIfNeeded: target))
      let change = (Int64(sum) &* gain &+ (Int64(bitPattern: draw) & mask)) >> shift
      let old = learningWeights[index]
      let wanted = Int64(old) &- change
      let new = Int16(truncatingIfNeeded: max(low, min(high, wanted)))
      tally.visited += 1
      if wanted < low || wanted > high { tally.saturations += 1 }
      guard new != old else { continue }
      tally.written += 1
      learningWeights[index] = new
      weights[index] = ChipArithmetic.inferenceWeight(new)
    }
    return tally
  }
}
