import ArgumentParser
import CompiledModel
import Foundation
import SensorData
import SpikingNetwork
import Workbench

/// `spikefleet chip`.
struct ChipCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "chip",
    abstract: "List and show chips; run, probe and draw compiled models on this machine.",
    subcommands: [
      ChipListCommand.self, ChipShowCommand.self, ChipRunCommand.self, ChipRasterCommand.self,
      ChipReplayCommand.self, ChipReplayLearningCommand.self,
    ])
}

/// `spikefleet chip list`.
struct ChipListCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the chip files of a folder with what they declare.")

  @Argument(help: "Folder with chip files (YAML); left out, the ones that come with the program.")
  var folder: String?

  @OptionGroup var output: OutputOptions

  func perform() async throws {
    let folder = try folder ?? ChipFolder.shipped()
    var rows: [ChipRow] = []
    var faults: [String] = []
    for file in try ChipFolder.files(in: folder) {
      do throws(ChipFileError) {
        rows.append(ChipRow(try ChipFigureList(contentsOf: file), file: file))
      } catch {
        faults.append("\(error)")
      }
    }
    if !rows.isEmpty || faults.isEmpty {
      try output.print(rows) { rows in
        guard !rows.isEmpty else { return Console.line("no chip files in \(folder)") }
        Console.line("chip files of \(folder):")
        Console.write(
          table(of: rows).lines(within: Console.width).map { $0 + "\n" }.joined())
      }
    }
    for fault in faults { Console.complain(fault) }
    if !faults.isEmpty { throw ExitCode.refused }
  }

  private func table(of rows: [ChipRow]) -> TextTable {
    var table = TextTable([
      .text("CHIP"), .number("CORES"), .number("NEURONS/CORE"), .number("MEMORY/CORE"),
      .number("BITS"), .text("LEARNS BY"), .text("GRADE"), .text("FILE"),
    ])
    for row in rows {
      table.add([
        row.name, "\(row.cores)", "\(row.neuronsPerCore)",
        Figure.bytes(UInt64(row.synapseMemoryBytesPerCore)), "\(row.weightBits)",
        row.rules.isEmpty ? Figure.missing : row.rules.joined(separator: ", "),
        row.weakestGrade, row.file.split(separator: "/").last.map(String.init) ?? row.file,
      ])
    }
    return table
  }
}

/// Where chip files are.
enum ChipFolder {
  private static let name = "fleet-configs/chips"

  /// The chip files of a folder, by name.
  static func files(in folder: String) throws -> [String] {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), !isFolder.boolValue {
      throw CommandFailure(
        "\(folder): found a file, expected a folder of chip files; name its folder, or show the "
          + "file with `spikefleet chip show`")
    }
    do {
      return try ChipFigureList.files(in: folder)
    } catch {
      throw CommandFailure(
        "\(folder): cannot be read (\(OutputFile.reason(error))); name a folder of chip files, "
          + "as \(name)")
    }
  }

  /// The folder that comes with the program: below the working folder, or above the program.
  static func shipped() throws -> String {
    func isFolder(_ path: String) -> Bool {
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        && isFolder.boolValue
    }
    if isFolder(name) { return name }
    var place = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    while place.path != "/" {
      place = place.deletingLastPathComponent()
      let folder = place.appending(path: name).path(percentEncoded: false)
      if isFolder(folder) { return folder }
    }
    throw CommandFailure(
      "\(name): no such folder here or above the program; name a folder of chip files")
  }
}

/// A chip in a list.
struct ChipRow: Encodable {
  var name: String
  var file: String
  var cores: Int
  var neuronsPerCore: Int
  var synapseMemoryBytesPerCore: Int
  var weightBits: Int
  var rules: [String]
  var weakestGrade: String

  init(_ list: ChipFigureList, file: String) {
    let chip = list.chip
    name = chip.name
    self.file = file
    cores = chip.cores
    neuronsPerCore = chip.core.neurons
    synapseMemoryBytesPerCore = chip.core.synapseMemoryBytes
    weightBits = chip.core.weightBits
    rules = chip.features.rules.map(\.rawValue)
    weakestGrade = list.weakestGrade.rawValue
  }
}

/// `spikefleet chip show`.
struct ChipShowCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show every figure of a chip file with its source and grade.")

  @Argument(help: "Chip file (YAML).")
  var file: String

  @OptionGroup var output: OutputOptions

  func perform() async throws {
    let list = try ChipFigureList(contentsOf: file)
    try output.print(ShownChip(list)) { shown in
      let chip = list.chip
      Console.line(
        "\(chip.name): \(chip.cores) \(chip.cores == 1 ? "core" : "cores") on \(chip.columns) x "
          + "\(chip.rows) tiles, weakest grade \(shown.weakestGrade)")
      Console.write(list.text(width: Console.width))
    }
  }
}

/// A chip file as `chip show -o json` prints it.
struct ShownChip: Encodable {
  var name: String
  var columns: Int
  var rows: Int
  var coresPerTile: Int
  var cores: Int
  var weakestGrade: String
  var figures: [ChipFigureList.Entry]

  init(_ list: ChipFigureList) {
    name = list.chip.name
    columns = list.chip.columns
    rows = list.chip.rows
    coresPerTile = list.chip.coresPerTile
    cores = list.chip.cores
    weakestGrade = list.weakestGrade.rawValue
    figures = list.entries
  }
}

/// Samples of a folder that fit a model.
enum ModelSamples {
  /// What a folder of samples may be, for help pages.
  static let discussion = """
    A folder of samples is a sensor's stream as `spikefleet data deal` writes it, or holds the \
    four files of MNIST, of which the t10k part is taken unless the model learns.
    """

  /// The first `count` samples, or all; of a data set in parts those to judge by, or to learn from.
  static func read(
    _ folder: String, for model: CompiledModel, count: Int? = nil, learning: Bool = false
  ) throws -> LabelledSamples {
    let parts = try SampleParts.read(folder)
    let samples = learning ? parts.training : parts.test ?? parts.training
    guard samples.channels == model.sampleSize else {
      throw CommandFailure(
        "\(folder): found samples of \(samples.channels) channels, expected "
          + "\(model.sampleSize), the inputs of `\(model.name)`; name the data that the model was "
          + "made for")
    }
    if let label = samples.labels.first(where: { Int($0) >= model.classes }) {
      throw CommandFailure(
        "\(folder): found a sample of class \(label), expected 0 to \(model.classes - 1), the "
          + "classes of `\(model.name)`; name the data that the model was made for")
    }
    guard let count else { return samples }
    guard count <= samples.count else {
      throw CommandFailure(
        "\(folder): has \(samples.count) samples, not \(count); ask for fewer with --count")
    }
    return samples.selecting(0..<count)
  }
}

/// `spikefleet chip raster`.
struct ChipRasterCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "raster", abstract: "Draw the spikes of one sample as a picture (SVG).",
    discussion: ModelSamples.discussion)

  @Argument(help: "Compiled model.")
  var model: String

  @Option(help: "Folder of labelled samples.")
  var data: String

  @Option(parsing: .unconditional, help: "Position of the sample in the folder, from 0 on.")
  var sample = 0

  @Option(help: "Where the picture goes (SVG).")
  var out: String

  @OptionGroup var output: OutputOptions

  /// What was written.
  private struct Written: Encodable {
    var path: String
    var sample: UInt64
    var label: Int
    var isRecognised: Bool
  }

  func validate() throws {
    guard sample >= 0 else { throw ValidationError("--sample \(sample), expected 0 or more.") }
    try DistinctPaths.check(outputs: [("--out", out)], inputs: [("the model", model)])
  }

  func perform() async throws {
    let file = try ModelFile(reading: model)
    let samples = try ModelSamples.read(data, for: file.model)
    guard (0..<samples.count).contains(sample) else {
      throw CommandFailure(
        "\(data): found no sample \(sample), expected 0 to \(samples.count - 1); name another with "
          + "--sample")
    }
    let run = ParallelEvaluation.run(
      file.model, on: samples.selecting(CollectionOfOne(sample)),
      observing: .init(recording: ProbeSelection.none(of: file.model)))
    guard let recording = run.recording else { return }
    let label = samples[sample].label
    let title =
      "\(file.model.name), sample \(samples[sample].id) of class \(label), "
      + (run.correct == 1 ? "recognised" : "not recognised")
    let svg = SpikeRaster(of: recording, sample: 0, title: title).svg()
    try FileContent.write(Data(svg.utf8), to: out)
    let written = Written(
      path: out, sample: samples[sample].id, label: label, isRecognised: run.correct == 1)
    try output.print(written) { written in
      Console.line("wrote \(written.path), \(Figure.bytes(UInt64(svg.utf8.count)))")
    }
  }
}
