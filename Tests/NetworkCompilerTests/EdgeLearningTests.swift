import CompiledModel
import NetworkCompiler
import SpikingNetwork
import Testing

/// Weights of one bit of a last layer, described, lowered and refused.
@Suite struct EdgeLearningLoweringTests {
  private func network(
    _ change: (inout SpikingNetwork) -> Void = { _ in }
  ) -> SpikingNetwork {
    let rule = EdgeLearningRule(
      neuronsPerClass: 4, connectedInputs: 3, initialPlasticity: 0.5, plasticityDecay: 0.25,
      minPlasticity: 0.125, learningCompetition: 0.5, activeSpikes: 2)
    var network = CompilerFixture.network(
      [
        Population(name: "input", size: 8, model: .input),
        Population(name: "hidden", size: 16, model: CompilerFixture.lif()),
        Population(name: "readout", size: 12, model: CompilerFixture.readout),
      ],
      [
        Projection(
          source: "input", target: "hidden", weights: [Float](repeating: 0.5, count: 8 * 16)),
        Projection(
          source: "hidden", target: "readout",
          weights: rule.freeWeights(sources: 16, neurons: 12, seed: 1, stream: 0),
          plasticity: .edgeLearning(rule)),
      ])
    change(&network)
    return network
  }

  @Test func `bits, groups and constants are those of the description`() throws {
    let network = network()
    let model = try compile(network, for: CompilerFixture.roomyChip).model
    #expect(model.classes == 3)
    let layer = model.layers[1]
    #expect(layer.neuronsPerClass == 4)
    #expect(layer.plasticities == [Int16](repeating: 16_384, count: 12))
    #expect(
      layer.connections[0].plasticity
        == .edge(
          EdgeLearningProgram(
            activeSpikes: 2, plasticityDecay: 16_384, plasticityMin: 4096, competition: 16_384)))
    let bits = layer.connections[0].inferenceWeights
    for neuron in 0..<12 {
      #expect((0..<16).count { bits[$0 * 12 + neuron] == 1 } == 3)
      for source in 0..<16 {
        #expect(
          Float(bits[source * 12 + neuron])
            == network.projections[1].weights[neuron * 16 + source])
      }
    }
  }

  @Test func `a weight takes a bit of synapse memory`() throws {
    let compilation = try compile(network(), for: CompilerFixture.roomyChip)
    let core = try #require(compilation.cores.last)
    // 192 bits, then 16 bits for each of 12 neurons and of 16 sources.
    #expect(core.synapseMemoryBytes == 192 / 8 + 2 * 12 + 2 * 16)
    #expect(compilation.layers[1].connections[0].bits == 1)
    #expect(compilation.layers[1].rule == "edge-learning")
  }

  @Test func `chips and places that cannot learn so are named`() {
    #expect(CompilerFixture.roomyViolations(network()) == [])
    let chip = CompilerFixture.roomyViolations(network()) {
      $0.features.rules.removeAll { $0 == .edgeLearning }
    }
    #expect(chip.map(\.rule) == [.learningUnsupported])
    #expect(chip.first?.need == "`edge-learning`" && chip.first?.layer == "readout")
    let narrow = CompilerFixture.roomyViolations(network()) { $0.arithmetic.learningWeightBits = 7 }
    #expect(narrow.map(\.limit) == ["learning weights of 7 bits"])
    let two = CompilerFixture.roomyViolations(
      network { network in
        network.projections.append(
          Projection(
            source: "input", target: "readout", weights: [Float](repeating: 0, count: 8 * 12)))
      })
    #expect(two.map(\.need) == ["2 projections"])
    let both = CompilerFixture.roomyViolations(
      network { network in
        network.projections[0].plasticity = .threeFactor(
          ThreeFactorRule(learningRate: 0.001, feedback: .random))
      })
    #expect(both.contains { $0.need == "`edge-learning` beside `three-factor` onto `hidden`" })
  }

  @Test func `a description that is no such layer is refused by field`() {
    func field(_ change: (inout SpikingNetwork) -> Void) -> String? {
      let changed = network(change)
      do { try changed.validate() } catch { return error.field }
      return nil
    }
    func rule(_ change: (inout EdgeLearningRule) -> Void) -> String? {
      field { network in
        guard var rule = network.projections[1].edgeLearning else { return }
        change(&rule)
        network.projections[1].plasticity = .edgeLearning(rule)
      }
    }
    let place = "projections[1].plasticity.edgeLearning"
    #expect(field { _ in } == nil)
    #expect(rule { $0.neuronsPerClass = 5 } == place + ".neuronsPerClass")
    #expect(rule { $0.neuronsPerClass = 0 } == place + ".neuronsPerClass")
    #expect(rule { $0.connectedInputs = 4 } == place + ".connectedInputs")
    #expect(rule { $0.connectedInputs = 17 } == place + ".connectedInputs")
    #expect(rule { $0.initialPlasticity = 1.5 } == place + ".initialPlasticity")
    #expect(rule { $0.minPlasticity = 0.75 } == place + ".minPlasticity")
    #expect(rule { $0.plasticityDecay = -1 } == place + ".plasticityDecay")
    #expect(rule { $0.learningCompetition = 33 } == place + ".learningCompetition")
    #expect(rule { $0.activeSpikes = 0 } == place + ".activeSpikes")
    #expect(rule { $0.plasticities = [1] } == place + ".plasticities")
    #expect(field { $0.projections[1].weights[0] = 0.5 } == place + ".connectedInputs")
    #expect(field { $0.populations[2].model = CompilerFixture.lif() } == place)
  }

  @Test func `neurons that have learned already start as plastic as they were left`() throws {
    let network = network { network in
      guard var rule = network.projections[1].edgeLearning else { return }
      rule.plasticities = (0..<12).map { Double($0) / 16 }
      network.projections[1].plasticity = .edgeLearning(rule)
    }
    let model = try compile(network, for: CompilerFixture.roomyChip).model
    #expect(model.layers[1].plasticities == (0..<12).map { Int16($0 * 2048) })
  }
}
