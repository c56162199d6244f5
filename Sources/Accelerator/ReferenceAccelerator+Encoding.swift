import CompiledModel
import SpikingNetwork

/// From the intensities of a sample to input spikes, one statement for each rule of `docs/CHIP.md`.
extension ReferenceAccelerator {
  /// Input spikes by step; where intensities act directly, `drives` as well.
  mutating func encoded(_ intensities: [UInt8], sample: UInt64) -> SpikeTrains {
    precondition(
      intensities.count == model.sampleSize,
      "\(intensities.count) of \(model.sampleSize) intensities")
    var steps = [[Int32]](repeating: [], count: model.steps)
    switch model.input {
    case .bernoulli(let seed):
      draw(intensities, BernoulliEncoder(seed: seed), sample, &steps)
    case .draws(let seed, let levels):
      draw(intensities, BernoulliEncoder(seed: seed, levels: levels), sample, &steps)
    case .latency:
      for channel in 0..<model.inputs where intensities[channel] != 0 {
        let step = (255 - Int(intensities[channel])) * model.steps / 255
        steps[step].append(Int32(channel))
      }
    case .directCurrent:
      steps[0] = (0..<Int32(model.inputs)).filter { intensities[Int($0)] != 0 }
      drive(intensities)
    case .levelCrossing(let threshold):
      steps = crossings(intensities, threshold: Int(threshold))
    }
    return SpikeTrains(sources: model.inputs, steps: steps)
  }

  private func draw(
    _ intensities: [UInt8], _ encoder: BernoulliEncoder, _ sample: UInt64, _ steps: inout [[Int32]]
  ) {
    for step in steps.indices {
      encoder.encode(intensities, sample: sample, step: step, into: &steps[step])
    }
  }

  private mutating func drive(_ intensities: [UInt8]) {
    for layer in drives.indices {
      for neuron in drives[layer].indices { drives[layer][neuron] = 0 }
    }
    for (position, index) in connections.enumerated() where model[index].source == nil {
      let shift = Int(model.arithmetic.inputShift + model[index].shift)
      var sums = [Int](repeating: 0, count: model.layers[index.layer].size)
      for source in 0..<model.inputs {
        for synapse in synapses[position].bySource[source] {
          sums[synapse.target] += weights[position][synapse.weight] * Int(intensities[source])
        }
      }
      for neuron in sums.indices { drives[index.layer][neuron] += (sums[neuron] << shift) >> 8 }
    }
  }

  private func crossings(_ levels: [UInt8], threshold: Int) -> [[Int32]] {
    let channels = model.inputs / 2
    var reference = levels.prefix(channels).map { Int($0) }
    return (0..<model.steps).map { step in
      var spikes: [Int32] = []
      for channel in 0..<channels {
        let level = Int(levels[step * channels + channel])
        if level - reference[channel] >= threshold {
          spikes.append(Int32(2 * channel))
          reference[channel] = level
        } else if reference[channel] - level >= threshold {
          spikes.append(Int32(2 * channel + 1))
          reference[channel] = level
        }
      }
      return spikes
    }
  }
}
