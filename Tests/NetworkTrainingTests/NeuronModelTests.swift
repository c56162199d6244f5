import NetworkTraining
import SpikingNetwork
import Testing

/// Each neuron model against a few steps on paper; states halve in a step.
@Suite struct NeuronModelTests {
  private let half = SimulatorFixture.half

  /// The steps in which one neuron fires when its channel spikes in `inputs`.
  private func fired(
    _ model: NeuronModel, steps: Int, weight: Float, at inputs: Set<Int>, delay: Int = 0
  ) throws -> [Int] {
    let network = SimulatorFixture.neuron(model, steps: steps, weight: weight, delay: delay)
    let result = try NetworkSimulator(network).run(
      SimulatorFixture.channel(inputs, steps: steps), isRecording: true)
    let trains = try #require(result.recording)[1]
    let fired = trains.steps.indices.filter { !trains.steps[$0].isEmpty }
    #expect(result.spikeCounts == [inputs.count, fired.count])
    #expect(result.scores == [Double(fired.count)])
    return fired
  }

  /// Sum of the potentials of one leaky integrator.
  private func score(
    _ integrator: LeakyIntegratorParameters, steps: Int, at inputs: Set<Int>
  ) throws -> Double {
    let network = SimulatorFixture.neuron(.leakyIntegrator(integrator), steps: steps, weight: 1)
    return try NetworkSimulator(network).run(
      SimulatorFixture.channel(inputs, steps: steps)
    ).scores[0]
  }

  @Test func `LIF leaks, fires above its threshold and resets`() throws {
    let always = Set(0..<7)
    func lif(_ reset: ResetMode, vReset: Double = 0) -> NeuronModel {
      .lif(LIFParameters(tauMem: half, vReset: vReset, reset: reset))
    }
    // 0.6, 0.9, 1.05 and then from 0.05: 0.625, 0.9125, 1.05625.
    #expect(try fired(lif(.soft), steps: 7, weight: 0.6, at: always) == [2, 5])
    // From -1: 0.1, 0.65, 0.925, 1.0625.
    #expect(try fired(lif(.hard, vReset: -1), steps: 7, weight: 0.6, at: always) == [2, 6])
    // From 0.9: 1.05.
    #expect(
      try fired(lif(.hard, vReset: 0.9), steps: 7, weight: 0.6, at: always) == [2, 3, 4, 5, 6])
    #expect(try fired(lif(.none), steps: 7, weight: 0.6, at: always) == [2, 3, 4, 5, 6])
  }

  @Test func `the threshold itself is not above the threshold`() throws {
    let neuron = NeuronModel.integrateAndFire(IFParameters())
    #expect(try fired(neuron, steps: 3, weight: 1, at: [0, 1, 2]) == [1, 2])
  }

  @Test func `resistance scales the input and the resting potential drives`() throws {
    // 0.3 * 2 as above.
    let scaled = NeuronModel.lif(LIFParameters(tauMem: half, r: 2))
    #expect(try fired(scaled, steps: 6, weight: 0.3, at: Set(0..<6)) == [2, 5])
    // Rests at 0.8; one spike of 0.3 lifts it to 1.1, the soft reset leaves 0.1, and it climbs
    // back: 0.45, 0.625, 0.7125, 0.756 and 0.3 more.
    let resting = NeuronModel.lif(LIFParameters(tauMem: half, vLeak: 0.8))
    #expect(try fired(resting, steps: 6, weight: 0.3, at: [0, 5]) == [0, 5])
    #expect(try fired(resting, steps: 6, weight: 0.3, at: [0, 2]) == [0])
  }

  @Test func `integrate-and-fire keeps what it has`() throws {
    let neuron = NeuronModel.integrateAndFire(IFParameters(r: 0.5, vThreshold: 1))
    // 0.4 in steps 0, 5 and 9: 1.2 at the third, 0.2 is left, 1.0 after two more, 1.4 after three.
    #expect(try fired(neuron, steps: 14, weight: 0.8, at: [0, 5, 9, 10, 11, 12]) == [9, 12])
  }

  @Test func `a refractory neuron holds its potential and loses its inputs`() throws {
    let two = NeuronModel.integrateAndFire(
      IFParameters(vThreshold: 0.5, reset: .soft, refractory: 0.002))
    // Held at 0.5 for two steps, so that the next input fires again.
    #expect(try fired(two, steps: 8, weight: 1, at: Set(0..<8)) == [0, 3, 6])
    #expect(try fired(two, steps: 8, weight: 1, at: [0, 1, 2]) == [0])
    // Without a reset the potential stays above the threshold but must not fire while held.
    let none = NeuronModel.integrateAndFire(IFParameters(reset: .none, refractory: 0.0016))
    #expect(try fired(none, steps: 8, weight: 2, at: [0]) == [0, 3, 6])
  }

  @Test func `a current charges the potential, also while it is held`() throws {
    // Currents 1, 0.5, 0.25; potentials 1, then from 0.1: 0.55, 0.525.
    let cuba = CubaLIFParameters(tauSyn: half, lif: LIFParameters(tauMem: half, vThreshold: 0.9))
    #expect(try fired(.cubaLIF(cuba), steps: 4, weight: 1, at: [0]) == [0])
    // Without a reset: 1, 1, 0.75.
    var none = cuba
    none.lif.reset = .none
    #expect(try fired(.cubaLIF(none), steps: 4, weight: 1, at: [0]) == [0, 1])
    // The spike of step 1 comes while the potential is held at 0, but its current of 1.5 is 0.75 in
    // step 2 and 0.375 in step 3: potentials 0.75 and 0.75.
    var held = cuba
    held.lif = LIFParameters(tauMem: half, vThreshold: 0.7, reset: .hard, refractory: 0.001)
    #expect(try fired(.cubaLIF(held), steps: 4, weight: 1, at: [0, 1]) == [0, 2])
    #expect(try fired(.cubaLIF(held), steps: 4, weight: 1, at: [0]) == [0])
  }

  @Test func `an adaptive threshold rises after a spike and sinks again`() throws {
    let adaptive = AdaptiveLIFParameters(
      lif: LIFParameters(tauMem: half, reset: .hard), tauAdaptation: half, beta: 1)
    // Thresholds 1, 2, 1.5, 2.25, 1.625, 2.3125; potentials 1.5, 1.5, 2.25, 1.5, 2.25, 1.5.
    #expect(try fired(.adaptiveLIF(adaptive), steps: 6, weight: 1.5, at: Set(0..<6)) == [0, 2, 4])
    // A soft reset subtracts the threshold at rest: 0.5 is left of 1.5, then 1.75 below 2 and
    // 2.375 above 1.5; 1.375 is left, 2.1875 is below 2.25.
    var soft = adaptive
    soft.lif.reset = .soft
    #expect(try fired(.adaptiveLIF(soft), steps: 4, weight: 1.5, at: Set(0..<4)) == [0, 2])
  }

  @Test func `a leaky integrator sums what it holds`() throws {
    // 1, 0.5, 0.25.
    let plain = LeakyIntegratorParameters(tauMem: half, r: 3)
    #expect(abs(try score(plain, steps: 3, at: [0]) - 5.25) < 1e-5)
    // Currents 1, 0.5, 0.25; potentials 1, 1, 0.75.
    let charged = LeakyIntegratorParameters(tauMem: half, tauSyn: half)
    #expect(abs(try score(charged, steps: 3, at: [0]) - 2.75) < 1e-5)
    let resting = LeakyIntegratorParameters(tauMem: half, vLeak: -0.5)
    #expect(abs(try score(resting, steps: 4, at: []) + 2) < 1e-5)
  }

  @Test func `a delayed spike arrives so many steps later, or not at all`() throws {
    let relay = SimulatorFixture.relay
    #expect(try fired(relay, steps: 6, weight: 2, at: [0, 3, 4], delay: 2) == [2, 5])
    #expect(try fired(relay, steps: 6, weight: 2, at: [0, 3], delay: 0) == [0, 3])
    #expect(try fired(relay, steps: 3, weight: 2, at: [0, 1, 2], delay: 255) == [])
  }
}
