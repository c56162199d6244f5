import CompiledModel
import SpikingNetwork

/// Competition of a class's neurons, and weights of one bit.
extension Accelerator {
  /// Counts the spikes of a step that the readout takes, where a label says that it will learn.
  func countActivity(_ place: UnsafePointer<EdgePlan>, _ step: Int, _ lesson: Lesson) {
    guard lesson.label != nil else { return }
    let plastic = place.pointee.plastic
    let spikes = taken(from: plastic.source, delay: plastic.delay, step)
    let activity = resting[place.pointee.activity]
    for number in 0..<Int(spikes.count) { activity[Int(spikes.list[number])] += 1 }
    let layer = plan.layers[plastic.index.layer].pointee
    for core in 0..<layer.coreCount {
      work(
        .traceUpdate, Int(spikes.count), core: layer.firstCore + core,
        step: chipStep(step, phase: layer.phase))
    }
  }

  /// The neuron of the label's class that wins moves weights to the inputs that were active.
  mutating func learnByCompetition(_ lesson: Lesson) {
    guard let label = lesson.label else { return }
    for place in plan.edge.indices { learn(label, plan.edge[place], lesson) }
  }

  private mutating func learn(
    _ label: Int, _ place: UnsafePointer<EdgePlan>, _ lesson: Lesson
  ) {
    let memory = place.pointee
    let (plastic, rule) = (memory.plastic, memory.rule)
    let winner = winner(of: label, place)
    let plasticities = lasting[memory.plasticities]
    let activity = resting[memory.activity]
    let column = lasting[plastic.learning] + winner.neuron
    let base = lesson.random.stream(lesson.ordinal, UInt64(plastic.number) << 32)
    var (silent, unset) = (0, 0)
    for source in 0..<plastic.sources {
      let isActive = activity[source] >= rule.activeSpikes
      let isSet = column[source * plastic.stride] != 0
      if isSet, !isActive { silent += 1 }
      if !isSet, isActive { unset += 1 }
    }
    let moves = rule.moves(
      of: min(silent, unset), plasticity: plasticities[winner.neuron],
      draw: Int(CounterRandom.draw(base, 0) >> 49))
    if moves > 0 {
      move(
        moves, winner.neuron, memory, activity,
        silent: Choice(left: silent, wanted: moves, stream: CounterRandom.draw(base, 1)),
        unset: Choice(left: unset, wanted: moves, stream: CounterRandom.draw(base, 2)))
    }
    plasticities[winner.neuron] = rule.plasticity(after: plasticities[winner.neuron])
    let step = chipSteps - 1
    countVisits(plastic.sources, 2 * moves, core: winner.core, step: step)
    work(.traceUpdate, 1, core: winner.core, step: step)
  }

  /// So many of a list, each alike: one after another, with the chance that is left for it.
  private struct Choice {
    var left: Int
    var wanted: Int
    let stream: UInt64

    mutating func takes(_ number: Int) -> Bool {
      let isTaken = (CounterRandom.field(stream, number) * left) >> 16 < wanted
      left -= 1
      if isTaken { wanted -= 1 }
      return isTaken
    }
  }

  private func move(
    _ moves: Int, _ neuron: Int, _ memory: EdgePlan, _ activity: UnsafePointer<Int32>,
    silent: Choice, unset: Choice
  ) {
    let plastic = memory.plastic
    let column = lasting[plastic.learning] + neuron
    let view = plastic.view.map { lasting[$0] + neuron }
    var (silent, unset) = (silent, unset)
    for source in 0..<plastic.sources {
      let isActive = activity[source] >= memory.rule.activeSpikes
      let isSet = column[source * plastic.stride] != 0
      guard isSet != isActive, isActive ? unset.takes(source) : silent.takes(source) else {
        continue
      }
      column[source * plastic.stride] = isActive ? EdgeLearningProgram.weight : 0
      view?[source * plastic.stride] = isActive ? 1 : 0
    }
  }

  /// The neuron of a class that learns, and its core, with the messages by which cores find it.
  private func winner(
    of label: Int, _ place: UnsafePointer<EdgePlan>
  ) -> (neuron: Int, core: Int) {
    let layer = plan.layers[place.pointee.plastic.index.layer]
    let group = label * plan.neuronsPerClass..<(label + 1) * plan.neuronsPerClass
    let (scores, plasticities) = (resting[plan.scores], lasting[place.pointee.plasticities])
    var winner = group.lowerBound
    var best = Int64.min
    for neuron in group {
      let strength =
        scores[neuron] * (Int64(place.pointee.rule.competition) + Int64(plasticities[neuron]))
      if strength > best { (winner, best) = (neuron, strength) }
    }
    var (first, holder) = (-1, 0)
    let step = chipSteps - 1
    for place in 0..<layer.pointee.coreCount {
      let neurons = neurons(layer, place)
      let core = layer.pointee.firstCore + place
      let own = neurons.clamped(to: group)
      guard !own.isEmpty else { continue }
      work(.learningOperation, own.count, core: core, step: step)
      if neurons.contains(winner) { holder = core }
      if first >= 0 { countMessage(.message, from: core, to: first, step) } else { first = core }
    }
    if holder != first { countMessage(.message, from: first, to: holder, step) }
    return (winner, holder)
  }
}
