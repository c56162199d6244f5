import NetworkTraining
import SpikingNetwork
import Testing

@Suite struct SpikingChainTests {
  private let sample = LabelledSample(
    intensities: [255, 128, 0, 200, 90, 255], label: 1, id: 42)

  private func gradient(
    _ chain: SpikingChain<Double>, _ trace: inout ChainTrace<Double>
  ) -> [[Double]] {
    var gradient = chain.zeroGradient
    chain.forward(sample, trace: &trace)
    chain.backward(trace: &trace, gradient: &gradient)
    return gradient
  }

  /// Shape of the layers of `smallNetwork`: sources and targets.
  private let shapes = [(6, 5), (5, 4), (4, 3)]

  @Test(arguments: 1...5 as ClosedRange<UInt64>)
  func `with a smooth spike the gradient equals differences of the loss`(seed: UInt64) throws {
    var chain = try SpikingChain<Double>(smallNetwork(reset: .none, seed: seed))
    chain.spikeFunction = .sigmoid(slope: 3)
    var trace = ChainTrace(for: chain)
    let gradient = gradient(chain, &trace)
    let h = 1e-5
    for (layer, shape) in shapes.enumerated() {
      for source in 0..<shape.0 {
        for target in 0..<shape.1 {
          var losses: [Double] = []
          for sign in [1.0, -1.0] {
            var moved = chain
            moved[layer, source, target] += sign * h
            moved.forward(sample, trace: &trace)
            losses.append(trace.loss)
          }
          let difference = (losses[0] - losses[1]) / (2 * h)
          let value = gradient[layer][source * shape.1 + target]
          #expect(
            abs(value - difference) <= 1e-4 * max(abs(difference), 1e-5),
            "layer \(layer), weight \(source) to \(target), seed \(seed)")
        }
      }
    }
  }

  @Test(arguments: ResetMode.allCases, 1...4 as ClosedRange<UInt64>)
  func `potentials, loss and gradient equal the plain equations`(
    reset: ResetMode, seed: UInt64
  ) throws {
    let network = smallNetwork(reset: reset, seed: seed)
    let chain = try SpikingChain<Double>(network)
    var trace = ChainTrace(for: chain)
    let gradient = gradient(chain, &trace)
    let oracle = ChainOracle(network, sample: sample, gamma: chain.gamma)
    #expect(trace.spikeCount == oracle.spikeCount)
    #expect(oracle.spikeCount > 0)
    #expect(abs(trace.loss - oracle.loss) < 1e-12)
    for layer in 0..<3 {
      let potentials = trace.potentials(ofLayer: layer)
      #expect(zip(potentials, oracle.potentials[layer]).allSatisfy { abs($0 - $1) < 1e-12 })
      #expect(potentials.count == oracle.potentials[layer].count)
      #expect(zip(gradient[layer], oracle.gradient[layer]).allSatisfy { abs($0 - $1) < 1e-12 })
      #expect(gradient[layer].count == oracle.gradient[layer].count)
      #expect(gradient[layer].contains { $0 != 0 })
    }
  }

  @Test func `weights come back as they went in`() throws {
    let network = smallNetwork(reset: .soft, seed: 3)
    var copy = network
    for index in copy.projections.indices {
      copy.projections[index].weights = copy.projections[index].weights.map { _ in 0 }
    }
    try SpikingChain<Float>(network).write(into: &copy)
    #expect(copy == network)
  }

  private func field(_ change: (inout SpikingNetwork) -> Void) -> String? {
    var network = smallNetwork(reset: .soft, seed: 1)
    change(&network)
    do throws(NetworkError) {
      _ = try SpikingChain<Float>(network)
      return nil
    } catch {
      return error.field
    }
  }

  @Test func `what is not a chain is refused by its field`() {
    let lif = LIFParameters(tauMem: 0.01)
    #expect(field { _ in } == nil)
    #expect(field { $0.steps = 0 } == "steps")
    #expect(
      field { $0.populations[2].model = .lif(LIFParameters(tauMem: 0.01, refractory: 0.002)) }
        == "populations[2].refractory")
    #expect(field { $0.populations[0].model = .lif(lif) } == "populations[0].model")
    let integrator = LeakyIntegratorParameters(tauMem: 0.01)
    #expect(
      field { $0.populations[3].model = .leakyIntegrator(integrator) } == "populations[3].model")
    #expect(
      field {
        $0.projections.append(
          Projection(source: "input", target: "output", weights: [Float](repeating: 0, count: 18)))
      } == "projections[1]")
    #expect(
      field {
        $0.projections.append(
          Projection(source: "second", target: "first", weights: [Float](repeating: 0, count: 20)))
      } == "projections[1]")
    #expect(field { $0.projections.removeLast() } == "projections")
    #expect(
      field {
        $0.populations.append(Population(name: "lost", size: 2, model: .lif(lif)))
        $0.populations.append(Population(name: "far", size: 2, model: .lif(lif)))
        $0.projections.append(
          Projection(source: "lost", target: "far", weights: [0, 0, 0, 0]))
      } == "projections")
    #expect(
      field {
        $0.steps = 4096
        $0.populations[2].size = 1 << 15
        $0.projections[1].weights = [Float](repeating: 0, count: 6 << 15)
        $0.projections[2].weights = [Float](repeating: 0, count: 4 << 15)
      } == "steps")
  }

  @Test func `models and projections that are not trained are refused by their field`() {
    let lif = LIFParameters(tauMem: 0.01)
    let models: [NeuronModel] = [
      .cubaLIF(CubaLIFParameters(tauSyn: 0.01, lif: lif)), .integrateAndFire(IFParameters()),
      .adaptiveLIF(AdaptiveLIFParameters(lif: lif, tauAdaptation: 0.1, beta: 1)),
    ]
    for model in models {
      #expect(field { $0.populations[2].model = model } == "populations[2].model")
      #expect(field { $0.populations[0].model = model } == "populations[0].model")
    }
    let charged = LeakyIntegratorParameters(tauMem: 0.01, tauSyn: 0.01)
    #expect(field { $0.populations[0].model = .leakyIntegrator(charged) } == "populations[0].model")
    #expect(field { $0.projections[2].delay = 1 } == "projections[2].delay")
    #expect(
      field {
        $0.populations[3].size = 5
        $0.projections[2].connectivity = .oneToOne(weight: 1)
        $0.projections[0].weights = [Float](repeating: 0, count: 15)
      } == "projections[2].connectivity")
    #expect(
      field {
        $0.populations[1].shape = FeatureShape(height: 3, width: 2, channels: 1)
        $0.projections[1].pooling = 2
        $0.projections[1].weights = [Float](repeating: 0, count: 5)
      } == "projections[1].pooling")
    #expect(
      field {
        $0.projections.append(
          Projection(
            source: "second", target: "second",
            connectivity: .dense(weights: [Float](repeating: 0, count: 16)), delay: 1))
      } == "projections[2]")
  }
}
