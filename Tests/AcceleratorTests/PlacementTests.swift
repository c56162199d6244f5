import Accelerator
import CompiledModel
import NetworkCompiler
import SpikingNetwork
import Testing

/// Where neurons lie changes messages and hops, never what they compute.
@Suite struct PlacementTests {
  private let network = NetworkFixture.labelled(
    inputs: 60, hidden: 24, classes: 4, steps: 6, seed: 5)

  private func run(_ model: CompiledModel) -> (results: [Inference], chip: Accelerator) {
    var chip = Accelerator(model)
    let results = (0..<10).map { index in
      chip.learn(
        NetworkFixture.sample(index, channels: 60), sample: index, label: Int(index % 4), seed: 9,
        ordinal: index)
    }
    return (results, chip)
  }

  @Test func `splits and places leave results alone`() throws {
    let one = try compile(network, for: NetworkFixture.chip()).model
    let many = try compile(network, for: NetworkFixture.chip(neurons: 5)).model
    var far = many
    for index in far.cores.indices {
      far.cores[index].column = (index * 7) % 11
      far.cores[index].row = (index * 5) % 13
    }
    #expect(one.cores.count == 2)
    #expect(many.cores.count == 6)
    let reference = run(one)
    for model in [many, far] {
      let other = run(model)
      #expect(other.results == reference.results)
      #expect(other.chip.learnedState == reference.chip.learnedState)
      for kind in [EventKind.synapticOperation, .spike, .neuronUpdate, .weightWrite, .step] {
        #expect(other.chip.counts[kind.rawValue] == reference.chip.counts[kind.rawValue])
      }
      let messages = EventKind.message.rawValue
      #expect(other.chip.counts[messages] > reference.chip.counts[messages])
    }
  }

  @Test func `hops are the distances between tiles`() throws {
    var model = try compile(network, for: NetworkFixture.chip()).model
    model.port = CompiledModel.MeshPlace(column: 1, row: 0)
    model.cores[0].column = 4
    model.cores[0].row = 2
    model.cores[1].column = 4
    model.cores[1].row = 7
    var chip = Accelerator(model)
    let result = chip.infer(NetworkFixture.sample(1, channels: 60), sample: 1)
    #expect(result.inputSpikes > 0)
    #expect(result.hiddenSpikes > 0)
    #expect(
      chip.counts[EventKind.hopHorizontal.rawValue] == UInt64(3 * result.inputSpikes))
    #expect(
      chip.counts[EventKind.hopVertical.rawValue]
        == UInt64(2 * result.inputSpikes + 5 * result.hiddenSpikes))
  }

  @Test func `a step lasts as long as the longest work on a core and the barrier`() throws {
    let model = try compile(network, for: NetworkFixture.chip()).model
    var chip = Accelerator(model)
    _ = chip.infer([UInt8](repeating: 0, count: 60), sample: 0)
    // Six steps of 24 neurons, one in which the readout's 4 trail, and the input's own before.
    #expect(chip.inferencePicoseconds == 6 * 24_000 + 4000 + 8 * 600_000)
    #expect(chip.chipNanoseconds == 4948)
    #expect(chip.learningPicoseconds == 0)
  }
}
