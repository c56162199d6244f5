import CompiledModel
import NetworkCompiler
import SpikingNetwork
import Testing

/// What the compiler makes of a network that fits.
@Suite struct CompilerTests {
  private let powersOfTwo = CompilerOptions(perChannel: false)

  @Test func `weights are transposed and keep their values within half a unit`() throws {
    var network = CompilerFixture.network()
    network.projections[0].weights = InitialWeights.normal(
      count: 48, standardDeviation: 0.5, seed: 3, stream: 0)
    let compilation = try compile(network, for: CompilerFixture.chip, options: powersOfTwo)
    let layer = compilation.model.layers[0]
    let unit = Double(sign: .plus, exponent: Int(layer.exponent), significand: 1)
    let weights = layer.connections[0].inferenceWeights
    for target in 0..<6 {
      for source in 0..<8 {
        let found = Double(weights[source * 6 + target]) * unit
        let wanted = Double(network.projections[0].weights[target * 8 + source])
        #expect(abs(found - wanted) <= unit / 2)
      }
    }
    #expect(weights.contains { abs(Int($0)) > 63 })
    #expect(compilation.layers[0].roundingError > 0)
    #expect(compilation.layers[0].roundingError < unit / 2)
    #expect(
      compilation.layers[0].roundingError == compilation.layers[0].connections[0].roundingError)
  }

  @Test func `learning layers keep a bit of headroom`() throws {
    let rule = PlasticityRule.threeFactor(ThreeFactorRule(learningRate: 0.001))
    let fixed = try compile(
      CompilerFixture.network(), for: CompilerFixture.chip, options: powersOfTwo)
    let learning = try compile(
      CompilerFixture.network(plasticity: rule), for: CompilerFixture.chip)
    #expect(fixed.model.layers[0].exponent == -7)
    #expect(learning.model.layers[0].exponent == -6)
    #expect(learning.model.learnedState[0].allSatisfy { $0 == 32 * 256 })
    let small = try compile(
      CompilerFixture.network(plasticity: rule, weight: 0.05), for: CompilerFixture.chip)
    // 128 units of 2^-7 are the threshold.
    #expect(small.model.layers[0].exponent == -7)
    #expect(learning.layers.map(\.rule) == ["three-factor", "three-factor"])
    #expect(!learning.layers[0].isPerChannel)
  }

  @Test func `threshold, decay and logits are in the layer's units`() throws {
    let model = try compile(
      CompilerFixture.network(), for: CompilerFixture.chip,
      options: CompilerOptions(perChannel: false, roundingLossCorrection: false)
    ).model
    let hidden = try #require(model.spiking(0))
    let readout = try #require(model.readoutProgram)
    #expect(hidden.membrane.decay == 3686)
    #expect(hidden.threshold == NeuronValues(1 << 13))
    #expect(readout.membrane.decay == 3686)
    // One unit of the natural logit, 2^14 potentials at exponent -8, is 16 log2(e) = 23.08.
    let logit =
      Double(readout.logitMultiplier) / Double(1 << Int(readout.logitShift)) * Double(1 << 14)
    #expect(model.layers[1].exponent == -8)
    #expect(abs(logit - 23.083) < 0.01)
  }

  @Test func `layers are split evenly and placed row-major on request`() throws {
    var chip = CompilerFixture.chip
    chip.core.neurons = 4
    let compilation = try compile(
      CompilerFixture.network(hidden: 10), for: chip,
      options: CompilerOptions(placement: .rowMajor))
    #expect(compilation.model.cores.map(\.neuronCount) == [3, 3, 4, 3])
    #expect(compilation.model.cores.map(\.column) == [0, 0, 1, 1])
    #expect(compilation.model.cores.map(\.row) == [0, 0, 0, 0])
    #expect(compilation.cores.map(\.outAxons) == [3, 3, 4, 0])
    #expect(compilation.cores.map(\.inAxons) == [8, 8, 8, 10])
    #expect(compilation.cores.map(\.synapseMemoryBytes) == [24, 24, 32, 30])
    #expect(compilation.footprintBytes == 110)
    #expect(compilation.layers.map(\.cores) == [3, 1])
    // Assumed are spikes in one of twenty steps: inputs to one core a link off; ten neurons, four
    // of them on the readout's tile.
    #expect(abs(compilation.traffic.rowMajor - 0.5 * (8 + 6)) < 1e-9)
    #expect(compilation.traffic.placed == compilation.traffic.rowMajor)
  }

  @Test func `the same network gives the same bytes`() throws {
    let rule = PlasticityRule.threeFactor(ThreeFactorRule(learningRate: 0.001))
    for network in [CompilerFixture.network(plasticity: rule), CompilerFixture.network()] {
      let first = try compile(network, for: CompilerFixture.chip).model
      let bytes = first.encoded()
      #expect(try compile(network, for: CompilerFixture.chip).model.encoded() == bytes)
      #expect(try CompiledModel(reading: bytes) == first)
    }
  }

  @Test func `facts name every connection`() throws {
    let shape = FeatureShape(height: 4, width: 4, channels: 2)
    let network = CompilerFixture.network(
      [
        Population(name: "input", shape: shape, model: .input),
        Population(name: "pooled", shape: shape.pooled(by: 2), model: CompilerFixture.lif()),
        Population(name: "output", size: 2, model: CompilerFixture.lif()),
      ],
      [
        Projection(
          source: "input", target: "pooled", connectivity: .oneToOne(weight: 0.5), pooling: 2),
        Projection(
          source: "pooled", target: "output",
          connectivity: .sparse(
            SparseWeights(
              rowStarts: [0, 1, 2, 3, 4, 4, 4, 4, 4], targets: [0, 1, 0, 1],
              weights: [1, 0.5, 1, 2])),
          precision: .int4),
        Projection(
          source: "output", target: "output", connectivity: .dense(weights: [0, -1, -1, 0]),
          delay: 2),
      ])
    let facts = try compile(network, for: CompilerFixture.chip).layers
    #expect(facts.map(\.name) == ["pooled", "output"])
    #expect(facts.map(\.phase) == [1, 2])
    #expect(facts[0].connections.map(\.layout) == ["one-to-one"])
    #expect(facts[1].connections.map(\.layout) == ["sparse", "dense"])
    #expect(facts[1].connections.map(\.source) == ["pooled", "output"])
    #expect(facts[1].connections.map(\.bits) == [4, 8])
    #expect(facts[1].connections.map(\.delay) == [0, 2])
    #expect(facts[1].connections.map(\.weights) == [4, 4])
    #expect(facts[1].weights == 8)
    #expect(facts[1].rule == "none")
  }
}
