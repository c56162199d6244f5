import CKernels
import CompiledModel

/// How errors come back to the layers that learn from them.
extension Accelerator {
  /// The error of each class, by a readout's potentials.
  func judge(_ errors: ErrorPlan, _ potentials: UnsafePointer<Int32>, label: Int) {
    var work = ErrorWork(
      potentials: potentials, errors: lasting[errors.errors], powers: lasting[errors.powers],
      pairs: lasting[errors.errorPairs], classes: Int32(errors.classes), label: Int32(label),
      logitMultiplier: errors.logitMultiplier, logitShift: errors.logitShift)
    kernels.table.pointee.judge(&work)
  }

  /// The errors of a layer's neurons in a step, given those of the readout.
  mutating func feedBack(_ readout: ErrorPlan, to place: Int, _ step: Int, label: Int) {
    // Plans are large: they are read where they lie.
    let taker = plan.takers[place]
    var pairs = readout.errorPairs
    if let local = taker.pointee.local {
      integrate(local, of: taker, step)
      judge(local.errors, resting[local.potentials], label: label)
      pairs = local.errors.errorPairs
    }
    let sums = lasting[taker.pointee.errors]
    let stride = taker.pointee.stride
    if step >= taker.pointee.firstStep {
      if let local = taker.pointee.local {
        countLocalErrors(local.errors, of: taker, step)
      } else {
        sendErrors(
          lasting[readout.errors], to: taker, chipStep: chipStep(step, phase: readoutPhase))
      }
      kernels.table.pointee.feedback(
        lasting[taker.pointee.mirror], Int32(stride), lasting[pairs],
        Int32(taker.pointee.pairs), Int32(stride), sums)
    } else {
      sums.update(repeating: 0, count: stride)
    }
    if let rate = taker.pointee.rate { regulate(rate, place, step) }
  }

  var readoutPhase: Int { plan.layers.last.pointee.phase }

  /// Chip step in which a layer's traces, signals and products of a step are worked on.
  func learningStep(_ step: Int, taker: Int?) -> Int {
    guard let taker else { return chipStep(step, phase: readoutPhase) }
    let place = plan.takers[taker]
    guard place.pointee.local != nil else { return chipStep(step, phase: readoutPhase) + 1 }
    return chipStep(step, phase: plan.layers[place.pointee.layer].pointee.phase) + 1
  }

  /// Errors that are not 0 leave for each core of a layer.
  private func sendErrors(
    _ values: UnsafePointer<Int32>, to taker: UnsafePointer<FeedbackPlan>, chipStep: Int
  ) {
    let readout = plan.layers.last
    let layer = plan.layers[taker.pointee.layer]
    let hops = plan.constants[taker.pointee.hops]
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

  private func countLocalErrors(
    _ errors: ErrorPlan, of taker: UnsafePointer<FeedbackPlan>, _ step: Int
  ) {
    let layer = plan.layers[taker.pointee.layer]
    let values = lasting[errors.errors]
    var due = 0
    for number in 0..<errors.classes where values[number] != 0 { due += 1 }
    let chipStep = chipStep(step, phase: layer.pointee.phase) + 1
    for place in 0..<layer.pointee.coreCount {
      work(
        .feedbackOperation, due * neurons(layer, place).count,
        core: layer.pointee.firstCore + place, step: chipStep)
    }
  }

  /// A step of a local readout: spikes go to the layer's other cores, each of which follows it.
  private mutating func integrate(
    _ local: LocalReadoutPlan, of taker: UnsafePointer<FeedbackPlan>, _ step: Int
  ) {
    guard case .random(let rows, let stride) = taker.pointee.weights else { return }
    let spikes = spikes(of: plan.populations[taker.pointee.layer + 1], in: step)
    let inputs = lasting[local.inputs]
    var work = DenseWork(
      weights: plan.constants[rows], stride: Int32(stride), targets: Int32(stride), shift: 0,
      rowsMax: Int32(Int(Int16.max) / ChipArithmetic.weightLimit), accumulate: 0)
    kernels.table.pointee.dense(&work, spikes.list, spikes.count, inputs)
    let potentials = resting[local.potentials]
    let limit = ChipArithmetic.potentialLimit
    for number in 0..<local.errors.classes {
      let exact = ChipArithmetic.decayed(potentials[number], by: local.decay) + inputs[number]
      let kept = max(-limit, min(limit, exact))
      if kept != exact { saturations += 1 }
      potentials[number] = kept
    }
    let phase = plan.layers[taker.pointee.layer].pointee.phase
    countSpikes(spikes, local, of: taker, chipStep(step, phase: phase))
  }

  private func countSpikes(
    _ spikes: Spikes, _ local: LocalReadoutPlan, of taker: UnsafePointer<FeedbackPlan>,
    _ chipStep: Int
  ) {
    let layer = plan.layers[taker.pointee.layer]
    let hops = plan.constants[taker.pointee.hops]
    let row = lasting[plan.ledger.messageTimes] + chipStep * plan.ledger.cores
    for place in 0..<layer.pointee.coreCount {
      let core = layer.pointee.firstCore + place
      let own = countBits(spikes.bits, neurons(layer, place))
      work(.message, own * (layer.pointee.coreCount - 1), core: core, step: chipStep)
      count(.hopHorizontal, own * Int(hops[2 * place]), core: core)
      count(.hopVertical, own * Int(hops[2 * place + 1]), core: core)
      let operations = Int(spikes.count) * local.errors.classes
      count(.feedbackOperation, operations, core: core)
      row[core] +=
        UInt64(Int(spikes.count) - own) * plan.ledger.axonIn
        + UInt64(operations) * time(of: .feedbackOperation)
    }
  }

  private func regulate(_ rate: RatePlan, _ number: Int, _ step: Int) {
    let taker = plan.takers[number]
    let layer = plan.layers[taker.pointee.layer]
    let spikes = spikes(of: plan.populations[taker.pointee.layer + 1], in: step)
    var work = RateWork(
      spikes: spikes.bits, counts: resting[rate.counts], errors: lasting[taker.pointee.errors],
      count: Int32(layer.pointee.size), target: rate.program.target * Int32(step + 1),
      factor: rate.program.factor, shift: rate.program.shift)
    kernels.table.pointee.regulate(&work)
    for place in 0..<layer.pointee.coreCount {
      self.work(
        .traceUpdate, neurons(layer, place).count, core: layer.pointee.firstCore + place,
        step: learningStep(step, taker: number))
    }
  }

  /// Random weights never change.
  func fillRandomWeights() {
    for index in plan.takers.indices {
      let taker = plan.takers[index]
      guard case .random(let rows, let stride) = taker.pointee.weights else { continue }
      fill(taker, plan.constants[rows], stride: stride)
    }
  }

  /// Takes over the readout's weights for the way back of errors.
  func fillMirrors() {
    for index in plan.takers.indices {
      let taker = plan.takers[index]
      if case .adaptive(let own) = taker.pointee.weights {
        fill(taker, lasting[own.view], stride: own.stride)
      }
      guard case .mirrored(let position) = taker.pointee.weights else { continue }
      guard
        case .dense(let weights, let stride, _, _) = plan.connections[position].pointee.synapses
      else { preconditionFailure("errors come back through dense connections only") }
      switch weights {
      case .fixed(let block): fill(taker, plan.constants[block], stride: stride)
      case .view(let block): fill(taker, lasting[block], stride: stride)
      case .learning: preconditionFailure("three-factor and local rules in one model")
      }
    }
  }

  private func fill(
    _ taker: UnsafePointer<FeedbackPlan>, _ rows: UnsafePointer<Int8>, stride: Int
  ) {
    kernels.table.pointee.mirror(
      rows, Int32(stride), Int32(plan.layers[taker.pointee.layer].pointee.size),
      Int32(plan.layers.last.pointee.size), lasting[taker.pointee.mirror],
      Int32(taker.pointee.stride))
  }
}
