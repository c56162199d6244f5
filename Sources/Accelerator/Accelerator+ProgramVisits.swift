import CKernels
import CompiledModel
import SpikingNetwork

/// Visits of synapses by programs, and what they are counted as.
extension Accelerator {
  /// Rows of presynaptic spikes.
  mutating func visitRows(
    _ memory: UnsafePointer<ProgramPlan>, _ taken: Spikes, _ step: Int, chipStep: Int,
    _ lesson: Lesson
  ) {
    let plastic = memory.pointee.plastic
    var tally = clearedTally(plastic)
    var weights = plasticWork(plastic)
    if let (trace, multiplier) = memory.pointee.depression {
      kernels.table.pointee.depress(
        &weights, taken.list, taken.count, reads(memory, trace), multiplier,
        programBase(plastic, step, direction: 0, lesson), &tally)
    } else {
      var work = programWork(
        memory, memory.pointee.rows, direction: 0, step,
        reward: seen(lesson.reward, by: plastic.index.layer), lesson)
      work.lines = UnsafePointer(taken.list)
      work.lineCount = taken.count
      work.length = Int32(plastic.targets)
      work.takes = 1
      kernels.table.pointee.visitRows(&work, &weights, &tally)
    }
    countRows(memory.pointee.rows, Int(taken.count), tally, plastic, chipStep: chipStep)
  }

  /// Columns of postsynaptic spikes.
  mutating func visitColumns(
    _ memory: UnsafePointer<ProgramPlan>, _ fired: Spikes, _ step: Int, chipStep: Int,
    _ lesson: Lesson
  ) {
    let plastic = memory.pointee.plastic
    var tally = clearedTally(plastic)
    var weights = plasticWork(plastic)
    if let (trace, multiplier, offset) = memory.pointee.potentiation {
      var columns = ColumnWork(
        columns: fired.list, columnCount: fired.count, sources: Int32(plastic.sources),
        traces: reads(memory, trace), offset: offset, multiplier: multiplier,
        base: programBase(plastic, step, direction: 1, lesson),
        streams: lasting[memory.pointee.streams])
      kernels.table.pointee.potentiate(&weights, &columns, &tally)
    } else {
      var work = programWork(
        memory, memory.pointee.columns, direction: 1, step,
        reward: seen(lesson.reward, by: plastic.index.layer), lesson)
      work.lines = UnsafePointer(fired.list)
      work.lineCount = fired.count
      work.length = Int32(plastic.sources)
      kernels.table.pointee.visitColumns(&work, &weights, &tally)
    }
    saturations += tally.saturations
    let layer = plan.layers[plastic.index.layer]
    var next = 0
    for place in 0..<layer.pointee.coreCount {
      let first = next
      let end = neurons(layer, place).upperBound
      while next < Int(fired.count), Int(fired.list[next]) < end { next += 1 }
      countVisits(
        memory.pointee.columns, (next - first) * plastic.sources, Int(tally.written[place]),
        core: layer.pointee.firstCore + place, chipStep: chipStep)
    }
  }

  /// All synapses, row by row.
  mutating func visitAll(
    _ memory: UnsafePointer<ProgramPlan>, _ visit: ProgramPlan.Visit, direction: Int, _ step: Int,
    chipStep: Int, reward: Int32, _ lesson: Lesson
  ) {
    guard let allRows = memory.pointee.allRows else { return }
    let plastic = memory.pointee.plastic
    var tally = clearedTally(plastic)
    var weights = plasticWork(plastic)
    var work = programWork(memory, visit, direction: direction, step, reward: reward, lesson)
    work.lines = UnsafePointer(plan.constants[allRows])
    work.lineCount = Int32(plastic.sources)
    work.length = Int32(plastic.targets)
    kernels.table.pointee.visitRows(&work, &weights, &tally)
    countRows(visit, plastic.sources, tally, plastic, chipStep: chipStep)
  }

  /// Counts visits of so many rows by core.
  private mutating func countRows(
    _ visit: ProgramPlan.Visit, _ rows: Int, _ tally: WeightTally, _ plastic: PlasticPlan,
    chipStep: Int
  ) {
    saturations += tally.saturations
    let layer = plan.layers[plastic.index.layer]
    for place in 0..<layer.pointee.coreCount {
      countVisits(
        visit, rows * neurons(layer, place).count, Int(tally.written[place]),
        core: layer.pointee.firstCore + place, chipStep: chipStep)
    }
  }

  private func countVisits(
    _ visit: ProgramPlan.Visit, _ visited: Int, _ written: Int, core: Int, chipStep: Int
  ) {
    work(.learningOperation, visited * visit.termCount, core: core, step: chipStep)
    work(.weightRead, visited * visit.reads, core: core, step: chipStep)
    work(.weightWrite, written, core: core, step: chipStep)
  }

  /// What draws of a step's lines come from.
  private func programBase(
    _ plastic: PlasticPlan, _ step: Int, direction: Int, _ lesson: Lesson, ofTags: Bool = false
  ) -> UInt64 {
    let kind = (ofTags ? 1 << 17 : 0) + (direction >> 1) << 16 + step * 2 + direction & 1
    return lesson.random.stream(lesson.ordinal, UInt64(plastic.number) << 32 + UInt64(kind))
  }

  private func reads(
    _ memory: UnsafePointer<ProgramPlan>, _ place: Int
  ) -> UnsafeMutablePointer<Int16> {
    let trace = memory.pointee.traces[place]
    if let reads = trace.reads { return lasting[reads] }
    return resting[trace.values]
  }

  private func programWork(
    _ memory: UnsafePointer<ProgramPlan>, _ visit: ProgramPlan.Visit, direction: Int, _ step: Int,
    reward: Int32, _ lesson: Lesson
  ) -> ProgramWork {
    let plastic = memory.pointee.plastic
    var work = ProgramWork()
    work.terms = UnsafePointer(plan.constants[memory.pointee.terms] + visit.firstTerm)
    work.termCount = Int32(visit.termCount)
    work.factors = UnsafePointer(plan.constants[memory.pointee.factors])
    work.step = memory.pointee.weightStep
    work.reward = reward
    work.x0 = memory.pointee.x0.map { UnsafePointer(lasting[$0]) }
    work.y0 = memory.pointee.y0.map { UnsafePointer(lasting[$0]) }
    for (place, trace) in memory.pointee.traces.enumerated() {
      let values = UnsafePointer(reads(memory, place))
      switch trace.rule.name {
      case .x1: work.x1 = values
      case .x2: work.x2 = values
      case .y1: work.y1 = values
      case .y2: work.y2 = values
      case .y3: work.y3 = values
      case .x0, .y0, .w, .t, .r: break
      }
    }
    work.tags = memory.pointee.tags.map { resting[$0] }
    work.base = programBase(plastic, step, direction: direction, lesson)
    work.tagBase = programBase(plastic, step, direction: direction, lesson, ofTags: true)
    return work
  }
}
