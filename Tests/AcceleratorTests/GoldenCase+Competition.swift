import CompiledModel

extension GoldenCase {
  /// Winner-take-all and what goes with it, in parts and all together.
  static let competition: [GoldenCase] = [
    winnerTakeAll, homeostasis, normalisation, winnerTakeAllSTDP,
  ]

  private static let lessons: [Sample] = [
    .learnt(0, [255, 128, 0], label: 0), .learnt(1, [0, 200, 255], label: 1),
    .learnt(2, [255, 255, 255], label: 2), .assigned(3, [200, 90, 20], label: 0),
    .shown([[0], [0, 1], [], [1, 2], [2], [0, 1, 2]]), .learnt(4, [0, 255, 0], label: nil),
  ]

  private static let pairs = PlasticityProgram.pairSTDP(
    PairSTDPProgram(
      preDecay: 3896, postDecay: 3000, impulse: 1024, potentiation: 9000, depression: 3000))

  /// Four neurons on three cores that lie apart.
  private static let cores = [
    PlacedCore(layer: 0, firstNeuron: 0, neuronCount: 1, column: 1, row: 0),
    PlacedCore(layer: 0, firstNeuron: 1, neuronCount: 2, column: 0, row: 2),
    PlacedCore(layer: 0, firstNeuron: 3, neuronCount: 1, column: 2, row: 1),
  ]

  /// Neurons that adapt, of two of which the potentials tie, and inhibition that meets its limit.
  private static var winnerTakeAll: GoldenCase {
    let program = SpikingProgram(
      membrane: MembraneProgram(decay: 3686), threshold: NeuronValues(each: [40, 40, 60, 40]),
      reset: .soft, refractorySteps: 1,
      adaptation: .init(decay: 3500, impulse: NeuronValues(100)),
      competition: .init(inhibition: 100))
    return GoldenCase(
      SmallModels.model(
        "winner-take-all", steps: 8, inputs: 2,
        arithmetic: SmallModels.arithmetic(potentialBits: 8),
        layers: [
          SmallModels.layer(
            "output", .spiking(program), size: 4,
            [SmallModels.fixed(2, [70, 70, -30, 20, 25, 25, 80, 110])])
        ], cores: cores), [.shown(pattern), .shown(pattern.reversed())])
  }

  private static var homeostasis: GoldenCase {
    let program = SpikingProgram(
      membrane: MembraneProgram(decay: 3686), threshold: NeuronValues(10), reset: .hard,
      homeostasis: .init(impulse: 12_000, decay: 1 << 29, shift: 1, rises: [0, 3, 20_000, 25_000]))
    return GoldenCase(
      SmallModels.model(
        "homeostasis", steps: 6, inputs: 3,
        layers: [
          SmallModels.layer(
            "output", .spiking(program), size: 4,
            [SmallModels.fixed(3, [50, 40, 30, 20, 60, 10, 20, 30, 127, 127, 127, 127], shift: 7)])
        ], cores: cores),
      lessons.filter { sample in
        if case .assigned = sample { return false }
        return true
      })
  }

  /// One sum that cuts weights at their bound, one of nothing, and weights of 11 bits.
  private static var normalisation: GoldenCase {
    let weights: [Int16] = [0, 2048, 1024, 0, 512, 1536, 0, 4096, 512]
    var up = SmallModels.plastic(3, weights, pairs, bounds: 0...4096)
    up.normalisation = 9000
    var late = SmallModels.plastic(3, weights.reversed(), pairs, bounds: 0...4096, delay: 1)
    late.normalisation = 1000
    return GoldenCase(
      SmallModels.model(
        "normalisation", steps: 6, inputs: 3,
        arithmetic: SmallModels.arithmetic(learningWeightBits: 11),
        layers: [
          SmallModels.layer(
            "output", SmallModels.spiking(decay: 3686, threshold: 10, reset: .hard), size: 3,
            [up, late])
        ]),
      lessons.filter { sample in
        if case .assigned = sample { return false }
        return true
      })
  }

  /// Diehl and Cook's rule as a whole, counts of which one is at its limit.
  private static var winnerTakeAllSTDP: GoldenCase {
    let program = SpikingProgram(
      membrane: MembraneProgram(decay: 4055), threshold: NeuronValues(10), reset: .hard,
      resetPotential: NeuronValues(-2), refractorySteps: 1, competition: .init(inhibition: 30),
      homeostasis: .init(impulse: 3, decay: 1 << 28, shift: 0, rises: [0, 1, 2, 0]))
    var connection = SmallModels.plastic(
      3, [1500, 1000, 500, 2000, 700, 1200, 2500, 900, 1100, 1300, 600, 2200], pairs,
      bounds: 0...8000)
    connection.normalisation = 4500
    var layer = SmallModels.layer("output", .spiking(program), size: 4, [connection])
    layer.assignment = ClassAssignment(
      classes: 3, counts: [32_767, 5, 0, 0, 0, 0, 1, 2, 3, 0, 7, 0])
    return GoldenCase(
      SmallModels.model(
        "wta-stdp", steps: 6, inputs: 3, layers: [layer], cores: cores), lessons)
  }
}
