import Accelerator
import CompiledModel
import NetworkCompiler
import Testing
import Workbench

/// Events that spikes let expect, held against those that the chip counts.
@Suite struct ExpectedEventsTests {
  private let model = ProbedModel.model

  @Test func `with the spikes of a run all but computing neurons are as counted`() throws {
    let run = ParallelEvaluation.run(
      model, on: ProbedModel.samples(7), observing: .init(activity: true))
    let spikes = try #require(run.activity).spikes
    let expected = ExpectedEvents(of: model) { Double(spikes[$0][$1]) / 7 }
    for kind in EventKind.allCases where kind != .neuronUpdate {
      let counted = Double(run.counts[kind.rawValue]) / 7
      #expect(abs(expected.counts[kind.rawValue] - counted) < 1e-6, "\(kind.name)")
      for core in model.cores.indices {
        let counted = Double(run.coreCounts[core][kind.rawValue]) / 7
        #expect(
          abs(expected.coreCounts[core][kind.rawValue] - counted) < 1e-6, "\(kind.name) \(core)")
      }
    }
    let kinds: [EventKind] = [
      .synapticOperation, .sparseOperation, .convolutionOperation, .hopHorizontal, .hopVertical,
    ]
    for kind in kinds { #expect(run.counts[kind.rawValue] > 0, "\(kind.name)") }
    let updates = EventKind.neuronUpdate.rawValue
    #expect(expected.counts[updates] >= Double(run.counts[updates]) / 7)
    #expect(expected.counts[updates] == expected.counts[EventKind.neuronAccess.rawValue])
  }

  @Test func `the time of evenly spread spikes is that of the chip`() throws {
    // Each step is alike for the relays, so only the ends of the pipeline differ.
    let calibrated = try RelayNetwork.compilation()
    let model = calibrated.compilation.model
    let expected = ExpectedEvents(of: model) { $0 < 2 && $1 >= 0 ? 2 : 0 }
    // Busiest are the relays: 2 accesses, 2 updates, a spike, a message out; the message that comes
    // in and its 2 operations are done beside that.
    let busiest = [200, 200, 100, 1000].reduce(0, +)
    #expect(expected.picoseconds == Double(4 * busiest + 6 * 500))
    // The chip takes 70 for the port's first message and 400 for the last step of the classes.
    var chip = Accelerator(model)
    _ = chip.infer([255, 0], sample: 0)
    #expect(Double(chip.inferencePicoseconds) == expected.picoseconds + 70 + 400)
  }

  @Test func `silence costs accesses and steps only`() {
    let expected = ExpectedEvents(of: model) { _, _ in 0 }
    let kinds = EventKind.allCases.filter { expected.counts[$0.rawValue] > 0 }
    #expect(kinds == [.neuronAccess, .neuronUpdate, .step])
    #expect(expected.counts[EventKind.step.rawValue] == 15)
  }
}
