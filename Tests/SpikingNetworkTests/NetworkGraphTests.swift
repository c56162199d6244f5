import Foundation
import SpikingNetwork
import Testing

/// A network with every neuron model and connectivity, and what is wrong with its variants.
@Suite struct NetworkGraphTests {
  private let good: SpikingNetwork = {
    let lif = LIFParameters(tauMem: 0.02)
    let plane = FeatureShape(height: 6, width: 5, channels: 2)
    let features = FeatureShape(height: 3, width: 2, channels: 4)
    return SpikingNetwork(
      name: "graph", timeStep: 0.001, steps: 10, encoder: .bernoulli(seed: 1),
      populations: [
        Population(name: "input", shape: plane, model: .input),
        Population(name: "features", shape: features, model: .integrateAndFire(IFParameters())),
        Population(
          name: "hidden", size: 7,
          model: .adaptiveLIF(AdaptiveLIFParameters(lif: lif, tauAdaptation: 0.1, beta: 0.5))),
        Population(
          name: "slow", size: 24, model: .cubaLIF(CubaLIFParameters(tauSyn: 0.01, lif: lif))),
        Population(
          name: "output", size: 2,
          model: .leakyIntegrator(LeakyIntegratorParameters(tauMem: 0.02, tauSyn: 0.01))),
      ],
      projections: [
        Projection(
          source: "input", target: "features",
          connectivity: .convolution(
            Convolution(
              kernelHeight: 3, kernelWidth: 3, padding: 1,
              weights: [Float](repeating: 1, count: 72))), pooling: 2, precision: .int4),
        Projection(
          source: "features", target: "hidden",
          connectivity: .dense(weights: [Float](repeating: 0.5, count: 28)), pooling: 2),
        Projection(
          source: "features", target: "slow", connectivity: .oneToOne(weight: 0.25), delay: 3),
        Projection(
          source: "hidden", target: "hidden",
          connectivity: .sparse(
            SparseWeights(
              rowStarts: [0, 2, 2, 3, 3, 3, 3, 4], targets: [1, 6, 0, 6], weights: [1, 2, 3, 4])),
          delay: 1),
        Projection(
          source: "hidden", target: "output", weights: [Float](repeating: 1, count: 14),
          plasticity: .sdsp(SDSPRule(teacher: TeacherSignal(excitation: 1, inhibition: 0.5)))),
      ])
  }()

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

  private func convolved(_ change: (inout Convolution) -> Void) -> String? {
    field {
      guard case .convolution(var convolution) = $0.projections[0].connectivity else { return }
      change(&convolution)
      $0.projections[0].connectivity = .convolution(convolution)
    }
  }

  private func sparse(_ change: (inout SparseWeights) -> Void) -> String? {
    field {
      guard case .sparse(var sparse) = $0.projections[3].connectivity else { return }
      change(&sparse)
      $0.projections[3].connectivity = .sparse(sparse)
    }
  }

  @Test func `a sound graph is accepted and survives coding`() throws {
    try good.validate()
    let data = try JSONEncoder().encode(good)
    #expect(try JSONDecoder().decode(SpikingNetwork.self, from: data) == good)
  }

  @Test func `bad planes are named`() {
    #expect(field { $0.populations[0].size = 61 } == "populations[0].shape")
    #expect(
      field { $0.populations[0].shape = FeatureShape(height: -6, width: -5, channels: 2) }
        == "populations[0].shape")
    #expect(field { $0.projections[0].pooling = 6 } == "projections[0].pooling")
    #expect(field { $0.projections[0].pooling = 0 } == "projections[0].pooling")
    #expect(field { $0.projections[3].pooling = 2 } == "projections[3].pooling")
    #expect(field { $0.populations[1].shape = nil } == "projections[0].connectivity")
  }

  @Test func `bad kernels are named`() {
    #expect(convolved { _ in } == nil)
    #expect(convolved { $0.weights.removeLast() } == "projections[0].weights")
    #expect(convolved { $0.padding = 0 } == "projections[0].connectivity")
    #expect(convolved { $0.stride = 0 } == "projections[0].connectivity")
    #expect(convolved { $0.kernelHeight = 256 } == "projections[0].connectivity")
    #expect(convolved { $0.padding = 256 } == "projections[0].connectivity")
    #expect(convolved { $0.weights[71] = .infinity } == "projections[0].weights[71]")
  }

  @Test func `bad lists of entries are named`() {
    #expect(sparse { $0.targets = [1, 6, 0, 5] } == nil)
    #expect(sparse { $0.targets = [6, 1, 0, 6] } == "projections[3].targets")
    #expect(sparse { $0.targets = [1, 1, 0, 6] } == "projections[3].targets")
    #expect(sparse { $0.targets = [1, 7, 0, 6] } == "projections[3].targets")
    #expect(sparse { $0.targets = [-1, 6, 0, 6] } == "projections[3].targets")
    #expect(sparse { $0.rowStarts[1] = 5 } == "projections[3].targets")
    #expect(sparse { $0.rowStarts[2] = 1 } == "projections[3].targets")
    #expect(sparse { $0.rowStarts[7] = 3 } == "projections[3].rowStarts")
    #expect(sparse { $0.rowStarts.removeLast() } == "projections[3].rowStarts")
    #expect(sparse { $0.rowStarts[0] = 1 } == "projections[3].rowStarts")
    #expect(sparse { $0.weights.append(1) } == "projections[3].rowStarts")
    #expect(sparse { $0.weights[2] = .nan } == "projections[3].weights[2]")
  }

  @Test func `bad delays, sizes and weights are named`() {
    #expect(field { $0.projections[2].delay = 255 } == nil)
    #expect(field { $0.projections[2].delay = 256 } == "projections[2].delay")
    #expect(field { $0.projections[2].delay = -1 } == "projections[2].delay")
    #expect(field { $0.populations[3].size = 23 } == "projections[2].connectivity")
    #expect(field { $0.projections[2].weights = [.nan] } == "projections[2].weights[0]")
    #expect(field { $0.projections[1].pooling = 1 } == "projections[1].weights")
  }

  @Test func `bad parameters of each model are named`() {
    let lif = LIFParameters(tauMem: 0.02)
    func model(_ model: NeuronModel) -> String? { field { $0.populations[2].model = model } }
    #expect(model(.cubaLIF(CubaLIFParameters(tauSyn: 0, lif: lif))) == "populations[2].tauSyn")
    #expect(model(.integrateAndFire(IFParameters(r: 0))) == "populations[2].r")
    #expect(model(.integrateAndFire(IFParameters(vThreshold: 0))) == "populations[2].vThreshold")
    #expect(
      model(.integrateAndFire(IFParameters(refractory: -1))) == "populations[2].refractory")
    #expect(
      model(.adaptiveLIF(AdaptiveLIFParameters(lif: lif, tauAdaptation: 0, beta: 1)))
        == "populations[2].tauAdaptation")
    #expect(
      model(.adaptiveLIF(AdaptiveLIFParameters(lif: lif, tauAdaptation: 1, beta: -1)))
        == "populations[2].beta")
    #expect(
      model(.leakyIntegrator(LeakyIntegratorParameters(tauMem: 0.1, tauSyn: .nan)))
        == "populations[2].tauSyn")
  }

  @Test func `bad parameters of local rules are named`() {
    func rule(_ change: (inout SDSPRule) -> Void) -> String? {
      var rule = SDSPRule()
      change(&rule)
      return field { $0.projections[4].plasticity = .sdsp(rule) }
    }
    let at = "projections[4].plasticity."
    #expect(rule { _ in } == nil)
    #expect(rule { $0.probability = 1.1 } == at + "probability")
    #expect(rule { $0.activityLeakSteps = 0 } == at + "activityLeakSteps")
    #expect(rule { $0.activityMaxUp = 9 } == at + "activityMaxUp")
    #expect(rule { $0.weightMax = -1 } == at + "weightMax")
    #expect(
      rule { $0.teacher = TeacherSignal(excitation: -1, inhibition: 0) }
        == at + "teacher.excitation")
    #expect(
      field {
        $0.projections[4].plasticity = .pairSTDP(
          PairSTDPRule(aPlus: 0.1, aMinus: 0.1, preTarget: -1))
      } == at + "preTarget")
  }

  @Test func `weights are read and written in the order of the connectivity`() {
    var network = good
    for index in network.projections.indices {
      let halves = network.projections[index].weights.map { $0 / 2 }
      #expect(halves.count == [72, 28, 1, 4, 14][index])
      network.projections[index].weights = halves
      #expect(network.projections[index].weights == halves)
    }
    #expect(network.projections[3].connectivity != good.projections[3].connectivity)
    #expect(network.projections[2].connectivity == .oneToOne(weight: 0.125))
  }

  @Test func `windows and kernels make planes smaller`() {
    let plane = FeatureShape(height: 7, width: 5, channels: 3)
    #expect(plane.size == 105)
    #expect(plane.pooled(by: 2) == FeatureShape(height: 3, width: 2, channels: 3))
    var kernel = Convolution(kernelHeight: 3, kernelWidth: 2, padding: 0, weights: [])
    #expect(
      kernel.output(of: plane, channels: 4) == FeatureShape(height: 5, width: 4, channels: 4))
    kernel.stride = 2
    #expect(
      kernel.output(of: plane, channels: 4) == FeatureShape(height: 3, width: 2, channels: 4))
    kernel.padding = 1
    #expect(
      kernel.output(of: plane, channels: 4) == FeatureShape(height: 4, width: 3, channels: 4))
    kernel.padding = 0
    kernel.kernelHeight = 8
    #expect(kernel.output(of: plane, channels: 4) == nil)
  }
}
