import Accelerator
import CompiledModel
import SpikingNetwork
import Testing

/// Spikes that were recorded elsewhere cause the events that they would have caused here.
@Suite struct ReplayTests {
  /// Spikes of the last sample by chip step: each layer's shifted by its phase.
  func recorded(_ chip: ReferenceAccelerator, _ model: CompiledModel) -> [SpikeTrains] {
    let steps = model.steps + (model.layers.map(\.phase).max() ?? 0)
    var trains = [[[Int32]]](
      repeating: [[Int32]](repeating: [], count: steps), count: model.layers.count + 1)
    for entry in chip.record {
      trains[0][entry.step] = entry.input.map(Int32.init)
      for (index, layer) in model.layers.enumerated() {
        trains[index + 1][entry.step + layer.phase] = entry.layers[index].spikes.map(Int32.init)
      }
    }
    let sizes = [model.inputs] + model.layers.map(\.size)
    return zip(sizes, trains).map { SpikeTrains(sources: $0, steps: $1) }
  }

  @Test func `neurons are accessed in each chip step and follow the spikes given`() throws {
    let model = SmallModels.model(
      "leaky", steps: 3, inputs: 2,
      layers: [
        SmallModels.layer(
          "output", SmallModels.spiking(decay: 2048, threshold: 10), size: 3,
          [SmallModels.fixed(2, [6, -3, 0, 8, 100, 0])])
      ], cores: [PlacedCore(layer: 0, firstNeuron: 0, neuronCount: 3, column: 1, row: 0)])
    var chip = ReferenceAccelerator(model)
    let account = try chip.replay([
      SpikeTrains(sources: 2, steps: [[0], [0, 1], [], []]),
      SpikeTrains(sources: 3, steps: [[], [], [0, 1], [2]]),
    ])
    // Spikes arrive in two steps; in the last the third neuron has nothing to update, though it is
    // said to fire.
    var counts = [UInt64](repeating: 0, count: EventKind.allCases.count)
    counts[EventKind.neuronAccess.rawValue] = 12
    counts[EventKind.neuronUpdate.rawValue] = 8
    counts[EventKind.spike.rawValue] = 3
    counts[EventKind.synapticOperation.rawValue] = 9
    #expect(account.coreCounts == [counts])
    counts[EventKind.message.rawValue] = 3
    counts[EventKind.hopHorizontal.rawValue] = 3
    counts[EventKind.step.rawValue] = 4
    #expect(account.counts == counts)
    // 3000 of accesses in each step; then 300 of updates, 300 + 14, 200 + 7. Messages take less.
    #expect(account.picoseconds == 4 * 13_000 + 300 + 314 + 207)
    // It leaves the chip's own counts alone.
    #expect(chip.inferenceCounts[EventKind.neuronAccess.rawValue] == 0)
  }

  @Test func `an input of direct current takes no recorded spikes`() {
    var model = SmallModels.model(
      "driven", steps: 2, inputs: 1,
      layers: [
        SmallModels.layer(
          "output", SmallModels.spiking(decay: 2048, threshold: 10), size: 1,
          [SmallModels.fixed(1, [6])])
      ], cores: [PlacedCore(layer: 0, firstNeuron: 0, neuronCount: 1, column: 0, row: 0)])
    model.input = .directCurrent
    var chip = ReferenceAccelerator(model)
    let error = #expect(throws: ReplayError.self) {
      try chip.replay([
        SpikeTrains(sources: 1, steps: [[0], []]), SpikeTrains(sources: 1, steps: [[], []]),
      ])
    }
    #expect(error?.description.hasPrefix("driven has an input of direct current") == true)
  }

  @Test(arguments: RandomModel.Rule.allCases)
  func `replayed, its own spikes cause the same traffic and operations`(
    rule: RandomModel.Rule
  ) throws {
    let kinds: [EventKind] = [
      .synapticOperation, .sparseOperation, .convolutionOperation, .spike, .message,
      .hopHorizontal, .hopVertical, .step,
    ]
    for seed in 0..<UInt64(20) {
      let model = RandomModel.model(seed: seed, rule: rule)
      guard !model.sendsMoreThanSpikes else { continue }
      var chip = ReferenceAccelerator(model)
      chip.isRecording = true
      let intensities = RandomModel.intensities(0, channels: model.inputs, seed: seed)
      _ = chip.infer(intensities, sample: 0)
      let account = try chip.replay(recorded(chip, model))
      for kind in kinds {
        #expect(
          account.counts[kind.rawValue] == chip.inferenceCounts[kind.rawValue],
          "\(kind.name), seed \(seed)")
      }
      let neurons = model.layers.reduce(0) { $0 + $1.size }
      let steps = account.counts[EventKind.step.rawValue]
      #expect(account.counts[EventKind.neuronAccess.rawValue] == UInt64(neurons) * steps)
      #expect(
        account.counts[EventKind.neuronUpdate.rawValue]
          >= chip.inferenceCounts[EventKind.neuronUpdate.rawValue], "seed \(seed)")
      #expect(account.picoseconds >= chip.inferencePicoseconds, "seed \(seed)")
    }
  }
}
