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

  @Test func `states have units, and empty cells for what a layer does not have`() throws {
    let recording = try recording(of: ProbedModel.model, "features:0,hidden:1")
    let lines = rows(ProbeFiles.states(of: recording))
    #expect(
      lines[0] == ["sample", "step", "layer", "neuron", "potential", "current", "rise", "exponent"])
    #expect(lines.allSatisfy { $0.count == 8 })
    #expect(lines[1][2] == "features" && lines[1][5] == "" && lines[1][7] == "-12")
    #expect(lines[2][2] == "hidden" && lines[2][5] != "" && lines[2][7] == "-11")
  }

  @Test func `weights of a chosen neuron are those of all its connections`() throws {
    let model = ProbedModel.model
    let lines = rows(
      ProbeFiles.weights(into: try ProbeSelection("hidden:0,out:2", of: model), of: model)
    ).dropFirst()
    #expect(lines.allSatisfy { $0.count == 8 })
    #expect(lines.filter { $0[0] == "features" }.count == 8)
    let sparse = lines.filter { $0[0] == "input" }.map { "\($0[3])>\($0[4]) \($0[5])" }
    #expect(sparse == ["0>0 7", "15>0 7"])
    let learning = lines.filter { $0[1] == "out" }
    #expect(learning.map { Int16($0[6]) } == (0..<6).map { model.plasticWeights[0][$0 * 3 + 2] })
  }

  @Test func `files are written for what was recorded, older ones go`() throws {
    let folder = try TemporaryFolder()
    let model = ProbedModel.model
    let learnt = try recording(of: model, "hidden:0", learning: true)
    try ProbeFiles.write(learnt, model: model, to: folder.path + "/probe")
    func names() throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: folder.path + "/probe").sorted()
    }
    #expect(try names() == ["spikes.csv", "states.csv", "traces.csv", "weights.csv"])
    let plain = try recording(of: model, nil)
    try ProbeFiles.write(plain, model: model, to: folder.path + "/probe")
    #expect(try names() == ["spikes.csv"])
  }
}
