import Foundation
import NetworkTraining
import SpikingNetwork
import Testing

@Suite struct SurrogateTrainerTests {
  private let template = NetworkTemplate(
    name: "stripes", inputs: 12, hidden: [16], classes: 3, steps: 8, hiddenDeviation: 0.3,
    weightSeed: 5)

  @Test func `it learns to tell stripes apart`() throws {
    let network = try template.network()
    let heldOut = stripes(count: 60, seed: 2)
    let settings = TrainingSettings(epochs: 40, batchSize: 8, learningRate: 0.01, seed: 3)
    let before = try SurrogateTrainer.evaluate(network, on: heldOut)
    var reports: [EpochReport] = []
    let trained = try SurrogateTrainer.train(
      network, on: stripes(count: 60, seed: 1), settings: settings
    ) { reports.append($0) }
    let after = try SurrogateTrainer.evaluate(trained, on: heldOut)
    #expect(reports.map(\.epoch) == Array(1...40))
    #expect(reports[39].loss < 0.2 * reports[0].loss)
    #expect(reports[39].accuracy > 0.95)
    #expect(reports[39].spikesPerSample > 0)
    #expect(before.accuracy < 0.8)
    #expect(after.accuracy > 0.95)
    #expect(after.loss < before.loss)
    #expect(after.predictions.count == 60)
    #expect(after.correct == zip(after.predictions, heldOut.labels).count { $0 == Int($1) })
    try trained.validate()
  }

  @Test func `same seed, same bits; another seed, other bits`() throws {
    let network = try template.network()
    let samples = stripes(count: 30, seed: 1)
    func weights(_ seed: UInt64) throws -> [UInt32] {
      let settings = TrainingSettings(epochs: 3, batchSize: 7, learningRate: 0.01, seed: seed)
      return try SurrogateTrainer.train(network, on: samples, settings: settings)
        .projections.flatMap { $0.weights.map(\.bitPattern) }
    }
    let first = try weights(1)
    #expect(try weights(1) == first)
    #expect(try weights(2) != first)
  }

  @Test func `epoch by epoch equals all at once, and only weights change`() throws {
    let network = try template.network()
    let samples = stripes(count: 20, seed: 1)
    let settings = TrainingSettings(epochs: 3, batchSize: 8, seed: 1)
    var trainer = try SurrogateTrainer(network: network, settings: settings)
    #expect(trainer.network == network)
    for _ in 0..<3 { _ = try trainer.trainEpoch(samples) }
    #expect(trainer.epochsDone == 3)
    let atOnce = try SurrogateTrainer.train(network, on: samples, settings: settings)
    #expect(trainer.network == atOnce)
    var restored = atOnce
    for index in network.projections.indices {
      restored.projections[index].weights = network.projections[index].weights
    }
    #expect(restored == network)
  }

  @Test func `the first change of a weight is one learning rate, or none`() throws {
    let network = try template.network()
    let settings = TrainingSettings(epochs: 1, batchSize: 100, learningRate: 0.01)
    let trained = try SurrogateTrainer.train(
      network, on: stripes(count: 9, seed: 1), settings: settings)
    let steps = zip(network.projections, trained.projections).flatMap {
      zip($0.weights, $1.weights).map { abs($0 - $1) }
    }
    #expect(steps.allSatisfy { $0 <= 0.010001 })
    #expect(steps.count { abs($0 - 0.01) < 1e-4 } > steps.count / 2)
  }

  @Test func `steps become smaller from epoch to epoch`() throws {
    let network = try template.network()
    let samples = stripes(count: 9, seed: 1)
    let settings = TrainingSettings(
      epochs: 2, batchSize: 100, learningRate: 0.01, learningRateDecay: 1e-4)
    var trainer = try SurrogateTrainer(network: network, settings: settings)
    _ = try trainer.trainEpoch(samples)
    let first = trainer.network
    #expect(first != network)
    _ = try trainer.trainEpoch(samples)
    let steps = zip(first.projections, trainer.network.projections).flatMap {
      zip($0.weights, $1.weights).map { abs($0 - $1) }
    }
    #expect(steps.allSatisfy { $0 <= 2e-6 })
  }

  @Test func `settings without a decay keep the learning rate`() throws {
    let text = #"{"epochs": 3, "batchSize": 4, "learningRate": 0.5, "gamma": 1, "seed": 6}"#
    let settings = try JSONDecoder().decode(TrainingSettings.self, from: Data(text.utf8))
    #expect(
      settings
        == TrainingSettings(epochs: 3, batchSize: 4, learningRate: 0.5, gamma: 1, seed: 6))
    let decaying = TrainingSettings(learningRateDecay: 0.75)
    let data = try JSONEncoder().encode(decaying)
    #expect(try JSONDecoder().decode(TrainingSettings.self, from: data) == decaying)
  }

  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return ""
    } catch let error as TrainingError {
      return error.description
    } catch {
      return "\(error)"
    }
  }

  @Test func `samples that do not fit are refused with what to do`() throws {
    let network = try template.network()
    var trainer = try SurrogateTrainer(network: network, settings: TrainingSettings())
    let narrow = LabelledSamples(
      channels: 11, intensities: [UInt8](repeating: 1, count: 11), labels: [0], ids: [0])
    let label = LabelledSamples(
      channels: 12, intensities: [UInt8](repeating: 1, count: 12), labels: [3], ids: [0])
    let none = LabelledSamples(channels: 12)
    for samples in [narrow, label, none] {
      #expect(message { _ = try trainer.trainEpoch(samples) }.contains("training samples: found"))
      #expect(
        message { _ = try SurrogateTrainer.evaluate(network, on: samples) }.contains("expected"))
    }
    #expect(message { _ = try trainer.trainEpoch(narrow) }.contains("11 channels, expected 12"))
    #expect(message { _ = try trainer.trainEpoch(label) }.contains("label 3 at position 0"))
    #expect(trainer.epochsDone == 0)
  }

  @Test func `settings out of range are refused by their field`() throws {
    let network = try template.network()
    for (settings, field) in [
      (TrainingSettings(epochs: 0), "epochs"), (TrainingSettings(batchSize: 0), "batchSize"),
      (TrainingSettings(learningRate: .nan), "learningRate"),
      (TrainingSettings(learningRate: 1.1), "learningRate"),
      (TrainingSettings(learningRateDecay: 0), "learningRateDecay"),
      (TrainingSettings(learningRateDecay: 1.01), "learningRateDecay"),
      (TrainingSettings(gamma: 0), "gamma"), (TrainingSettings(gamma: 10.5), "gamma"),
      (TrainingSettings(epochs: 100_001), "epochs"),
      (TrainingSettings(batchSize: 65_537), "batchSize"),
    ] {
      let text = message { _ = try SurrogateTrainer(network: network, settings: settings) }
      #expect(text.contains("training settings: \(field) is"))
    }
  }

  @Test func `an unsound network is refused by its field`() throws {
    var network = try template.network()
    network.projections[0].weights[3] = .infinity
    let text = message { _ = try SurrogateTrainer(network: network, settings: TrainingSettings()) }
    #expect(text.contains("projections[0].weights[3]"))
  }

  @Test func `a loss that is no number ends the training`() throws {
    var network = try template.network()
    network.projections[1].weights = network.projections[1].weights.map { _ in 3e38 }
    network.projections[0].weights = network.projections[0].weights.map { _ in 1 }
    var trainer = try SurrogateTrainer(network: network, settings: TrainingSettings())
    #expect(throws: TrainingError.diverged(epoch: 1, learningRate: 1e-3)) {
      try trainer.trainEpoch(stripes(count: 3, seed: 1))
    }
  }
}
