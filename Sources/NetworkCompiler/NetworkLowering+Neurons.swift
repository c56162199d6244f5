import CompiledModel
import SpikingNetwork

extension NetworkLowering {
  /// By how much the chip's potentials of a population lie below the description's.
  ///
  /// A sample starts at rest, which is zero on the chip: counted from `vLeak`, a potential needs no
  /// bias and starts where it should. Not where a soft reset takes the threshold off, counted from
  /// zero, nor where learning measures potentials by it.
  func offset(of node: PopulationGraph.Node) -> Double {
    let model = node.population.model
    let leak = model.dynamics(timeStep: network.timeStep).leak
    guard let threshold = model.threshold, let reset = model.afterSpike?.reset else { return leak }
    return reset == .soft || threshold <= leak || learnsByErrors(node) ? 0 : leak
  }

  private func learnsByErrors(_ node: PopulationGraph.Node) -> Bool {
    node.edges.contains {
      if case .threeFactor = projection($0).plasticity { return true }
      return false
    }
  }

  /// The neurons of a population in the units of its layer's potential.
  mutating func neuronProgram(
    of node: PopulationGraph.Node, units: LayerUnits, drive: DriveEstimate
  ) -> NeuronProgram {
    let population = node.population
    let fine = Double(1 << chip.arithmetic.inputShift)
    let potentials = PotentialUnits(
      scales: units.scales.map { $0 / fine }, size: population.size,
      limit: chip.arithmetic.potentialLimit)
    let offset = offset(of: node)
    let membrane = membrane(of: population, offset: offset, potentials, drive: drive)
    guard let threshold = population.model.threshold,
      let (reset, refractory, vReset) = population.model.afterSpike
    else {
      // Base-2 logits in 1/16: 16 * log2(e) for each unit of the natural logit.
      let logit = ScaledInteger(
        16 / NaturalExponential.logarithm(2) * units.scales[0] / fine)
      return .readout(
        ReadoutProgram(
          membrane: membrane, logitMultiplier: logit.multiplier, logitShift: logit.shift,
          neuronsPerClass: Int32(edgeLearning(into: node)?.neuronsPerClass ?? 1)))
    }
    let thresholds = values(threshold - offset, potentials, population.name, "threshold")
    if let smallest = thresholds.values.min(), smallest < 1 {
      let largest = potentials.scales.max() ?? 0
      refuse(
        population.name, .potentialRange,
        limit: "a threshold of at least \(ShortNumber.text(largest, .up))",
        need: ShortNumber.text(threshold, .down),
        cure: "scale weights and threshold to the same order")
    }
    var program = SpikingProgram(
      membrane: membrane, threshold: thresholds, reset: population.model.resetOnChip,
      resetPotential: reset == .hard
        ? values(vReset - offset, potentials, population.name, "reset potential") : NeuronValues(0),
      refractorySteps: Int32(min(4096, (refractory / network.timeStep).rounded())))
    if case .adaptiveLIF(let adaptive) = population.model {
      program.adaptation = adaptation(adaptive, potentials, population.name)
    }
    if learnsByErrors(node) { program.pseudoDerivative = Self.pseudoDerivative(thresholds) }
    program.competition = competition(node, units: units)
    program.homeostasis = homeostasis(node, units: units)
    return .spiking(program)
  }

  private mutating func membrane(
    of population: Population, offset: Double, _ potentials: PotentialUnits, drive: DriveEstimate
  ) -> MembraneProgram {
    let (decay, current, rest) = population.model.dynamics(timeStep: network.timeStep)
    // Added to the potential itself, behind a current: what a leak to `vLeak` adds in a step.
    let leak = rest - offset
    let bias = leak * (1 - decay)
    let values = values(bias, potentials, population.name, "bias")
    guard options.roundingLossCorrection else {
      return MembraneProgram(
        decay: DecayLowering.decay(decay), currentDecay: current.map { DecayLowering.decay($0) },
        bias: values)
    }
    let threshold = population.model.threshold.map { $0 - offset }
    let gains = DriveEstimate.gains(decay: decay, currentDecay: current, steps: network.steps)
    let settled = potentials.typical { neuron in
      // A potential with a positive drive lies anywhere between rest and threshold.
      let mean = drive.mean[neuron] * gains.sum + leak
      let highest = threshold.map { min(mean, $0 / 3.0.squareRoot()) } ?? mean
      return highest * highest + drive.variance[neuron] * gains.squares
    }
    var currentDecay: Int32?
    if let current {
      let gains = DriveEstimate.gains(decay: current, currentDecay: nil, steps: network.steps)
      let typical = potentials.typical { neuron in
        let mean = drive.mean[neuron] * gains.sum
        return mean * mean + drive.variance[neuron] * gains.squares
      }
      currentDecay = DecayLowering.decay(current, typical: typical)
    }
    return MembraneProgram(
      decay: DecayLowering.decay(decay, typical: settled), currentDecay: currentDecay,
      bias: values)
  }

  private mutating func adaptation(
    _ adaptive: AdaptiveLIFParameters, _ potentials: PotentialUnits, _ name: String
  ) -> SpikingProgram.Adaptation {
    let decay = adaptive.adaptationDecay(timeStep: network.timeStep)
    let impulse = values(adaptive.beta, potentials, name, "rise of the threshold")
    guard options.roundingLossCorrection else {
      return SpikingProgram.Adaptation(decay: DecayLowering.decay(decay), impulse: impulse)
    }
    let gains = DriveEstimate.gains(decay: decay, currentDecay: nil, steps: network.steps)
    let typical = potentials.typical { neuron in
      let spikes = options.rates?.spikes(of: name, neuron: neuron)
      let rate = min(1, spikes.map { $0 / Double(network.steps) } ?? SpikeRates.assumed)
      let mean = adaptive.beta * rate * gains.sum
      return mean * mean + adaptive.beta * adaptive.beta * rate * (1 - rate) * gains.squares
    }
    return SpikingProgram.Adaptation(
      decay: DecayLowering.decay(decay, typical: typical), impulse: impulse)
  }

  /// A value in the potential's units for each neuron.
  private mutating func values(
    _ value: Double, _ potentials: PotentialUnits, _ layer: String, _ what: String
  ) -> NeuronValues {
    guard let finest = potentials.scales.min(),
      abs((value / finest).rounded()) <= Double(potentials.limit)
    else {
      let most = Double(potentials.limit) * (potentials.scales.min() ?? 0)
      refuse(
        layer, .potentialRange, limit: "a \(what) of at most \(ShortNumber.text(most, .down))",
        need: ShortNumber.text(value, .up),
        cure: "scale weights and potentials to the same order")
      return NeuronValues(0)
    }
    let groups = potentials.scales.map { Int32((value / $0).rounded()) }
    if groups.count == 1 || groups.allSatisfy({ $0 == groups[0] }) {
      return NeuronValues(groups[0])
    }
    return NeuronValues(each: (0..<potentials.size).map { groups[$0 % groups.count] })
  }

  /// A height of one at the threshold that falls to nothing a threshold away.
  private static func pseudoDerivative(
    _ thresholds: NeuronValues
  ) -> SpikingProgram.PseudoDerivative {
    let one = Double(ChipArithmetic.fractionOne)
    // All share the shift of the largest multiplier.
    let lowest = max(1, thresholds.values.min() ?? 1)
    let shared = ScaledInteger(one / Double(lowest), shiftMax: 40)
    let scale = Double(sign: .plus, exponent: Int(shared.shift), significand: 1)
    let multipliers = thresholds.values.map {
      Int32(min(65535, (one / Double(max(1, $0)) * scale).rounded()))
    }
    return SpikingProgram.PseudoDerivative(
      multiplier: NeuronValues(each: multipliers), shift: shared.shift)
  }
}

/// What one unit of each neuron's potential stands for.
private struct PotentialUnits {
  /// By group, neuron j in group `j % scales.count`.
  let scales: [Double]
  let size: Int
  let limit: Int32

  /// Mean over neurons of the root of a mean square that is given in the network's units.
  func typical(_ square: (_ neuron: Int) -> Double) -> Double {
    var sum = 0.0
    for neuron in 0..<size { sum += square(neuron).squareRoot() / scales[neuron % scales.count] }
    return sum / Double(size)
  }
}

extension NeuronModel {
  fileprivate var resetOnChip: SpikingProgram.Reset {
    switch afterSpike?.reset {
    case .soft: .soft
    case .hard: .hard
    case ResetMode.none?, nil: .none
    }
  }
}
