import CompiledModel
import NetworkCompiler
import SpikingNetwork
import Testing

/// What the compiler makes of a network that fits.
@Suite struct CompilerTests {
  @Test func `weights are transposed and keep their values within half a unit`() throws {
    var network = CompilerFixture.network()
    network.projections[0].weights = InitialWeights.normal(
      count: 48, standardDeviation: 0.5, seed: 3, stream: 0)
    let compilation = try compile(network, for: CompilerFixture.chip)
    let connection = compilation.model.layers[0].connection
    let unit = Double(sign: .plus, exponent: Int(connection.exponent), significand: 1)
    for target in 0..<6 {
      for source in 0..<8 {
        let found = Double(connection.inferenceWeights[source * 6 + target]) * unit
        let wanted = Double(network.projections[0].weights[target * 8 + source])
        #expect(abs(found - wanted) <= unit / 2)
      }
    }
    #expect(connection.inferenceWeights.contains { abs(Int($0)) > 63 })
    #expect(compilation.layers[0].roundingError > 0)
    #expect(compilation.layers[0].roundingError < unit / 2)
  }

  @Test func `learning layers keep a bit of headroom`() throws {
    let rule = PlasticityRule.threeFactor(ThreeFactorRule(learningRate: 0.001))
    let fixed = try compile(CompilerFixture.network(), for: CompilerFixture.chip)
    let learning = try compile(
      CompilerFixture.network(plasticity: rule), for: CompilerFixture.chip)
    #expect(fixed.model.layers[0].connection.exponent == -7)
    #expect(learning.model.layers[0].connection.exponent == -6)
    #expect(learning.model.plasticWeights[0].allSatisfy { $0 == 32 * 256 })
    let small = try compile(
      CompilerFixture.network(plasticity: rule, weight: 0.05), for: CompilerFixture.chip)
    // 128 units of 2^-7 are the threshold.
    #expect(small.model.layers[0].connection.exponent == -7)
    #expect(learning.layers.map(\.rule) == ["three-factor", "three-factor"])
  }

  @Test func `threshold, decay and logits are in the layer's units`() throws {
    let model = try compile(CompilerFixture.network(), for: CompilerFixture.chip).model
    guard case .spiking(let hidden) = model.layers[0].neurons,
      case .readout(let readout) = model.layers[1].neurons
    else {
      Issue.record("found \(model.layers.map(\.neurons))")
      return
    }
    #expect(hidden.decay == 3686)
    #expect(hidden.threshold == 1 << 13)
    #expect(readout.decay == 3686)
    // One unit of the natural logit, 2^14 potentials at exponent -8, is 16 log2(e) = 23.08.
    let logit =
      Double(readout.logitMultiplier) / Double(1 << Int(readout.logitShift)) * Double(1 << 14)
    #expect(model.layers[1].connection.exponent == -8)
    #expect(abs(logit - 23.083) < 0.01)
  }

  @Test func `layers are split evenly and placed row-major`() throws {
    var chip = CompilerFixture.chip
    chip.core.neurons = 4
    let compilation = try compile(CompilerFixture.network(hidden: 10), for: chip)
    #expect(compilation.model.cores.map(\.neuronCount) == [3, 3, 4, 3])
    #expect(compilation.model.cores.map(\.column) == [0, 0, 1, 1])
    #expect(compilation.model.cores.map(\.row) == [0, 0, 0, 0])
    #expect(compilation.cores.map(\.outAxons) == [3, 3, 4, 0])
    #expect(compilation.cores.map(\.inAxons) == [8, 8, 8, 10])
    #expect(compilation.cores.map(\.synapseMemoryBytes) == [24, 24, 32, 30])
    #expect(compilation.footprintBytes == 110)
    #expect(compilation.layers.map(\.cores) == [3, 1])
  }

  @Test func `the same network gives the same bytes`() throws {
    let rule = PlasticityRule.threeFactor(ThreeFactorRule(learningRate: 0.001))
    let network = CompilerFixture.network(plasticity: rule)
    let first = try compile(network, for: CompilerFixture.chip).model
    let bytes = first.encoded()
    #expect(try compile(network, for: CompilerFixture.chip).model.encoded() == bytes)
    #expect(try CompiledModel(reading: bytes) == first)
  }

  @Test func `long samples leave room in the sums`() throws {
    var network = CompilerFixture.network(
      plasticity: .threeFactor(ThreeFactorRule(learningRate: 0.001, preDecay: 1)))
    network.steps = SpikingNetwork.stepsMax
    var chip = CompilerFixture.chip
    chip.core.synapseMemoryBytes = 1 << 20
    let model = try compile(network, for: chip).model
    guard case .threeFactor(let rule)? = model.layers[0].connection.plasticity else { return }
    #expect(rule.signalLimit < 32767)
    #expect(rule.gain > 0)
  }
}
