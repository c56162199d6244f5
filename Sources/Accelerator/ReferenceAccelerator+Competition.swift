import CompiledModel
import SpikingNetwork

/// Winner-take-all, and thresholds that outlive samples.
extension ReferenceAccelerator {
  /// The candidate that lies highest above its threshold, the lowest of several.
  func winner(of candidates: [(neuron: Int, excess: Int)]) -> Int? {
    var best: (neuron: Int, excess: Int)?
    for candidate in candidates where candidate.excess > best?.excess ?? 0 { best = candidate }
    return best?.neuron
  }

  /// Finds the winner over the cores of a layer, and takes from all others what it costs to lose.
  mutating func inhibit(_ layer: Int, winner: Int, _ candidates: [Int], chipStep: Int) {
    guard case .spiking(let program) = model.layers[layer].neurons,
      let inhibition = program.competition?.inhibition
    else { return }
    let cores = cores(of: layer)
    for core in cores.dropFirst() where candidates.contains(where: { coreOf[layer][$0] == core }) {
      ledger.message(.message, from: core, to: cores[0], step: chipStep)
    }
    for core in cores.dropFirst() {
      ledger.message(.message, from: cores[0], to: core, step: chipStep)
    }
    for neuron in 0..<model.layers[layer].size where neuron != winner {
      let exact = potentials[layer][neuron] - Int(inhibition)
      potentials[layer][neuron] = note(cut(exact))
      ledger.answer(.synapticOperation, 1, core: coreOf[layer][neuron], step: chipStep)
    }
  }

  /// How much higher a neuron's threshold is by the spikes of all samples, in units of potentials.
  func lastingRise(_ layer: Int, _ neuron: Int, _ program: SpikingProgram) -> Int {
    guard let homeostasis = program.homeostasis else { return 0 }
    return lastingRises[layer][neuron] << Int(homeostasis.shift)
  }

  /// Raises the thresholds of neurons that fired in a step.
  mutating func raiseThresholds(_ step: Int) {
    for (layer, compiled) in model.layers.enumerated() {
      guard let homeostasis = compiled.homeostasis else { continue }
      for neuron in fired[layer + 1][step] {
        let rise = lastingRises[layer][neuron] + Int(homeostasis.impulse)
        lastingRises[layer][neuron] = note((rise, min(rise, Int(Int16.max))))
        ledger.work(.traceUpdate, 1, core: coreOf[layer][neuron], step: chipStep(step, layer))
      }
    }
  }

  /// Lowers thresholds at the end of a sample.
  mutating func lowerThresholds(_ lesson: Lesson, chipStep: Int) {
    for (layer, compiled) in model.layers.enumerated() {
      guard let homeostasis = compiled.homeostasis else { continue }
      let stream = lesson.random.stream(lesson.ordinal, UInt64(1 << 20 + layer) << 32)
      for neuron in 0..<compiled.size where lastingRises[layer][neuron] > 0 {
        let rise = lastingRises[layer][neuron]
        let loss = (((rise * Int(homeostasis.decay)) >> 16) + field(neuron, stream)) >> 16
        lastingRises[layer][neuron] = rise - loss
        ledger.work(.traceUpdate, 1, core: coreOf[layer][neuron], step: chipStep)
      }
    }
  }
}
