import CompiledModel

extension GoldenCase {
  /// Last layers that learn by weights of one bit.
  static let edge: [GoldenCase] = [edgeLearning, edgeLearningOnCores]

  /// Three sources, two classes of two neurons: one that is fully plastic, one that is at its
  /// least, two whose strengths tie.
  private static var edgeLearning: GoldenCase {
    let program = EdgeLearningProgram(
      activeSpikes: 2, plasticityDecay: 16_384, plasticityMin: 3000, competition: 655)
    var layer = SmallModels.layer(
      "output", readout(neuronsPerClass: 2), size: 4,
      [
        edge(
          6,
          [
            1, 0, 0, 1, 1, 1, 0, 1, 0, 1, 1, 0, 0, 0, 1, 0, 1, 1, 1, 1, 0, 0, 0, 0,
          ], program)
      ])
    layer.plasticities = [32_767, 32_767, 3000, 16_384]
    return GoldenCase(
      SmallModels.model("edge-learning", steps: 5, inputs: 6, layers: [layer]),
      [
        .learnt(0, [255, 255, 255, 0, 0, 0], label: 0),
        .learnt(1, [0, 0, 100, 255, 255, 180], label: 1),
        .learnt(2, [0, 255, 0, 255, 0, 255], label: 0), .learnt(3, [9, 9, 9, 9, 9, 9], label: nil),
        .learnt(4, [255, 0, 255, 0, 255, 0], label: 1),
        .shown([[0, 1], [2], [], [3, 4, 5], [0, 5]]), .learnt(5, [0, 0, 0, 0, 0, 0], label: 1),
      ])
  }

  /// Behind a layer that spikes, one step late, with a class whose neurons lie on three cores.
  private static var edgeLearningOnCores: GoldenCase {
    let program = EdgeLearningProgram(
      activeSpikes: 1, plasticityDecay: 6554, plasticityMin: 0, competition: 0)
    let hidden = SmallModels.layer(
      "hidden", SmallModels.spiking(decay: 3686, threshold: 60), size: 4,
      [SmallModels.fixed(3, [70, 0, 40, 10, 0, 70, 40, -30, 30, 30, 0, 90])])
    var layer = SmallModels.layer(
      "output", readout(neuronsPerClass: 3), size: 6, phase: 2,
      [
        edge(
          from: 0, 4,
          [
            1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0, 1, 1, 0, 0, 0, 0, 1, 0, 1,
          ], program, delay: 1)
      ])
    layer.plasticities = [20_000, 10_000, 32_767, 0, 32_767, 9830]
    let cores = [
      PlacedCore(layer: 0, firstNeuron: 0, neuronCount: 4, column: 0, row: 0),
      PlacedCore(layer: 1, firstNeuron: 0, neuronCount: 1, column: 1, row: 0),
      PlacedCore(layer: 1, firstNeuron: 1, neuronCount: 1, column: 0, row: 2),
      PlacedCore(layer: 1, firstNeuron: 2, neuronCount: 3, column: 2, row: 1),
      PlacedCore(layer: 1, firstNeuron: 5, neuronCount: 1, column: 3, row: 3),
    ]
    return GoldenCase(
      SmallModels.model(
        "edge-learning-on-cores", steps: 6, inputs: 3, layers: [hidden, layer], cores: cores),
      [
        .learnt(0, [255, 128, 0], label: 0), .learnt(1, [0, 200, 255], label: 1),
        .learnt(2, [255, 255, 255], label: 0), .learnt(3, [200, 90, 20], label: nil),
        .shown([[0], [0, 1], [], [1, 2], [2], [0, 1, 2]]), .learnt(4, [0, 255, 0], label: 1),
        .learnt(5, [255, 255, 0], label: 1), .learnt(6, [0, 255, 255], label: 0),
      ])
  }

  private static func readout(neuronsPerClass: Int32) -> NeuronProgram {
    .readout(
      ReadoutProgram(
        membrane: MembraneProgram(decay: 0), logitMultiplier: 16, logitShift: 0,
        neuronsPerClass: neuronsPerClass))
  }

  private static func edge(
    from source: Int? = nil, _ sources: Int, _ bits: [Int16], _ program: EdgeLearningProgram,
    delay: Int = 0
  ) -> CompiledConnection {
    SmallModels.plastic(
      from: source, sources, bits.map { $0 * EdgeLearningProgram.weight }, .edge(program),
      bounds: 0...EdgeLearningProgram.weight, delay: delay)
  }
}
