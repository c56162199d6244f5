import CompiledModel
import SpikingNetwork

/// Competition of a class's neurons, and weights of one bit.
extension ReferenceAccelerator {
  /// Counts the spikes of a step that the readout takes, where a label says that it will learn.
  mutating func countActivity(_ position: Int, _ step: Int, _ lesson: Lesson) {
    guard lesson.label != nil else { return }
    let index = connections[position]
    for source in spikes(taken: model[index], in: step) {
      preTraces[position][source] += 1
      for core in cores(of: index.layer) {
        ledger.work(.traceUpdate, 1, core: core, step: chipStep(step, index.layer))
      }
    }
  }

  /// The neuron of the label's class that wins moves weights to the inputs that were active.
  mutating func learnByCompetition(_ lesson: Lesson, chipStep: Int) {
    guard let label = lesson.label, let index = model.edgeConnection,
      let position = connections.firstIndex(of: index),
      let rule = model[index].plasticity?.edge
    else { return }
    let winner = winner(of: label, index.layer, rule, chipStep: chipStep)
    let core = coreOf[index.layer][winner]
    let size = model.layers[index.layer].size
    let base = lesson.random.stream(lesson.ordinal, UInt64(position) << 32)
    let activity = preTraces[position]
    let isActive = activity.map { $0 >= Int(rule.activeSpikes) }
    let isSet = activity.indices.map { weights[position][$0 * size + winner] != 0 }
    let silent = activity.indices.filter { isSet[$0] && !isActive[$0] }
    let unset = activity.indices.filter { !isSet[$0] && isActive[$0] }
    let moves = rule.moves(
      of: min(silent.count, unset.count), plasticity: plasticities[winner],
      draw: Int(CounterRandom.draw(base, 0) >> 49))
    for source in chosen(moves, of: silent, CounterRandom.draw(base, 1)) {
      weights[position][source * size + winner] = 0
    }
    for source in chosen(moves, of: unset, CounterRandom.draw(base, 2)) {
      weights[position][source * size + winner] = Int(EdgeLearningProgram.weight)
    }
    ledger.work(.learningOperation, activity.count, core: core, step: chipStep)
    ledger.work(.weightRead, activity.count, core: core, step: chipStep)
    ledger.work(.weightWrite, 2 * moves, core: core, step: chipStep)
    plasticities[winner] = rule.plasticity(after: plasticities[winner])
    ledger.work(.traceUpdate, 1, core: core, step: chipStep)
  }

  /// The neuron of a class that learns, with the messages by which cores find it.
  private mutating func winner(
    of label: Int, _ layer: Int, _ rule: EdgeLearningProgram, chipStep: Int
  ) -> Int {
    let group = model.layers[layer].neuronsPerClass
    var best: (neuron: Int, strength: Int64)?
    var cores: [Int] = []
    for neuron in label * group..<(label + 1) * group {
      let core = coreOf[layer][neuron]
      if !cores.contains(core) { cores.append(core) }
      ledger.work(.learningOperation, 1, core: core, step: chipStep)
      let strength = scores[neuron] * (Int64(rule.competition) + Int64(plasticities[neuron]))
      if best.map({ strength > $0.strength }) ?? true { best = (neuron, strength) }
    }
    let winner = best?.neuron ?? 0
    for core in cores.dropFirst() {
      ledger.message(.message, from: core, to: cores[0], step: chipStep)
    }
    let holder = coreOf[layer][winner]
    if holder != cores[0] {
      ledger.message(.message, from: cores[0], to: holder, step: chipStep)
    }
    return winner
  }

  /// So many of a list, each alike: one after another, with the chance that is left for it.
  private func chosen(_ count: Int, of list: [Int], _ stream: UInt64) -> [Int] {
    var chosen: [Int] = []
    for (place, source) in list.enumerated() {
      let left = list.count - place
      if (field(source, stream) * left) >> 16 < count - chosen.count { chosen.append(source) }
    }
    return chosen
  }
}
