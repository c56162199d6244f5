import CompiledModel
import NetworkCompiler
import SpikingNetwork
import Testing

/// Neuron models in the chip's integers.
@Suite struct NeuronLoweringTests {
  private let lif = LIFParameters(
    tauMem: CompilerFixture.tau, r: 2, vLeak: 0.5, vThreshold: 1.5, vReset: -0.25, reset: .hard,
    refractory: 0.003)

  /// Powers of two and plain decays, so that values can be told.
  private func compiled(
    _ model: NeuronModel, correction: Bool = false, _ change: (inout Chip) -> Void = { _ in }
  ) throws -> CompiledModel {
    var chip = CompilerFixture.chip
    change(&chip)
    return try compile(
      CompilerFixture.single(model, weights: [Float](repeating: 0.5, count: 64)), for: chip,
      options: CompilerOptions(perChannel: false, roundingLossCorrection: correction)
    ).model
  }

  @Test func `leaky integrate-and-fire`() throws {
    let model = try compiled(.lif(lif))
    let program = try #require(model.spiking(0))
    // Weights of 0.5 at a resistance of 2 are 64 units of 2^-6; potentials are finer by 2^6.
    #expect(model.layers[0].exponent == -6)
    #expect(model.layers[0].connections[0].inferenceWeights.allSatisfy { $0 == 64 })
    #expect(program.membrane.decay == 3686)
    #expect(program.membrane.currentDecay == nil)
    // Counted from rest at 0.5.
    #expect(program.membrane.bias == NeuronValues(0))
    #expect(program.threshold == NeuronValues(4096))
    #expect(program.reset == .hard)
    #expect(program.resetPotential == NeuronValues(-3072))
    #expect(program.refractorySteps == 3)
    #expect(program.adaptation == nil)
    #expect(program.pseudoDerivative == nil)
  }

  @Test func `a soft reset, a rest above the threshold and errors take a bias instead`() throws {
    var soft = lif
    soft.reset = .soft
    let program = try #require(try compiled(.lif(soft)).spiking(0))
    #expect(program.membrane.bias == NeuronValues(Int32((0.5 * 0.1 * 4096).rounded())))
    #expect(program.threshold == NeuronValues(6144))
    var restless = lif
    restless.vLeak = 1.75
    let other = try #require(try compiled(.lif(restless)).spiking(0))
    #expect(other.membrane.bias == NeuronValues(Int32((1.75 * 0.1 * 4096).rounded())))
    #expect(other.threshold == NeuronValues(6144))
    var network = CompilerFixture.network(
      plasticity: .threeFactor(ThreeFactorRule(learningRate: 0.001)))
    network.populations[1].model = .lif(lif)
    let learning = try compile(network, for: CompilerFixture.chip).model
    #expect(try #require(learning.spiking(0)).membrane.bias.values[0] > 0)
  }

  @Test func `a current takes the resistance in its weights and no bias`() throws {
    let model = try compiled(.cubaLIF(CubaLIFParameters(tauSyn: CompilerFixture.tau * 2, lif: lif)))
    let program = try #require(model.spiking(0))
    #expect(program.membrane.currentDecay == Int32((0.9.squareRoot() * 4096).rounded()))
    #expect(program.membrane.bias == NeuronValues(0))
    #expect(model.layers[0].connections[0].inferenceWeights.allSatisfy { $0 == 64 })
  }

  @Test func `integrate-and-fire keeps everything`() throws {
    let program = try #require(
      try compiled(.integrateAndFire(IFParameters(reset: .none)), correction: true).spiking(0))
    #expect(program.membrane.decay == 4096)
    #expect(program.membrane.bias == NeuronValues(0))
    #expect(program.reset == .none)
  }

  @Test func `what leaks goes on leaking`() throws {
    let slow = LIFParameters(tauMem: 100)
    for correction in [true, false] {
      let program = try #require(try compiled(.lif(slow), correction: correction).spiking(0))
      #expect(program.membrane.decay == 4095)
    }
    let fast = LIFParameters(tauMem: 1e-5)
    let program = try #require(try compiled(.lif(fast), correction: true).spiking(0))
    #expect(program.membrane.decay == 0)
  }

  @Test func `an adaptive threshold rises by beta`() throws {
    let adaptive = AdaptiveLIFParameters(lif: lif, tauAdaptation: CompilerFixture.tau, beta: 0.75)
    let program = try #require(try compiled(.adaptiveLIF(adaptive)).spiking(0))
    #expect(
      program.adaptation == SpikingProgram.Adaptation(decay: 3686, impulse: NeuronValues(3072)))
  }

  @Test func `a readout may have a current`() throws {
    let integrator = LeakyIntegratorParameters(
      tauMem: CompilerFixture.tau, vLeak: 1, tauSyn: CompilerFixture.tau)
    let program = try #require(try compiled(.leakyIntegrator(integrator)).readoutProgram)
    #expect(program.membrane.currentDecay == 3686)
    // What all classes have in common decides between none.
    #expect(program.membrane.bias == NeuronValues(0))
  }

  @Test func `several connections share the finest unit`() throws {
    let network = CompilerFixture.network(
      [
        Population(name: "input", size: 2, model: .input),
        Population(name: "output", size: 2, model: CompilerFixture.lif()),
      ],
      [
        Projection(source: "input", target: "output", weights: [1, 0.5, 1, -1]),
        Projection(
          source: "output", target: "output",
          connectivity: .dense(weights: [0.0625, 0, 0.03125, -0.0625]), delay: 1),
      ])
    let powers = try compile(
      network, for: CompilerFixture.chip, options: CompilerOptions(perChannel: false)
    ).model.layers[0]
    #expect(powers.exponent == -10)
    #expect(powers.connections.map(\.shift) == [4, 0])
    #expect(powers.connections[0].inferenceWeights == [64, 64, 32, -64])
    #expect(powers.connections[1].inferenceWeights == [64, 32, 0, -64])
    let scaled = try compile(network, for: CompilerFixture.chip).model.layers[0]
    #expect(scaled.connections.map(\.shift) == [4, 0])
    #expect(scaled.connections[0].inferenceWeights == [127, 127, 64, -127])
  }

  @Test func `a connection that is finer by more than shifts hold loses its last bits`() throws {
    let network = CompilerFixture.network(
      [
        Population(name: "input", size: 1, model: .input),
        Population(name: "output", size: 1, model: CompilerFixture.lif(threshold: 0.01)),
      ],
      [
        Projection(source: "input", target: "output", weights: [1]),
        Projection(
          source: "output", target: "output", connectivity: .dense(weights: [1.0 / 262_144]),
          delay: 1),
      ])
    var chip = CompilerFixture.chip
    chip.arithmetic.inputShift = 0
    let layer = try compile(network, for: chip, options: CompilerOptions(perChannel: false))
      .model.layers[0]
    // Alone, the second would have a unit of 2^-24; with the first, at 2^-6, it has 2^-21, cut at
    // -20.
    #expect(layer.exponent == -20)
    #expect(layer.connections.map(\.shift) == [14, 0])
    #expect(layer.connections[1].inferenceWeights == [4])
  }
}
