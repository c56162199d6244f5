import CKernels
import CompiledModel
import SpikingNetwork

/// Changes of weights by sums of three-factor learning, and of the mirrors of these weights.
extension Accelerator {
  /// Changes each weight whose sum is not 0 yet, once, in the last chip step.
  mutating func applySums(_ lesson: Lesson) {
    for place in plan.threeFactor.indices {
      let memory = plan.threeFactor[place]
      if memory.pointee.rule.isAppliedEachStep == 0 {
        applySums(memory, lesson, step: 0, chipStep: chipSteps - 1)
      }
      clearEligibility(memory)
    }
  }

  /// Changes the weights of a connection whose sums are not 0, by draws of a step.
  mutating func applySums(
    _ memory: UnsafePointer<ThreeFactorPlan>, _ lesson: Lesson, step: Int, chipStep: Int
  ) {
    let traces = memory.pointee.traces
    let rows = lasting[memory.pointee.rows]
    // Rows without a trace have no product in a step, unless synapses have traces of their own.
    let isBrief = memory.pointee.rule.isAppliedEachStep == 1 && memory.pointee.eligibility == nil
    let due = isBrief ? traces.active : traces.traced
    let count = kernels.table.pointee.list(resting[due], Int32(traces.padded / 64), rows)
    let time = (step: step, chip: chipStep)
    guard let mirror = memory.pointee.plastic.mirror else {
      _ = apply(memory, rows, Int(count), lesson, time)
      return
    }
    // Rows rise, and so do the cores that hold their sources.
    let holder = plan.layers[plan.takers[mirror].pointee.layer]
    var first = 0
    for place in 0..<holder.pointee.coreCount {
      var end = first
      let limit = neurons(holder, place).upperBound
      while end < Int(count), Int(rows[end]) < limit { end += 1 }
      let core = holder.pointee.firstCore + place
      let own = adaptFeedback(mirror, memory, rows + first, end - first, lesson, time)
      let tally = apply(memory, rows + first, end - first, lesson, time)
      countVisits(tally.visited, own ?? tally.written, core: core, step: chipStep)
      first = end
    }
  }

  /// Puts the synapses' own traces at rest, which only sources that spiked have moved.
  private func clearEligibility(_ memory: UnsafePointer<ThreeFactorPlan>) {
    guard let eligibility = memory.pointee.eligibility else { return }
    let (traces, stride) = (memory.pointee.traces, memory.pointee.plastic.stride)
    let rows = lasting[memory.pointee.rows]
    let count = kernels.table.pointee.list(
      resting[traces.traced], Int32(traces.padded / 64), rows)
    for place in 0..<Int(count) {
      (lasting[eligibility.traces] + Int(rows[place]) * stride).update(repeating: 0, count: stride)
    }
  }

  /// Pairs that are kept and not yet in sums.
  private func openPairs(_ memory: UnsafePointer<ThreeFactorPlan>) -> Int {
    if memory.pointee.eligibility != nil { return 0 }
    if memory.pointee.rule.isAppliedEachStep == 1 { return 1 }
    let all = memory.pointee.rises == nil ? (plan.steps + 1) / 2 : plan.steps
    return (all - 1) % memory.pointee.pairs + 1
  }

  /// Changes the weights of some rows; how many were visited and written on all cores.
  private mutating func apply(
    _ memory: UnsafePointer<ThreeFactorPlan>, _ rows: UnsafePointer<Int32>, _ count: Int,
    _ lesson: Lesson, _ time: (step: Int, chip: Int)
  ) -> (visited: Int, written: Int) {
    guard count > 0 else { return (0, 0) }
    let plastic = memory.pointee.plastic
    var tally = clearedTally(plastic)
    var work = changes(memory, rows, count, lesson, time)
    var weights = plasticWork(plastic)
    kernels.table.pointee.threeFactor(&work, &weights, &tally)
    saturations += tally.saturations
    var sums = (visited: 0, written: 0)
    let layer = plan.layers[plastic.index.layer]
    for place in 0..<layer.pointee.coreCount {
      let (visited, written) = (Int(tally.visited[place]), Int(tally.written[place]))
      let core = layer.pointee.firstCore + place
      countVisits(visited, written, core: core, step: time.chip)
      sums.visited += visited
      sums.written += written
    }
    return sums
  }

  /// Makes the same changes to weights along which errors come back; how many were written, nil
  /// where such weights are a mirror.
  private mutating func adaptFeedback(
    _ taker: Int, _ memory: UnsafePointer<ThreeFactorPlan>, _ rows: UnsafePointer<Int32>,
    _ count: Int, _ lesson: Lesson, _ time: (step: Int, chip: Int)
  ) -> Int? {
    guard case .adaptive(let own) = plan.takers[taker].pointee.weights else { return nil }
    guard count > 0 else { return 0 }
    let plastic = memory.pointee.plastic
    var tally = clearedTally(plastic)
    var work = changes(memory, rows, count, lesson, time)
    work.keepsSums = 1
    var weights = plasticWork(plastic)
    weights.learning = lasting[own.learning]
    weights.weights = lasting[own.view]
    weights.low = Int32(own.bounds.lowerBound)
    weights.high = Int32(own.bounds.upperBound)
    kernels.table.pointee.threeFactor(&work, &weights, &tally)
    saturations += tally.saturations
    return (0..<plastic.coreCount).reduce(0) { $0 + Int(tally.written[$1]) }
  }

  private func changes(
    _ memory: UnsafePointer<ThreeFactorPlan>, _ rows: UnsafePointer<Int32>, _ count: Int,
    _ lesson: Lesson, _ time: (step: Int, chip: Int)
  ) -> ThreeFactorWork {
    let plastic = memory.pointee.plastic
    let rule = memory.pointee.rule
    // Streams of one ordinal differ in their second counter only.
    return ThreeFactorWork(
      rows: rows, rowCount: Int32(count), pairs: Int32(openPairs(memory)),
      sourcePairs: lasting[memory.pointee.sourcePairs],
      targetPairs: lasting[memory.pointee.targetPairs],
      sourceStride: Int32(memory.pointee.traces.padded),
      sums: memory.pointee.sums.map { lasting[$0] }, keepsSums: 0, gain: rule.gain,
      weightDecay: rule.weightDecay, spareRow: Int32(plastic.sources),
      streams: lesson.random.streams(lesson.ordinal),
      firstStream: UInt64(plastic.number) << 32 + UInt64(time.step) << 20)
  }
}
