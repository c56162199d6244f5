import CKernels
import CompiledModel
import SpikingNetwork

/// Three-factor learning: errors, traces and signals by step, weights at the end or in each step.
extension Accelerator {
  /// One step: the label's errors go back to the layers, whose factors are remembered.
  mutating func learnFromLabel(_ step: Int, _ lesson: Lesson) {
    guard let errors = plan.errors, let label = lesson.label else { return }
    judge(errors, resting[plan.layers.last.pointee.neurons.potentials], label: label)
    for place in plan.takers.indices { feedBack(errors, to: place, step, label: label) }
    for place in plan.threeFactor.indices {
      let memory = plan.threeFactor[place]
      let taker = memory.pointee.plastic.taker
      var own = step >= plan.readoutFirstStep ? errors.errors : errors.silence
      if let taker { own = plan.takers[taker].pointee.errors }
      remember(memory, errors: lasting[own], step, chipStep: learningStep(step, taker: taker))
    }
    guard plan.learnsWithinSamples else { return }
    for place in plan.threeFactor.indices {
      let memory = plan.threeFactor[place]
      guard memory.pointee.rule.isAppliedEachStep == 1 else { continue }
      applySums(memory, lesson, step: step, chipStep: (step + 1) * stepLength - 1)
    }
    fillMirrors()
  }

  /// One step of a connection's traces and signals.
  private mutating func remember(
    _ memory: UnsafePointer<ThreeFactorPlan>, errors: UnsafeMutablePointer<Int32>, _ step: Int,
    chipStep: Int
  ) {
    let spikes = taken(
      from: memory.pointee.plastic.source, delay: memory.pointee.plastic.delay, step)
    let tally = raiseTraces(memory, spikes, step)
    saturations += tally.saturations + takeSignals(memory, errors, step)
    if let eligibility = memory.pointee.eligibility {
      adapt(memory, eligibility, step)
      countAdaptations(memory, tally, chipStep: chipStep)
      return
    }
    keepFactors(memory, step)
    countProducts(memory, tally, spikes, chipStep: chipStep)
  }

  /// Puts a step's factors beside those before it.
  private func keepFactors(_ memory: UnsafePointer<ThreeFactorPlan>, _ step: Int) {
    let stride = memory.pointee.plastic.stride
    let padded = memory.pointee.traces.padded
    let rows = resting[memory.pointee.traces.traces]
    let signals = lasting[memory.pointee.signals]
    let sources = lasting[memory.pointee.sourcePairs]
    let targets = lasting[memory.pointee.targetPairs]
    let zeros = lasting[memory.pointee.zeros]
    let now = step & 1
    let kept = memory.pointee.pairs
    let isLast = step == plan.steps - 1
    let number: Int
    if let rises = memory.pointee.rises {
      number = step % kept
      pair(rows + now * padded, resting[rises], padded, sources, number)
      pair(
        signals + now * stride, lasting[memory.pointee.postSignals], stride, targets, number)
    } else if memory.pointee.rule.isAppliedEachStep == 1 {
      pair(rows + now * padded, zeros, padded, sources, 0)
      pair(signals + now * stride, zeros, stride, targets, 0)
      return
    } else if now == 1 {
      number = step / 2 % kept
      pair(rows, rows + padded, padded, sources, number)
      pair(signals, signals + stride, stride, targets, number)
    } else if isLast {
      pair(rows, zeros, padded, sources, step / 2 % kept)
      pair(signals, zeros, stride, targets, step / 2 % kept)
      return
    } else {
      return
    }
    if number == kept - 1, !isLast, memory.pointee.rule.isAppliedEachStep == 0 {
      accumulate(memory, pairs: kept)
    }
  }

  /// Adds the pairs that are kept to the sums, so that others can take their places.
  private func accumulate(_ memory: UnsafePointer<ThreeFactorPlan>, pairs: Int) {
    guard let sums = memory.pointee.sums else { return }
    let rows = lasting[memory.pointee.rows]
    let count = kernels.table.pointee.list(
      resting[memory.pointee.traces.traced], Int32(memory.pointee.traces.padded / 64), rows)
    var work = ThreeFactorWork()
    work.rows = UnsafePointer(rows)
    work.rowCount = count
    work.pairs = Int32(pairs)
    work.sourcePairs = UnsafePointer(lasting[memory.pointee.sourcePairs])
    work.targetPairs = UnsafePointer(lasting[memory.pointee.targetPairs])
    work.sourceStride = Int32(memory.pointee.traces.padded)
    work.sums = lasting[sums]
    kernels.table.pointee.accumulate(&work, Int32(memory.pointee.plastic.stride))
  }

  /// A step of the synapses' own traces, whose products go to the sums at once.
  private func adapt(
    _ memory: UnsafePointer<ThreeFactorPlan>, _ eligibility: EligibilityPlan, _ step: Int
  ) {
    guard let sums = memory.pointee.sums,
      let psi = plan.layers[memory.pointee.plastic.index.layer].pointee.neurons.psi
    else { return }
    let (traces, stride) = (memory.pointee.traces, memory.pointee.plastic.stride)
    let rows = lasting[memory.pointee.rows]
    let count = kernels.table.pointee.list(
      resting[traces.traced], Int32(traces.padded / 64), rows)
    var work = EligibilityWork(
      rows: rows, rowCount: count, stride: Int32(stride),
      traces: resting[traces.traces] + (step & 1) * traces.padded,
      signals: lasting[memory.pointee.signals] + (step & 1) * stride, psi: resting[psi],
      decay: eligibility.decay, factor: memory.pointee.rule.adaptationFactor,
      parts: lasting[eligibility.parts], eligibility: lasting[eligibility.traces],
      sums: lasting[sums])
    kernels.table.pointee.eligibility(&work)
  }

  private func countAdaptations(
    _ memory: UnsafePointer<ThreeFactorPlan>, _ tally: TraceTally, chipStep: Int
  ) {
    let layer = plan.layers[memory.pointee.plastic.index.layer]
    let traced = Int(tally.traced)
    for place in 0..<layer.pointee.coreCount {
      let core = layer.pointee.firstCore + place
      let neurons = neurons(layer, place)
      let updates = traced * (presynapticUpdates(memory) + neurons.count) + neurons.count
      work(.traceUpdate, updates, core: core, step: chipStep)
      let products = traced * countBits(lasting[memory.pointee.active], neurons)
      work(.learningOperation, products, core: core, step: chipStep)
    }
  }

  /// Trace updates of a source in a step: one for each filter.
  private func presynapticUpdates(_ memory: UnsafePointer<ThreeFactorPlan>) -> Int {
    memory.pointee.firstTraces == nil ? 1 : 2
  }

  private func raiseTraces(
    _ memory: UnsafePointer<ThreeFactorPlan>, _ spikes: Spikes, _ step: Int
  ) -> TraceTally {
    let traces = memory.pointee.traces
    let rows = resting[traces.traces]
    let now = step & 1
    var work = TraceWork(
      before: rows + (now ^ 1) * traces.padded, after: rows + now * traces.padded,
      rises: memory.pointee.rises.map { resting[$0] },
      first: memory.pointee.firstTraces.map { resting[$0] }, x: spikes.bits,
      traced: resting[traces.traced], active: resting[traces.active],
      count: Int32(traces.padded), decay: memory.pointee.rule.preDecay,
      impulse: memory.pointee.rule.impulse, secondDecay: memory.pointee.rule.secondPreDecay)
    return kernels.table.pointee.traces(&work)
  }

  private func takeSignals(
    _ memory: UnsafePointer<ThreeFactorPlan>, _ errors: UnsafeMutablePointer<Int32>, _ step: Int
  ) -> UInt64 {
    let layer = plan.layers[memory.pointee.plastic.index.layer]
    let row = lasting[memory.pointee.signals] + (step & 1) * memory.pointee.plastic.stride
    let rule = memory.pointee.rule
    var work = SignalWork(
      count: Int32(memory.pointee.plastic.targets), preFactor: rule.preFactor,
      postFactor: rule.postFactor, signalShift: rule.signalShift, signalLimit: rule.signalLimit,
      postDecay: rule.postDecay, readsBefore: rule.readsTraceBefore, errors: errors,
      psi: layer.pointee.neurons.psi.map { UnsafePointer(resting[$0]) },
      psiTraces: memory.pointee.psiTraces.map { resting[$0] }, pre: row,
      post: lasting[memory.pointee.postSignals], preActive: lasting[memory.pointee.active],
      postActive: lasting[memory.pointee.postActive])
    return kernels.table.pointee.signals(&work)
  }

  /// Spikes that a connection takes in a step.
  func taken(from source: Int, delay: Int, _ step: Int) -> Spikes {
    let population = plan.populations[source]
    let sent = step - delay
    guard sent >= 0 else {
      // Sets of steps that were not yet are empty: a sample starts with all of them at zero.
      let spikes = spikes(of: population, in: (step + 1) % population.pointee.depth)
      return Spikes(list: spikes.list, bits: spikes.bits, count: 0)
    }
    return spikes(of: population, in: sent)
  }

  private func pair(
    _ first: UnsafePointer<Int16>, _ second: UnsafePointer<Int16>, _ count: Int,
    _ pairs: UnsafeMutablePointer<Int32>, _ number: Int
  ) {
    kernels.table.pointee.pair(first, second, Int32(count), pairs + number * count)
  }

  private func countProducts(
    _ memory: UnsafePointer<ThreeFactorPlan>, _ tally: TraceTally, _ spikes: Spikes,
    chipStep: Int
  ) {
    let layer = plan.layers[memory.pointee.plastic.index.layer]
    let isSpiking = layer.pointee.neurons.psi != nil
    let hasPost = memory.pointee.rises != nil
    let (traced, active) = (Int(tally.traced), Int(tally.active))
    let pre = lasting[memory.pointee.active]
    let post = lasting[memory.pointee.postActive]
    var sums = (pre: 0, post: 0)
    for place in 0..<layer.pointee.coreCount {
      let core = layer.pointee.firstCore + place
      let neurons = neurons(layer, place)
      let own = countBits(pre, neurons)
      let ownPost = hasPost ? countBits(post, neurons) : 0
      sums.pre += own
      sums.post += ownPost
      work(
        .traceUpdate, traced * presynapticUpdates(memory) + (isSpiking ? neurons.count : 0),
        core: core, step: chipStep)
      work(
        .learningOperation, active * own + Int(spikes.count) * ownPost, core: core, step: chipStep)
    }
    guard let mirror = memory.pointee.plastic.mirror else { return }
    let holder = plan.layers[plan.takers[mirror].pointee.layer]
    for place in 0..<holder.pointee.coreCount {
      let neurons = neurons(holder, place)
      let products =
        countBits(resting[memory.pointee.traces.active], neurons) * sums.pre
        + (hasPost ? countBits(spikes.bits, neurons) * sums.post : 0)
      work(
        .learningOperation, products, core: holder.pointee.firstCore + place, step: chipStep + 1)
    }
  }

  func countBits(_ bits: UnsafePointer<UInt64>, _ range: Range<Int>) -> Int {
    Int(kernels.table.pointee.countBits(bits, Int32(range.lowerBound), Int32(range.upperBound)))
  }
}
