import CKernels
import CompiledModel
import SpikingNetwork

/// The end of a sample of three-factor learning, and the mirrors of the weights that it changes.
extension Accelerator {
  /// Changes each weight whose sum is not 0, once, in the last chip step.
  mutating func applySums(_ lesson: Lesson) {
    for place in plan.threeFactor.indices {
      let memory = plan.threeFactor[place]
      let traces = memory.pointee.traces
      let rows = lasting[memory.pointee.rows]
      let count = kernels.table.pointee.list(
        resting[traces.traced], Int32(traces.padded / 64), rows)
      guard let mirror = memory.pointee.plastic.mirror else {
        _ = apply(memory, rows, Int(count), lesson)
        continue
      }
      // Rows rise, and so do the cores that hold their sources.
      let holder = plan.layers[plan.takers[mirror].pointee.layer]
      var first = 0
      for place in 0..<holder.pointee.coreCount {
        var end = first
        let limit = neurons(holder, place).upperBound
        while end < Int(count), Int(rows[end]) < limit { end += 1 }
        let tally = apply(memory, rows + first, end - first, lesson)
        let core = holder.pointee.firstCore + place
        countVisits(tally.visited, tally.written, core: core, step: chipSteps - 1)
        first = end
      }
    }
  }

  /// Changes the weights of some rows; how many were visited and written on all cores.
  private mutating func apply(
    _ memory: UnsafePointer<ThreeFactorPlan>, _ rows: UnsafePointer<Int32>, _ count: Int,
    _ lesson: Lesson
  ) -> (visited: Int, written: Int) {
    guard count > 0 else { return (0, 0) }
    let plastic = memory.pointee.plastic
    var tally = clearedTally(plastic)
    // Streams of one ordinal differ in their second counter only.
    var work = ThreeFactorWork(
      rows: rows, rowCount: Int32(count), pairs: Int32(memory.pointee.pairs),
      sourcePairs: lasting[memory.pointee.sourcePairs],
      targetPairs: lasting[memory.pointee.targetPairs],
      sourceStride: Int32(memory.pointee.traces.padded), gain: memory.pointee.rule.gain,
      spareRow: Int32(plastic.sources), streams: lesson.random.streams(lesson.ordinal),
      firstStream: UInt64(plastic.number) << 32)
    var weights = plasticWork(plastic)
    kernels.table.pointee.threeFactor(&work, &weights, &tally)
    saturations += tally.saturations
    var sums = (visited: 0, written: 0)
    let layer = plan.layers[plastic.index.layer]
    for place in 0..<layer.pointee.coreCount {
      let (visited, written) = (Int(tally.visited[place]), Int(tally.written[place]))
      let core = layer.pointee.firstCore + place
      countVisits(visited, written, core: core, step: chipSteps - 1)
      sums.visited += visited
      sums.written += written
    }
    return sums
  }

  /// Takes over a readout's weights for the way back of errors.
  func fillMirror(_ place: UnsafePointer<FeedbackPlan>) {
    let taker = place.pointee
    guard
      case .dense(let weights, let stride, _, _) = plan.connections[taker.position].pointee
        .synapses
    else { preconditionFailure("errors come back through dense connections only") }
    let rows: UnsafeMutablePointer<Int8>
    switch weights {
    case .fixed(let block): rows = plan.constants[block]
    case .view(let block): rows = lasting[block]
    case .learning: preconditionFailure("three-factor and local rules in one model")
    }
    kernels.table.pointee.mirror(
      rows, Int32(stride), Int32(plan.layers[taker.layer].pointee.size),
      Int32(plan.layers.last.pointee.size), lasting[taker.mirror], Int32(taker.stride))
  }
}
