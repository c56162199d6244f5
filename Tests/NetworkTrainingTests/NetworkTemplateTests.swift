import NetworkTraining
import SpikingNetwork
import Testing

@Suite struct NetworkTemplateTests {
  @Test func `the digits network has its documented shape`() throws {
    let network = try NetworkTemplate().network()
    #expect(network.name == "digits")
    #expect(network.steps == 10)
    #expect(network.encoder == .bernoulli(seed: 1))
    #expect(network.populations.map(\.name) == ["input", "hidden", "output"])
    #expect(network.populations.map(\.size) == [784, 128, 10])
    #expect(network.projections.map(\.weights.count) == [784 * 128, 1280])
    #expect(
      network.projections.allSatisfy {
        $0.plasticity == .threeFactor(ThreeFactorRule(learningRate: 0.001))
      })
    guard case .lif(let lif) = network.populations[1].model,
      case .leakyIntegrator(let output) = network.populations[2].model
    else {
      Issue.record("hidden and output have other models")
      return
    }
    #expect(abs(lif.decay(timeStep: 0.001) - 0.9) < 1e-12)
    #expect(abs(output.decay(timeStep: 0.001) - 0.9) < 1e-12)
    #expect(lif.reset == .soft && lif.vThreshold == 1)
  }

  @Test func `more hidden populations are numbered`() throws {
    let network = try NetworkTemplate(inputs: 4, hidden: [3, 2], classes: 2).network()
    #expect(network.populations.map(\.name) == ["input", "hidden1", "hidden2", "output"])
    #expect(network.projections.map(\.source) == ["input", "hidden1", "hidden2"])
  }

  @Test func `hidden populations feed themselves one step late, if asked`() throws {
    let network = try NetworkTemplate(
      inputs: 4, hidden: [3, 2], classes: 2, recurrentDeviation: 0.5
    ).network()
    #expect(
      network.projections.map(\.source) == ["input", "hidden1", "hidden2", "hidden1", "hidden2"])
    #expect(
      network.projections.map(\.target) == ["hidden1", "hidden2", "output", "hidden1", "hidden2"])
    #expect(network.projections.map(\.delay) == [0, 0, 0, 1, 1])
    #expect(network.projections.map(\.weights.count) == [12, 6, 4, 9, 4])
    _ = try NetworkTemplate(inputs: 4, hidden: [], classes: 2, recurrentDeviation: 0.5).network()
  }

  @Test func `weights of one bit have one magnitude`() throws {
    let network = try NetworkTemplate(precision: .binary, plasticity: nil).network()
    for projection in network.projections {
      #expect(projection.precision == .binary)
      #expect(Set(projection.weights.map(abs)).count == 1)
      #expect(Set(projection.weights).count == 2)
      // The mean magnitude of normal weights: sqrt(2 / pi) deviations.
      #expect(abs(abs(projection.weights[0]) - 0.04) < 0.002)
    }
  }

  @Test func `a bad field is named`() {
    func field(_ template: NetworkTemplate) -> String? {
      do throws(NetworkError) {
        _ = try template.network()
        return nil
      } catch {
        return error.field
      }
    }
    #expect(field(NetworkTemplate(inputs: 0)) == "template.inputs")
    #expect(field(NetworkTemplate(hidden: [4, 16_385])) == "template.hidden")
    #expect(field(NetworkTemplate(classes: -1)) == "template.classes")
    #expect(field(NetworkTemplate(membraneDecay: 1)) == "template.membraneDecay")
    #expect(field(NetworkTemplate(outputDecay: .nan)) == "template.outputDecay")
    #expect(field(NetworkTemplate(name: "", inputs: 2, hidden: [2])) == "name")
    #expect(field(NetworkTemplate(inputs: 2, hidden: [2], steps: 0)) == "steps")
    #expect(field(NetworkTemplate(inputs: 2, hidden: [2], timeStep: 0)) == "timeStep")
  }
}
