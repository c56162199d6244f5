extension CompiledModel {
  /// Largest pseudo-derivative, one.
  private static let pseudoDerivativeMax = Int(ChipArithmetic.fractionOne)

  func validateNeurons(of index: Int, _ path: FieldPath) throws(ModelError) {
    let layer = layers[index]
    let limit = arithmetic.potentialLimit
    let decays = 0...ChipArithmetic.decayOne
    let membrane = layer.neurons.membrane
    try path.range(membrane.decay, decays, "decay")
    if let decay = membrane.currentDecay { try path.range(decay, decays, "current decay") }
    try path.range(membrane.bias, size: layer.size, -limit...limit, "bias")
    switch layer.neurons {
    case .readout(let program):
      try path.require(
        index == layers.count - 1, "model", "a readout", "spiking before the last layer")
      try path.range(program.logitMultiplier, 0...65535, "logit multiplier")
      try path.range(program.logitShift, 0...47, "logit shift")
    case .spiking(let program):
      try path.range(program.threshold, size: layer.size, 1...limit, "threshold")
      try path.range(program.resetPotential, size: layer.size, -limit...limit, "reset potential")
      try path.range(program.refractorySteps, 0...4096, "refractory")
      if let adaptation = program.adaptation {
        try path.range(adaptation.decay, decays, "adaptation.decay")
        try path.range(adaptation.impulse, size: layer.size, 0...limit, "adaptation.impulse")
      }
      let isNeeded = layer.connections.contains { $0.plasticity?.isLocal == false }
      try path.require(
        (program.pseudoDerivative != nil) == isNeeded, "psi",
        isNeeded ? "missing" : "present", "present just where three-factor learning needs it")
      if let derivative = program.pseudoDerivative {
        try validate(derivative, program.threshold, size: layer.size, path)
      }
    }
  }

  private func validate(
    _ derivative: SpikingProgram.PseudoDerivative, _ threshold: NeuronValues, size: Int,
    _ path: FieldPath
  ) throws(ModelError) {
    try path.range(derivative.multiplier, size: size, 0...65535, "psi.multiplier")
    try path.range(derivative.shift, 0...40, "psi.shift")
    let isShared = derivative.multiplier.isShared && threshold.isShared
    for neuron in 0..<(isShared ? 1 : size) {
      let product = Int(threshold[neuron]) * Int(derivative.multiplier[neuron])
      try path.range(product >> Int(derivative.shift), 0...Self.pseudoDerivativeMax, "psi")
    }
  }
}
