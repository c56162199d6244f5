import NetworkTraining
import SpikingNetwork
import Testing

@Suite struct BinaryTrainingTests {
  private let template = NetworkTemplate(
    name: "stripes", inputs: 12, hidden: [24], classes: 3, steps: 8, hiddenDeviation: 0.2,
    outputDeviation: 0.2, weightSeed: 5, precision: .binary, plasticity: nil)

  private func isBinary(_ weights: [Float]) -> Bool {
    let scale = abs(weights[0])
    return scale > 0 && weights.allSatisfy { abs($0) == scale }
  }

  @Test func `it learns with two values for each projection`() throws {
    let network = try template.network()
    let heldOut = stripes(count: 60, seed: 2)
    let settings = TrainingSettings(epochs: 40, batchSize: 8, learningRate: 0.01, seed: 3)
    let trained = try SurrogateTrainer.train(
      network, on: stripes(count: 60, seed: 1), settings: settings)
    for (before, after) in zip(network.projections, trained.projections) {
      #expect(isBinary(before.weights))
      #expect(isBinary(after.weights))
      #expect(after.precision == .binary)
      let turned = zip(before.weights, after.weights).count { ($0 < 0) != ($1 < 0) }
      #expect(turned > 0)
    }
    let evaluation = try SurrogateTrainer.evaluate(trained, on: heldOut)
    #expect(evaluation.accuracy > 0.95)
    #expect(try SurrogateTrainer.evaluate(network, on: heldOut).accuracy < 0.8)
    // What was trained is what is described: another run sees the same network.
    let simulated = try NetworkSimulator(trained).evaluate(on: heldOut)
    #expect(simulated.predictions == evaluation.predictions)
  }

  @Test func `only projections of one bit are binarised`() throws {
    var network = try template.network()
    network.projections[1].precision = .int8
    let trained = try SurrogateTrainer.train(
      network, on: stripes(count: 30, seed: 1), settings: TrainingSettings(epochs: 2))
    #expect(isBinary(trained.projections[0].weights))
    #expect(!isBinary(trained.projections[1].weights))
  }

  @Test func `the magnitude is the mean and zero counts as positive`() throws {
    var network = try NetworkTemplate(
      name: "few", inputs: 3, hidden: [], classes: 2, precision: .binary, plasticity: nil
    ).network()
    network.projections[0].weights = [0, -0.5, 0.25, 1.25, -0.25, -0.75]
    let trainer = try SurrogateTrainer(network: network, settings: TrainingSettings())
    #expect(trainer.network.projections[0].weights == [0.5, -0.5, 0.5, 0.5, -0.5, -0.5])
  }

  @Test func `no latent weight goes further than four means of the start`() throws {
    var network = try NetworkTemplate(
      name: "one", inputs: 1, hidden: [], classes: 2, steps: 1, precision: .binary,
      plasticity: nil
    ).network()
    network.projections[0].weights = [-0.025, 0.175]
    let sample = LabelledSamples(channels: 1, intensities: [255], labels: [0], ids: [0])
    // The first step of Adam is one learning rate long.
    let trained = try SurrogateTrainer.train(
      network, on: sample, settings: TrainingSettings(epochs: 1, learningRate: 1))
    #expect(trained.projections[0].weights.map { abs($0 * 10).rounded() } == [4, 4])
    #expect(trained.projections[0].weights[0] > 0)
  }

  @Test func `small steps add up behind a sign until it turns`() throws {
    var network = try NetworkTemplate(
      name: "one", inputs: 1, hidden: [], classes: 2, steps: 1, precision: .binary,
      plasticity: nil
    ).network()
    // Latent weights: the class that is shown starts with the smaller and negative one.
    network.projections[0].weights = [-0.025, 0.175]
    let sample = LabelledSamples(channels: 1, intensities: [255], labels: [0], ids: [0])
    var trainer = try SurrogateTrainer(
      network: network, settings: TrainingSettings(learningRate: 0.01))
    #expect(trainer.network.projections[0].weights == [-0.1, 0.1])
    var signs: [Bool] = []
    for _ in 0..<4 {
      _ = try trainer.trainEpoch(sample)
      signs.append(trainer.network.projections[0].weights[0] > 0)
    }
    // From -0.025 by 0.01 each time.
    #expect(signs == [false, false, true, true])
    // Now latent weights are 0.015 and 0.135.
    #expect(trainer.network.projections[0].weights.allSatisfy { abs($0 - 0.075) < 1e-3 })
  }
}
