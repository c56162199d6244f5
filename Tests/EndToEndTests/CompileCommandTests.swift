import CompiledModel
import Foundation
import NetworkTraining
import SensorData
import SpikingNetwork
import Testing
import Workbench

/// `spikefleet model compile` as a process: what it prints, what it writes, what it refuses.
@Suite(.timeLimit(.minutes(5))) struct CompileCommandTests {
  /// A network, samples and a mapping on disk, in a folder that goes with it.
  private final class Desk {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "spikefleet-compile-\(UUID().uuidString.lowercased())")

    init() throws {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      let network = try NetworkTemplate(
        name: "desk", inputs: 40, hidden: [24], classes: 4, hiddenDeviation: 0.3,
        outputDeviation: 0.2
      ).network()
      try JSONEncoder().encode(network).write(to: folder.appending(path: "network.json"))
      for (name, first) in [("data", 0), ("test", 500)] {
        let samples = SmallModel.samples(
          count: 40, channels: 40, classes: 4, seed: 3, firstID: UInt64(first))
        try SampleFolder.write(samples, to: path(name))
      }
      let dark = LabelledSamples(
        channels: 40, intensities: [UInt8](repeating: 0, count: 80), labels: [0, 1], ids: [0, 1])
      try SampleFolder.write(dark, to: path("dark"))
      let mapping = "populations: { hidden: { cores: 3 } }\n"
      try Data(mapping.utf8).write(to: folder.appending(path: "mapping.yaml"))
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func path(_ name: String) -> String { folder.appending(path: name).path }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

    func compile(_ options: String..., chip: String = "loihi-learn") throws -> Programs.Outcome {
      let chip = SmallModel.packageFile("fleet-configs/chips/\(chip).yaml")
      return try Programs.run(
        Programs.tool,
        ["model", "compile", path("network.json"), "--chip", chip, "--out", path("model.snn")]
          + options)
    }
  }

  @Test func `model, report and picture are written, and tell of the same cores`() throws {
    let desk = try Desk()
    let outcome = try desk.compile(
      "--data", desk.path("data"), "--calibrate", "20", "--test", desk.path("test"), "--mapping",
      desk.path("mapping.yaml"), "--report", desk.path("report.json"), "--svg",
      desk.path("mesh.svg"))
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("same input spikes: 40 samples, calibrated with 20 others"))
    let lines = outcome.output.split(separator: "\n").filter { !$0.hasPrefix("wrote ") }
    #expect(lines.count > 20 && lines.allSatisfy { $0.count <= 100 })
    let model = try CompiledModel(
      reading: [UInt8](Data(contentsOf: URL(filePath: desk.path("model.snn")))))
    let report = try JSONDecoder().decode(
      CompileReport.self, from: Data(contentsOf: URL(filePath: desk.path("report.json"))))
    #expect(report.cores.map(\.column) == model.cores.map(\.column))
    #expect(report.cores.count { $0.layer == "hidden" } == 3)
    #expect(report.comparison?.samples == 40 && report.comparison?.isHeldOut == true)
    let figures = ChipEvaluation.run(model, on: try SampleFolder.read(desk.path("test")))
    #expect(report.comparison?.accuracyChipPercent == figures.accuracyPercent)
    let picture = try String(contentsOfFile: desk.path("mesh.svg"), encoding: .utf8)
    #expect(picture.split(separator: "<title>core ").count == 1 + model.cores.count)
  }

  @Test func `the report on standard output is the one in the file`() throws {
    let desk = try Desk()
    let outcome = try desk.compile("--report", desk.path("report.json"), "-o", "json")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let file = try String(contentsOfFile: desk.path("report.json"), encoding: .utf8)
    #expect(outcome.output == file)
  }

  @Test func `a dead layer is refused and nothing is written`() throws {
    let desk = try Desk()
    let outcome = try desk.compile(
      "--data", desk.path("dark"), "--report", desk.path("report.json"))
    #expect(outcome.status == 1 && outcome.output.isEmpty)
    #expect(outcome.errors.contains("hidden: dead-layer: needs none in 2 samples"))
    #expect(!desk.exists("model.snn") && !desk.exists("report.json"))
  }

  @Test func `samples of another sensor are refused by their folder`() throws {
    let desk = try Desk()
    let other = LabelledSamples(channels: 2, intensities: [1, 2], labels: [0], ids: [0])
    try SampleFolder.write(other, to: desk.path("other"))
    let outcome = try desk.compile("--data", desk.path("data"), "--test", desk.path("other"))
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("other: samples have 2 channels, expected 40"))
  }

  @Test func `options that need samples are wrong without them`() throws {
    let desk = try Desk()
    for options in [["--test", "a"], ["--judge", "3"], ["--calibrate", "0"]] {
      let outcome = try desk.compile(options[0], options[1])
      #expect(outcome.status == 64, "\(options): \(outcome.errors)")
    }
  }
}
