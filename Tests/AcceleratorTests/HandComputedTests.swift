import Accelerator
import CompiledModel
import SpikingNetwork
import Testing

/// Small models whose every number was computed by hand from `docs/CHIP.md`.
@Suite struct HandComputedTests {
  /// Counts by kind, the rest 0.
  private func counts(_ known: [EventKind: UInt64]) -> [UInt64] {
    EventKind.allCases.map { known[$0] ?? 0 }
  }

  @Test func `leaky neurons with soft resets`() throws {
    let model = SmallModels.model(
      "leaky", steps: 3, inputs: 2, arithmetic: SmallModels.arithmetic(potentialBits: 8),
      layers: [
        SmallModels.layer(
          "output", SmallModels.spiking(decay: 2048, threshold: 10), size: 3,
          [SmallModels.fixed(2, [6, -3, 0, 8, 100, 0])])
      ], cores: [PlacedCore(layer: 0, firstNeuron: 0, neuronCount: 3, column: 1, row: 0)])
    try model.validate()
    var chip = ReferenceAccelerator(model)
    chip.isRecording = true
    let result = chip.infer(SpikeTrains(sources: 2, steps: [[0], [0, 1], []]))
    // 6 and -3; then 3 + 14 = 17 and -1 + 97 = 96, both fire; then 3 and 43, which fires.
    #expect(chip.record.map(\.layers[0].potentials) == [[6, -3, 0], [7, 86, 0], [3, 33, 0]])
    #expect(chip.record.map(\.layers[0].spikes) == [[], [0, 1], [1]])
    #expect(result == Inference(scores: [1, 2, 0], inputSpikes: 3, layerSpikes: [3]))
    // The third neuron never stirs, but is updated whenever a spike arrives; three messages pass
    // one link each.
    #expect(
      chip.inferenceCounts
        == counts([
          .synapticOperation: 9, .neuronAccess: 9, .neuronUpdate: 8, .spike: 3, .message: 3,
          .hopHorizontal: 3, .step: 4,
        ]))
    #expect(chip.learningCounts == counts([:]))
    // The port's messages and hops are on no core.
    #expect(
      chip.coreCounts == [
        counts([.synapticOperation: 9, .neuronAccess: 9, .neuronUpdate: 8, .spike: 3])
      ])
    // Chip steps: 80 of a message; 3300 of neurons, beside 160 of messages; 3314; 3207.
    #expect(chip.inferencePicoseconds == 80 + 3300 + 3314 + 3207 + 4 * 10_000)
    #expect(chip.saturations == 0)
  }

  @Test func `delays, a recurrent connection and phases`() throws {
    let model = SmallModels.model(
      "graph", steps: 4, inputs: 1,
      layers: [
        SmallModels.layer(
          "first", SmallModels.spiking(decay: 4096, threshold: 1, reset: .hard), size: 1,
          [SmallModels.fixed(1, [2])]),
        SmallModels.layer(
          "second", SmallModels.spiking(decay: 4096, threshold: 4), size: 1, phase: 2,
          [
            SmallModels.fixed(from: 0, 1, [3]), SmallModels.fixed(1, [5], delay: 2),
            SmallModels.fixed(from: 1, 1, [-2], delay: 1),
          ]),
      ],
      cores: [
        PlacedCore(layer: 0, firstNeuron: 0, neuronCount: 1, column: 0, row: 0),
        PlacedCore(layer: 1, firstNeuron: 0, neuronCount: 1, column: 2, row: 1),
      ])
    try model.validate()
    var chip = ReferenceAccelerator(model)
    chip.isRecording = true
    let result = chip.infer(SpikeTrains(sources: 1, steps: [[0], [0], [], []]))
    #expect(chip.record.map(\.layers[0].spikes) == [[0], [0], [], []])
    // 3; 6, fires; 2 + 5 - 2 = 5, fires; 1 + 5 - 2 = 4, which is not above 4.
    #expect(chip.record.map(\.layers[1].spikes) == [[], [0], [0], []])
    #expect(chip.record.map(\.layers[1].potentials) == [[3], [2], [1], [4]])
    #expect(result == Inference(scores: [2], inputSpikes: 2, layerSpikes: [2, 2]))
    // Two spikes of the input to two cores, two of each layer to the second core.
    let first = counts([
      .synapticOperation: 2, .neuronAccess: 4, .neuronUpdate: 2, .spike: 2, .message: 2,
      .hopHorizontal: 4, .hopVertical: 2,
    ])
    let second = counts([
      .synapticOperation: 6, .neuronAccess: 4, .neuronUpdate: 4, .spike: 2, .message: 2,
    ])
    #expect(chip.coreCounts == [first, second])
    #expect(
      chip.inferenceCounts
        == counts([
          .synapticOperation: 8, .neuronAccess: 8, .neuronUpdate: 6, .spike: 4, .message: 8,
          .hopHorizontal: 8, .hopVertical: 4, .step: 6,
        ]))
    // A message; then 1112 = access, update, spike and message, on one core or the other.
    #expect(chip.inferencePicoseconds == 60 + 4 * 1112 + 1100 + 6 * 10_000)
  }

  @Test func `a convolution over two cores and a pooled sum`() throws {
    let kernel = ConvolutionShape(
      height: 3, width: 3, inputChannels: 1, outputChannels: 1, kernelHeight: 2, kernelWidth: 2,
      stride: 1, padding: 0)
    let model = SmallModels.model(
      "planes", steps: 2, inputs: 9,
      layers: [
        SmallModels.layer(
          "plane", SmallModels.spiking(decay: 4096, threshold: 100), size: 4,
          [SmallModels.fixed(9, [1, 2, 3, 4], .convolution(kernel))]),
        SmallModels.layer(
          "sum", SmallModels.spiking(decay: 4096, threshold: 100), size: 1,
          [
            SmallModels.fixed(
              9, [7], .oneToOne,
              pooling: SourcePooling(height: 3, width: 3, channels: 1, window: 2))
          ]),
      ],
      cores: [
        PlacedCore(layer: 0, firstNeuron: 0, neuronCount: 1, column: 0, row: 0),
        PlacedCore(layer: 0, firstNeuron: 1, neuronCount: 3, column: 0, row: 0),
        PlacedCore(layer: 1, firstNeuron: 0, neuronCount: 1, column: 0, row: 1),
      ])
    try model.validate()
    var chip = ReferenceAccelerator(model)
    chip.isRecording = true
    _ = chip.infer(SpikeTrains(sources: 9, steps: [[4], [0, 1, 8]]))
    // The centre reaches all four; corners 0 and 8 one; 1 the two above it. Windows: 0, 1 and 4 are
    // in the only whole one, 8 is dropped.
    #expect(chip.record.map(\.layers[0].potentials) == [[4, 3, 2, 1], [7, 4, 2, 5]])
    #expect(chip.record.map(\.layers[1].potentials) == [[7], [21]])
    let operations = chip.coreCounts.map { $0[EventKind.convolutionOperation.rawValue] }
    #expect(operations == [3, 5, 3])
    #expect(chip.inferenceCounts[EventKind.message.rawValue] == 3 + 2 + 3 + 1)
    #expect(chip.inferenceCounts[EventKind.hopVertical.rawValue] == 3)
  }

  @Test func `pair STDP`() throws {
    // Products are whole steps, so that no draw decides.
    let rule = PairSTDPProgram(
      preDecay: 2048, postDecay: 2048, impulse: 4096, potentiation: 32, depression: 32,
      preTarget: 2048)
    let model = SmallModels.model(
      "pairs", steps: 2, inputs: 2,
      layers: [
        SmallModels.layer(
          "output", SmallModels.spiking(decay: 0, threshold: 3, reset: .hard), size: 1,
          [SmallModels.plastic(2, [1000, 900], .pairSTDP(rule), bounds: -500...1001)])
      ])
    try model.validate()
    var chip = ReferenceAccelerator(model)
    chip.isRecording = true
    let result = chip.learn([255, 0], sample: 0, label: nil, seed: 1, ordinal: 0)
    #expect(result == Inference(scores: [2], inputSpikes: 2, layerSpikes: [2]))
    #expect(chip.record.map(\.plastic[0].traces) == [[[4096, 0], [4096]], [[6144, 0], [6144]]])
    // +1 and -1; then -1 + 2, cut at 1001, and -1.
    #expect(chip.record.map(\.plastic[0].weights) == [[1001, 899], [1001, 898]])
    #expect(chip.saturations == 1)
    #expect(
      chip.learningCounts
        == counts([
          .synapticOperation: 2, .neuronAccess: 2, .neuronUpdate: 2, .spike: 2, .message: 2,
          .step: 3, .traceUpdate: 5, .learningOperation: 6, .weightRead: 6, .weightWrite: 5,
        ]))
    // A message; then neuron, two traces, three visits of which two write, beside a message; then
    // three traces and three visits that write.
    #expect(
      chip.learningPicoseconds
        == 60 + (1107 + 60 + 300 + 160) + (1107 + 90 + 300 + 240) + 3 * 10_000)
  }

  @Test func `spike-driven plasticity`() throws {
    let rule = SDSPProgram(
      potentialThreshold: 2, activityMin: 0, activityMaxUp: 2, activityMaxDown: 8,
      activityLeakSteps: 2, probability: 65_536)
    let model = SmallModels.model(
      "driven", steps: 4, inputs: 2,
      arithmetic: SmallModels.arithmetic(learningWeightBits: 8),
      layers: [
        SmallModels.layer(
          "output", SmallModels.spiking(decay: 4096, threshold: 5), size: 1,
          [SmallModels.plastic(2, [512, 1024], .sdsp(rule), bounds: 0...2048)])
      ])
    try model.validate()
    var chip = ReferenceAccelerator(model)
    chip.isRecording = true
    let result = chip.learn([255, 255], sample: 0, label: nil, seed: 1, ordinal: 0)
    #expect(result == Inference(scores: [3], inputSpikes: 8, layerSpikes: [3]))
    // 6 fires; 1 + 4 = 5 does not; 5 + 6 = 11 fires; 6 + 8 = 14 fires.
    #expect(chip.record.map(\.layers[0].potentials) == [[1], [5], [6], [9]])
    // It falls in the third step and rises at each spike.
    #expect(chip.record.map(\.plastic[0].postTraces) == [[1], [1], [1], [2]])
    #expect(
      chip.record.map(\.plastic[0].weights) == [
        [256, 768], [512, 1024], [768, 1280], [1024, 1536],
      ])
    #expect(chip.learningCounts[EventKind.traceUpdate.rawValue] == 4)
    #expect(chip.learningCounts[EventKind.learningOperation.rawValue] == 8)
    #expect(chip.learningCounts[EventKind.weightRead.rawValue] == 8)
    #expect(chip.learningCounts[EventKind.weightWrite.rawValue] == 8)
  }

  @Test func `three-factor learning with a mirrored readout`() throws {
    func rule(shift: Int32, limit: Int32, gain: Int32) -> PlasticityProgram {
      .threeFactor(
        ThreeFactorProgram(
          preDecay: 0, postDecay: 0, impulse: 4096, preFactor: 64, postFactor: 0,
          signalShift: shift, signalLimit: limit, gain: gain))
    }
    let model = SmallModels.model(
      "factors", steps: 1, inputs: 1,
      layers: [
        SmallModels.layer(
          "hidden",
          SmallModels.spiking(
            decay: 4096, threshold: 10, reset: .none,
            psi: .init(multiplier: NeuronValues(16), shift: 0)), size: 1,
          [SmallModels.plastic(1, [3072], rule(shift: 13, limit: 500, gain: 1 << 18))]),
        SmallModels.layer(
          "readout", SmallModels.readout(decay: 4096), size: 2, phase: 2,
          [
            SmallModels.plastic(
              from: 0, 1, [512, -512], rule(shift: 14, limit: 1000, gain: 1 << 20))
          ]),
      ])
    try model.validate()
    var chip = ReferenceAccelerator(model)
    chip.isRecording = true
    let result = chip.learn([255], sample: 0, label: 1, seed: 1, ordinal: 0)
    #expect(result == Inference(scores: [2, -2], inputSpikes: 1, layerSpikes: [1, 0]))
    // Logits 0 and 64, powers 65536 and 4096: probabilities 241 and 15 of 256.
    #expect(chip.record[0].errors == [241, -241])
    // 12 is 2 above the threshold: (10 - 2) * 16.
    #expect(chip.record[0].layers[0].psi == [128])
    // E = 2 * 241 + 2 * 241 = 964, times 128 * 64 / 2^13: clipped to 500.
    #expect(chip.record[0].plastic.map(\.sums) == [[2_048_000], [987_136, -987_136]])
    #expect(chip.saturations == 1)
    #expect(chip.learnedState == [[2947], [271, -271]])
    #expect(
      chip.learningCounts
        == counts([
          .synapticOperation: 3, .neuronAccess: 3, .neuronUpdate: 3, .spike: 1, .message: 2,
          .hopHorizontal: 3, .step: 5, .errorMessage: 2, .feedbackOperation: 2, .traceUpdate: 3,
          .learningOperation: 10, .weightRead: 5, .weightWrite: 5,
        ]))
    // A message; the hidden neuron; the readout with its errors, trace and products; the hidden
    // traces, product and mirrored products; weights: one of its own and two mirrored.
    #expect(chip.learningPicoseconds == 60 + 1112 + 2316 + 180 + 540 + 5 * 10_000)
  }
}
