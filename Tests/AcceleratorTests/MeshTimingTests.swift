import Accelerator
import CompiledModel
import SpikingNetwork
import Testing

/// The detailed model of time, followed by hand.
@Suite struct MeshTimingTests {
  /// Times of a few picoseconds; hops take 30 along a row and 40 along a column, a barrier 10.
  private func timing(axonIn: UInt32 = 50, linkBuffer: Int = 16) -> TimingTable {
    TimingTable(
      picoseconds: [
        .synapticOperation: 10, .sparseOperation: 10, .neuronAccess: 1, .neuronUpdate: 2,
        .spike: 3, .message: 5, .hopHorizontal: 30, .hopVertical: 40,
      ], axonInPicoseconds: axonIn, barriers: [.init(tiles: 1, picoseconds: 10)],
      linkBuffer: linkBuffer)
  }

  private let neurons = SmallModels.spiking(decay: 4096, threshold: 30_000)

  /// The first input reaches one neuron on a core, the last two reach ten on another; both cores
  /// lie at the port.
  private func fan(inputs: Int, linkBuffer: Int) -> CompiledModel {
    let toMany = 2
    let few = inputs - toMany
    let targets =
      [UInt32](repeating: 0, count: few) + Array(repeating: UInt32(1)...10, count: toMany).joined()
    let starts =
      (0...few).map { UInt32($0) } + (1...toMany).map { UInt32(few + 10 * $0) }
    var model = SmallModels.model(
      "fan", steps: 1, inputs: inputs,
      layers: [
        SmallModels.layer(
          "output", neurons, size: 11,
          [
            SmallModels.fixed(
              inputs, [Int8](repeating: 1, count: targets.count),
              .sparse(rowStarts: starts, targets: targets))
          ])
      ],
      cores: [
        PlacedCore(layer: 0, firstNeuron: 0, neuronCount: 1, column: 0, row: 0),
        PlacedCore(layer: 0, firstNeuron: 1, neuronCount: 10, column: 0, row: 0),
      ])
    model.timing = timing(linkBuffer: linkBuffer)
    return model
  }

  private func detailed(_ model: CompiledModel, _ spikes: [[[Int32]]]) throws -> UInt64 {
    var chip = ReferenceAccelerator(model)
    let sizes = [model.inputs] + model.layers.map(\.size)
    return try chip.replay(zip(sizes, spikes).map { SpikeTrains(sources: $0, steps: $1) })
      .detailedPicoseconds
  }

  @Test func `a message takes its way and a step lasts until the last work is done`() throws {
    var model = SmallModels.model(
      "far", steps: 1, inputs: 1,
      layers: [
        SmallModels.layer("output", neurons, size: 1, [SmallModels.fixed(1, [1])])
      ], cores: [PlacedCore(layer: 0, firstNeuron: 0, neuronCount: 1, column: 1, row: 1)])
    model.timing = timing()
    // Ready at 5, taken in at 75 and worked on until 135; then a neuron is accessed and updated.
    #expect(try detailed(model, [[[0], []], [[], []]]) == 135 + 10 + 3 + 10)
    // A neuron that fires without a target has but its work.
    #expect(try detailed(model, [[[0], []], [[], [0]]]) == 135 + 10 + 6 + 10)
  }

  @Test func `messages wait for the core that takes them in`() throws {
    let model = fan(inputs: 4, linkBuffer: 16)
    // Both are there before 65, when the first has been worked on.
    #expect(try detailed(model, [[[0, 1]], [[]]]) == 5 + 60 + 60 + 10)
  }

  @Test func `messages on a link slow the next one down`() throws {
    let model = fan(inputs: 4, linkBuffer: 16)
    // Ready at 5, 10 and 15, when the second one waits: half a message on the link, times 60.
    #expect(try detailed(model, [[[0, 1, 2]], [[]]]) == 15 + 30 + 150 + 10)
  }

  @Test func `a link that is full blocks its sender`() throws {
    let model = fan(inputs: 6, linkBuffer: 1)
    // The fifth is ready at 25 behind three halves, so it leaves at 25 + 0.5 x 60 = 55, arrives at
    // 55 + 1.5 x 60 = 145 and is done at 295.
    #expect(try detailed(model, [[[0, 1, 2, 3, 4]], [[]]]) == 295 + 10)
    // The sixth is ready at 60 behind four halves of 82.5 on average: it leaves at 142.5, arrives
    // at 307.5 and is done at 457.5.
    #expect(try detailed(model, [[[0, 1, 2, 3, 4, 5]], [[]]]) == 468)
    // With room on the link it arrives at 30 + 2 x 82.5, but its core is busy until 265.
    let wide = fan(inputs: 6, linkBuffer: 2)
    #expect(try detailed(wide, [[[0, 1, 2, 3, 4, 5]], [[]]]) == 25 + 90 + 150 + 150 + 10)
  }

  @Test func `messages go along the row first and share links with those of other cores`() throws {
    var model = SmallModels.model(
      "turn", steps: 1, inputs: 1,
      layers: [
        SmallModels.layer("hidden", neurons, size: 2, [SmallModels.fixed(1, [1, 1])]),
        SmallModels.layer(
          "output", neurons, size: 2, phase: 2,
          [
            SmallModels.fixed(
              from: 0, 2, [1, 1], .sparse(rowStarts: [0, 1, 2], targets: [0, 1]))
          ]),
      ],
      cores: [
        PlacedCore(layer: 0, firstNeuron: 0, neuronCount: 1, column: 0, row: 0),
        PlacedCore(layer: 0, firstNeuron: 1, neuronCount: 1, column: 0, row: 0),
        PlacedCore(layer: 1, firstNeuron: 0, neuronCount: 1, column: 1, row: 1),
        PlacedCore(layer: 1, firstNeuron: 1, neuronCount: 1, column: 1, row: 0),
      ])
    model.timing = timing(axonIn: 590)
    // Both are ready at 9. The first is done at 9 + 70 + 600; the second meets a quarter of it on
    // one of two links, and arrives 0.25 x 600 / 2 = 75 later.
    #expect(try detailed(model, [[[]], [[0, 1]], [[]]]) == 9 + 75 + 600 + 10)
    // Links of their own.
    model.cores[3] = PlacedCore(layer: 1, firstNeuron: 1, neuronCount: 1, column: 0, row: 1)
    #expect(try detailed(model, [[[]], [[0, 1]], [[]]]) == 9 + 70 + 600 + 10)
  }

  @Test(arguments: RandomModel.Rule.allCases)
  func `an observed sample takes as long as its spikes replayed`(rule: RandomModel.Rule) throws {
    for seed in 0..<UInt64(20) {
      var model = RandomModel.model(seed: seed, rule: rule)
      // A replay accesses all neurons in each chip step, which takes no time here.
      model.timing = TimingTable(
        picoseconds: [
          .synapticOperation: 11, .sparseOperation: 12, .convolutionOperation: 13, .spike: 7,
          .message: 5, .hopHorizontal: 30, .hopVertical: 40,
        ], axonInPicoseconds: 50, barriers: [.init(tiles: 1, picoseconds: 10)], linkBuffer: 2)
      let intensities = RandomModel.intensities(0, channels: model.inputs, seed: seed)
      var mesh = MeshTiming(model)
      var chip = Accelerator(model)
      _ = chip.infer(intensities, sample: 0, probe: &mesh)
      var reference = ReferenceAccelerator(model)
      reference.isRecording = true
      _ = reference.infer(intensities, sample: 0)
      let account = try reference.replay(ReplayTests().recorded(reference, model))
      #expect(mesh.finish() == account.detailedPicoseconds, "seed \(seed)")
    }
  }

  @Test func `no sample takes less than by the simple model`() throws {
    for seed in 0..<UInt64(60) {
      let model = RandomModel.model(seed: seed, rule: .none)
      guard !model.sendsMoreThanSpikes else { continue }
      var mesh = MeshTiming(model)
      var chip = Accelerator(model)
      for sample in 0..<UInt64(2) {
        let before = chip.inferencePicoseconds
        let intensities = RandomModel.intensities(sample, channels: model.inputs, seed: seed)
        _ = chip.infer(intensities, sample: sample, probe: &mesh)
        #expect(mesh.finish() >= chip.inferencePicoseconds - before, "seed \(seed)")
      }
    }
  }
}
