import CompiledModel
import Foundation
import NetworkTraining
import SensorData
import SpikingNetwork
import Testing
import Workbench

/// `spikefleet chip` as a process: what it prints, what it writes, and how it says what is wrong.
@Suite(.timeLimit(.minutes(5))) struct ChipCommandTests {
  /// A compiled model that learns, its network and samples on disk, in a folder that goes with it.
  private final class Desk {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "spikefleet-chip-\(UUID().uuidString.lowercased())")
    let model: CompiledModel

    init() throws {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      model = try SmallModel.compile(channels: 40, hidden: 24, classes: 4, seed: 3)
      try Data(model.encoded()).write(to: folder.appending(path: "model.snn"))
      let network = try NetworkTemplate(
        name: "desk", inputs: 40, hidden: [24], classes: 4, hiddenDeviation: 0.3,
        outputDeviation: 0.2
      ).network()
      try JSONEncoder().encode(network).write(to: folder.appending(path: "network.json"))
      let samples = SmallModel.samples(count: 40, channels: 40, classes: 4, seed: 3, firstID: 0)
      try SampleFolder.write(samples, to: path("data"))
      let narrow = LabelledSamples(channels: 2, intensities: [1, 2], labels: [0], ids: [0])
      try SampleFolder.write(narrow, to: path("narrow"))
      let strange = LabelledSamples(
        channels: 40, intensities: [UInt8](repeating: 9, count: 40), labels: [7], ids: [0])
      try SampleFolder.write(strange, to: path("strange"))
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func path(_ name: String) -> String { folder.appending(path: name).path }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

    /// Runs the tool in the folder.
    func run(_ arguments: [String]) throws -> Programs.Outcome {
      try Programs.run(
        "/bin/sh",
        ["-c", "cd \"$0\" && exec \"$@\"", folder.path, Programs.tool] + arguments)
    }

    /// Writes a shipped chip file with some text replaced.
    func chip(_ name: String, replacing old: String, with new: String) throws -> String {
      let path = SmallModel.packageFile("fleet-configs/chips/\(name).yaml")
      let text = try String(contentsOfFile: path, encoding: .utf8)
      try #require(text.contains(old))
      try Data(text.replacingOccurrences(of: old, with: new).utf8)
        .write(to: folder.appending(path: "chip.yaml"))
      return "chip.yaml"
    }
  }

  @Test func `learning with a teacher says that a sample is shown twice`() throws {
    let desk = try Desk()
    func run(_ arguments: String...) throws -> String {
      let outcome = try desk.run(arguments)
      #expect(outcome.status == 0, "\(outcome.errors)")
      return outcome.output
    }
    let samples = SmallModel.samples(count: 3, channels: 256, classes: 10, seed: 3, firstID: 0)
    try SampleFolder.write(samples, to: desk.path("small"))
    _ = try run("model", "example", "sdsp", "--out", "sdsp.json")
    _ = try run(
      "model", "compile", "sdsp.json", "--chip",
      SmallModel.packageFile("fleet-configs/chips/odin.yaml"), "--out", "sdsp.snn")
    let note = "a sample is shown twice: to be judged, and with its teacher to be learnt"
    #expect(try run("chip", "run", "sdsp.snn", "--data", "small", "--learn").contains(note))
    #expect(try !run("chip", "run", "sdsp.snn", "--data", "small").contains(note))
  }

  @Test func `the shipped chips are listed, and a file that is none is named`() throws {
    let desk = try Desk()
    let chips = SmallModel.packageFile("fleet-configs/chips")
    let outcome = try desk.run(["chip", "list", chips])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.hasPrefix("chip files of \(chips):\n"))
    for name in ["cim-stdp", "generic", "loihi", "loihi-learn", "odin", "reckon"] {
      #expect(outcome.output.contains(" \(name).yaml\n"))
    }
    let lines = outcome.output.split(separator: "\n").dropFirst()
    #expect(lines.allSatisfy { $0.count <= 100 })
    // Away from the repository the files are found from the program's place.
    #expect(try desk.run(["chip", "list"]).output.contains(" loihi.yaml\n"))
    _ = try desk.chip("odin", replacing: "mesh:", with: "mash:")
    try FileManager.default.copyItem(atPath: chips + "/odin.yaml", toPath: desk.path("good.yml"))
    let broken = try desk.run(["chip", "list", "."])
    #expect(broken.status == 1 && broken.output.contains(" good.yml\n"))
    #expect(broken.errors.hasPrefix("spikefleet: ./chip.yaml:9: `mash`: found an unknown key"))
    #expect(broken.errors.hasSuffix("did you mean `mesh`?\n"), "\(broken.errors)")
    let missing = try desk.run(["chip", "list", "none"])
    #expect(missing.status == 1 && missing.errors.contains("no such file or directory"))
    let file = try desk.run(["chip", "list", "chip.yaml"])
    #expect(file.status == 1 && file.errors.contains("`spikefleet chip show`"))
  }

  @Test func `each figure is shown with its source and grade`() throws {
    let desk = try Desk()
    let chip = SmallModel.packageFile("fleet-configs/chips/odin.yaml")
    let outcome = try desk.run(["chip", "show", chip])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.hasPrefix("odin: 1 core on 1 x 1 tiles, weakest grade assumed\n"))
    let line = outcome.output.split(separator: "\n").first { $0.hasPrefix("energy.synaptic-op") }
    #expect(line?.contains("picojoules 12.7") == true && line?.contains("measured") == true)
    let number = try #require(line?.split(separator: " ").last)
    let source = outcome.output.split(separator: "\n").first {
      $0.drop { $0 == " " }.hasPrefix(number + "  ")
    }
    #expect(source?.contains("Frenkel") == true, "\(outcome.output)")
    let json = try desk.run(["chip", "show", chip, "-o", "json"])
    struct Shown: Decodable {
      var name: String
      var cores: Int
      var weakestGrade: String
    }
    let shown = try JSONDecoder().decode(Shown.self, from: Data(json.output.utf8))
    #expect(shown.name == "odin" && shown.cores == 1 && shown.weakestGrade == "assumed")
    #expect(json.output.contains("\"value\" : 256"))
  }

  @Test(arguments: [
    ("  columns: 1\n", "  colums: 1\n", ":10: `mesh.colums`: found an unknown key", "`columns`?"),
    (
      "  spike: { picojoules: 0 }\n", "", ": `energy.spike`: found no price",
      "as `features.neurons` has `lif`; see docs/CHIP-FILES.md"
    ),
    (
      "neurons: 256", "neurons: many", ":17: `core.neurons`: found `many`",
      "a whole number, 1 to 1048576; see docs/CHIP-FILES.md"
    ),
    ("grade: measured", "grade: sure", ":14: `mesh.grade`: found `sure`", "docs/CHIP-FILES.md"),
    ("name: odin", "name: [", ": found ", "expected valid YAML; see docs/CHIP-FILES.md"),
  ])
  func `a mistake in a chip file names file, line, key and what to do`(
    old: String, new: String, place: String, cure: String
  ) throws {
    let desk = try Desk()
    let file = try desk.chip("odin", replacing: old, with: new)
    for command in [
      ["chip", "show", file],
      ["model", "compile", "network.json", "--chip", file, "--out", "a.snn"],
    ] {
      let outcome = try desk.run(command)
      #expect(outcome.status == 1 && outcome.output.isEmpty)
      #expect(outcome.errors.hasPrefix("spikefleet: chip.yaml"), "\(outcome.errors)")
      #expect(outcome.errors.contains(place), "\(outcome.errors)")
      #expect(outcome.errors.hasSuffix(cure + "\n"), "\(outcome.errors)")
    }
  }

  @Test func `a chip that is too small is refused by rule, with a cure`() throws {
    let desk = try Desk()
    let file = try desk.chip(
      "loihi-learn", replacing: "  synapseMemoryBytes: 131072", with: "  synapseMemoryBytes: 30")
    let outcome = try desk.run(
      ["model", "compile", "network.json", "--chip", file, "--out", "a.snn"])
    #expect(outcome.status == 1 && outcome.output.isEmpty && !desk.exists("a.snn"))
    #expect(outcome.errors.contains("network.json: network desk does not fit chip loihi-learn:"))
    #expect(
      outcome.errors.contains(
        "hidden: synapse-memory: needs 40 bytes for one neuron, limit 30 bytes for one neuron; "),
      "\(outcome.errors)")
  }

  @Test func `a run counts, prices and judges the same on any number of threads`() throws {
    let desk = try Desk()
    let one = try desk.run(["chip", "run", "model.snn", "--data", "data", "-o", "json"])
    let two = try desk.run(
      ["chip", "run", "model.snn", "--data", "data", "-o", "json", "--threads", "2"])
    #expect(one.status == 0 && one.output == two.output, "\(one.errors)\(two.errors)")
    struct Figures: Decodable {
      var samples: Int
      var correct: Int
      var events: [String: UInt64]
      var joulesPerSample: [String: Double]
      var microjoulesPerSample: Double
      var priceTable: String
      var grade: String
    }
    let figures = try JSONDecoder().decode(Figures.self, from: Data(one.output.utf8))
    let expected = ChipEvaluation.run(desk.model, on: try SampleFolder.read(desk.path("data")))
    #expect(figures.samples == 40 && figures.correct == expected.correct)
    for kind in EventKind.allCases {
      #expect(figures.events[kind.name] ?? 0 == expected.counts[kind.rawValue], "\(kind.name)")
    }
    let sum = figures.joulesPerSample.values.reduce(0, +) * 1e6
    #expect(abs(sum - figures.microjoulesPerSample) < 1e-9 * sum && sum > 0)
    #expect(figures.priceTable == "loihi-learn" && figures.grade == "assumed")
  }

  @Test(arguments: [
    ("csv", ["spikes.csv", "states.csv", "traces.csv", "weights.csv"], "recording\n"),
    ("nir", ["recording.h5", "weights.csv"], "recording, weights to weights.csv only"),
  ])
  func `a recording of learning is written`(format: String, files: [String], note: String) throws {
    let desk = try Desk()
    let outcome = try desk.run([
      "chip", "run", "model.snn", "--data", "data", "--count", "4", "--learn", "--probe",
      "hidden:0-3", "--probe-output", "recording", "--probe-format", format,
    ])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("right before they were learnt"))
    #expect(outcome.output.contains("wrote the recording to \(note)"))
    for file in files { #expect(desk.exists("recording/\(file)"), "\(file)") }
  }

  @Test func `the raster of a sample is written as a picture`() throws {
    let desk = try Desk()
    let outcome = try desk.run(
      ["chip", "raster", "model.snn", "--data", "data", "--sample", "39", "--out", "a.svg"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let picture = try String(contentsOfFile: desk.path("a.svg"), encoding: .utf8)
    #expect(picture.contains("<svg") && picture.contains("sample 39 of class 3"))
  }

  @Test(arguments: [
    (["run", "model.snn", "--data", "none"], "none: ", "name a folder of either kind"),
    (["run", "network.json", "--data", "data"], "network.json: ", "compile the network again"),
    (["run", "model.snn", "--data", "narrow"], "narrow: found samples of 2 channels", "name the"),
    (["run", "model.snn", "--data", "strange"], "strange: found a sample of class 7", "name the"),
    (
      [
        "run", "model.snn", "--data", "data", "--probe", "hiden:1", "--probe-output", "recording",
      ], "--probe: no neurons `hiden:1`, expected one of input, hidden", "what model.snn has"
    ),
    (
      [
        "run", "model.snn", "--data", "data", "--probe", "hidden", "--probe-output", "model.snn",
      ], "model.snn: the recording cannot be written (file exists)", "name one"
    ),
    (
      [
        "run", "model.snn", "--data", "data", "--probe", "hidden", "--probe-output", "model.snn",
        "--probe-format", "nir",
      ], "model.snn: the recording cannot be written (file exists)", "name one"
    ),
    (
      ["raster", "model.snn", "--data", "data", "--sample", "40", "--out", "a.svg"],
      "data: found no sample 40, expected 0 to 39", "name another with --sample"
    ),
    (
      ["raster", "model.snn", "--data", "data", "--out", "none/a.svg"],
      "none/a.svg: cannot be written (no such file or directory)", "name a place"
    ),
  ])
  func `what cannot be run or written is named, with a way out`(
    arguments: [String], fault: String, cure: String
  ) throws {
    let desk = try Desk()
    let outcome = try desk.run(["chip"] + arguments)
    #expect(outcome.status == 1 && outcome.output.isEmpty, "\(outcome.output)")
    #expect(outcome.errors.hasPrefix("spikefleet: " + fault), "\(outcome.errors)")
    #expect(outcome.errors.contains(cure), "\(outcome.errors)")
    #expect(!desk.exists("recording") && !desk.exists("a.svg"))
  }

  @Test func `a run that counts an event without a price is refused and leaves nothing`() throws {
    let desk = try Desk()
    var model = desk.model
    var prices: [EventKind: Price] = [:]
    for kind in EventKind.allCases where kind != .weightWrite { prices[kind] = model.prices[kind] }
    model.prices = PriceTable(name: "gaps", prices: prices)
    try Data(model.encoded()).write(to: desk.folder.appending(path: "gaps.snn"))
    let run = ["chip", "run", "gaps.snn", "--data", "data"]
    #expect(try desk.run(run).status == 0)
    let outcome = try desk.run(
      run + ["--learn", "--probe", "hidden", "--probe-output", "recording"])
    #expect(outcome.status == 1 && outcome.output.isEmpty && !desk.exists("recording"))
    #expect(
      outcome.errors.hasPrefix(
        "spikefleet: gaps.snn: price table gaps: no price for `weight-write`"))
    #expect(outcome.errors.contains("add the price to the chip file"), "\(outcome.errors)")
  }
}
