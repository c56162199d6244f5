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
    discussion: """
      Prints a report: how full each core is, where it lies, and what an inference costs. With \
      --data the chip runs samples first: their spike rates decide placement and rounding, a \
      layer that never spikes or hardly rests is refused, and accuracy and spikes are compared \
      with the network in floating point on the same input spikes. Without it costs are a guess.

      A folder is a sensor's stream as `spikefleet data deal` writes it, or holds the four files \
      of MNIST, whose t10k part then judges. A network that breaks a rule of the chip is refused \
      with every rule, its limit, the need and a cure, and no file is written.
      """)

  @Argument(help: "Trained network (JSON), as `spikefleet model train` wrote it.")
  var network: String

  @Option(help: "Chip file (YAML).")
  var chip: String

  @Option(help: "Where the compiled model goes.")
  var out: String

  @Option(help: "Folder of labelled samples to calibrate with.")
  var data: String?

  @Option(parsing: .unconditional, help: "Samples to calibrate with, evenly spread over the data.")
  var calibrate = 300

  @Option(help: "Folder of other samples to judge by; the data's own test part without it.")
  var test: String?

  @Option(parsing: .unconditional, help: "Samples to judge by, evenly spread; all without it.")
  var judge: Int?

  @Option(help: "File that maps populations to cores (YAML); see fleet-configs/mapping.yaml.")
  var mapping: String?

  @Option(help: "How cores find their tiles where no mapping does: least-traffic or row-major.")
  var placement = CompilerOptions.Placement.leastTraffic

  @Option(help: "Threads that run samples; results do not depend on it.")
  var threads = max(1, ProcessInfo.processInfo.activeProcessorCount)

  @Option(help: "Where the report goes as JSON.")
  var report: String?

  @Option(help: "Where the picture of the mesh goes (SVG), cores coloured by their energy.")
  var svg: String?

  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard calibrate >= 1 else {
      throw ValidationError("--calibrate \(calibrate), expected at least 1.")
    }
    if let judge, judge < 1 { throw ValidationError("--judge \(judge), expected at least 1.") }
    guard (1...1024).contains(threads) else {
      throw ValidationError("--threads \(threads), expected 1 to 1024.")
    }
    guard data != nil || (test == nil && judge == nil) else {
      throw ValidationError("--test and --judge need --data to calibrate with.")
    }
    guard data == nil || data != test else {
      throw ValidationError("--test is the same folder as --data: name other samples to judge by.")
    }
    let inputs =
      [("the network", network), ("--chip", chip)] + (mapping.map { [("--mapping", $0)] } ?? [])
    let outputs =
      [("--out", out)] + (report.map { [("--report", $0)] } ?? [])
      + (svg.map { [("--svg", $0)] } ?? [])
    try DistinctPaths.check(outputs: outputs, inputs: inputs)
  }

  func perform() async throws {
    let described = try NetworkFile.read(network)
    let chip = try ChipFile.chip(contentsOf: chip)
    var options = CompilerOptions(placement: placement)
    if let mapping { options.mapping = try MappingFile.read(mapping) }
    let samples = try samples(for: described, chip: chip, options: options)
    let calibrated: CalibratedCompilation
    do {
      calibrated = try CalibratedCompilation.compile(
        described, for: chip, options: options, samples: samples, threads: threads)
    } catch {
      throw CommandFailure("\(network): \(error)")
    }
    let report: CompileReport
    do {
      report = try CompileReport(calibrated)
    } catch {
      throw CommandFailure("\(self.chip): \(error)")
    }
    let picture = MeshPicture(report, model: calibrated.compilation.model)
    // The model comes last: where it is new, what tells of it is there.
    var written: [(String, Data)] = []
    if let path = self.report { written.append((path, Data(try report.json().utf8))) }
    if let svg { written.append((svg, Data(picture.svg().utf8))) }
    written.append((out, Data(calibrated.compilation.model.encoded())))
    for (path, content) in written { try FileContent.write(content, to: path) }
    try output.print(report) { report in
      Console.write(report.text(picture: picture))
      for (path, content) in written {
        Console.line("wrote \(path), \(Figure.bytes(UInt64(content.count)))")
      }
    }
  }

  private func samples(
    for described: SpikingNetwork, chip: Chip, options: CompilerOptions
  ) throws -> CalibratedCompilation.Samples? {
    guard let data else { return nil }
    let parts = try SampleParts.read(data)
    let reference: NetworkSimulator
    do {
      reference = try NetworkSimulator(described)
    } catch let fault {
      // What is a rule of the chip as well is named as that.
      do {
        _ = try NetworkCompiler.compile(described, for: chip, options: options)
      } catch {
        throw CommandFailure("\(network): \(error)")
      }
      throw CommandFailure("\(network): \(fault)")
    }
    try check(parts.training, of: data, for: reference)
    let other = try test.map { try SampleParts.read($0) }
    let judging = other.map { $0.test ?? $0.training } ?? parts.test
    guard let judging else {
      guard judge == nil else {
        throw CommandFailure(
          "--judge: \(data) has no part to judge by; name one with --test, or leave --judge out")
      }
      return CalibratedCompilation.Samples(calibration: parts.training.spread(calibrate))
    }
    try check(judging, of: test ?? data, for: reference)
    let samples = CalibratedCompilation.Samples(
      calibration: parts.training.spread(calibrate), test: judging.spread(judge ?? judging.count))
    guard samples.shared == 0 else {
      throw CommandFailure(
        "\(test ?? data): has \(samples.shared) samples that the chip is calibrated with, expected "
          + "none; name other samples with --test")
    }
    return samples
  }

  /// Samples have a channel for each input, and labels are classes of the network.
  private func check(
    _ samples: LabelledSamples, of folder: String, for reference: NetworkSimulator
  ) throws {
    guard samples.channels == reference.network.sampleSize else {
      throw CommandFailure(
        "\(folder): samples have \(samples.channels) channels, expected "
          + "\(reference.network.sampleSize), the network's input; name the data that the network "
          + "was trained for")
    }
    if let label = samples.labels.first(where: { Int($0) >= reference.classes }) {
      throw CommandFailure(
        "\(folder): a sample has label \(label), expected 0 to \(reference.classes - 1), the "
          + "network's classes; name the data that the network was trained for")
    }
  }
}

extension CompilerOptions.Placement: ExpressibleByArgument {}
