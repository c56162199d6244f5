import CompiledModel
import SpikingNetwork

extension NetworkLowering {
  func sdsp(_ rule: SDSPRule, _ node: PopulationGraph.Node, units: LayerUnits) -> SDSPProgram {
    let unit = units.scales[0] / Double(1 << chip.arithmetic.inputShift)
    let threshold = rule.potentialThreshold * (node.population.model.threshold ?? 0)
    let limit = Double(chip.arithmetic.potentialLimit)
    return SDSPProgram(
      potentialThreshold: Int32(
        max(-limit, min(limit, ((threshold - offset(of: node)) / unit).rounded()))),
      activityMin: Int32(rule.activityMin), activityMaxUp: Int32(rule.activityMaxUp),
      activityMaxDown: Int32(rule.activityMaxDown),
      activityLeakSteps: Int32(rule.activityLeakSteps),
      probability: Int32((rule.probability * 65536).rounded()))
  }

  /// What a label adds to the neurons of a layer, as one of its rules has it.
  mutating func teacher(_ index: Int, units: LayerUnits) -> TeacherProgram? {
    let node = graph.nodes[index]
    var signals: [TeacherSignal] = []
    for edge in node.edges {
      let signal: TeacherSignal? =
        switch projection(edge).plasticity {
        case .pairSTDP(let rule): rule.teacher
        case .program(let rule): rule.teacher
        case .sdsp(let rule): rule.teacher
        case .threeFactor, .edgeLearning, nil: nil
        }
      if let signal, !signals.contains(signal) { signals.append(signal) }
    }
    guard let signal = signals.first, let vThreshold = node.population.model.threshold else {
      return nil
    }
    guard signals.count == 1, index == graph.nodes.count - 1 else {
      refuse(
        node.population.name, .learningUnsupported, limit: "one teacher, at the output",
        need: signals.count > 1 ? "\(signals.count) teachers" : "a teacher before the output",
        cure: "teach the last population alone, all of its rules alike")
      return nil
    }
    let threshold = vThreshold / (units.scales[0] / Double(1 << chip.arithmetic.inputShift))
    let limit = Double(chip.arithmetic.potentialLimit)
    let strengths = [signal.excitation, signal.inhibition].map { ($0 * threshold).rounded() }
    guard strengths.allSatisfy({ $0 <= limit }) else {
      refuse(
        node.population.name, .potentialRange,
        limit: "a teacher of at most \(limit / threshold) thresholds",
        need: "\(max(signal.excitation, signal.inhibition))", cure: "teach with less")
      return nil
    }
    return TeacherProgram(
      excitation: Int32(strengths[0]), inhibition: Int32(strengths[1]),
      onMistakes: signal.onMistakes)
  }
}
