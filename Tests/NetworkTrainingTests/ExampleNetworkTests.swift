import NetworkTraining
import SpikingNetwork
import Testing

@Suite struct ExampleNetworkTests {
  @Test func `each example runs and is named after its case`() throws {
    for example in ExampleNetwork.allCases {
      let network = try example.network()
      try network.validate()
      #expect(network.name == "digits-\(example.rawValue)")
      #expect(network.populations[0].size == example.inputs)
      let classes = try NetworkSimulator(network).classes
      #expect(classes == 10)
      #expect(try example.network(weightSeed: 2).projections != network.projections)
      #expect(
        try example.network(encoderSeed: 2).encoder
          == (example == .sdsp ? .latency : .bernoulli(seed: 2)))
    }
  }

  @Test(arguments: [ExampleNetwork.recurrent, .convolutional, .binary])
  func `a few in a hundred hidden neurons spike in a step`(_ example: ExampleNetwork) throws {
    let samples = rings(count: 12)
    for seed in 1...3 as ClosedRange<UInt64> {
      let network = try example.network(weightSeed: seed)
      let evaluation = try NetworkSimulator(network).evaluate(on: samples)
      for (index, population) in network.populations.enumerated() {
        let rate =
          evaluation.spikesPerSample(ofPopulation: index)
          / Double(population.size * network.steps)
        switch index {
        case 0: #expect((0.1...0.15).contains(rate), "the input of \(example): \(rate)")
        case network.populations.count - 1: #expect(rate == 0)
        default:
          #expect((0.02...0.1).contains(rate), "\(population.name) of \(example): \(rate)")
        }
      }
    }
  }

  @Test func `a last layer behind trained features leaves these as they are`() throws {
    let trained = try NetworkTemplate(
      name: "trained", inputs: 8, hidden: [6], weightSeed: 3
    ).network()
    for example in ExampleNetwork.allCases where example.hasFeatures {
      let network = try FixedFeatures(of: trained).network(example, classes: 3, seed: 1)
      #expect(network.projections[0].weights == trained.projections[0].weights)
      #expect(network.projections[0].plasticity == nil)
      #expect(network.projections[1].plasticity != nil)
      #expect(try NetworkSimulator(network).classes == 3)
    }
    let spiking = try ExampleNetwork.reward.network()
    let error = #expect(throws: NetworkError.self) { try FixedFeatures(of: spiking) }
    #expect(error?.expected == "a leaky integrator behind one dense projection")
  }

  @Test func `the convolutional network has its documented planes`() throws {
    let network = try ExampleNetwork.convolutional.network()
    #expect(
      network.populations.map(\.shape) == [
        FeatureShape(height: 28, width: 28, channels: 1),
        FeatureShape(height: 28, width: 28, channels: 16),
        FeatureShape(height: 14, width: 14, channels: 32), nil,
      ])
    #expect(network.projections.map(\.pooling) == [1, 2, 2])
    #expect(network.projections.map(\.weights.count) == [144, 4608, 15_680])
  }

  @Test func `recurrence changes what the recurrent network does`() throws {
    var network = try ExampleNetwork.recurrent.network()
    let samples = rings(count: 6)
    let whole = try NetworkSimulator(network).evaluate(on: samples)
    network.projections.removeLast()
    let forward = try NetworkSimulator(network).evaluate(on: samples)
    #expect(whole.spikeCounts[0] == forward.spikeCounts[0])
    #expect(whole.spikeCounts[1] != forward.spikeCounts[1])
  }

  private func field(_ change: (inout ConvolutionalTemplate) -> Void) -> String? {
    var template = ConvolutionalTemplate()
    change(&template)
    do throws(NetworkError) {
      _ = try template.network()
      return nil
    } catch {
      return error.field
    }
  }

  @Test func `a bad field of a convolutional template is named`() {
    #expect(
      field {
        $0.channels = [4]; $0.deviations = [0.3]; $0.pooling = 3
      } == nil)
    #expect(field { $0.input.height = 0 } == "template.input.height")
    #expect(field { $0.input.width = 2000 } == "template.input.width")
    #expect(field { $0.input.channels = -1 } == "template.input.channels")
    #expect(field { $0.channels = [] } == "template.channels")
    #expect(field { $0.channels = [16, 0] } == "template.channels")
    #expect(field { $0.kernel = 4 } == "template.kernel")
    #expect(field { $0.kernel = 33 } == "template.kernel")
    #expect(field { $0.pooling = 0 } == "template.pooling")
    #expect(field { $0.pooling = 6 } == "template.pooling")
    #expect(field { $0.classes = 0 } == "template.classes")
    #expect(field { $0.deviations = [0.1] } == "template.deviations")
    #expect(field { $0.membraneDecay = 1 } == "template.membraneDecay")
    #expect(field { $0.outputDecay = 0 } == "template.outputDecay")
    #expect(field { $0.steps = 0 } == "steps")
  }
}
