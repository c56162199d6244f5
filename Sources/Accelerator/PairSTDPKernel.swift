import CompiledModel
import SpikingNetwork

extension Accelerator {
  /// One step of pair STDP of one layer: traces decay, presynaptic spikes depress by the
  /// postsynaptic trace before this step's spikes, postsynaptic spikes potentiate by the
  /// presynaptic trace with this step's spikes, then the postsynaptic trace rises.
  mutating func pairSTDP(
    _ index: Int, _ rule: PairSTDPProgram, step: Int, random: CounterRandom, ordinal: UInt64
  ) {
    let sources = sources(of: index)
    layers[index].updatePreTraces(
      sources, decay: rule.preDecay, impulse: rule.impulse, &saturations)
    layers[index].decayPostTraces(rule.postDecay)
    let at = step + layers[index].phase
    let first = UInt64(index) << 32 | UInt64(step) << 1
    let depression = random.stream(ordinal, first)
    let potentiation = random.stream(ordinal, first | 1)
    let spikes = layers[index].spikes
    for share in layers[index].shares {
      var tally = WeightTally()
      for source in sources {
        tally += layers[index].depress(Int(source), share.neurons, rule, depression)
      }
      var fired = 0
      for neuron in spikes where share.neurons.contains(Int(neuron)) {
        tally += layers[index].potentiate(Int(neuron), rule, potentiation)
        fired += 1
      }
      let traced = share.neurons.count { layers[index].postTrace[$0] != 0 }
      ledger.count(
        .traceUpdate, layers[index].traced.count + traced + fired, core: share.core, step: at)
      count(tally, core: share.core, step: at)
      saturations += UInt64(tally.saturations)
    }
    layers[index].raisePostTraces(rule.impulse, &saturations)
  }
}

extension LayerState {
  mutating func decayPostTraces(_ decay: Int32) {
    for neuron in 0..<size { postTrace[neuron] = (postTrace[neuron] &* decay) >> 12 }
  }

  mutating func raisePostTraces(_ impulse: Int32, _ saturations: inout UInt64) {
    for neuron in spikes {
      let new = postTrace[Int(neuron)] &+ impulse
      if new > ChipArithmetic.traceLimit { saturations += 1 }
      postTrace[Int(neuron)] = min(new, ChipArithmetic.traceLimit)
    }
  }

  /// A presynaptic spike: the row's weights onto neurons with a trace fall.
  mutating func depress(
    _ source: Int, _ range: Range<Int>, _ rule: PairSTDPProgram, _ stream: UInt64
  ) -> WeightTally {
    var tally = WeightTally()
    for target in range where postTrace[target] != 0 {
      tally += change(
        source &* size &+ target, by: -Int64(postTrace[target]) &* Int64(rule.depression),
        rule.shift, stream)
    }
    return tally
  }

  /// A postsynaptic spike: the column's weights from sources with a trace rise.
  mutating func potentiate(
    _ target: Int, _ rule: PairSTDPProgram, _ stream: UInt64
  ) -> WeightTally {
    var tally = WeightTally()
    for source in traced where preTrace[Int(source)] != 0 {
      tally += change(
        Int(source) &* size &+ target,
        by: Int64(preTrace[Int(source)]) &* Int64(rule.potentiation), rule.shift, stream)
    }
    return tally
  }

  private mutating func change(
    _ index: Int, by product: Int64, _ shift: Int32, _ stream: UInt64
  ) -> WeightTally {
    let mask = (Int64(1) << Int64(shift)) - 1
    let draw = CounterRandom.draw(stream, UInt64(truncatingIfNeeded: index))
    let step = (product &+ (Int64(bitPattern: draw) & mask)) >> Int64(shift)
    let old = learningWeights[index]
    let wanted = Int64(old) &+ step
    let new = Int16(
      truncatingIfNeeded: max(Int64(bounds.lowerBound), min(Int64(bounds.upperBound), wanted)))
    var tally = WeightTally(visited: 1)
    if wanted < Int64(bounds.lowerBound) || wanted > Int64(bounds.upperBound) {
      tally.saturations = 1
    }
    guard new != old else { return tally }
    tally.written = 1
    learningWeights[index] = new
    weights[index] = ChipArithmetic.inferenceWeight(new)
    return tally
  }
}
