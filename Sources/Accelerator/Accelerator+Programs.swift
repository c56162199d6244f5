import CKernels
import CompiledModel
import SpikingNetwork

/// Learning rules that are data.
extension Accelerator {
  /// One step of a program: traces fall, rows, columns and periods are visited, traces rise.
  mutating func run(_ memory: UnsafePointer<ProgramPlan>, _ step: Int, _ lesson: Lesson) {
    let plastic = memory.pointee.plastic
    let layer = plan.layers[plastic.index.layer]
    let taken = taken(from: plastic.source, delay: plastic.delay, step)
    let fired = spikes(of: plan.populations[plastic.index.layer + 1], in: step)
    let chipStep = step + layer.pointee.phase
    noteTraced(memory, taken)
    for place in memory.pointee.traces.indices { fall(memory, place, chipStep: chipStep) }
    rise(memory, taken, fired, readsBefore: false, chipStep: chipStep)
    takeWindows(memory)
    setSpikes(memory, taken, fired, 1)
    if memory.pointee.rows.termCount > 0 {
      visitRows(memory, taken, step, chipStep: chipStep, lesson)
    }
    if memory.pointee.columns.termCount > 0 {
      visitColumns(memory, fired, step, chipStep: chipStep, lesson)
    }
    let periods = memory.pointee.periods[min(12, (step + 1).trailingZeroBitCount)]
    if periods.termCount > 0 {
      visitAll(
        memory, periods, direction: 2, step, chipStep: chipStep,
        reward: seen(lesson.reward, by: plastic.index.layer), lesson)
    }
    setSpikes(memory, taken, fired, 0)
    rise(memory, taken, fired, readsBefore: true, chipStep: chipStep)
  }

  /// The end of a sample: terms of that occasion, with the reward.
  mutating func finishPrograms(_ lesson: Lesson, decision: Int) {
    guard plan.hasEndTerms else { return followRewards(lesson.reward) }
    var given = lesson.reward
    if lesson.reward == nil, let label = lesson.label {
      let reward: Int32 = decision == label ? 256 : -256
      given = reward
      let layer = plan.layers.last
      // Neurons that stand for classes have no neuron for the decision: the first core tells it.
      let winner = plan.assignment == nil ? decision : 0
      let place = (0..<layer.pointee.coreCount).first { neurons(layer, $0).contains(winner) }
      sendReward(
        reward, from: layer.pointee.firstCore + (place ?? 0),
        chipStep: plan.steps - 1 + layer.pointee.phase)
    }
    let step = plan.steps - 1
    for place in plan.programs.indices {
      let memory = plan.programs[place]
      guard memory.pointee.end.termCount > 0 else { continue }
      let plastic = memory.pointee.plastic
      let taken = taken(from: plastic.source, delay: plastic.delay, step)
      let fired = spikes(of: plan.populations[plastic.index.layer + 1], in: step)
      takeWindows(memory)
      setSpikes(memory, taken, fired, 1)
      visitAll(
        memory, memory.pointee.end, direction: 3, step, chipStep: chipSteps - 1,
        reward: seen(given, by: plastic.index.layer), lesson)
      setSpikes(memory, taken, fired, 0)
    }
    followRewards(given)
  }

  /// Tells cores that learn from it of a reward: from the port, or from the core that decided.
  mutating func sendReward(_ reward: Int32, from sender: Int?, chipStep: Int) {
    let told = reward != 0 ? plan.rewardCores.all : plan.rewardCores.withMean
    for core in told { countMessage(.errorMessage, from: sender, to: core, chipStep) }
  }

  /// Counts a message from core to core, or from the port, and the time that its receiver takes.
  func countMessage(_ kind: EventKind, from sender: Int?, to receiver: Int, _ chipStep: Int) {
    let cores = plan.model.cores
    var place = plan.model.port
    if let sender {
      place = CompiledModel.MeshPlace(column: cores[sender].column, row: cores[sender].row)
      work(kind, 1, core: sender, step: chipStep)
    } else {
      count(kind, 1, core: plan.ledger.cores)
    }
    let from = sender ?? plan.ledger.cores
    count(.hopHorizontal, abs(cores[receiver].column - place.column), core: from)
    count(.hopVertical, abs(cores[receiver].row - place.row), core: from)
    lasting[plan.ledger.messageTimes][chipStep * plan.ledger.cores + receiver] +=
      plan.ledger.axonIn
  }

  /// Adds the sources that spike to those that have spiked.
  private func noteTraced(_ memory: UnsafePointer<ProgramPlan>, _ taken: Spikes) {
    let traced = resting[memory.pointee.traced]
    let count = resting[memory.pointee.tracedCount]
    for place in 0..<Int(taken.count) {
      let source = taken.list[place]
      let bit: UInt64 = 1 << UInt64(source & 63)
      if traced[Int(source >> 6)] & bit == 0 { count[0] += 1 }
      traced[Int(source >> 6)] |= bit
    }
  }

  private func fall(_ memory: UnsafePointer<ProgramPlan>, _ place: Int, chipStep: Int) {
    let trace = memory.pointee.traces[place]
    let values = resting[trace.values]
    let active = lasting[memory.pointee.active]
    let traced = Int(resting[memory.pointee.tracedCount][0])
    // Traces of sources are at zero until one has spiked.
    if trace.rule.name.isPresynaptic, traced == 0 { return }
    switch trace.rule.fall {
    case .decay(let decay): kernels.table.pointee.decay(values, Int32(trace.padded), decay, active)
    case .shift(let shift): kernels.table.pointee.fade(values, Int32(trace.padded), shift, active)
    case .window: kernels.table.pointee.leak(values, Int32(trace.padded), active)
    }
    let layer = plan.layers[memory.pointee.plastic.index.layer]
    for place in 0..<layer.pointee.coreCount {
      let updates =
        trace.rule.name.isPresynaptic ? traced : countBits(active, neurons(layer, place))
      work(.traceUpdate, updates, core: layer.pointee.firstCore + place, step: chipStep)
    }
  }

  private mutating func rise(
    _ memory: UnsafePointer<ProgramPlan>, _ taken: Spikes, _ fired: Spikes, readsBefore: Bool,
    chipStep: Int
  ) {
    let layer = plan.layers[memory.pointee.plastic.index.layer]
    for trace in memory.pointee.traces where trace.rule.readsBefore == readsBefore {
      let isPre = trace.rule.name.isPresynaptic
      let spikes = isPre ? taken : fired
      let values = resting[trace.values]
      for place in 0..<Int(spikes.count) {
        let neuron = Int(spikes.list[place])
        if trace.rule.isSet {
          values[neuron] = Int16(trace.rule.start)
          continue
        }
        let wanted = Int32(values[neuron]) + trace.rule.impulse
        if wanted > ChipArithmetic.traceLimit { saturations += 1 }
        values[neuron] = Int16(min(wanted, ChipArithmetic.traceLimit))
      }
      guard !isPre else { continue }
      var next = 0
      for place in 0..<layer.pointee.coreCount {
        let first = next
        let end = neurons(layer, place).upperBound
        while next < Int(spikes.count), Int(spikes.list[next]) < end { next += 1 }
        work(.traceUpdate, next - first, core: layer.pointee.firstCore + place, step: chipStep)
      }
    }
  }

  /// What terms read of traces that count steps.
  private func takeWindows(_ memory: UnsafePointer<ProgramPlan>) {
    for trace in memory.pointee.traces {
      guard let reads = trace.reads else { continue }
      kernels.table.pointee.window(
        resting[trace.values], Int32(trace.padded), trace.rule.impulse, lasting[reads])
    }
  }

  private func setSpikes(
    _ memory: UnsafePointer<ProgramPlan>, _ taken: Spikes, _ fired: Spikes, _ value: Int16
  ) {
    for (block, spikes) in [(memory.pointee.x0, taken), (memory.pointee.y0, fired)] {
      guard let block else { continue }
      let ones = lasting[block]
      for place in 0..<Int(spikes.count) { ones[Int(spikes.list[place])] = value }
    }
  }
}
