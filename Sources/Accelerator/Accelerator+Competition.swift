import CKernels
import CompiledModel

/// Winner-take-all: who may fire, and what finding out costs.
extension Accelerator {
  /// Whether a neuron of a set would fire.
  func hasCandidates(_ bits: UnsafePointer<UInt64>, _ size: Int) -> Bool {
    for word in 0..<(size + 63) / 64 where bits[word] != 0 { return true }
    return false
  }

  /// Counts the messages by which cores find the winner: each with a candidate names its best to
  /// the first core, which tells all.
  func countCompetition(
    _ place: UnsafePointer<LayerPlan>, _ links: CoreLinks, _ step: Int,
    _ bits: UnsafePointer<UInt64>
  ) {
    let layer = place.pointee
    let chipStep = chipStep(step, phase: layer.phase)
    for core in 1..<max(1, layer.coreCount) {
      if countBits(bits, neurons(place, core)) > 0 {
        countMessages(1, links, of: layer, from: core, to: 0, away: core, chipStep)
      }
      countMessages(1, links, of: layer, from: 0, to: core, away: core, chipStep)
    }
  }

  /// Counts messages between a layer's first core and the one that is `away`.
  func countMessages(
    _ number: Int, _ links: CoreLinks, of layer: LayerPlan, from sender: Int,
    to receiver: Int, away: Int, _ chipStep: Int
  ) {
    let core = layer.firstCore + sender
    work(.message, number, core: core, step: chipStep)
    let horizontal = Int(plan.constants[links.horizontal][away])
    let vertical = Int(plan.constants[links.vertical][away])
    count(.hopHorizontal, number * horizontal, core: core)
    count(.hopVertical, number * vertical, core: core)
    let cell = chipStep * plan.ledger.cores + layer.firstCore + receiver
    lasting[plan.ledger.messageTimes][cell] += UInt64(number) * plan.ledger.axonIn
  }

  /// Counts what the winner takes from all others.
  func countInhibition(_ place: UnsafePointer<LayerPlan>, winner: Int, _ step: Int) {
    let layer = place.pointee
    let row = chipStep(step, phase: layer.phase) * plan.ledger.cores + layer.firstCore
    for core in 0..<layer.coreCount {
      let neurons = neurons(place, core)
      let number = neurons.count - (neurons.contains(winner) ? 1 : 0)
      count(.synapticOperation, number, core: layer.firstCore + core)
      lasting[plan.ledger.messageTimes][row + core] +=
        UInt64(number) * time(of: .synapticOperation)
    }
  }

  /// Raises the thresholds of neurons that fired in a step.
  mutating func raiseThresholds(_ step: Int) {
    for index in plan.homeostatic {
      let layer = plan.layers[index]
      let fired = spikes(of: plan.populations[index + 1], in: step)
      guard fired.count > 0, let homeostasis = layer.pointee.homeostasis else { continue }
      let rises = lasting[homeostasis.rises]
      for place in 0..<Int(fired.count) {
        let neuron = Int(fired.list[place])
        let wanted = Int32(rises[neuron]) + homeostasis.impulse
        if wanted > Int32(Int16.max) { saturations += 1 }
        rises[neuron] = Int16(min(wanted, Int32(Int16.max)))
      }
      for place in 0..<layer.pointee.coreCount {
        let number = countBits(fired.bits, neurons(layer, place))
        work(
          .traceUpdate, number, core: layer.pointee.firstCore + place,
          step: chipStep(step, phase: layer.pointee.phase))
      }
    }
  }
}
