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
    discussion: "Settings come from flags, then from the `network` and `training` parts of a "
      + "scenario file, then from defaults made for digits.")

  @Option(help: "Folder of labelled samples.")
  var data: String

  @Option(help: "Where the trained network goes (JSON).")
  var out: String

  @Option(help: "Scenario file whose network and training settings are used (YAML).")
  var scenario: String?

  @Option(help: "Name of the network.")
  var name: String?

  @Option(help: "Neurons of a hidden population; once for each, from the input on.")
  var hidden: [Int] = []

  @Option(help: "Classes to tell apart; the largest label + 1 unless given.")
  var classes: Int?

  @Option(help: "Times that every sample is seen.")
  var epochs: Int?

  @Option(help: "Samples whose gradients are averaged for one change of the weights.")
  var batchSize: Int?

  @Option(help: "Step size of Adam.")
  var learningRate: Double?

  @Option(help: "Decides weights before training and the order of samples.")
  var seed: UInt64?

  @OptionGroup var output: OutputOptions

  /// What came of it.
  private struct Trained: Encodable {
    var network: String
    var path: String
    var samples: Int
    var settings: TrainingSettings
    var weightSeed: UInt64
    var encoderSeed: UInt64
    var epochs: [EpochReport]
    /// Percent of the training samples, in floating point.
    var accuracy: Double
    var seconds: Double
  }

  func perform() async throws {
    let samples = try SampleFolder.read(data)
    let (template, settings) = try settings(for: samples)
    let started = ContinuousClock.now
    let status = StatusLine()
    var epochs: [EpochReport] = []
    let network = try SurrogateTrainer.train(
      try template.network(), on: samples, settings: settings
    ) { report in
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
      weightSeed: template.weightSeed, encoderSeed: template.encoderSeed, epochs: epochs,
      accuracy: 100 * evaluation.accuracy, seconds: seconds)
    try output.print(trained) { trained in
      let shape = [template.inputs] + template.hidden + [template.classes]
      Console.line(
        "trained \(trained.network) (\(shape.map { "\($0)" }.joined(separator: "-"))) on "
          + "\(trained.samples) samples: \(settings.epochs) epochs in "
          + "\(Figure.fixed(trained.seconds, 1)) s, loss "
          + "\(Figure.fixed(trained.epochs.last?.loss, 3)), "
          + "\(Figure.fixed(trained.accuracy, 1)) % of its own samples right")
      Console.line(
        "seeds: weights \(template.weightSeed), order \(settings.seed), input spikes "
          + "\(template.encoderSeed)")
      Console.line("wrote \(out)")
    }
  }

  private func settings(
    for samples: LabelledSamples
  ) throws -> (NetworkTemplate, TrainingSettings) {
    let largest = Int(samples.labels.max() ?? 0) + 1
    let scenario = try scenario.map { try Scenario.read($0) }
    var template =
      scenario?.template(inputs: samples.channels, classes: largest)
      ?? NetworkTemplate(inputs: samples.channels, classes: largest)
    var settings = scenario?.training ?? TrainingSettings()
    if let name { template.name = name }
    if !hidden.isEmpty { template.hidden = hidden }
    if let classes { template.classes = classes }
    if let epochs { settings.epochs = epochs }
    if let batchSize { settings.batchSize = batchSize }
    if let learningRate { settings.learningRate = learningRate }
    if let seed {
      settings.seed = seed
      template.weightSeed = seed
    }
    return (template, settings)
  }
}
