import ArgumentParser
import CompiledModel
import SensorData
import SpikingNetwork
import Workbench

/// `spikefleet model evaluate`.
struct ModelEvaluateCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Run a compiled model on the chip over labelled samples: accuracy and energy.")

  @Argument(help: "Compiled model.")
  var model: String

  @Option(help: "Folder of labelled samples.")
  var data: String

  @OptionGroup var output: OutputOptions

  func perform() async throws {
    let file = try ModelFile(reading: model)
    let samples = try SampleFolder.read(data)
    let figures = try ChipFigures(file.model, on: samples)
    try output.print(figures) { figures in
      Console.line(
        "\(figures.model): \(figures.correct) of \(figures.samples) right, "
          + "\(Figure.fixed(figures.accuracy, 1)) %")
      Console.write(figures.energyTable.text)
      Console.line(
        "prices: \(figures.priceTable), evidence \(figures.grade); "
          + "\(Figure.fixed(figures.microsecondsPerInference, 1)) us of chip time per inference")
    }
  }
}

/// What a model does on the chip over labelled samples, in the units people compare.
struct ChipFigures: Encodable {
  var model: String
  var chip: String
  var samples: Int
  var correct: Int
  /// Percent.
  var accuracy: Double
  /// By component.
  var joulesPerInference: [String: Double]
  var microjoulesPerInference: Double
  var microsecondsPerInference: Double
  var priceTable: String
  var grade: String

  /// Runs every sample once; throws for samples that do not fit the model.
  init(_ model: CompiledModel, on samples: LabelledSamples) throws {
    guard samples.channels == model.sampleSize else {
      throw CommandFailure(
        "samples of \(samples.channels) channels for a model of \(model.sampleSize) inputs; name "
          + "the folder of the sensor that the model was made for")
    }
    let evaluation = ChipEvaluation.run(model, on: samples)
    let count = Double(max(1, evaluation.samples))
    self.model = model.name
    chip = model.chip
    self.samples = evaluation.samples
    correct = evaluation.correct
    accuracy = evaluation.accuracyPercent
    joulesPerInference = [:]
    for (component, joules) in try model.prices.joules(of: evaluation.counts) {
      joulesPerInference[component.rawValue] = joules / count
    }
    microjoulesPerInference = try model.prices.totalJoules(of: evaluation.counts) / count * 1e6
    microsecondsPerInference = Double(evaluation.chipNanoseconds) / count / 1_000
    priceTable = model.prices.name
    grade = model.prices.weakestGrade.rawValue
  }

  var energyTable: TextTable {
    var table = TextTable(
      EnergyComponent.allCases.map { .number($0.rawValue) } + [.number("uJ/inference")])
    table.add(
      EnergyComponent.allCases.map { Figure.joules(joulesPerInference[$0.rawValue]) }
        + [Figure.fixed(microjoulesPerInference, 3)])
    return table
  }
}
