package import CompiledModel

/// What NeuroBench charges for neurons.
extension ChipMetrics {
  /// Names of the layers whose neurons no neuron of NeuroBench's table computes.
  package static func layersWithoutCounterpart(in model: CompiledModel) -> [String] {
    model.layers.filter { operationsOfUpdate(of: $0.neurons) == nil }.map(\.name)
  }

  /// Operations by layer's updates of a sample; nil where a layer has no counterpart.
  static func neuronOperations(
    of model: CompiledModel, updates: [Double]
  ) -> NeuronOperations? {
    var operations = NeuronOperations(effective: 0, dense: 0)
    for (layer, updates) in zip(model.layers, updates) {
      guard let price = operationsOfUpdate(of: layer.neurons) else { return nil }
      operations.effective += updates * Double(price)
      operations.dense += Double(layer.size * model.steps * price)
    }
    return operations
  }

  /// Operations of an update by NeuroBench's table, which knows snnTorch's `Leaky` (4 with any
  /// reset) and, for neurons with a current, `Synaptic` (6 with a soft reset, 8 with one to zero).
  ///
  /// Neither adapts, is refractory, or resets to another potential than zero.
  private static func operationsOfUpdate(of neurons: NeuronProgram) -> Int? {
    let hasCurrent = neurons.membrane.currentDecay != nil
    guard case .spiking(let program) = neurons else { return hasCurrent ? 6 : 4 }
    guard program.adaptation == nil, program.refractorySteps == 0 else { return nil }
    switch program.reset {
    case .none: return nil
    case .soft: return hasCurrent ? 6 : 4
    case .hard:
      guard program.resetPotential.values.allSatisfy({ $0 == 0 }) else { return nil }
      return hasCurrent ? 8 : 4
    }
  }
}
