import CompiledModel

/// What a run over some neurons of a layer counted.
struct NeuronTally {
  var updates = 0
  var saturations = 0
}

extension LayerState {
  /// One step of the neurons in a range; spikes are appended in rising order.
  ///
  /// `v = clip(decay(v) + (input << 6) + bias)`, then psi, then strict `v > threshold`, then reset.
  mutating func update(
    _ range: Range<Int>, _ program: SpikingProgram, psi rule: ThreeFactorProgram?
  ) -> NeuronTally {
    let tally = integratePotentials(range, decay: program.decay, bias: program.bias)
    if let rule { pseudoDerivative(range, threshold: program.threshold, rule) }
    let threshold = program.threshold
    for neuron in range where potentials[neuron] > threshold {
      if program.refractorySteps > 0, refractoryLeft[neuron] > 0 { continue }
      spikes.append(Int32(truncatingIfNeeded: neuron))
      switch program.reset {
      case .none: break
      case .soft: potentials[neuron] &-= threshold
      case .hard: potentials[neuron] = program.resetPotential
      }
      // One more, as it is counted down at the end of this very step.
      if program.refractorySteps > 0 { refractoryLeft[neuron] = program.refractorySteps + 1 }
    }
    if program.refractorySteps > 0 {
      for neuron in range { refractoryLeft[neuron] = max(0, refractoryLeft[neuron] - 1) }
    }
    return tally
  }

  /// Decays potentials and adds inputs; those of refractory neurons are held.
  mutating func integratePotentials(
    _ range: Range<Int>, decay: Int32, bias: Int32
  ) -> NeuronTally {
    let limit = ChipArithmetic.potentialLimit
    var updates: Int32 = 0
    var saturations: Int32 = 0
    potentials.withUnsafeMutableBufferPointer { potentials in
      // Unsafe: `range` lies within the layer, and the loop has to vectorise.
      inputs.withUnsafeBufferPointer { inputs in
        refractoryLeft.withUnsafeBufferPointer { left in
          guard let potentials = potentials.baseAddress, let inputs = inputs.baseAddress,
            let left = left.baseAddress
          else { return }
          for neuron in range {
            let old = potentials[neuron]
            let input = inputs[neuron]
            let sign = old >> 31
            let magnitude = (old ^ sign) &- sign
            let kept =
              (magnitude >> 12) &* decay &+ (((magnitude & 4095) &* decay) >> 12)
            let decayed = (kept ^ sign) &- sign
            let sum = decayed &+ (input << ChipArithmetic.inputShift) &+ bias
            let clipped = max(-limit, min(limit, sum))
            let held = left[neuron] > 0
            potentials[neuron] = held ? old : clipped
            updates &+= (old | input | bias) != 0 ? 1 : 0
            saturations &+= !held && clipped != sum ? 1 : 0
          }
        }
      }
    }
    return NeuronTally(updates: Int(updates), saturations: Int(saturations))
  }

  /// `psi = max(0, threshold - |v - threshold|) / threshold` in 1/256, 0 while refractory.
  private mutating func pseudoDerivative(
    _ range: Range<Int>, threshold: Int32, _ rule: ThreeFactorProgram
  ) {
    for neuron in range {
      let height = max(0, threshold &- abs(potentials[neuron] &- threshold))
      let product = Int64(height) &* Int64(rule.psiMultiplier)
      let value = Int32(truncatingIfNeeded: product >> Int64(rule.psiShift))
      psi[neuron] = refractoryLeft[neuron] > 0 ? 0 : value
    }
  }
}
