import CKernels
import CompiledModel
import SpikingNetwork

/// Three-factor learning: errors, traces and signals by step, weights at the end.
extension Accelerator {
  /// One step: the label's errors go back to the layers, whose factors are remembered.
  mutating func learnFromLabel(_ step: Int, _ lesson: Lesson) {
    guard let errors = plan.errors, let label = lesson.label else { return }
    judge(errors, label: label)
    let last = plan.layers.count - 1
    let chipStep = step + plan.layers[last].pointee.phase
    for place in plan.takers.indices {
      let taker = plan.takers[place].pointee
      sendErrors(errors, to: taker, chipStep: chipStep)
      kernels.table.pointee.feedback(
        lasting[taker.mirror], Int32(taker.stride), lasting[errors.errorPairs],
        Int32(taker.pairs), Int32(taker.stride), lasting[taker.errors])
    }
    for place in plan.threeFactor.indices {
      let memory = plan.threeFactor[place]
      let taker = memory.pointee.plastic.taker
      let own = taker.map { plan.takers[$0].pointee.errors } ?? errors.errors
      remember(
        memory, errors: lasting[own], step, chipStep: taker == nil ? chipStep : chipStep + 1)
    }
  }

  /// The error of each class.
  private func judge(_ errors: ErrorPlan, label: Int) {
    var work = ErrorWork(
      potentials: resting[plan.layers.last.pointee.neurons.potentials],
      errors: lasting[errors.errors], powers: lasting[errors.powers],
      pairs: lasting[errors.errorPairs], classes: Int32(errors.classes), label: Int32(label),
      logitMultiplier: errors.program.logitMultiplier, logitShift: errors.program.logitShift)
    kernels.table.pointee.judge(&work)
  }

  /// Errors that are not 0 leave for each core of a layer.
  private func sendErrors(_ errors: ErrorPlan, to taker: FeedbackPlan, chipStep: Int) {
    let readout = plan.layers.last
    let layer = plan.layers[taker.layer]
    let values = lasting[errors.errors]
    let hops = plan.constants[taker.hops]
    var sent = 0
    for place in 0..<readout.pointee.coreCount {
      var own = 0
      for neuron in neurons(readout, place) where values[neuron] != 0 { own += 1 }
      sent += own
      let core = readout.pointee.firstCore + place
      work(.errorMessage, own * layer.pointee.coreCount, core: core, step: chipStep)
      count(.hopHorizontal, own * Int(hops[2 * place]), core: core)
      count(.hopVertical, own * Int(hops[2 * place + 1]), core: core)
    }
    let row = lasting[plan.ledger.messageTimes] + chipStep * plan.ledger.cores
    for place in 0..<layer.pointee.coreCount {
      let core = layer.pointee.firstCore + place
      let operations = sent * neurons(layer, place).count
      count(.feedbackOperation, operations, core: core)
      row[core] +=
        UInt64(sent) * plan.ledger.axonIn + UInt64(operations) * time(of: .feedbackOperation)
    }
  }

  /// One step of a connection's traces and signals.
  private mutating func remember(
    _ memory: UnsafePointer<ThreeFactorPlan>, errors: UnsafeMutablePointer<Int32>, _ step: Int,
    chipStep: Int
  ) {
    let stride = memory.pointee.plastic.stride
    let padded = memory.pointee.traces.padded
    let spikes = taken(
      from: memory.pointee.plastic.source, delay: memory.pointee.plastic.delay, step)
    let tally = raiseTraces(memory, spikes, step)
    saturations += tally.saturations + takeSignals(memory, errors, step)
    let rows = resting[memory.pointee.traces.traces]
    let signals = lasting[memory.pointee.signals]
    let sources = lasting[memory.pointee.sourcePairs]
    let targets = lasting[memory.pointee.targetPairs]
    let now = step & 1
    if let rises = memory.pointee.rises {
      pair(rows + now * padded, resting[rises], padded, sources, step)
      pair(
        signals + now * stride, lasting[memory.pointee.postSignals], stride, targets, step)
    } else if now == 1 {
      pair(rows, rows + padded, padded, sources, step / 2)
      pair(signals, signals + stride, stride, targets, step / 2)
    } else if step == plan.steps - 1 {
      pair(rows, lasting[memory.pointee.zeros], padded, sources, step / 2)
      pair(signals, lasting[memory.pointee.zeros], stride, targets, step / 2)
    }
    countProducts(memory, tally, spikes, chipStep: chipStep)
  }

  private func raiseTraces(
    _ memory: UnsafePointer<ThreeFactorPlan>, _ spikes: Spikes, _ step: Int
  ) -> TraceTally {
    let traces = memory.pointee.traces
    let rows = resting[traces.traces]
    let now = step & 1
    var work = TraceWork(
      before: rows + (now ^ 1) * traces.padded, after: rows + now * traces.padded,
      rises: memory.pointee.rises.map { resting[$0] }, x: spikes.bits,
      traced: resting[traces.traced], active: resting[traces.active],
      count: Int32(traces.padded), decay: memory.pointee.rule.preDecay,
      impulse: memory.pointee.rule.impulse)
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
      postDecay: rule.postDecay, errors: errors,
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
      work(.traceUpdate, traced + (isSpiking ? neurons.count : 0), core: core, step: chipStep)
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
