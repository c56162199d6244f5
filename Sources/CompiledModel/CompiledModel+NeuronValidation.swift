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
      if let competition = program.competition {
        try path.range(competition.inhibition, 0...limit, "competition.inhibition")
      }
      if let homeostasis = program.homeostasis {
        try validate(homeostasis, size: layer.size, path.at("homeostasis"))
      }
    }
  }

  private func validate(
    _ homeostasis: SpikingProgram.Homeostasis, size: Int, _ path: FieldPath
  ) throws(ModelError) {
    try path.range(homeostasis.impulse, 0...Int32(Int16.max), "impulse")
    try path.range(homeostasis.decay, 0...Int32.max, "decay")
    // Rises stay within 32 bits beside thresholds and potentials.
    try path.range(homeostasis.shift, 0...8, "shift")
    try path.require(
      homeostasis.rises.count == size, "rises", homeostasis.rises.count, "\(size)")
    try path.require(
      homeostasis.rises.allSatisfy { $0 >= 0 }, "rises", "a negative rise", "from 0")
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
