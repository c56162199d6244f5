import CompiledModel
import Testing

/// What the chip could not run is refused by name.
@Suite struct ModelValidationTests {
  private func field(_ change: (inout CompiledModel) -> Void) -> String? {
    var model = ModelFixture.model
    change(&model)
    do { try model.validate() } catch { return "\(error.section)\(error.field)" }
    return nil
  }

  private func rule(_ change: (inout ThreeFactorProgram) -> Void) -> String? {
    var rule = ModelFixture.rule
    change(&rule)
    return field { model in
      model.layers[0].connection.weights = .plastic(
        model.plasticWeights[0], .threeFactor(rule), bounds: ChipArithmetic.learningWeights)
    }
  }

  @Test func `the fixture is valid`() { #expect(field { _ in } == nil) }

  @Test func `shapes must agree`() {
    #expect(field { $0.inputs = 4 } == "layers[0].source size")
    #expect(field { $0.layers[1].size = 3 } == "layers[1].weights")
    #expect(field { $0.layers[1].connection.source = 1 } == "layers[1].source")
    #expect(field { $0.layers[1].phase = 2 } == "layers[1].phase")
    #expect(field { $0.steps = 4097 } == "metasteps")
    #expect(field { $0.name = "No" } == "metaname")
  }

  @Test func `integers must keep to their widths`() {
    #expect(
      field {
        $0.layers[1].connection.weights = .fixed([Int8](repeating: -128, count: 8))
      } == "layers[1].weights")
    #expect(rule { $0.impulse = 4097 } == "layers[0].impulse")
    #expect(rule { $0.gain = 65536 } == "layers[0].gain")
    #expect(rule { $0.psiShift = 17 } == "layers[0].psi")
    // Five steps of a trace of at most 1049 and an impulse of 256 hold signals of 16 bits.
    #expect(rule { $0.signalLimit = 32767 } == nil)
    #expect(rule { $0.signalLimit = 32768 } == "layers[0].signal limit")
    #expect(
      rule {
        $0.impulse = 4096
        $0.signalLimit = 32767
      } == "layers[0].signal limit")
  }

  @Test func `every neuron lies on one core`() {
    #expect(field { $0.cores.removeLast() } == "corescount")
    #expect(field { $0.cores[1].firstNeuron = 1 } == "cores[1]")
    #expect(field { $0.cores[1].neuronCount = 3 } == "cores[1]")
    #expect(field { $0.cores.append($0.cores[2]) } == "cores[3]")
    #expect(field { $0.cores = [] } == "corescount")
  }
}
