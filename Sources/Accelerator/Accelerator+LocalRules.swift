import CKernels
import CompiledModel
import SpikingNetwork

/// Pair STDP and SDSP: weights change in each step.
extension Accelerator {
  /// One step of all local rules; connections do not see each other's weights.
  mutating func learnLocally(_ step: Int, _ lesson: Lesson) {
    for place in plan.pairSTDP.indices { pairSTDP(plan.pairSTDP[place], step, lesson) }
    for place in plan.programs.indices { run(plan.programs[place], step, lesson) }
    for place in plan.sdsp.indices { sdsp(plan.sdsp[place], step, lesson) }
    for place in plan.edge.indices { countActivity(plan.edge[place], step, lesson) }
  }

  /// What draws of a step's rows, 0, or columns, 1, come from.
  private func base(
    _ plastic: PlasticPlan, _ step: Int, direction: Int, _ lesson: Lesson
  ) -> UInt64 {
    lesson.random.stream(
      lesson.ordinal, UInt64(plastic.number) << 32 + UInt64(step * 2 + direction))
  }

  private mutating func pairSTDP(
    _ place: UnsafePointer<PairPlan>, _ step: Int, _ lesson: Lesson
  ) {
    let memory = place.pointee
    let (plastic, rule) = (memory.plastic, memory.rule)
    let layer = plan.layers[plastic.index.layer]
    let spikes = taken(from: plastic.source, delay: plastic.delay, step)
    let traces = memory.traces
    let pre = resting[traces.traces]
    var work = TraceWork(
      before: pre, after: pre, rises: nil, first: nil, x: spikes.bits,
      traced: resting[traces.traced], active: resting[traces.active],
      count: Int32(traces.padded), decay: rule.preDecay, impulse: rule.impulse, secondDecay: 0)
    let raised = kernels.table.pointee.traces(&work)
    let post = resting[memory.postTraces]
    let alive = lasting[memory.postActive]
    kernels.table.pointee.decay(post, Int32(plastic.stride), rule.postDecay, alive)

    var tally = clearedTally(plastic)
    var weights = plasticWork(plastic)
    kernels.table.pointee.depress(
      &weights, spikes.list, spikes.count, post, rule.depression,
      base(plastic, step, direction: 0, lesson), &tally)
    let fired = self.spikes(of: plan.populations[plastic.index.layer + 1], in: step)
    var columns = ColumnWork(
      columns: fired.list, columnCount: fired.count, sources: Int32(plastic.sources), traces: pre,
      offset: rule.preTarget, multiplier: rule.potentiation,
      base: base(plastic, step, direction: 1, lesson), streams: lasting[memory.streams])
    kernels.table.pointee.potentiate(&weights, &columns, &tally)
    let chipStep = chipStep(step, phase: layer.pointee.phase)
    var next = 0
    for place in 0..<layer.pointee.coreCount {
      let core = layer.pointee.firstCore + place
      let neurons = neurons(layer, place)
      let first = next
      while next < Int(fired.count), Int(fired.list[next]) < neurons.upperBound { next += 1 }
      let visited = Int(spikes.count) * neurons.count + (next - first) * plastic.sources
      countVisits(visited, Int(tally.written[place]), core: core, step: chipStep)
      self.work(
        .traceUpdate, Int(raised.traced) + countBits(alive, neurons) + next - first, core: core,
        step: chipStep)
    }
    saturations += raised.saturations + tally.saturations
    for place in 0..<Int(fired.count) {
      let wanted = Int32(post[Int(fired.list[place])]) + rule.impulse
      if wanted > ChipArithmetic.traceLimit { saturations += 1 }
      post[Int(fired.list[place])] = Int16(min(wanted, ChipArithmetic.traceLimit))
    }
  }

  private mutating func sdsp(
    _ place: UnsafePointer<SDSPPlan>, _ step: Int, _ lesson: Lesson
  ) {
    let memory = place.pointee
    let (plastic, rule) = (memory.plastic, memory.rule)
    let layer = plan.layers[plastic.index.layer]
    let chipStep = chipStep(step, phase: layer.pointee.phase)
    let activities = resting[memory.activities]
    if step > 0, step % Int(rule.activityLeakSteps) == 0 {
      let above = lasting[memory.active]
      kernels.table.pointee.leak(activities, Int32(plastic.stride), above)
      for place in 0..<layer.pointee.coreCount {
        let falls = countBits(above, neurons(layer, place))
        work(.traceUpdate, falls, core: layer.pointee.firstCore + place, step: chipStep)
      }
    }
    let directions = lasting[memory.directions]
    let limits = [
      rule.potentialThreshold, rule.activityMin, rule.activityMaxUp, rule.activityMaxDown,
    ]
    kernels.table.pointee.directions(
      resting[layer.pointee.neurons.potentials], activities, Int32(plastic.targets), limits,
      directions)
    let spikes = taken(from: plastic.source, delay: plastic.delay, step)
    var tally = clearedTally(plastic)
    var weights = plasticWork(plastic)
    kernels.table.pointee.drive(
      &weights, spikes.list, spikes.count, directions, rule.probability,
      base(plastic, step, direction: 0, lesson), &tally)
    saturations += tally.saturations
    for place in 0..<layer.pointee.coreCount {
      let core = layer.pointee.firstCore + place
      let visited = Int(spikes.count) * neurons(layer, place).count
      countVisits(visited, Int(tally.written[place]), core: core, step: chipStep)
    }
    let fired = self.spikes(of: plan.populations[plastic.index.layer + 1], in: step)
    var next = 0
    for place in 0..<layer.pointee.coreCount {
      var rises = 0
      let end = neurons(layer, place).upperBound
      while next < Int(fired.count), Int(fired.list[next]) < end {
        let target = Int(fired.list[next])
        if activities[target] < 7 {
          activities[target] += 1
          rises += 1
        }
        next += 1
      }
      work(.traceUpdate, rises, core: layer.pointee.firstCore + place, step: chipStep)
    }
  }

  /// Counts synapses that a core visits to change them, and those that it does change.
  func countVisits(_ visited: Int, _ written: Int, core: Int, step: Int) {
    work(.learningOperation, visited, core: core, step: step)
    work(.weightRead, visited, core: core, step: step)
    work(.weightWrite, written, core: core, step: step)
  }

  /// The weights of a connection as kernels change them.
  func plasticWork(_ plastic: PlasticPlan) -> PlasticWork {
    PlasticWork(
      learning: lasting[plastic.learning], weights: plastic.view.map { lasting[$0] },
      stride: Int32(plastic.stride), low: Int32(plastic.bounds.lowerBound),
      high: Int32(plastic.bounds.upperBound), learningShift: plastic.learningShift,
      coreCount: Int32(plastic.coreCount), segmentCount: Int32(plastic.segmentCount),
      segments: plan.constants[plastic.segments])
  }

  /// A tally by core of the layer, all zero.
  func clearedTally(_ plastic: PlasticPlan) -> WeightTally {
    let (visited, written) = (lasting[plastic.visited], lasting[plastic.written])
    visited.update(repeating: 0, count: plastic.coreCount)
    written.update(repeating: 0, count: plastic.coreCount)
    return WeightTally(visited: visited, written: written, saturations: 0)
  }
}
