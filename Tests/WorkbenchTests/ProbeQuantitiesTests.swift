import Accelerator
import CompiledModel
import NetworkCompiler
import NetworkTraining
import SpikingNetwork
import Testing
import Workbench

/// Recorded state in the quantities of the network, held against what its equations give.
@Suite struct ProbeQuantitiesTests {
  private static let resistance = 2.5
  private static let leak = -0.25

  private static func membrane(_ reset: ResetMode, leak: Double = leak) -> LIFParameters {
    LIFParameters(
      tauMem: 0.02, r: resistance, vLeak: leak, vThreshold: 1, vReset: -0.5, reset: reset)
  }

  /// Weights of 6 neurons from 3 channels, each neuron's of another size; `[target][source]`.
  ///
  /// The third channel stays silent: without it the layer could never spike, and would be refused.
  private static let weights = (0..<18).map { index -> Float in
    [0.11, -0.07, 1][index % 3] / Float(index / 3 + 1)
  }

  private func compiled(
    _ neurons: NeuronModel, weights: [Float] = weights, perChannel: Bool = true
  ) throws -> CompiledModel {
    let network = SpikingNetwork(
      name: "one-layer", timeStep: 0.004, steps: 4, encoder: .bernoulli(seed: 1),
      populations: [
        Population(name: "input", size: 3, model: .input),
        Population(name: "output", size: 6, model: neurons),
      ],
      projections: [Projection(source: "input", target: "output", weights: weights)])
    return try compile(
      network, for: try ShippedChip.chip("generic"),
      options: CompilerOptions(perChannel: perChannel)
    ).model
  }

  /// States of all neurons when the first channel spikes in the first step, the second in the next.
  private func states(_ model: CompiledModel) throws -> [SpikeRecording.NeuronState] {
    var recording = SpikeRecording(of: model, selecting: try ProbeSelection("output", of: model))
    recording.begin(1)
    var chip = Accelerator(model)
    _ = chip.infer(SpikeTrains(sources: 3, steps: [[0], [1], [], []]), probe: &recording)
    return recording.states
  }

  /// Half a unit of a weight, and what a decay and a threshold may lose.
  private func tolerance(_ model: CompiledModel, _ neuron: Int) -> Double {
    let weight = model.weightUnit(of: .init(layer: 0, connection: 0), target: neuron)
    return weight * Self.resistance / 2 + 4 * model.potentialUnit(layer: 0, neuron: neuron)
  }

  @Test(arguments: [true, false])
  func `potentials start at the leak, and a spike adds weight times resistance`(
    perChannel: Bool
  ) throws {
    for neurons: NeuronModel in [
      .lif(Self.membrane(.hard)),
      .adaptiveLIF(
        AdaptiveLIFParameters(lif: Self.membrane(.hard), tauAdaptation: 0.1, beta: 0.5)),
      .leakyIntegrator(
        LeakyIntegratorParameters(tauMem: 0.02, r: Self.resistance, vLeak: Self.leak)),
    ] {
      let model = try compiled(neurons, perChannel: perChannel)
      #expect(model.timeStep == 0.004 && model.layers[0].units.resistance == Self.resistance)
      #expect(model.layers[0].units.rest == Self.leak)
      for state in try states(model).prefix(6) {
        let weight = Double(Self.weights[state.neuron * 3])
        let expected = Self.leak + Self.resistance * weight
        let difference = abs(state.potential(in: model) - expected)
        #expect(difference <= tolerance(model, state.neuron), "\(state)")
        #expect(state.current(in: model) == nil)
      }
    }
  }

  @Test func `neurons have units of their own, potentials counted from zero as well`() throws {
    let model = try compiled(.lif(Self.membrane(.soft, leak: 0)))
    let units = (0..<6).map { model.potentialUnit(layer: 0, neuron: $0) }
    #expect(units[0] > 2 * units[5])
    for state in try states(model).prefix(6) {
      let expected = Self.resistance * Double(Self.weights[state.neuron * 3])
      #expect(
        abs(state.potential(in: model) - expected) <= tolerance(model, state.neuron), "\(state)")
    }
  }

  @Test func `a current is the sum of weights, without the resistance`() throws {
    let cuba = CubaLIFParameters(tauSyn: 0.01, lif: Self.membrane(.hard))
    let model = try compiled(.cubaLIF(cuba))
    let decay = cuba.currentDecay(timeStep: 0.004)
    for state in try states(model).prefix(12) {
      let weights = Self.weights[state.neuron * 3..<state.neuron * 3 + 2].map(Double.init)
      let expected = state.step == 0 ? weights[0] : weights[0] * decay + weights[1]
      let found = try #require(state.current(in: model))
      #expect(abs(found - expected) <= 2 * tolerance(model, state.neuron) / Self.resistance)
      guard state.step == 0 else { continue }
      #expect(abs(state.potential(in: model) - Self.leak - Self.resistance * found) < 1e-9)
    }
  }

  @Test func `a spike lifts an adaptive threshold by beta`() throws {
    let adaptive = AdaptiveLIFParameters(
      lif: Self.membrane(.hard), tauAdaptation: 0.1, beta: 0.37)
    let strong = (0..<18).map { index -> Float in index % 3 == 0 ? Float(index + 4) / 4 : 0 }
    let model = try compiled(.adaptiveLIF(adaptive), weights: strong)
    for state in try states(model).prefix(6) {
      let rise = try #require(state.rise(in: model))
      #expect(abs(rise - 0.37) <= model.potentialUnit(layer: 0, neuron: state.neuron))
      #expect(abs(state.potential(in: model) + 0.5) <= tolerance(model, state.neuron))
    }
  }

  private func learnt(
    _ model: CompiledModel, _ samples: LabelledSamples, _ selection: String
  ) throws -> SpikeRecording {
    var recording = SpikeRecording(of: model, selecting: try ProbeSelection(selection, of: model))
    var chip = Accelerator(model)
    for position in 0..<samples.count {
      let sample = samples[position]
      recording.begin(sample.id)
      _ = chip.learn(
        sample.intensities, sample: sample.id, label: sample.label, seed: 1,
        ordinal: UInt64(position), probe: &recording)
    }
    return recording
  }

  @Test func `observables have names by connection, and all steps of each sample`() throws {
    let model = ProbedModel.model
    let recording = try learnt(model, ProbedModel.samples(2), "features:3,hidden:1-2,out")
    let all = ProbedObservable.all(of: recording, model: model)
    #expect(
      all.map { "\($0.population) \($0.name)" } == [
        "1 v", "2 v", "2 i", "2 threshold_rise", "3 v", "2 presynaptic_trace.out.0",
      ])
    #expect(all.allSatisfy { $0.samples.count == 2 })
    for observable in all {
      let neurons = [[], [3], [1, 2], [0, 1, 2]][observable.population]
      for sample in observable.samples {
        #expect(
          sample.map(\.step) == (0..<12).flatMap { [Int](repeating: $0, count: neurons.count) })
        #expect(sample.map(\.neuron) == (0..<12).flatMap { _ in neurons })
      }
    }
    let states = recording.states.filter { $0.layer == 1 }
    #expect(
      all[2].samples.flatMap { $0.map(\.value) } == states.compactMap { $0.current(in: model) })
    #expect(
      all[5].samples.flatMap { $0.map(\.value) }
        == recording.traces.map { Double($0.value) / 256 })
    #expect(all[5].samples[1].contains { $0.value >= 1 })
  }

  @Test func `traces of both ends of a local rule are counted in spikes`() throws {
    let model = try compile(
      try ExampleNetwork.stdp.network(), for: try ShippedChip.chip("cim-stdp")
    ).model
    let output = try #require(model.layers.last?.name)
    var samples = LabelledSamples(channels: model.inputs)
    samples.append(
      LabelledSample(
        intensities: [UInt8](repeating: 255, count: model.inputs), label: 0, id: 5))
    let recording = try learnt(model, samples, "input:0,\(output):0")
    let all = ProbedObservable.all(of: recording, model: model)
    let before = try #require(all.first { $0.name == "presynaptic_trace.\(output).0" })
    let after = try #require(all.first { $0.name == "postsynaptic_trace.input.0" })
    #expect(before.population == 0 && after.population == model.layers.count)
    // The channel spikes in the first step, before which there was no trace.
    #expect(before.samples[0][0].value == 1)
    let first = try #require(
      recording.samples[0].steps[after.population].firstIndex { $0.contains(0) })
    #expect(after.samples[0][first].value == 1)
    #expect(after.samples[0].prefix(first).allSatisfy { $0.value == 0 })
  }

  @Test func `without chosen neurons there is nothing but spikes`() {
    var recording = SpikeRecording(of: ProbedModel.model)
    recording.begin(1)
    #expect(ProbedObservable.all(of: recording, model: ProbedModel.model).isEmpty)
  }
}
