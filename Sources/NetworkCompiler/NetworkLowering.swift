import CompiledModel
import SpikingNetwork

/// A layer in the chip's integers, not yet on cores.
struct LoweredLayer {
  var compiled: CompiledLayer
  var roundingError: Double
  /// Classes whose mirrored weights a learning layer below the readout holds.
  var mirroredClasses: Int
  /// Whether those mirrored weights learn.
  var mirrorLearns: Bool
}

/// Turns the layers of a chain into the chip's integers and notes which rules they break.
struct NetworkLowering {
  let network: SpikingNetwork
  let chip: Chip
  let chain: LayerChain
  private(set) var violations: [DesignViolation] = []

  init(network: SpikingNetwork, chip: Chip, chain: LayerChain) {
    self.network = network
    self.chip = chip
    self.chain = chain
  }

  var input: CompiledModel.InputProgram {
    switch network.encoder {
    case .bernoulli(let seed): .bernoulli(seed: seed)
    }
  }

  mutating func layers() -> [LoweredLayer] {
    var quantised: [QuantisedWeights] = []
    for link in chain.links {
      checkReset(link.population)
      quantised.append(quantise(link))
    }
    var layers: [LoweredLayer] = []
    for (index, link) in chain.links.enumerated() {
      let weights = quantised[index]
      let neurons = neuronProgram(link.population, exponent: weights.exponent)
      var lowered = LoweredLayer(
        compiled: CompiledLayer(
          name: link.population.name, neurons: neurons, size: link.population.size,
          connection: CompiledConnection(
            source: index == 0 ? nil : index - 1, sourceSize: weights.sourceSize,
            exponent: Int32(weights.exponent), weights: .fixed(weights.inference)),
          phase: index),
        roundingError: weights.roundingError, mirroredClasses: 0, mirrorLearns: false)
      if let plastic = plasticity(index, neurons: neurons, quantised: quantised) {
        lowered.compiled.connection.weights = .plastic(
          weights.learning, plastic, bounds: weights.bounds)
        if case .threeFactor = plastic, index + 1 < chain.links.count {
          lowered.mirroredClasses = chain.links[index + 1].population.size
          lowered.mirrorLearns = chain.links[index + 1].projection.plasticity != nil
        }
      }
      checkAlive(lowered.compiled)
      layers.append(lowered)
    }
    return layers
  }

  mutating func refuse(
    _ layer: String, _ rule: DesignRule, limit: String, need: String, cure: String
  ) {
    violations.append(
      DesignViolation(layer: layer, rule: rule, limit: limit, need: need, cure: cure))
  }

  private mutating func checkReset(_ population: Population) {
    guard case .lif(let lif) = population.model, lif.reset != .hard, !chip.features.softReset
    else { return }
    refuse(
      population.name, .resetMode, limit: "hard reset", need: "reset `\(lif.reset.rawValue)`",
      cure: "train with a hard reset, or choose a chip with soft reset")
  }

  private mutating func quantise(_ link: LayerChain.Link) -> QuantisedWeights {
    let weights = QuantisedWeights(link, chip: chip)
    if weights.exponent > QuantisedWeights.exponents.upperBound {
      let limit = Double(weights.weightLimit * (1 << QuantisedWeights.exponents.upperBound))
      refuse(
        link.population.name, .weightRange, limit: "\(limit)", need: "\(weights.largest)",
        cure: "scale weights and threshold down together")
    }
    if let outside = weights.outsideBounds {
      refuse(
        link.population.name, .weightRange, limit: outside.limit, need: "\(outside.found)",
        cure: "start with weights within the bounds of the rule")
    }
    return weights
  }

  private mutating func neuronProgram(_ population: Population, exponent: Int) -> NeuronProgram {
    let unit = Double(
      sign: .plus, exponent: Int(ChipArithmetic.inputShift) - exponent, significand: 1)
    switch population.model {
    case .lif(let lif):
      let decay = lif.decay(timeStep: network.timeStep)
      let threshold = lif.vThreshold * unit
      if threshold.rounded() < 1 {
        refuse(
          population.name, .potentialRange, limit: "a threshold of at least \(1 / unit)",
          need: "\(lif.vThreshold)", cure: "scale weights and threshold to the same order")
      }
      return .spiking(
        SpikingProgram(
          decay: Self.decay(decay),
          bias: potential(lif.vLeak * (1 - decay), unit, population.name, "bias"),
          threshold: max(1, potential(lif.vThreshold, unit, population.name, "threshold")),
          reset: Self.reset(lif.reset),
          resetPotential: potential(lif.vReset, unit, population.name, "reset potential"),
          refractorySteps: Int32(min(4096, (lif.refractory / network.timeStep).rounded()))))
    case .leakyIntegrator(let integrator):
      let decay = integrator.decay(timeStep: network.timeStep)
      // Base-2 logits in 1/16: 16 * log2(e) for each unit of the natural logit.
      let logit = ScaledInteger(16 / NaturalExponential.logarithm(2) / unit)
      return .readout(
        ReadoutProgram(
          decay: Self.decay(decay),
          bias: potential(integrator.vLeak * (1 - decay), unit, population.name, "bias"),
          logitMultiplier: logit.multiplier, logitShift: logit.shift))
    case .input:
      preconditionFailure("the input `\(population.name)` has no neurons")
    }
  }

  private mutating func potential(
    _ value: Double, _ unit: Double, _ layer: String, _ what: String
  ) -> Int32 {
    let scaled = (value * unit).rounded()
    let limit = Double(ChipArithmetic.potentialLimit)
    guard abs(scaled) <= limit else {
      refuse(
        layer, .potentialRange, limit: "a \(what) of at most \(limit / unit)", need: "\(value)",
        cure: "scale weights and potentials to the same order")
      return 0
    }
    return Int32(scaled)
  }

  /// The best case: every source spikes in every step and all negative weights stay silent.
  private mutating func checkAlive(_ layer: CompiledLayer) {
    guard case .spiking(let program) = layer.neurons else { return }
    let weights = layer.connection.inferenceWeights
    var drives = [Int32](repeating: 0, count: layer.size)
    for source in 0..<layer.connection.sourceSize {
      for target in 0..<layer.size {
        drives[target] += max(0, Int32(weights[source * layer.size + target]))
      }
    }
    let largest = Int64(drives.max() ?? 0) << Int64(ChipArithmetic.inputShift)
    let limit = Int64(ChipArithmetic.potentialLimit)
    var potential: Int64 = 0
    var peak: Int64 = 0
    for _ in 0..<network.steps {
      let kept = ChipArithmetic.decayed(Int32(potential), by: program.decay)
      potential = max(-limit, min(limit, Int64(kept) + largest + Int64(program.bias)))
      peak = max(peak, potential)
    }
    guard peak <= Int64(program.threshold) else { return }
    refuse(
      layer.name, .deadLayer, limit: "a potential above the threshold \(program.threshold)",
      need: "at most \(peak) with every source spiking",
      cure: "raise the weights, lower the threshold, or show samples for more steps")
  }

  static func decay(_ factor: Double) -> Int32 {
    Int32((factor * Double(ChipArithmetic.decayOne)).rounded())
  }

  private static func reset(_ mode: ResetMode) -> SpikingProgram.Reset {
    switch mode {
    case .none: .none
    case .soft: .soft
    case .hard: .hard
    }
  }
}
