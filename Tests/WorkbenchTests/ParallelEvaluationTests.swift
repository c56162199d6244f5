import Accelerator
import CompiledModel
import SpikingNetwork
import Testing
import Workbench

@Suite struct ParallelEvaluationTests {
  let model = ProbedModel.model

  @Test(arguments: [2, 3, 7, 40])
  func `the number of threads does not show`(_ threads: Int) throws {
    let samples = ProbedModel.samples(17)
    let selection = try ProbeSelection("hidden:0-2", of: model)
    let observation = ParallelEvaluation.Observation(activity: true, recording: selection)
    let alone = ParallelEvaluation.run(model, on: samples, observing: observation)
    let many = ParallelEvaluation.run(
      model, on: samples, threads: threads, observing: observation)
    #expect(many == alone)
    #expect(many.samples == 17 && many.recording?.samples.count == 17)
  }

  @Test func `counts are those of one chip that is not observed`() {
    let samples = ProbedModel.samples(9)
    var chip = Accelerator(model)
    var correct = 0
    for position in 0..<samples.count {
      let sample = samples[position]
      let inference = chip.infer(sample.intensities, sample: sample.id)
      correct += inference.label == sample.label ? 1 : 0
    }
    for observing in [false, true] {
      let run = ParallelEvaluation.run(
        model, on: samples, threads: 4, observing: .init(activity: observing))
      #expect(run.correct == correct)
      #expect(run.counts == chip.inferenceCounts)
      #expect(run.coreCounts == chip.coreCounts)
      #expect(run.picoseconds == chip.inferencePicoseconds)
      #expect(run.saturations == chip.saturations)
    }
  }

  @Test func `no samples give counts of zero`() {
    let run = ParallelEvaluation.run(model, on: ProbedModel.samples(0), threads: 3)
    #expect(run.samples == 0 && run.correct == 0 && run.counts.allSatisfy { $0 == 0 })
  }

  @Test func `values that were cut are counted by layer`() {
    var narrow = model
    narrow.arithmetic.potentialBits = 13
    let run = ParallelEvaluation.run(narrow, on: ProbedModel.samples(5), threads: 2)
    #expect(run.layerSaturations.count == 3 && run.layerSaturations.count { $0 > 0 } >= 2)
    #expect(run.layerSaturations.reduce(0, +) == run.saturations)
  }
}
