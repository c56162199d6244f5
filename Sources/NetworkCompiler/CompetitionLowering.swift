import CompiledModel
import SpikingNetwork

/// What neurons of a population do to each other, to their thresholds and with labels.
extension NetworkLowering {
  /// Rises of thresholds reach at least so many thresholds, if steps of them stay fine enough.
  private static let risesMax = 8.0
  /// Steps of a rise that a spike's should count.
  private static let impulseMin = 8.0

  /// Whether potentials of a population's neurons are compared or raised: all have one unit then.
  func sharesUnits(_ population: Population) -> Bool {
    population.competition != nil || population.homeostasis != nil
  }

  /// Units of the potential for one of the network.
  private func perUnit(_ units: LayerUnits) -> Double {
    Double(1 << chip.arithmetic.inputShift) / units.scales[0]
  }

  /// How far the threshold lies above rest, in units of the potential.
  private func threshold(_ node: PopulationGraph.Node, units: LayerUnits) -> Double {
    let rest = node.population.model.dynamics(timeStep: network.timeStep).leak
    return ((node.population.model.threshold ?? 0) - rest) * perUnit(units)
  }

  mutating func competition(
    _ node: PopulationGraph.Node, units: LayerUnits
  ) -> SpikingProgram.Competition? {
    guard let competition = node.population.competition else { return nil }
    let threshold = threshold(node, units: units)
    let inhibition = (competition.inhibition * threshold).rounded()
    let limit = Double(chip.arithmetic.potentialLimit)
    guard inhibition >= 0, inhibition <= limit else {
      refuse(
        node.population.name, .potentialRange,
        limit: "an inhibition of at most \(ShortNumber.text(limit / threshold, .down)) thresholds",
        need: ShortNumber.text(competition.inhibition, .up),
        cure: "inhibit by less, or use a chip with wider potentials")
      return nil
    }
    return SpikingProgram.Competition(inhibition: Int32(inhibition))
  }

  mutating func homeostasis(
    _ node: PopulationGraph.Node, units: LayerUnits
  ) -> SpikingProgram.Homeostasis? {
    guard let homeostasis = node.population.homeostasis else { return nil }
    let rise = homeostasis.thetaPlus * perUnit(units)
    let reach = min(
      Double(chip.arithmetic.potentialLimit), Self.risesMax * threshold(node, units: units))
    var shift: Int32 = 0
    while shift < 8, Double(Int(Int16.max) << Int(shift)) < reach,
      rise == 0 || rise / Double(2 << shift) >= Self.impulseMin
    {
      shift += 1
    }
    let impulse = (rise / Double(1 << shift)).rounded()
    let finest = 0.5 / perUnit(units)
    guard impulse <= Double(Int16.max), rise == 0 || impulse >= 1 else {
      let isCoarse = impulse < 1
      refuse(
        node.population.name, .potentialRange,
        limit: "a thetaPlus of at \(isCoarse ? "least" : "most") "
          + ShortNumber.text(isCoarse ? finest : Double(Int16.max) * 256 * 2 * finest, .up),
        need: ShortNumber.text(homeostasis.thetaPlus),
        cure: "scale weights and thresholds to the same order")
      return nil
    }
    let duration = Double(network.steps) * network.timeStep
    let loss = 1 - NaturalExponential.exponential(-duration / homeostasis.tauTheta)
    guard loss < 0.5 else {
      refuse(
        node.population.name, .operationUnsupported,
        limit: "thresholds that lose less than half of their rise in a sample",
        need: "a tauTheta of \(ShortNumber.text(homeostasis.tauTheta)) s for samples of "
          + "\(ShortNumber.text(duration)) s",
        cure: "let thresholds fall more slowly, or use neurons whose thresholds adapt in a sample")
      return nil
    }
    return SpikingProgram.Homeostasis(
      impulse: Int32(impulse), decay: Int32((loss * 4_294_967_296).rounded(.down)), shift: shift,
      rises: [Int16](repeating: 0, count: node.population.size))
  }

  /// What the learning weights of a neuron are scaled to sum to.
  mutating func normalisation(
    of projection: Projection, into node: PopulationGraph.Node, factor: Double
  ) -> Int32? {
    guard let wanted = projection.normalisation else { return nil }
    let sum = (wanted * factor * 256).rounded()
    let most = projection.plasticity?.weightRange.map { $0.high * factor * 256 } ?? 0
    let reach = min(most * Double(projection.sourceCount(in: network)), Double(Int32.max))
    guard sum >= 1, sum <= reach else {
      refuse(
        node.population.name, .weightRange,
        limit: "weights that sum to at most \(ShortNumber.text(reach / factor / 256, .down))",
        need: ShortNumber.text(wanted, .up), cure: "normalise to a sum that the weights can reach")
      return nil
    }
    return Int32(sum)
  }

  func assignment(of population: Population) -> ClassAssignment? {
    population.classes.map { classes in
      ClassAssignment(
        classes: classes, counts: [Int16](repeating: 0, count: population.size * classes))
    }
  }
}

extension Projection {
  fileprivate func sourceCount(in network: SpikingNetwork) -> Int {
    network.population(named: source)?.size ?? 0
  }
}
