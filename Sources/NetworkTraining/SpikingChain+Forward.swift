package import SpikingNetwork

extension SpikingChain {
  /// Shows one sample: potentials and spikes of all steps, the loss and the chosen class.
  package func forward(_ sample: LabelledSample, trace: inout ChainTrace<Scalar>) {
    precondition(
      sample.intensities.count == sampleSize && (0..<classes).contains(sample.label),
      "a sample of \(sample.intensities.count) intensities and class \(sample.label) in a chain of "
        + "\(sampleSize) intensities and \(classes) classes")
    trace.input.clear()
    encoder.encode(sample.intensities, sample: sample.id, into: &trace.scratch)
    for step in 0..<steps {
      let spikes = trace.scratch[encoder.isDirect ? 0 : step]
      trace.input.neurons += spikes
      if encoder.isDirect {
        for channel in spikes {
          trace.input.amplitudes.append(Scalar(sample.intensities[Int(channel)]) / 256)
        }
      }
      trace.input.ends.append(trace.input.neurons.count)
    }
    if !encoder.isDirect {
      trace.input.amplitudes += repeatElement(1, count: trace.input.neurons.count)
    }
    for index in layers.indices {
      let source = index == 0 ? trace.input : trace.layers[index - 1].spikes
      run(layers[index], source: source, trace: &trace.layers[index])
    }
    judge(label: sample.label, trace: &trace)
  }

  /// `v[t] = decay * v[t-1] + bias + gain * sum of the rows that spike`, spike, reset.
  private func run(
    _ layer: ChainLayer<Scalar>, source: SpikeRaster<Scalar>,
    trace: inout ChainTrace<Scalar>.LayerTrace
  ) {
    trace.spikes.clear()
    for n in 0..<layer.size { trace.carried[n] = layer.rest }
    for step in 0..<steps {
      integrate(layer, source: source, step: step, trace: &trace)
      if let firing = layer.firing {
        fire(firing, size: layer.size, step: step, trace: &trace)
      } else {
        for n in 0..<layer.size { trace.carried[n] = trace.potentials[step * layer.size + n] }
      }
    }
  }

  private func integrate(
    _ layer: ChainLayer<Scalar>, source: SpikeRaster<Scalar>, step: Int,
    trace: inout ChainTrace<Scalar>.LayerTrace
  ) {
    let size = layer.size
    let (decay, bias, gain) = (layer.decay, layer.bias, layer.gain)
    // Unsafe: bounds checks would keep the row loops, where nearly all time goes, from vectorising.
    // A spike's neuron is below `sourceSize`: the encoder and `fire` count no further.
    layer.weights.withUnsafeBufferPointer { weights in
      trace.potentials.withUnsafeMutableBufferPointer { potentials in
        trace.carried.withUnsafeBufferPointer { carried in
          guard let weights = weights.baseAddress, let carried = carried.baseAddress,
            let v = potentials.baseAddress.map({ $0 + step * size })
          else { return }
          v.update(repeating: 0, count: size)
          for event in source.range(ofStep: step) {
            let row = weights + Int(source.neurons[event]) * size
            addScaled(row, by: source.amplitudes[event], to: v, count: size)
          }
          for n in 0..<size { v[n] = decay * carried[n] + bias + gain * v[n] }
        }
      }
    }
  }

  private func fire(
    _ firing: ChainLayer<Scalar>.Firing, size: Int, step: Int,
    trace: inout ChainTrace<Scalar>.LayerTrace
  ) {
    for n in 0..<size {
      let v = trace.potentials[step * size + n]
      let amplitude = spikeFunction.amplitude(v, threshold: firing.threshold)
      switch firing.reset {
      case .none: trace.carried[n] = v
      case .soft: trace.carried[n] = v - firing.threshold * amplitude
      case .hard: trace.carried[n] = v * (1 - amplitude) + firing.resetPotential * amplitude
      }
      guard amplitude != 0 else { continue }
      trace.spikes.neurons.append(Int32(truncatingIfNeeded: n))
      trace.spikes.amplitudes.append(amplitude)
    }
    trace.spikes.ends.append(trace.spikes.neurons.count)
  }

  /// Loss, chosen class, and the loss's derivatives by the output potential of each step alone.
  private func judge(label: Int, trace: inout ChainTrace<Scalar>) {
    let last = layers.count - 1
    let classes = self.classes
    var sums = [Double](repeating: 0, count: classes)
    var exponentials = sums
    var loss = 0.0
    for step in 0..<steps {
      let row = step * classes
      var largest = -Double.infinity
      for k in 0..<classes {
        largest = max(largest, Double(trace.layers[last].potentials[row + k]))
      }
      var total = 0.0
      for k in 0..<classes {
        let y = Double(trace.layers[last].potentials[row + k])
        sums[k] += y
        exponentials[k] = NaturalExponential.exponential(y - largest)
        total += exponentials[k]
      }
      let own = Double(trace.layers[last].potentials[row + label])
      loss += largest + NaturalExponential.logarithm(total) - own
      for k in 0..<classes {
        let error = exponentials[k] / total - (k == label ? 1 : 0)
        trace.layers[last].errors[row + k] = Scalar(error / Double(steps))
      }
    }
    trace.loss = loss / Double(steps)
    trace.prediction = sums.indices.reduce(0) { sums[$1] > sums[$0] ? $1 : $0 }
  }
}

/// `to[n] += factor * row[n]`: independent elements, so that the compiler vectorises it.
@inline(__always)
func addScaled<Scalar: BinaryFloatingPoint>(
  _ row: UnsafePointer<Scalar>, by factor: Scalar, to sum: UnsafeMutablePointer<Scalar>, count: Int
) {
  for n in 0..<count { sum[n] += factor * row[n] }
}
