import Accelerator
import CompiledModel
import SpikingNetwork
import Testing
import Workbench

@Suite struct SpikeRecordingTests {
  let model = ProbedModel.model

  private func recording(
    _ selection: String, samples count: Int = 2
  ) throws -> (SpikeRecording, [Inference]) {
    var recording = SpikeRecording(of: model, selecting: try ProbeSelection(selection, of: model))
    var chip = Accelerator(model)
    let samples = ProbedModel.samples(count)
    var inferences: [Inference] = []
    for position in 0..<count {
      recording.begin(samples[position].id)
      inferences.append(
        chip.infer(samples[position].intensities, sample: samples[position].id, probe: &recording))
    }
    return (recording, inferences)
  }

  @Test func `recorded spikes are those that the chip counted`() throws {
    let (recording, inferences) = try recording("hidden")
    #expect(recording.samples.map(\.id) == [1000, 1001])
    for (sample, inference) in inferences.enumerated() {
      let counts = recording.samples[sample].steps.map { $0.reduce(0) { $0 + $1.count } }
      #expect(counts == [inference.inputSpikes] + inference.layerSpikes)
      #expect(inference.inputSpikes > 0 && inference.layerSpikes[1] > 0)
      #expect(recording.trains(sample: sample, population: 2).sources == 6)
    }
  }

  @Test func `states are kept of the chosen neurons only, with what their layer has`() throws {
    let (recording, _) = try recording("hidden:4-5,out:1,features:31")
    #expect(recording.states.count == 2 * 12 * 4)
    let first = recording.states.prefix(4)
    #expect(first.map(\.layer) == [0, 1, 1, 2])
    #expect(first.map(\.neuron) == [31, 4, 5, 1])
    #expect(first.map { $0.current != nil } == [false, true, true, false])
    #expect(first.map { $0.rise != nil } == [false, true, true, false])
    #expect(recording.states.contains { $0.potential != 0 })
  }

  @Test func `potentials at the end are those that the chip still holds`() throws {
    var recording = SpikeRecording(of: model, selecting: try ProbeSelection("hidden", of: model))
    var chip = Accelerator(model)
    let sample = ProbedModel.samples(1)[0]
    recording.begin(sample.id)
    _ = chip.infer(sample.intensities, sample: sample.id, probe: &recording)
    #expect(recording.states.suffix(6).map(\.potential) == chip.potentials(layer: 1))
  }

  @Test func `learning shows the traces of chosen sources and none of other neurons`() throws {
    var recording = SpikeRecording(
      of: model, selecting: try ProbeSelection("hidden:0-1", of: model))
    var chip = Accelerator(model)
    let sample = ProbedModel.samples(1)[0]
    recording.begin(sample.id)
    _ = chip.learn(
      sample.intensities, sample: sample.id, label: 1, seed: 3, ordinal: 0, probe: &recording)
    #expect(recording.traces.count == 12 * 2)
    #expect(recording.traces.allSatisfy { $0.side == .presynaptic && $0.neuron < 2 })
    let spikes = recording.samples[0].steps[2]
    let first = try #require(spikes.firstIndex { $0.contains(0) })
    let traces = recording.traces.filter { $0.neuron == 0 }.map(\.value)
    #expect(traces.prefix(first).allSatisfy { $0 == 0 })
    #expect(traces[first] == 256)
  }

  @Test func `two recordings joined are the recording of all samples`() throws {
    let whole = try recording("hidden:2", samples: 3).0
    var joined = SpikeRecording(of: model, selecting: try ProbeSelection("hidden:2", of: model))
    let part = ParallelEvaluation.run(
      model, on: ProbedModel.samples(3), threads: 3,
      observing: .init(recording: try ProbeSelection("hidden:2", of: model)))
    joined.append(try #require(part.recording))
    #expect(joined == whole)
  }

  @Test func `selections name populations, single neurons and ranges, and unite`() throws {
    let selection = try ProbeSelection("hidden:3-5,input:2,hidden:0-3", of: model)
    #expect(selection.neurons(of: 1) == [0, 1, 2, 3, 4, 5])
    #expect(selection.neurons(of: nil) == [2])
    #expect(selection.neurons(of: 0).isEmpty)
    #expect(try ProbeSelection("out", of: model).neurons(of: 2) == [0, 1, 2])
  }

  @Test(arguments: [
    "", "hidden:6", "hidden:0-6", "hidden:5-4", "hidden:", "hidden:-1", "hidden:a", "hidden:1-2-3",
    "nobody", "nobody:0", "hidden,,out", "hidden:0,", "out:3",
  ])
  func `a selection that means nothing is refused`(_ text: String) {
    #expect(throws: ProbeSelectionError.self) { try ProbeSelection(text, of: model) }
  }

  @Test func `a refusal says what was found and what could stand there`() {
    let error = #expect(throws: ProbeSelectionError.self) {
      try ProbeSelection("hidden:9", of: model)
    }
    #expect(
      error?.description
        == "no neurons `hidden:9`, expected a neuron or a range of neurons between 0 and 5")
  }
}
