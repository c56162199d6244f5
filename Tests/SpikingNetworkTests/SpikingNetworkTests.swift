import Foundation
import SpikingNetwork
import Testing

@Suite struct SpikingNetworkTests {
  private let good = SpikingNetwork(
    name: "digits", timeStep: 0.001, steps: 10, encoder: .bernoulli(seed: 1),
    populations: [
      Population(name: "input", size: 4, model: .input),
      Population(name: "hidden", size: 3, model: .lif(LIFParameters(tauMem: 0.02))),
      Population(
        name: "output", size: 2, model: .leakyIntegrator(LeakyIntegratorParameters(tauMem: 0.02))),
    ],
    projections: [
      Projection(
        source: "input", target: "hidden", weights: [Float](repeating: 0.5, count: 12),
        plasticity: .threeFactor(ThreeFactorRule(learningRate: 0.001))),
      Projection(
        source: "hidden", target: "output", weights: [Float](repeating: -0.5, count: 6),
        plasticity: .pairSTDP(PairSTDPRule(aPlus: 0.01, aMinus: 0.005))),
    ])

  private func field(_ change: (inout SpikingNetwork) -> Void) -> String? {
    var network = good
    change(&network)
    do throws(NetworkError) {
      try network.validate()
      return nil
    } catch {
      return error.field
    }
  }

  @Test func `a sound network is accepted and survives coding`() throws {
    try good.validate()
    let data = try JSONEncoder().encode(good)
    #expect(try JSONDecoder().decode(SpikingNetwork.self, from: data) == good)
  }

  @Test func `each bad field is named`() {
    #expect(field { $0.name = "Digits!" } == "name")
    #expect(field { $0.timeStep = 0 } == "timeStep")
    #expect(field { $0.steps = 4097 } == "steps")
    #expect(field { $0.populations[0].size = 0 } == "populations[0].size")
    #expect(field { $0.populations[1].size = (1 << 20) + 1 } == "populations[1].size")
    #expect(field { $0.populations[2].name = "hidden" } == "populations[2].name")
    #expect(field { $0.populations[1].model = .input } == "populations")
    #expect(
      field { $0.populations[1].model = .lif(LIFParameters(tauMem: -1)) }
        == "populations[1].tauMem")
    #expect(
      field { $0.populations[1].model = .lif(LIFParameters(tauMem: 1, vThreshold: .nan)) }
        == "populations[1].vThreshold")
    #expect(field { $0.projections = [] } == "projections")
    #expect(field { $0.projections[0].source = "eye" } == "projections[0].source")
    #expect(field { $0.projections[0].target = "input" } == "projections[0].target")
    #expect(field { $0.projections[1].weights.append(0) } == "projections[1].weights")
    #expect(field { $0.projections[1].weights[5] = .nan } == "projections[1].weights[5]")
    #expect(
      field { $0.projections[0].plasticity = .threeFactor(ThreeFactorRule(learningRate: 2)) }
        == "projections[0].plasticity.learningRate")
    #expect(
      field { $0.projections[0].plasticity = .pairSTDP(PairSTDPRule(aPlus: 2, aMinus: 0)) }
        == "projections[0].plasticity.aPlus")
  }

  @Test func `initial weights are seeded and have their spread`() {
    let weights = InitialWeights.normal(
      count: 10_000, standardDeviation: 0.05, seed: 3, stream: 0)
    let mean = weights.reduce(0, +) / 10_000
    let variance = weights.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 10_000
    #expect(abs(mean) < 0.002)
    #expect(abs(variance.squareRoot() - 0.05) < 0.002)
    let again = InitialWeights.normal(count: 8, standardDeviation: 0.05, seed: 3, stream: 0)
    #expect(again == Array(weights[..<8]))
    let other = InitialWeights.normal(count: 8, standardDeviation: 0.05, seed: 3, stream: 1)
    #expect(other != again)
  }
}
