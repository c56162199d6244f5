import NetworkTraining
import SpikingNetwork
import Testing

@Suite struct NetworkSimulatorTests {
  private let relay = SimulatorFixture.relay
  private let adder = SimulatorFixture.adder

  private func projection(
    _ source: String, _ target: String, _ weights: [Float], delay: Int = 0
  ) -> Projection {
    Projection(
      source: source, target: target, connectivity: .dense(weights: weights), delay: delay)
  }

  @Test func `spikes pass all populations in one step, however they are listed`() throws {
    let network = SimulatorFixture.network(
      steps: 3,
      [
        Population(name: "last", size: 1, model: relay),
        Population(name: "middle", size: 1, model: relay),
        Population(name: "input", size: 1, model: .input),
      ],
      [projection("middle", "last", [2]), projection("input", "middle", [2])])
    let result = try NetworkSimulator(network).run(
      SimulatorFixture.channel([1], steps: 3), isRecording: true)
    let expected = SimulatorFixture.channel([1], steps: 3)
    #expect(result.recording == [expected, expected, expected])
  }

  @Test func `a neuron that feeds itself keeps going`() throws {
    let network = SimulatorFixture.network(
      steps: 6,
      [
        Population(name: "input", size: 1, model: .input),
        Population(name: "loop", size: 2, model: relay),
      ],
      [
        projection("input", "loop", [2, 0]),
        // Each neuron excites the other, one step late.
        projection("loop", "loop", [0, 2, 2, 0], delay: 1),
      ])
    let result = try NetworkSimulator(network).run(
      SimulatorFixture.channel([1], steps: 6), isRecording: true)
    #expect(result.recording?[1].steps == [[], [0], [1], [0], [1], [0]])
    #expect(result.scores == [3, 2])
    #expect(result.label == 0)
  }

  @Test func `of neurons that compete the highest fires and the others lose`() throws {
    var population = Population(
      name: "rivals", size: 3, model: .integrateAndFire(IFParameters(reset: .hard)))
    population.competition = WinnerTakeAll(inhibition: 0.5)
    population.homeostasis = Homeostasis(thetaPlus: 0.1, tauTheta: 100)
    let network = SimulatorFixture.network(
      steps: 3, [Population(name: "input", size: 1, model: .input), population],
      [projection("input", "rivals", [1.25, 1.5, 1.5])])
    let result = try NetworkSimulator(network).run(
      SimulatorFixture.channel([0, 1, 2], steps: 3), isRecording: true)
    // After the steps: 0.75, 0, 1; then 1.5, 1, 0; then 0, 2, 1.
    #expect(result.recording?[1].steps == [[1], [2], [0]])
    population.classes = 7
    let assigned = SimulatorFixture.network(
      steps: 3, [Population(name: "input", size: 1, model: .input), population],
      [projection("input", "rivals", [1.25, 1.5, 1.5])])
    let simulator = try NetworkSimulator(assigned)
    #expect(simulator.classes == 7)
    let trains = SimulatorFixture.channel([0, 1, 2], steps: 3)
    #expect(simulator.run(trains).scores == [0, 0, 0, 0, 0, 0, 0])
    #expect(simulator.run(trains).spikeCounts == [3, 3])
    let refused = #expect(throws: NetworkError.self) { try AddedClass.add(to: assigned) }
    #expect(refused?.field == "populations[1].classes")
    let trained = #expect(throws: NetworkError.self) { try SpikingChain<Float>(network) }
    #expect(trained?.field == "populations[1]")
  }

  @Test func `of equal scores the lowest class is chosen`() throws {
    let network = SimulatorFixture.network(
      steps: 2,
      [
        Population(name: "input", size: 1, model: .input),
        Population(name: "output", size: 3, model: adder),
      ],
      [projection("input", "output", [1, 2, 2])])
    let result = try NetworkSimulator(network).run(SimulatorFixture.channel([0], steps: 2))
    #expect(result.scores == [1, 2, 2])
    #expect(result.label == 1)
    #expect(result.recording == nil)
    #expect(result.spikeCounts == [1, 0])
  }

  @Test func `several projections and delays add up in one neuron`() throws {
    let network = SimulatorFixture.network(
      steps: 4,
      [
        Population(name: "input", size: 2, model: .input),
        Population(name: "output", size: 2, model: adder),
      ],
      [
        projection("input", "output", [1, 2, 4, 8]),
        projection("input", "output", [16, 32, 64, 128], delay: 2),
      ])
    let trains = SpikeTrains(sources: 2, steps: [[0], [], [1], [0, 1]])
    // At once: 1 + 2 + 1 + 2 and 4 + 8 + 4 + 8; late only the first spike, of channel 0.
    #expect(try NetworkSimulator(network).run(trains).scores == [6 + 16, 24 + 64])
  }

  @Test func `the leaky integrator judges, not another population that feeds none`() throws {
    let network = SimulatorFixture.network(
      steps: 1,
      [
        Population(name: "input", size: 1, model: .input),
        Population(name: "watched", size: 4, model: relay),
        Population(name: "output", size: 2, model: adder),
      ],
      [projection("input", "watched", [2, 2, 2, 2]), projection("input", "output", [3, 4])])
    let simulator = try NetworkSimulator(network)
    #expect(simulator.output == 2)
    #expect(simulator.classes == 2)
    let result = simulator.run(SimulatorFixture.channel([0], steps: 1))
    #expect(result.label == 1)
    #expect(result.spikeCounts == [1, 4, 0])
  }

  @Test(arguments: ResetMode.allCases)
  func `a chain does what the trainer's does, to the bit`(reset: ResetMode) throws {
    for seed in 1...4 as ClosedRange<UInt64> {
      let network = smallNetwork(reset: reset, seed: seed)
      let random = CounterRandom(seed: seed, purpose: .training)
      let samples = LabelledSamples(
        channels: 6,
        intensities: (0..<300).map {
          UInt8(truncatingIfNeeded: CounterRandom.draw(random.stream(1), $0))
        },
        labels: (0..<50).map { UInt8($0 % 3) }, ids: (0..<50).map { $0 })
      let simulated = try NetworkSimulator(network).evaluate(on: samples)
      let trained = try SurrogateTrainer.evaluate(network, on: samples)
      #expect(simulated.predictions == trained.predictions)
      let spikes = Double(simulated.spikeCounts[2] + simulated.spikeCounts[3])
      #expect(spikes / 50 == trained.spikesPerSample)
      #expect(simulated.spikesPerSample(ofPopulation: 2) == Double(simulated.spikeCounts[2]) / 50)
    }
  }

  @Test func `a trained chain is judged as by the trainer`() throws {
    let template = NetworkTemplate(
      name: "stripes", inputs: 12, hidden: [16], classes: 3, steps: 8, hiddenDeviation: 0.3)
    let settings = TrainingSettings(epochs: 4, batchSize: 8, learningRate: 0.01)
    let network = try SurrogateTrainer.train(
      template.network(), on: stripes(count: 60, seed: 1), settings: settings)
    let samples = stripes(count: 200, seed: 2)
    let simulated = try NetworkSimulator(network).evaluate(on: samples)
    let trained = try SurrogateTrainer.evaluate(network, on: samples)
    #expect(simulated.predictions == trained.predictions)
    #expect(simulated.correct == trained.correct)
    #expect(simulated.accuracy == trained.accuracy)
    #expect(Set(simulated.predictions).count == 3)
  }

  @Test func `a sample is shown with the network's encoder`() throws {
    let network = smallNetwork(reset: .soft, seed: 9)
    let sample = LabelledSample(intensities: [255, 128, 0, 200, 90, 255], label: 1, id: 42)
    var spikes: [Int32] = []
    let trains = SpikeTrains(
      sources: 6,
      steps: (0..<7).map { step in
        BernoulliEncoder(seed: 9).encode(
          sample.intensities, sample: sample.id, step: step, into: &spikes)
        return spikes
      })
    let simulator = try NetworkSimulator(network)
    let result = simulator.run(sample, isRecording: true)
    #expect(result == simulator.run(trains, isRecording: true))
    #expect(result.recording?[1] == trains)
  }

  private func field(_ network: SpikingNetwork) -> String? {
    do throws(NetworkError) {
      _ = try NetworkSimulator(network)
      return nil
    } catch {
      return error.field
    }
  }

  @Test func `cycles without delay and unclear outputs are refused by their field`() {
    var network = SimulatorFixture.network(
      steps: 1,
      [
        Population(name: "input", size: 1, model: .input),
        Population(name: "a", size: 1, model: relay),
        Population(name: "b", size: 1, model: relay),
        Population(name: "output", size: 1, model: adder),
      ],
      [
        projection("input", "a", [1]), projection("a", "b", [1]), projection("b", "output", [1]),
        projection("b", "a", [1], delay: 1),
      ])
    #expect(field(network) == nil)
    network.projections[3].delay = 0
    #expect(field(network) == "projections[3].delay")
    network.projections[3] = projection("a", "a", [1])
    #expect(field(network) == "projections[3].delay")
    network.projections[3] = projection("a", "output", [1])
    network.populations.append(Population(name: "second", size: 1, model: adder))
    network.projections.append(projection("b", "second", [1]))
    #expect(field(network) == "populations")
    network.steps = 0
    #expect(field(network) == "steps")
  }

  @Test func `samples that do not fit are refused`() throws {
    let simulator = try NetworkSimulator(smallNetwork(reset: .soft, seed: 1))
    let narrow = LabelledSamples(
      channels: 5, intensities: [UInt8](repeating: 1, count: 5), labels: [0], ids: [0])
    let label = LabelledSamples(
      channels: 6, intensities: [UInt8](repeating: 1, count: 6), labels: [3], ids: [0])
    for samples in [narrow, label, LabelledSamples(channels: 6)] {
      #expect(throws: TrainingError.self) { try simulator.evaluate(on: samples) }
    }
  }
}
