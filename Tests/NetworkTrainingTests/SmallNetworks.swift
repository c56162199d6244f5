import NetworkTraining
import SpikingNetwork

/// A small chain with two hidden layers whose parameters all differ from their defaults.
func smallNetwork(reset: ResetMode, seed: UInt64) -> SpikingNetwork {
  let first = LIFParameters(
    tauMem: 0.006, r: 0.8, vLeak: 0.1, vThreshold: 0.9, vReset: -0.2, reset: reset)
  let second = LIFParameters(
    tauMem: 0.01, r: 1.3, vLeak: -0.05, vThreshold: 0.7, vReset: 0.1, reset: reset)
  let output = LeakyIntegratorParameters(tauMem: 0.008, r: 1.1, vLeak: 0.2)
  func weights(_ count: Int, _ stream: UInt64) -> [Float] {
    // Above zero on average, so that no layer stays silent.
    InitialWeights.normal(count: count, standardDeviation: 0.5, seed: seed, stream: stream)
      .map { $0 + 0.25 }
  }
  return SpikingNetwork(
    name: "small", timeStep: 0.001, steps: 7, encoder: .bernoulli(seed: seed),
    populations: [
      // Out of order: what counts is how projections lead.
      Population(name: "output", size: 3, model: .leakyIntegrator(output)),
      Population(name: "input", size: 6, model: .input),
      Population(name: "first", size: 5, model: .lif(first)),
      Population(name: "second", size: 4, model: .lif(second)),
    ],
    projections: [
      Projection(source: "second", target: "output", weights: weights(12, 2)),
      Projection(source: "input", target: "first", weights: weights(30, 0)),
      Projection(source: "first", target: "second", weights: weights(20, 1)),
    ])
}

/// Clearly different classes: each lights its own third of the channels.
func stripes(count: Int, seed: UInt64) -> LabelledSamples {
  let random = CounterRandom(seed: seed, purpose: .training)
  var samples = LabelledSamples(channels: 12)
  for index in 0..<count {
    let label = index % 3
    let stream = random.stream(7, UInt64(index))
    let pixels = (0..<12).map { channel in
      let noise = UInt8(truncatingIfNeeded: CounterRandom.draw(stream, UInt64(channel)) & 63)
      return channel / 4 == label ? 160 + noise : noise
    }
    samples.append(LabelledSample(intensities: pixels, label: label, id: UInt64(index)))
  }
  return samples
}

/// Bright rings of changing size on a dark plane of 28x28: an eighth of the pixels, as in digits.
func rings(count: Int) -> LabelledSamples {
  var samples = LabelledSamples(channels: 784)
  for index in 0..<count {
    let radius = 6.0 + Double(index % 4)
    let (row, column) = (12.5 + Double(index % 3), 12.5 + Double(index % 2))
    let pixels = (0..<784).map { pixel in
      let (y, x) = (Double(pixel / 28) - row, Double(pixel % 28) - column)
      let distance = abs((y * y + x * x).squareRoot() - radius)
      return UInt8(max(0, min(255, 255 * (1.5 - distance))))
    }
    samples.append(LabelledSample(intensities: pixels, label: index % 4, id: UInt64(index)))
  }
  return samples
}
