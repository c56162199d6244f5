import Accelerator
import CompiledModel
import Foundation
import SpikingNetwork
import Testing
import Workbench

@Suite struct ProbeFilesTests {
  private func recording(
    of model: CompiledModel, _ selection: String?, learning: Bool = false
  ) throws -> SpikeRecording {
    var recording = SpikeRecording(
      of: model, selecting: try selection.map { try ProbeSelection($0, of: model) })
    var chip = Accelerator(model)
    let sample = ProbedModel.samples(1)[0]
    recording.begin(sample.id)
    if learning {
      _ = chip.learn(
        sample.intensities, sample: sample.id, label: 0, seed: 1, ordinal: 0, probe: &recording)
    } else {
      _ = chip.infer(sample.intensities, sample: sample.id, probe: &recording)
    }
    return recording
  }

  private func rows(_ text: String) -> [[Substring]] {
    text.split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
  }

  @Test func `every spike has its line`() throws {
    let recording = try recording(of: ProbedModel.model, nil)
    let lines = rows(ProbeFiles.spikes(of: recording))
    #expect(lines[0] == ["sample", "step", "layer", "neuron"])
    let all = recording.samples[0].steps.flatMap { $0 }.reduce(0) { $0 + $1.count }
    #expect(lines.count == all + 1)
    let hidden = lines.filter { $0[2] == "hidden" }.map { "\($0[1]):\($0[3])" }
    let expected = recording.samples[0].steps[2].enumerated().flatMap { step, spikes in
      spikes.map { "\(step):\($0)" }
    }
    #expect(hidden == expected && !hidden.isEmpty)
  }

  @Test func `states are integers and quantities, with empty cells for what a layer has not`()
    throws
  {
    var model = ProbedModel.model
    model.layers[1].units = NetworkUnits(
      scales: [1, 2, 3, 4, 5, 6].map { $0 / 100 }, resistance: 4, rest: -0.5)
    let recording = try recording(of: model, "features:0,hidden:1")
    let lines = rows(ProbeFiles.states(of: recording, model: model))
    #expect(
      lines[0] == [
        "sample", "step", "layer", "neuron", "potential", "current", "rise", "v", "i",
        "threshold_rise",
      ])
    #expect(lines.allSatisfy { $0.count == 10 })
    let features = lines.filter { $0[2] == "features" }
    #expect(features.count == 12)
    for line in features {
      #expect(line[5] == "" && line[6] == "" && line[8] == "" && line[9] == "")
      #expect(Double(line[7]) == Double(line[4]).map { $0 / 4096 })
    }
    let hidden = lines.filter { $0[2] == "hidden" }
    #expect(hidden.count == 12)
    let unit = 0.02 / 64
    for line in hidden {
      #expect(Double(line[7]) == Double(line[4]).map { -0.5 + $0 * unit })
      #expect(Double(line[8]) == Double(line[5]).map { $0 * (unit / 4) })
      #expect(Double(line[9]) == Double(line[6]).map { $0 * unit })
    }
    #expect(hidden.contains { $0[4] != "0" } && hidden.contains { $0[5] != "0" })
  }

  @Test func `traces of spikes are counted in spikes`() throws {
    let model = ProbedModel.model
    let recording = try recording(of: model, "hidden:0-1", learning: true)
    let lines = rows(ProbeFiles.traces(of: recording, model: model))
    #expect(
      lines[0] == [
        "sample", "step", "source", "layer", "connection", "side", "neuron", "trace", "value",
      ])
    #expect(lines.dropFirst().allSatisfy { Double($0[8]) == Double($0[7]).map { $0 / 256 } })
    #expect(lines.dropFirst().contains { $0[7] == "256" && $0[8] == "1.0" })
  }

  @Test func `what synapses keep has a line for chosen ends, in the network's quantities`() throws {
    var model = ProbedModel.model
    // Neurons in place of the readout, which learn by a rule with tags and a second trace.
    model.layers[2].neurons = model.layers[0].neurons
    guard case .plastic(let weights, _, let bounds) = model.layers[2].connections[0].weights else {
      throw Unexpected()
    }
    model.layers[2].connections[0].weights = .plastic(
      weights,
      .program(
        LearningProgram(
          traces: [
            .init(.x1, .decay(3800), impulse: 512, readsBefore: false),
            .init(.x2, .decay(3000), impulse: 512, readsBefore: false),
          ],
          terms: [
            .init(
              changesTag: true, at: .period(exponent: 0), mantissa: 3000, shift: 0,
              [.init(.x1), .init(.x2)]),
            .init(at: .end, mantissa: 10, shift: 0, [.init(.t)]),
          ])), bounds: bounds)
    try model.validate()
    let recording = try recording(of: model, "hidden:0-1,out:2", learning: true)
    let lines = rows(ProbeFiles.details(of: recording, model: model))
    #expect(
      lines[0] == [
        "sample", "step", "source", "layer", "connection", "quantity", "presynaptic",
        "postsynaptic", "state", "value",
      ])
    // In each step the second traces of two sources, and two tags.
    #expect(lines.count == 1 + 12 * 4)
    let traces = lines.filter { $0[5] == "x2" }
    #expect(traces.allSatisfy { $0[2] == "hidden" && $0[3] == "out" && $0[7] == "" })
    #expect(traces.allSatisfy { Double($0[9]) == Double($0[8]).map { $0 / 512 } })
    let tags = lines.filter { $0[5] == "tag" }
    #expect(tags.map { "\($0[6])>\($0[7])" }.prefix(2) == ["0>2", "1>2"])
    #expect(tags.allSatisfy { Double($0[9]) == Double($0[8]).map { $0 / 16384 } })
    #expect(tags.contains { $0[8] != "0" })
    #expect(
      ProbeFiles.files(of: recording, model: model).map(\.name) == [
        "spikes.csv", "states.csv", "traces.csv", "learning.csv", "weights.csv",
      ])
  }

  private struct Unexpected: Error {}

  @Test func `weights of a chosen neuron are those of all its connections`() throws {
    let model = ProbedModel.model
    let lines = rows(
      ProbeFiles.weights(into: try ProbeSelection("hidden:0,out:2", of: model), of: model)
    ).dropFirst()
    #expect(lines.allSatisfy { $0.count == 9 })
    #expect(lines.filter { $0[0] == "features" }.count == 8)
    let sparse = lines.filter { $0[0] == "input" }.map { "\($0[3])>\($0[4]) \($0[5])" }
    #expect(sparse == ["0>0 7", "15>0 7"])
    let learning = lines.filter { $0[1] == "out" }
    #expect(learning.map { Int16($0[6]) } == (0..<6).map { model.learnedState[0][$0 * 3 + 2] })
    // One unit is 2^-6 and has 256 learning units; the fixed ones are 2^-5.
    #expect(learning.allSatisfy { Double($0[8]) == Double($0[6]).map { $0 / 16384 } })
    #expect(learning.allSatisfy { Double($0[7]) == Double($0[5]).map { $0 / 64 } })
    #expect(lines.filter { $0[1] == "hidden" }.allSatisfy { $0[6] == "" && $0[8] == "" })
    #expect(
      lines.filter { $0[1] == "hidden" }.allSatisfy {
        Double($0[7]) == Double($0[5]).map { $0 / 32 }
      })
  }

  @Test func `files are written for what was recorded, older ones go`() throws {
    let folder = try TemporaryFolder()
    let model = ProbedModel.model
    let learnt = try recording(of: model, "hidden:0", learning: true)
    try ProbeFiles.write(
      ProbeFiles.files(of: learnt, model: model), to: folder.path + "/probe")
    func names() throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: folder.path + "/probe").sorted()
    }
    #expect(try names() == ["spikes.csv", "states.csv", "traces.csv", "weights.csv"])
    let plain = try recording(of: model, nil)
    let graph = URL(filePath: folder.path + "/probe/recording.h5")
    try Data([1]).write(to: graph)
    try ProbeFiles.write(
      ProbeFiles.weightFiles(of: learnt, model: model), to: folder.path + "/probe")
    #expect(try names() == ["weights.csv"])
    try ProbeFiles.write(ProbeFiles.files(of: plain, model: model), to: folder.path + "/probe")
    #expect(try names() == ["spikes.csv"])
    #expect(ProbeFiles.weightFiles(of: plain, model: model).isEmpty)
  }

  @Test func `a recording that cannot be written whole leaves the older one`() throws {
    let folder = try TemporaryFolder()
    let (old, new) = (Data("old".utf8), Data("new".utf8))
    let probe = folder.path + "/probe"
    try ProbeFiles.write([.init(name: "spikes.csv", content: old)], to: probe)
    func untouched() throws -> Bool {
      try FileManager.default.contentsOfDirectory(atPath: probe).filter { $0 != "traces.csv" }
        == ["spikes.csv"] && Data(contentsOf: URL(filePath: probe + "/spikes.csv")) == old
    }
    // No file system takes a name as long as this.
    let files = [
      ProbeFiles.File(name: "spikes.csv", content: new),
      ProbeFiles.File(name: String(repeating: "s", count: 300), content: new),
    ]
    #expect(throws: OutputFile.Failure.self) { try ProbeFiles.write(files, to: probe) }
    #expect(try untouched())
    try FileManager.default.createDirectory(
      atPath: probe + "/traces.csv/mine", withIntermediateDirectories: true)
    let error = #expect(throws: OutputFile.Failure.self) {
      try ProbeFiles.write(Array(files.prefix(1)), to: probe)
    }
    #expect(error?.description == "`traces.csv` in it is a folder")
    #expect(try untouched())
    #expect(FileManager.default.fileExists(atPath: probe + "/traces.csv/mine"))
    #expect(throws: OutputFile.Failure.self) { try ProbeFiles.write(files, to: "") }
  }
}
