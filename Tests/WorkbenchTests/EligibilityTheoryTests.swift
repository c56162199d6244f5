import Accelerator
import CompiledModel
import NetworkCompiler
import NetworkTraining
import SpikingNetwork
import Testing

/// With one hidden layer and a readout without leak, eligibility traces give what backpropagation
/// through time gives (Bellec 2020), the way through the reset left out of both.
@Suite struct EligibilityTheoryTests {
  private static let (inputs, hidden, classes, steps) = (12, 9, 3, 20)
  private static let decay = 0.9
  private static let gamma = 0.3

  /// Weights are whole 64ths, which the chip has exactly.
  private func network(seed: UInt64) -> SpikingNetwork {
    func weights(_ count: Int, _ deviation: Double, stream: UInt64) -> [Float] {
      InitialWeights.normal(count: count, standardDeviation: deviation, seed: seed, stream: stream)
        .map { ($0 * 64).rounded() / 64 }
    }
    let step = 0.001
    func rule(_ decay: Double) -> PlasticityRule {
      .threeFactor(ThreeFactorRule(learningRate: 1e-4, gamma: Self.gamma, preDecay: decay))
    }
    return SpikingNetwork(
      name: "theory", timeStep: step, steps: Self.steps, encoder: .bernoulli(seed: seed),
      populations: [
        Population(name: "input", size: Self.inputs, model: .input),
        Population(
          name: "hidden", size: Self.hidden,
          model: .lif(
            LIFParameters(
              tauMem: NaturalExponential.timeConstant(decay: Self.decay, timeStep: step)))),
        // After a hundred time constants nothing is left.
        Population(
          name: "output", size: Self.classes,
          model: .leakyIntegrator(LeakyIntegratorParameters(tauMem: step / 100))),
      ],
      projections: [
        Projection(
          source: "input", target: "hidden",
          weights: weights(Self.inputs * Self.hidden, 0.3, stream: 0),
          plasticity: rule(Self.decay)),
        Projection(
          source: "hidden", target: "output",
          weights: weights(Self.hidden * Self.classes, 0.5, stream: 1), plasticity: rule(0)),
      ])
  }

  private func sample(_ number: UInt64) -> LabelledSample {
    let stream = CounterRandom(seed: 5, purpose: .training).stream(number)
    return LabelledSample(
      intensities: (0..<UInt64(Self.inputs)).map {
        UInt8(truncatingIfNeeded: CounterRandom.draw(stream, $0))
      }, label: Int(number) % Self.classes, id: number)
  }

  /// Sums over time of learning signal times eligibility, forward in time, by projection
  /// `[source][target]`.
  private func eligibilitySums(_ network: SpikingNetwork, _ sample: LabelledSample) -> [[Double]] {
    let (into, out) = (network.projections[0].weights, network.projections[1].weights)
    var sums = [into, out].map { [Double](repeating: 0, count: $0.count) }
    var v = [Double](repeating: 0, count: Self.hidden)
    var trace = [Double](repeating: 0, count: Self.inputs)
    var spikes: [Int32] = []
    guard case .bernoulli(let seed, _, _) = network.encoder else { return sums }
    for step in 0..<Self.steps {
      spikes = []
      BernoulliEncoder(seed: seed).encode(
        sample.intensities, sample: sample.id, step: step, into: &spikes)
      for i in trace.indices {
        trace[i] = Self.decay * trace[i] + (spikes.contains(Int32(i)) ? 1 : 0)
      }
      var psi = v
      var fired = [Bool](repeating: false, count: Self.hidden)
      for j in v.indices {
        v[j] *= Self.decay
        for i in spikes { v[j] += Double(into[j * Self.inputs + Int(i)]) }
        psi[j] = Self.gamma * max(0, 1 - abs(v[j] - 1))
        fired[j] = v[j] > 1
        if fired[j] { v[j] -= 1 }
      }
      let y = (0..<Self.classes).map { k in
        v.indices.reduce(0.0) { $0 + (fired[$1] ? Double(out[k * Self.hidden + $1]) : 0) }
      }
      let powers = y.map { NaturalExponential.exponential($0 - (y.max() ?? 0)) }
      let total = powers.reduce(0, +)
      let errors = powers.indices.map { powers[$0] / total - ($0 == sample.label ? 1 : 0) }
      for j in v.indices {
        let signal = errors.indices.reduce(0.0) {
          $0 + Double(out[$1 * Self.hidden + j]) * errors[$1]
        }
        for i in trace.indices { sums[0][i * Self.hidden + j] += signal * psi[j] * trace[i] }
        guard fired[j] else { continue }
        for k in errors.indices { sums[1][j * Self.classes + k] += errors[k] }
      }
    }
    return sums.map { $0.map { $0 / Double(Self.steps) } }
  }

  private func gradient(
    _ network: SpikingNetwork, _ sample: LabelledSample
  ) throws -> [[Double]] {
    let chain = try SpikingChain<Double>(network)
    var trace = ChainTrace(for: chain)
    var gradient = chain.zeroGradient
    chain.forward(sample, trace: &trace)
    chain.backward(trace: &trace, gradient: &gradient)
    return gradient
  }

  private func cosine(_ a: [Double], _ b: [Double]) -> Double {
    func product(_ x: [Double], _ y: [Double]) -> Double {
      zip(x, y).reduce(0) { $0 + $1.0 * $1.1 }
    }
    let length = (product(a, a) * product(b, b)).squareRoot()
    return length > 0 ? product(a, b) / length : 0
  }

  @Test(arguments: 1...5 as ClosedRange<UInt64>)
  func `eligibility gives the gradient of backpropagation through time`(seed: UInt64) throws {
    let network = network(seed: seed)
    for number in 0..<4 as Range<UInt64> {
      let sample = sample(number)
      let exact = try gradient(network, sample)
      for (sums, gradient) in zip(eligibilitySums(network, sample), exact) {
        #expect(abs(cosine(sums, gradient) - 1) < 1e-6)
        for (sum, value) in zip(sums, gradient) { #expect(abs(sum - value) < 1e-12) }
      }
    }
  }

  @Test(arguments: 1...5 as ClosedRange<UInt64>)
  func `the chip's sums point where the gradient does`(seed: UInt64) throws {
    let network = network(seed: seed)
    var chip = RelayNetwork.chip()
    chip.core = CoreLimits(
      neurons: 64, inAxons: 64, outAxons: 64, synapseMemoryBytes: 1 << 16, weightBits: 8,
      delayMax: 1, refractoryMax: 1)
    chip.features.rules = [.threeFactor]
    let model = try NetworkCompiler.compile(network, for: chip).model
    var exact = [[Double]](repeating: [], count: 2)
    var sums = exact
    for number in 0..<12 as Range<UInt64> {
      let sample = sample(number)
      for (layer, gradient) in try gradient(network, sample).enumerated() {
        exact[layer] += gradient
      }
      // A new chip each time, so that all samples meet the same weights.
      var accelerator = ReferenceAccelerator(model)
      accelerator.isRecording = true
      _ = accelerator.learn(
        sample.intensities, sample: sample.id, label: sample.label, seed: 1, ordinal: number)
      let last = try #require(accelerator.record.last)
      for layer in 0..<2 { sums[layer] += last.plastic[layer].sums.map(Double.init) }
    }
    for layer in 0..<2 { #expect(cosine(exact[layer], sums[layer]) > 0.99, "layer \(layer)") }
  }
}
