import SpikingNetwork

/// The equations of training written plainly: every neuron, every step, every weight.
///
/// For `smallNetwork`, whose spikes pass projections 1, 2 and 0.
struct ChainOracle {
  private(set) var potentials: [[Double]] = []
  private(set) var gradient: [[Double]] = []
  private(set) var loss = 0.0
  private(set) var spikeCount = 0

  private struct Layer {
    var weights: [Float]
    var sources: Int
    var size: Int
    var decay: Double
    var r: Double
    var vLeak: Double
    var lif: LIFParameters?
  }

  init(_ network: SpikingNetwork, sample: LabelledSample, gamma: Double) {
    let steps = network.steps
    let layers = [1, 2, 0].map { Self.layer(network, $0) }
    guard let seed = network.encoder.seed else { return }
    var fired: [[[Double]]] = [[]]
    var channels: [Int32] = []
    for step in 0..<steps {
      BernoulliEncoder(seed: seed).encode(
        sample.intensities, sample: sample.id, step: step, into: &channels)
      fired[0].append((0..<6).map { channels.contains(Int32($0)) ? 1 : 0 })
    }
    for layer in layers {
      let (v, spikes) = Self.run(layer, on: fired[fired.count - 1])
      potentials.append(v.flatMap { $0 })
      fired.append(spikes)
      spikeCount += Int(spikes.flatMap { $0 }.reduce(0, +))
    }
    let errors = backward(layers, fired, steps: steps, label: sample.label, gamma: gamma)
    for (index, layer) in layers.enumerated() {
      var g = [Double](repeating: 0, count: layer.sources * layer.size)
      for t in 0..<steps {
        for i in 0..<layer.sources {
          for j in 0..<layer.size {
            g[i * layer.size + j] += layer.r * fired[index][t][i] * errors[index][t][j]
          }
        }
      }
      gradient.append(g)
    }
  }

  private static func layer(_ network: SpikingNetwork, _ index: Int) -> Layer {
    let projection = network.projections[index]
    let size = network.population(named: projection.target)?.size ?? 0
    let sources = network.population(named: projection.source)?.size ?? 0
    switch network.population(named: projection.target)?.model {
    case .lif(let lif):
      return Layer(
        weights: projection.weights, sources: sources, size: size,
        decay: lif.decay(timeStep: network.timeStep), r: lif.r, vLeak: lif.vLeak, lif: lif)
    case .leakyIntegrator(let output):
      return Layer(
        weights: projection.weights, sources: sources, size: size,
        decay: output.decay(timeStep: network.timeStep), r: output.r, vLeak: output.vLeak)
    case .input, .cubaLIF, .integrateAndFire, .adaptiveLIF, nil:
      preconditionFailure("projection \(index) leads to no neurons")
    }
  }

  private static func run(
    _ layer: Layer, on inputs: [[Double]]
  ) -> (v: [[Double]], spikes: [[Double]]) {
    var state = [Double](repeating: layer.vLeak, count: layer.size)
    var (potentials, outputs): ([[Double]], [[Double]]) = ([], [])
    for x in inputs {
      var o = [Double](repeating: 0, count: layer.size)
      for j in 0..<layer.size {
        let sum = (0..<layer.sources).reduce(0.0) {
          $0 + Double(layer.weights[j * layer.sources + $1]) * x[$1]
        }
        state[j] = layer.vLeak + layer.decay * (state[j] - layer.vLeak) + layer.r * sum
      }
      potentials.append(state)
      if let lif = layer.lif {
        for j in 0..<layer.size where state[j] > lif.vThreshold {
          o[j] = 1
          switch lif.reset {
          case .none: break
          case .soft: state[j] -= lif.vThreshold
          case .hard: state[j] = lif.vReset
          }
        }
      }
      outputs.append(o)
    }
    return (potentials, outputs)
  }

  private mutating func backward(
    _ layers: [Layer], _ fired: [[[Double]]], steps: Int, label: Int, gamma: Double
  ) -> [[[Double]]] {
    var errors = layers.map { layer in
      [[Double]](repeating: [Double](repeating: 0, count: layer.size), count: steps + 1)
    }
    for t in (0..<steps).reversed() {
      let y = Array(potentials[2][t * 3..<t * 3 + 3])
      let total = y.reduce(0) { $0 + NaturalExponential.exponential($1) }
      loss += (NaturalExponential.logarithm(total) - y[label]) / Double(steps)
      for k in 0..<3 {
        let p = NaturalExponential.exponential(y[k]) / total
        errors[2][t][k] =
          (p - (k == label ? 1 : 0)) / Double(steps) + layers[2].decay * errors[2][t + 1][k]
      }
      for l in [1, 0] {
        guard let lif = layers[l].lif else { continue }
        let above = layers[l + 1]
        for j in 0..<layers[l].size {
          let v = potentials[l][t * layers[l].size + j]
          let psi = gamma * max(0, 1 - abs(v - lif.vThreshold) / lif.vThreshold)
          let g = (0..<above.size).reduce(0.0) {
            $0 + Double(above.weights[$1 * above.sources + j]) * above.r * errors[l + 1][t][$1]
          }
          let cut = lif.reset == .hard && fired[l + 1][t][j] == 1
          errors[l][t][j] = psi * g + (cut ? 0 : layers[l].decay * errors[l][t + 1][j])
        }
      }
    }
    return errors
  }
}
