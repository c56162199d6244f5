import SpikingNetwork

extension SpikingChain {
  /// A gradient of zero: one array for each layer, row-major `[source][target]`.
  package var zeroGradient: [[Scalar]] {
    layers.map { [Scalar](repeating: 0, count: $0.weights.count) }
  }

  /// Adds the loss's gradient for the sample that `forward` has just shown.
  ///
  /// Backpropagation through time with the pseudo-derivative psi in place of the spike's:
  /// `du[t] = psi[t] * g[t] + decay * du[t+1]`, `g` from the layer above,
  /// `dw_ij += x_i[t] * du_j[t]`.
  /// The way through the reset is not followed (Bellec 2020; the usual and steadier choice), but a
  /// hard reset cuts the way from one step to the next.
  package func backward(trace: inout ChainTrace<Scalar>, gradient: inout [[Scalar]]) {
    for index in layers.indices.reversed() {
      if index == layers.count - 1 {
        accumulateOutput(layers[index], trace: &trace.layers[index])
      } else {
        let above = trace.layers[index + 1].errors
        passDown(
          from: layers[index + 1], errors: above, to: layers[index], trace: &trace.layers[index])
      }
      let source = index == 0 ? trace.input : trace.layers[index - 1].spikes
      addOuterProducts(
        layers[index], source: source, errors: trace.layers[index].errors,
        gradient: &gradient[index])
    }
  }

  /// `dy[t] += kappa * dy[t+1]`.
  private func accumulateOutput(
    _ layer: ChainLayer<Scalar>, trace: inout ChainTrace<Scalar>.LayerTrace
  ) {
    let size = layer.size
    for position in stride(from: (steps - 1) * size - 1, through: 0, by: -1) {
      trace.errors[position] += layer.decay * trace.errors[position + size]
    }
  }

  private func passDown(
    from above: ChainLayer<Scalar>, errors: [Scalar], to layer: ChainLayer<Scalar>,
    trace: inout ChainTrace<Scalar>.LayerTrace
  ) {
    guard let firing = layer.firing else {
      preconditionFailure("a layer below the output does not spike")
    }
    let size = layer.size
    for step in (0..<steps).reversed() {
      for n in 0..<size {
        let position = step * size + n
        let v = trace.potentials[position]
        let psi = spikeFunction.derivative(v, threshold: firing.threshold, gamma: gamma)
        var error: Scalar = 0
        if psi != 0 {
          let sum = product(
            above.weights, row: n * above.size, errors, row: step * above.size, count: above.size)
          error = psi * above.gain * sum
        }
        if step < steps - 1 {
          let open: Scalar =
            firing.reset == .hard
            ? 1 - spikeFunction.amplitude(v, threshold: firing.threshold) : 1
          error += layer.decay * open * trace.errors[position + size]
        }
        trace.errors[position] = error
      }
    }
  }

  private func addOuterProducts(
    _ layer: ChainLayer<Scalar>, source: SpikeRaster<Scalar>, errors: [Scalar],
    gradient: inout [Scalar]
  ) {
    let size = layer.size
    // Unsafe for the reason given in `integrate`; the gradient has the shape of the weights.
    precondition(gradient.count == layer.weights.count, "a gradient of another shape")
    errors.withUnsafeBufferPointer { errors in
      gradient.withUnsafeMutableBufferPointer { gradient in
        guard let errors = errors.baseAddress, let gradient = gradient.baseAddress else { return }
        for step in 0..<steps {
          for event in source.range(ofStep: step) {
            addScaled(
              errors + step * size, by: layer.gain * source.amplitudes[event],
              to: gradient + Int(source.neurons[event]) * size, count: size)
          }
        }
      }
    }
  }

  /// Sum of products in four partial sums, always in the same order.
  private func product(
    _ a: [Scalar], row aRow: Int, _ b: [Scalar], row bRow: Int, count: Int
  ) -> Scalar {
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        var (s0, s1, s2, s3): (Scalar, Scalar, Scalar, Scalar) = (0, 0, 0, 0)
        var n = 0
        while n + 4 <= count {
          s0 += a[aRow + n] * b[bRow + n]
          s1 += a[aRow + n + 1] * b[bRow + n + 1]
          s2 += a[aRow + n + 2] * b[bRow + n + 2]
          s3 += a[aRow + n + 3] * b[bRow + n + 3]
          n += 4
        }
        while n < count {
          s0 += a[aRow + n] * b[bRow + n]
          n += 1
        }
        return (s0 + s1) + (s2 + s3)
      }
    }
  }
}
