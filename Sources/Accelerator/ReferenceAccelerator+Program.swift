import CompiledModel

/// Sums of products, interpreted term by term.
extension ReferenceAccelerator {
  /// One step of a program: traces fall, rows, columns and periods are visited, traces rise.
  mutating func run(_ program: LearningProgram, _ position: Int, _ step: Int, _ lesson: Lesson) {
    let layer = connections[position].layer
    let spiking = spikes(taken: model[connections[position]], in: step)
    let fired = fired[layer + 1][step]
    var moment = Moment(
      position: position, step: step, chipStep: step + model.layers[layer].phase,
      sources: Set(spiking), targets: Set(fired), reward: reward(of: layer, lesson))
    for source in spiking { hasSpiked[position][source] = true }
    for place in program.traces.indices { fall(place, program.traces[place], moment) }
    for (place, trace) in program.traces.enumerated() where !trace.readsBefore {
      rise(place, trace, trace.name.isPresynaptic ? spiking : fired, moment)
    }
    let size = model.layers[layer].size
    moment.terms = program.terms.filter { $0.occasion == .presynapticSpike }
    for source in spiking where !moment.terms.isEmpty {
      for target in 0..<size { visit(source, target, moment, direction: 0, lesson) }
    }
    moment.terms = program.terms.filter { $0.occasion == .postsynapticSpike }
    for target in fired where !moment.terms.isEmpty {
      for source in hasSpiked[position].indices {
        visit(source, target, moment, direction: 1, lesson)
      }
    }
    moment.terms = program.terms.filter { term in
      guard case .period(let exponent) = term.occasion else { return false }
      return (step + 1) % (1 << Int(exponent)) == 0
    }
    visitAll(moment, direction: 2, lesson)
    for (place, trace) in program.traces.enumerated() where trace.readsBefore {
      rise(place, trace, trace.name.isPresynaptic ? spiking : fired, moment)
    }
  }

  /// The end of a sample: terms of that occasion, with the reward.
  mutating func finishPrograms(_ lesson: Lesson, chipStep: Int) {
    for (position, index) in connections.enumerated() {
      guard let program = model[index].plasticity?.program else { continue }
      var moment = Moment(
        position: position, step: model.steps - 1, chipStep: chipStep,
        sources: Set(spikes(taken: model[index], in: model.steps - 1)),
        targets: Set(fired[index.layer + 1][model.steps - 1]),
        reward: reward(of: index.layer, lesson))
      moment.terms = program.terms.filter { $0.occasion == .end }
      visitAll(moment, direction: 3, lesson)
    }
  }

  /// Whether a sample that is learnt ends with a visit of its own.
  var hasEndTerms: Bool {
    connections.contains { model[$0].plasticity?.program?.has(.end) == true }
  }

  /// Tells cores that learn from it of a reward: from the port, or from the core that decided.
  mutating func sendReward(_ reward: Int, from sender: Int?, chipStep: Int) {
    for layer in model.layers.indices where model.readsReward(layer) {
      guard reward != 0 || model.layers[layer].rewardMean != nil else { continue }
      for core in cores(of: layer) {
        ledger.message(.errorMessage, from: sender, to: core, step: chipStep)
      }
    }
  }

  /// The reward as rules of a layer see it: less the running mean, where there is one.
  private func reward(of layer: Int, _ lesson: Lesson) -> Int {
    guard let reward = lesson.reward else { return 0 }
    return reward - rewardMeans[layer] >> Int(RewardMean.shift)
  }

  /// Takes running means nearer to the sample's reward.
  mutating func followRewards(_ lesson: Lesson, chipStep: Int) {
    guard let reward = lesson.reward else { return }
    for layer in model.layers.indices {
      guard let rate = model.layers[layer].rewardMean?.rate else { continue }
      let distance = reward << Int(RewardMean.shift) - rewardMeans[layer]
      let mean = rewardMeans[layer] + (distance * Int(rate) + 1 << 15) >> 16
      rewardMeans[layer] = max(-32_767, min(32_767, mean))
      for core in cores(of: layer) { ledger.work(.traceUpdate, 1, core: core, step: chipStep) }
    }
  }

  /// The visits of a connection in one step.
  private struct Moment {
    let position: Int
    let step: Int
    let chipStep: Int
    /// Sources and targets that spike in the step.
    let sources: Set<Int>
    let targets: Set<Int>
    let reward: Int
    /// Terms that are due.
    var terms: [LearningProgram.Term] = []
  }

  private mutating func fall(_ place: Int, _ trace: LearningProgram.Trace, _ moment: Moment) {
    let position = moment.position
    let layer = connections[position].layer
    for neuron in traces[position][place].indices {
      let value = traces[position][place][neuron]
      let isKept = trace.name.isPresynaptic ? hasSpiked[position][neuron] : value != 0
      guard isKept else { continue }
      switch trace.fall {
      case .decay(let decay): traces[position][place][neuron] = (value * Int(decay)) >> 12
      case .shift(let shift):
        traces[position][place][neuron] = max(0, value - max(1, value >> Int(shift)))
      case .window: traces[position][place][neuron] = max(0, value - 1)
      }
      let holders = trace.name.isPresynaptic ? cores(of: layer) : [coreOf[layer][neuron]]
      for core in holders { ledger.work(.traceUpdate, 1, core: core, step: moment.chipStep) }
    }
  }

  private mutating func rise(
    _ place: Int, _ trace: LearningProgram.Trace, _ spikes: [Int], _ moment: Moment
  ) {
    let position = moment.position
    for neuron in spikes {
      let exact = traces[position][place][neuron] + Int(trace.impulse)
      traces[position][place][neuron] =
        trace.isSet
        ? Int(trace.start) : note((exact, min(exact, Int(ChipArithmetic.traceLimit))))
      // A source's rise is one with its fall.
      guard !trace.name.isPresynaptic else { continue }
      let core = coreOf[connections[position].layer][neuron]
      ledger.work(.traceUpdate, 1, core: core, step: moment.chipStep)
    }
  }

  private mutating func visitAll(_ moment: Moment, direction: Int, _ lesson: Lesson) {
    guard !moment.terms.isEmpty else { return }
    for source in hasSpiked[moment.position].indices {
      for target in 0..<model.layers[connections[moment.position].layer].size {
        visit(source, target, moment, direction: direction, lesson)
      }
    }
  }

  /// Changes one synapse: its tag, then its weight, each rounded once.
  private mutating func visit(
    _ source: Int, _ target: Int, _ moment: Moment, direction: Int, _ lesson: Lesson
  ) {
    let position = moment.position
    let index = connections[position]
    let place = source * model.layers[index.layer].size + target
    let core = coreOf[index.layer][target]
    let (line, number) = direction == 1 ? (target, source) : (source, target)
    var writes = 0
    for changesTag in [true, false] {
      let terms = moment.terms.filter { $0.changesTag == changesTag }
      guard !terms.isEmpty else { continue }
      let sum = terms.reduce(0) { $0 + product($1, source, target, moment) }
      let random = field(
        number,
        stream(
          lesson, position, moment.step, direction: direction, line: line, ofTags: changesTag))
      // Rows take where columns add: both round either way alike.
      let steps = direction == 0 ? -((random - sum) >> 16) : (sum + random) >> 16
      let hasChanged =
        changesTag
        ? changeTag(position, place, by: steps)
        : change(position, place, by: steps * Int(model.weightStep(of: index)))
      if hasChanged { writes += 1 }
    }
    let reads = moment.terms.reads
    ledger.work(.learningOperation, moment.terms.count, core: core, step: moment.chipStep)
    ledger.work(.weightRead, reads, core: core, step: moment.chipStep)
    ledger.work(.weightWrite, writes, core: core, step: moment.chipStep)
  }

  private func product(
    _ term: LearningProgram.Term, _ source: Int, _ target: Int, _ moment: Moment
  ) -> Int {
    let product = term.factors.reduce(Int(term.mantissa)) { product, factor in
      product * (value(factor.variable, source, target, moment) + Int(factor.offset))
    }
    return product >> Int(term.shift)
  }

  private func value(
    _ variable: LearningProgram.Variable, _ source: Int, _ target: Int, _ moment: Moment
  ) -> Int {
    let position = moment.position
    let place = source * model.layers[connections[position].layer].size + target
    switch variable {
    case .x0: return moment.sources.contains(source) ? 1 : 0
    case .y0: return moment.targets.contains(target) ? 1 : 0
    case .w: return weights[position][place]
    case .t: return tags[position][place]
    case .r: return moment.reward
    case .x1, .x2, .y1, .y2, .y3:
      guard let program = model[connections[position]].plasticity?.program,
        let found = program.traces.firstIndex(where: { $0.name == variable })
      else { preconditionFailure("\(variable) is no trace") }
      let value = traces[position][found][variable.isPresynaptic ? source : target]
      if case .window = program.traces[found].fall {
        return value > 0 ? Int(program.traces[found].impulse) : 0
      }
      return value
    }
  }

  private mutating func changeTag(_ position: Int, _ place: Int, by difference: Int) -> Bool {
    let limit = Int(ChipArithmetic.traceLimit)
    let old = tags[position][place]
    let exact = old + difference
    tags[position][place] = note((exact, max(-limit, min(limit, exact))))
    return tags[position][place] != old
  }
}

extension [LearningProgram.Term] {
  /// Reads of a synapse that has these terms evaluated: of the weight, of the tag.
  var reads: Int {
    let factors = Set(flatMap { $0.factors.map(\.variable) })
    let ofWeight = contains { !$0.changesTag } || factors.contains(.w)
    let ofTag = contains { $0.changesTag } || factors.contains(.t)
    return (ofWeight ? 1 : 0) + (ofTag ? 1 : 0)
  }
}
