import ArgumentParser
import Foundation
import NetworkTraining
import SensorData
import SpikingNetwork
import Workbench

/// `spikefleet model train`.
struct ModelTrainCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a network at the desk by surrogate gradients (backpropagation through time).",
    discussion: """
      Settings come from flags, then from the `network` and `training` parts of a scenario file, \
      then from defaults made for digits. --network trains a network that is there already, on \
      from its own weights: a chain of dense projections and LIF populations that ends with a \
      leaky integrator, as those of `model example` named dense, fixed, binary and eprop.
      """)

  @Option(help: "Folder of labelled samples, or one that holds MNIST's files.")
  var data: String

  @Option(help: "Where the trained network goes (JSON).")
  var out: String

  @Option(help: "Scenario file whose network and training settings are used (YAML).")
  var scenario: String?

  @Option(help: "Network to train, instead of a new one (JSON).")
  var network: String?

  @Option(help: "Name of the network.")
  var name: String?

  @Option(help: "Neurons of a hidden population; once for each, from the input on.")
  var hidden: [Int] = []

  @Option(
    parsing: .unconditional, help: "Classes to tell apart; the largest label + 1 unless given.")
  var classes: Int?

  @Option(parsing: .unconditional, help: "Times that every sample is seen.")
  var epochs: Int?

  @Option(
    parsing: .unconditional,
    help: "Samples whose gradients are averaged for one change of the weights.")
  var batchSize: Int?

  @Option(parsing: .unconditional, help: "Step size of Adam.")
  var learningRate: Double?

  @Option(
    parsing: .unconditional, help: "Decides weights before training and the order of samples.")
  var seed: UInt64?

  @OptionGroup var output: OutputOptions

  /// What came of it.
  private struct Trained: Encodable {
    var network: String
    var path: String
    var samples: Int
    var settings: TrainingSettings
    /// Null where the weights before training came from a file.
    var weightSeed: UInt64?
    /// Null where no chance decides the input spikes.
    var encoderSeed: UInt64?
    var epochs: [EpochReport]
    /// Percent of the training samples, in floating point.
    var accuracy: Double
    var seconds: Double
  }

  func validate() throws {
    if let size = hidden.first(where: { $0 < 1 }) {
      throw ValidationError("--hidden \(size), expected at least 1 neuron.")
    }
    if let classes, !(1...256).contains(classes) {
      throw ValidationError("--classes \(classes), expected 1 to 256.")
    }
    if let epochs, epochs < 1 { throw ValidationError("--epochs \(epochs), expected at least 1.") }
    if let batchSize, batchSize < 1 {
      throw ValidationError("--batch-size \(batchSize), expected at least 1.")
    }
    if let learningRate, !(learningRate > 0 && learningRate.isFinite) {
      throw ValidationError("--learning-rate \(learningRate), expected more than 0.")
    }
    guard network == nil || (hidden.isEmpty && classes == nil) else {
      throw ValidationError("--hidden and --classes are for a new network; leave --network out.")
    }
  }

  func perform() async throws {
    let samples = try SampleParts.read(data).training
    let scenario = try scenario.map { try Scenario.read($0) }
    let settings = settings(scenario)
    let (start, weightSeed) = try start(scenario, for: samples)
    let started = ContinuousClock.now
    let status = StatusLine()
    var epochs: [EpochReport] = []
    let network = try SurrogateTrainer.train(start, on: samples, settings: settings) { report in
      epochs.append(report)
      status.show(
        "epoch \(report.epoch) of \(settings.epochs): loss \(Figure.fixed(report.loss, 3)), "
          + "accuracy \(Figure.fixed(100 * report.accuracy, 1)) %")
    }
    status.clear()
    let seconds = (ContinuousClock.now - started) / .seconds(1)
    let evaluation = try SurrogateTrainer.evaluate(network, on: samples)
    try FileContent.write(Data(try JSONText.line(network).utf8), to: out)
    let trained = Trained(
      network: network.name, path: out, samples: samples.count, settings: settings,
      weightSeed: weightSeed, encoderSeed: network.encoder.seed, epochs: epochs,
      accuracy: 100 * evaluation.accuracy, seconds: seconds)
    try output.print(trained) { trained in
      let shape = network.populations.map { "\($0.size)" }.joined(separator: "-")
      Console.line(
        "trained \(trained.network) (\(shape)) on \(trained.samples) samples: "
          + "\(settings.epochs) epochs in "
          + "\(Figure.fixed(trained.seconds, 1)) s, loss "
          + "\(Figure.fixed(trained.epochs.last?.loss, 3)), "
          + "\(Figure.fixed(trained.accuracy, 1)) % of its own samples right")
      Console.line(
        "seeds: \(weightSeed.map { "weights \($0), " } ?? "")order \(settings.seed)"
          + (trained.encoderSeed.map { ", input spikes \($0)" } ?? ""))
      Console.line("wrote \(out)")
    }
  }

  private func settings(_ scenario: Scenario?) -> TrainingSettings {
    var settings = scenario?.training ?? TrainingSettings()
    if let epochs { settings.epochs = epochs }
    if let batchSize { settings.batchSize = batchSize }
    if let learningRate { settings.learningRate = learningRate }
    if let seed { settings.seed = seed }
    return settings
  }

  /// The network before training, and what its weights were drawn with, if they were.
  private func start(
    _ scenario: Scenario?, for samples: LabelledSamples
  ) throws -> (SpikingNetwork, weightSeed: UInt64?) {
    if let network {
      var start = try NetworkFile.read(network)
      if let name { start.name = name }
      return (start, nil)
    }
    let largest = Int(samples.labels.max() ?? 0) + 1
    var template =
      scenario?.template(inputs: samples.channels, classes: largest)
      ?? NetworkTemplate(inputs: samples.channels, classes: largest)
    if let name { template.name = name }
    if !hidden.isEmpty { template.hidden = hidden }
    if let classes { template.classes = classes }
    if let seed { template.weightSeed = seed }
    return (try template.network(), template.weightSeed)
  }
}
