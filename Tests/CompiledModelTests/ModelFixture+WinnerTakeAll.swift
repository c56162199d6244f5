import CompiledModel

extension ModelFixture {
  /// Neurons that compete, keep their balance and stand for classes: 2 channels, 3 neurons on two
  /// cores, 2 classes.
  static var winnerTakeAllModel: CompiledModel {
    let rule = PairSTDPProgram(
      preDecay: 3000, postDecay: 3100, impulse: 300, potentiation: 400, depression: 500)
    let neurons = SpikingProgram(
      membrane: MembraneProgram(decay: 3686), threshold: NeuronValues(4096), reset: .hard,
      competition: .init(inhibition: 900),
      homeostasis: .init(impulse: 13, decay: 42_950, shift: 5, rises: [7, 0, 300]))
    return model(
      inputs: 2,
      layers: [
        CompiledLayer(
          name: "out", neurons: .spiking(neurons), size: 3, exponent: -7,
          connections: [
            CompiledConnection(
              source: nil, sourceSize: 2,
              weights: .plastic([0, 300, 500, 700, 900, 1100], .pairSTDP(rule), bounds: 0...32000),
              normalisation: 1500)
          ],
          phase: 1, assignment: ClassAssignment(classes: 2, counts: [1, 2, 0, 0, 5, 32_767]))
      ], coreNeurons: 2)
  }
}
