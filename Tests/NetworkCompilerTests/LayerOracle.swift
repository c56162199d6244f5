import CompiledModel
import SpikingNetwork

/// One layer behind one dense connection: as the network describes it, and as the chip runs it.
enum LayerOracle {
  /// Spikes `[step][neuron]` in floating point, for a network of `CompilerFixture.single`.
  static func described(_ network: SpikingNetwork, inputs: [[Bool]]) -> [[Bool]] {
    let population = network.populations[1]
    let weights = network.projections[0].weights.map(Double.init)
    var potentials = [Double](repeating: 0, count: population.size)
    var currents = potentials
    return inputs.map { spikes in
      potentials.indices.map { neuron in
        var input = 0.0
        for (source, spiked) in spikes.enumerated() where spiked {
          input += weights[neuron * spikes.count + source]
        }
        var membrane: LIFParameters?
        switch population.model {
        case .lif(let lif):
          membrane = lif
        case .cubaLIF(let cuba):
          membrane = cuba.lif
          currents[neuron] = currents[neuron] * cuba.currentDecay(timeStep: network.timeStep)
          currents[neuron] += input
          input = currents[neuron]
        default:
          break
        }
        guard let membrane else { return false }
        let kept = potentials[neuron] * membrane.decay(timeStep: network.timeStep)
        potentials[neuron] = kept + input
        guard potentials[neuron] > membrane.vThreshold else { return false }
        potentials[neuron] = membrane.reset == .hard ? 0 : potentials[neuron] - membrane.vThreshold
        return true
      }
    }
  }

  /// Spikes `[step][neuron]` in the chip's integers, of the first layer.
  static func compiled(_ model: CompiledModel, inputs: [[Bool]]) -> [[Bool]] {
    let layer = model.layers[0]
    let connection = layer.connections[0]
    guard case .spiking(let program) = layer.neurons else { return [] }
    let weights = connection.inferenceWeights
    let limit = model.arithmetic.potentialLimit
    var potentials = [Int32](repeating: 0, count: layer.size)
    var currents = potentials
    return inputs.map { spikes in
      potentials.indices.map { neuron in
        var input: Int32 = 0
        for (source, spiked) in spikes.enumerated() where spiked {
          input += Int32(weights[source * layer.size + neuron])
        }
        input <<= model.arithmetic.inputShift + connection.shift
        if let decay = program.membrane.currentDecay {
          currents[neuron] = ChipArithmetic.decayed(currents[neuron], by: decay) + input
          input = currents[neuron]
        }
        let kept = ChipArithmetic.decayed(potentials[neuron], by: program.membrane.decay)
        let sum = kept + input + program.membrane.bias[neuron]
        potentials[neuron] = max(-limit, min(limit, sum))
        let threshold = program.threshold[neuron]
        guard potentials[neuron] > threshold else { return false }
        potentials[neuron] = program.reset == .hard ? 0 : potentials[neuron] - threshold
        return true
      }
    }
  }

  /// Input spikes `[step][source]` at one rate.
  static func inputs(sources: Int, steps: Int, rate: Double, seed: UInt64) -> [[Bool]] {
    let random = CounterRandom(seed: seed, purpose: .encoder)
    return (0..<steps).map { step in
      let stream = random.stream(UInt64(step))
      return (0..<sources).map { source in
        Double(CounterRandom.draw(stream, UInt64(source)) >> 11) < rate * 9_007_199_254_740_992
      }
    }
  }

  /// Share of spikes that the other has within one step: 1 for the same trains.
  static func agreement(_ one: [[Bool]], _ other: [[Bool]]) -> Double {
    var matched = 0
    var all = 0
    for (first, second) in [(one, other), (other, one)] {
      for step in first.indices {
        for neuron in first[step].indices where first[step][neuron] {
          all += 1
          let near = max(0, step - 1)...min(second.count - 1, step + 1)
          if near.contains(where: { second[$0][neuron] }) { matched += 1 }
        }
      }
    }
    return Double(matched) / Double(max(1, all))
  }
}
