import CompiledModel
import Testing

/// Parameters of neurons keep to their widths.
@Suite struct NeuronValidationTests {
  private let limit: Int32 = (1 << 23) - 1

  @Test func `decays have twelve bits`() {
    #expect(ModelFault.spiking { $0.membrane.decay = 4097 } == "layers.[0].decay")
    #expect(ModelFault.spiking { $0.membrane.decay = -1 } == "layers.[0].decay")
    #expect(ModelFault.spiking { $0.membrane.currentDecay = 4096 } == nil)
    #expect(ModelFault.spiking { $0.membrane.currentDecay = 4097 } == "layers.[0].current decay")
    #expect(ModelFault.spiking { $0.adaptation?.decay = 4096 } == nil)
    #expect(ModelFault.spiking { $0.adaptation?.decay = 4097 } == "layers.[0].adaptation.decay")
  }

  @Test func `values keep to the width of potentials`() {
    let one = NeuronValues(limit)
    let beyond = NeuronValues(limit + 1)
    #expect(ModelFault.spiking { $0.threshold = one } == nil)
    #expect(ModelFault.spiking { $0.threshold = beyond } == "layers.[0].threshold")
    #expect(ModelFault.spiking { $0.threshold = NeuronValues(0) } == "layers.[0].threshold")
    #expect(ModelFault.spiking { $0.threshold.values[71] = 0 } == "layers.[0].threshold")
    #expect(ModelFault.spiking { $0.membrane.bias = NeuronValues(-limit) } == nil)
    #expect(ModelFault.spiking { $0.membrane.bias = beyond } == "layers.[0].bias")
    #expect(ModelFault.spiking { $0.membrane.bias = NeuronValues(-limit - 1) } == "layers.[0].bias")
    #expect(ModelFault.spiking { $0.resetPotential = NeuronValues(-limit) } == nil)
    #expect(
      ModelFault.spiking { $0.resetPotential = beyond } == "layers.[0].reset potential")
    #expect(ModelFault.spiking { $0.adaptation?.impulse = one } == nil)
    #expect(
      ModelFault.spiking { $0.adaptation?.impulse = beyond } == "layers.[0].adaptation.impulse")
    #expect(
      ModelFault.spiking { $0.adaptation?.impulse = NeuronValues(-1) }
        == "layers.[0].adaptation.impulse")
    #expect(ModelFault.spiking { $0.refractorySteps = 4096 } == nil)
    #expect(ModelFault.spiking { $0.refractorySteps = 4097 } == "layers.[0].refractory")
    #expect(ModelFault.spiking { $0.refractorySteps = -1 } == "layers.[0].refractory")
    // Narrower potentials, narrower thresholds.
    #expect(
      ModelFault.field(of: .fixed) { $0.arithmetic.potentialBits = 11 } == "layers.[0].threshold")
  }

  @Test func `values are one or one for each, as short as they can be`() {
    #expect(ModelFault.spiking { $0.threshold.values.removeLast() } == "layers.[0].threshold")
    #expect(ModelFault.spiking { $0.threshold.values = [] } == "layers.[0].threshold")
    #expect(
      ModelFault.spiking { $0.threshold.values = [Int32](repeating: 5, count: 72) }
        == "layers.[0].threshold")
    #expect(NeuronValues(each: [5, 5]) == NeuronValues(5))
  }

  @Test func `a readout is last and its logits fit`() {
    func readout(_ multiplier: Int32, _ shift: Int32) -> String? {
      ModelFault.field {
        $0.layers[1].neurons = .readout(
          ReadoutProgram(
            membrane: MembraneProgram(decay: 1), logitMultiplier: multiplier, logitShift: shift))
      }
    }
    #expect(readout(65535, 47) == nil)
    #expect(readout(65536, 47) == "layers.[1].logit multiplier")
    #expect(readout(-1, 47) == "layers.[1].logit multiplier")
    #expect(readout(0, 48) == "layers.[1].logit shift")
    #expect(readout(0, -1) == "layers.[1].logit shift")
    #expect(
      ModelFault.field(of: .fixed) { $0.layers[0].neurons = ModelFixture.readout }
        == "layers.[0].model")
  }

  @Test func `a pseudo-derivative is at most one, and there where it is needed`() {
    func derivative(_ multiplier: NeuronValues, _ shift: Int32) -> String? {
      ModelFault.spiking(of: .threeFactor) {
        $0.pseudoDerivative = .init(multiplier: multiplier, shift: shift)
      }
    }
    // The threshold is 4096.
    #expect(derivative(NeuronValues(16447), 18) == nil)
    #expect(derivative(NeuronValues(16448), 18) == "layers.[0].psi")
    #expect(derivative(NeuronValues(each: [1, 2, 3, 16447]), 18) == nil)
    #expect(derivative(NeuronValues(each: [1, 2, 3, 16448]), 18) == "layers.[0].psi")
    #expect(derivative(NeuronValues(65535), 40) == nil)
    #expect(derivative(NeuronValues(65536), 40) == "layers.[0].psi.multiplier")
    #expect(derivative(NeuronValues(-1), 40) == "layers.[0].psi.multiplier")
    #expect(derivative(NeuronValues(1), 41) == "layers.[0].psi.shift")
    #expect(derivative(NeuronValues(1), -1) == "layers.[0].psi.shift")
    #expect(
      ModelFault.spiking(of: .threeFactor) { $0.pseudoDerivative = nil } == "layers.[0].psi")
    #expect(
      ModelFault.spiking(of: .pairSTDP) {
        $0.pseudoDerivative = .init(multiplier: NeuronValues(1), shift: 9)
      } == "layers.[0].psi")
  }

  @Test func `a teacher needs a last layer that learns by a local rule`() {
    func teacher(_ excitation: Int32, _ inhibition: Int32) -> String? {
      ModelFault.field(of: .sdsp) {
        $0.layers[0].teacher = TeacherProgram(excitation: excitation, inhibition: inhibition)
      }
    }
    #expect(teacher(32767, 32767) == nil)
    #expect(teacher(32768, 0) == "layers.[0].teacher.excitation")
    #expect(teacher(-1, 0) == "layers.[0].teacher.excitation")
    #expect(teacher(0, 32768) == "layers.[0].teacher.inhibition")
    #expect(teacher(0, -1) == "layers.[0].teacher.inhibition")
    let present = TeacherProgram(excitation: 1, inhibition: 1)
    for layer in 0...1 {
      #expect(
        ModelFault.field { $0.layers[layer].teacher = present } == "layers.[\(layer)].teacher")
    }
    #expect(
      ModelFault.connection(of: .pairSTDP, layer: 0) {
        $0.weights = .fixed([1, 2, 3, 4, 5, 6])
      } == "layers.[0].teacher")
  }
}
