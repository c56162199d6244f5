import Accelerator
import CompiledModel
import Testing

/// What a layer learns besides its weights, and when it does not.
@Suite struct ClassAssignmentTests {
  private var model: CompiledModel {
    let golden = GoldenCase.competition.first { $0.name == "wta-stdp" }
    guard let golden else { preconditionFailure("no such case") }
    return golden.model
  }

  private let intensities: [UInt8] = [255, 200, 120]

  @Test func `inference changes nothing that is learnt`() {
    var chip = Accelerator(model)
    for sample in 0..<UInt64(5) { _ = chip.infer(intensities, sample: sample) }
    #expect(chip.learnedState == model.learnedState)
  }

  @Test func `assigning changes counts of the label's class alone`() {
    var chip = Accelerator(model)
    chip.clearAssignment()
    let start = chip.learnedState
    var spikes = 0
    for sample in 0..<UInt64(5) {
      spikes += chip.assign(intensities, sample: sample, label: 2).layerSpikes[0]
    }
    #expect(chip.learnedState.dropLast() == start.dropLast())
    let counts = chip.learnedState[2]
    #expect(spikes > 0 && counts.reduce(0) { $0 + Int($1) } == spikes)
    #expect(counts.indices.allSatisfy { $0 % 3 == 2 || counts[$0] == 0 })
  }

  @Test func `a layer that stands for no class yet says class 0 without a score`() {
    var chip = Accelerator(model)
    chip.clearAssignment()
    let inference = chip.infer(intensities, sample: 1)
    #expect(inference.layerSpikes[0] > 0)
    #expect(inference.label == 0 && inference.scores == [0, 0, 0])
  }

  @Test func `a sample is judged by counts from before it, whatever its label`() {
    for label in 0..<3 {
      var chip = Accelerator(model)
      var twin = Accelerator(model)
      for sample in 0..<UInt64(4) {
        _ = chip.learn(intensities, sample: sample, label: 1, seed: 1, ordinal: sample)
        _ = twin.learn(intensities, sample: sample, label: 1, seed: 1, ordinal: sample)
      }
      let judged = chip.learn(intensities, sample: 9, label: label, seed: 1, ordinal: 9)
      #expect(judged == twin.learn(intensities, sample: 9, label: nil, seed: 1, ordinal: 9))
    }
  }

  @Test func `what was learnt moves to another chip`() {
    var chip = Accelerator(model)
    for sample in 0..<UInt64(4) {
      _ = chip.learn(intensities, sample: sample, label: 1, seed: 1, ordinal: sample)
    }
    var other = Accelerator(model)
    other.load(learnedState: chip.learnedState)
    #expect(other.learnedState == chip.learnedState)
    #expect(
      other.learn(intensities, sample: 7, label: 0, seed: 1, ordinal: 7)
        == chip.learn(intensities, sample: 7, label: 0, seed: 1, ordinal: 7))
    #expect(other.learnedState == chip.learnedState)
    #expect(Accelerator(chip.learntModel).learnedState == chip.learnedState)
  }
}
