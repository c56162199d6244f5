import Accelerator
import ArgumentParser
import CompiledModel
import Foundation
import NetworkCompiler
import NetworkTraining
import SensorData
import SpikingNetwork
import Workbench

/// `spikefleet model compile`.
struct ModelCompileCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "compile",
    abstract: "Quantise a network, check it against a chip's limits and place it on cores.",
    discussion: "Prints the compile report; with --calibration also accuracy, spikes, energy and "
      + "time on the chip. A network that does not fit is refused with every rule it breaks.")

  @Argument(help: "Trained network (JSON), as `spikefleet model train` wrote it.")
  var network: String

  @Option(help: "Chip file (YAML).")
  var chip: String

  @Option(help: "Where the compiled model goes.")
  var out: String

  @Option(help: "Folder of labelled samples to run on the chip.")
  var calibration: String?

  @OptionGroup var output: OutputOptions

  func perform() async throws {
    let bytes = try FileContent.read(network, what: "a network")
    let described: SpikingNetwork
    do {
      described = try JSONDecoder().decode(SpikingNetwork.self, from: bytes)
    } catch {
      throw CommandFailure(
        "\(network): is no network as `spikefleet model train` writes it (\(error)); train it again"
      )
    }
    let chip = try ChipFile.chip(contentsOf: chip)
    let samples = try calibration.map { try SampleFolder.read($0) }
    let compilation: Compilation
    do {
      compilation = try NetworkCompiler.compile(described, for: chip)
    } catch {
      throw CommandFailure("\(network): \(error)")
    }
    var facts: CalibrationFacts?
    if let samples {
      let evaluation = try SurrogateTrainer.evaluate(described, on: samples)
      facts = try CalibrationFacts(
        compilation.model, on: samples, accuracyFloat: evaluation.accuracy)
    }
    let model = compilation.model.encoded()
    try FileContent.write(Data(model), to: out)
    try output.print(CompileReport(compilation, calibration: facts)) { report in
      Console.write(report.text())
      Console.line("wrote \(out), \(Figure.bytes(UInt64(model.count)))")
    }
  }
}

extension CalibrationFacts {
  /// Shows the chip every sample once; the samples must fit the model.
  init(_ model: CompiledModel, on samples: LabelledSamples, accuracyFloat: Double) throws {
    var chip = Accelerator(model)
    var correct = 0
    var input = 0
    var spikes = [Int](repeating: 0, count: model.layers.count)
    for position in 0..<samples.count {
      let sample = samples[position]
      let inference = chip.infer(sample.intensities, sample: sample.id)
      correct += inference.label == sample.label ? 1 : 0
      input += inference.inputSpikes
      for (layer, count) in inference.layerSpikes.enumerated() { spikes[layer] += count }
    }
    let count = Double(samples.count)
    self.init(
      samples: samples.count, accuracyFloat: accuracyFloat,
      accuracyChip: Double(correct) / count, inputSpikes: Double(input) / count,
      layerSpikes: spikes.map { Double($0) / count },
      joulesPerInference: try model.prices.totalJoules(of: chip.inferenceCounts) / count,
      microsecondsPerInference: chip.chipNanoseconds / count / 1_000)
  }
}
