package import CompiledModel

/// Recorded integers of a chip in the quantities of the network that its model was compiled from.
extension SpikeRecording.NeuronState {
  /// The potential after the reset.
  package func potential(in model: CompiledModel) -> Double {
    let unit = model.potentialUnit(layer: layer, neuron: neuron)
    return model.layers[layer].units.rest + Double(potential) * unit
  }

  /// The synaptic current, where the layer has one.
  package func current(in model: CompiledModel) -> Double? {
    current.map { Double($0) * model.currentUnit(layer: layer, neuron: neuron) }
  }

  /// By how much the threshold lies above the one at rest, where it adapts.
  package func rise(in model: CompiledModel) -> Double? {
    rise.map { Double($0) * model.potentialUnit(layer: layer, neuron: neuron) }
  }
}

extension SpikeRecording.TraceState {
  /// A trace of spikes, to which each adds 1, one of the pseudo-derivative, whose height is 1, or
  /// an activity.
  package func value(in model: CompiledModel) -> Double {
    let unit: Double
    switch (model[connection].plasticity, side) {
    case (.threeFactor(let program), .presynaptic): unit = 1 / Double(program.impulse)
    case (.threeFactor, .postsynaptic): unit = 1 / Double(ChipArithmetic.fractionOne)
    case (.program(let program), let side):
      let trace = program.traces.first { $0.name.isPresynaptic == (side == .presynaptic) }
      if case .window? = trace?.fall { return value > 0 ? 1 : 0 }
      unit = 1 / Double(trace?.impulse ?? 1)
    case (.edge, .postsynaptic): unit = 1 / Double(EdgeLearningProgram.plasticityOne)
    case (.sdsp, _), (.edge, .presynaptic), (nil, _): unit = 1
    }
    return Double(value) * unit
  }
}

extension CompiledModel {
  /// Name of what a connection comes from.
  func sourceName(of index: ConnectionIndex) -> String {
    self[index].source.map { layers[$0].name } ?? ProbedPopulation.inputName
  }
}
