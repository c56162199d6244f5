import CKernels
import CompiledModel

/// Start and end of a sample, and what its events come to.
extension Accelerator {
  /// Puts the chip at rest.
  mutating func begin(_ lesson: Lesson?) {
    isLearning = lesson != nil
    stepLength = isLearning && plan.learnsWithinSamples ? plan.phaseMax + 2 : 1
    resting.clear()
    inputSpikes = 0
    for layer in layerSpikes.indices { layerSpikes[layer] = 0 }
    let cells = chipSteps * plan.ledger.cores
    lasting[plan.ledger.neuronTimes].update(repeating: 0, count: cells)
    lasting[plan.ledger.messageTimes].update(repeating: 0, count: cells)
    hasTaughtLabel = false
    guard let lesson else { return }
    fillMirrors()
    let layer = plan.layers.last.pointee
    guard let teacher = layer.teacher, let label = lesson.label else { return }
    hasTaughtLabel = true
    let bias = plan.constants[layer.neurons.bias.block]
    let taught = lasting[teacher.bias]
    for neuron in 0..<layer.size {
      let own = bias[layer.neurons.bias.isShared == 1 ? 0 : neuron]
      taught[neuron] =
        own + (neuron == label ? teacher.program.excitation : -teacher.program.inhibition)
    }
  }

  /// Chip steps of the sample.
  var chipSteps: Int {
    guard stepLength == 1 else { return plan.steps * stepLength }
    let more = plan.errors != nil ? 2 : plan.finishesSamples || plan.hasEndTerms ? 1 : 0
    return plan.steps + plan.phaseMax + (isLearning ? more : 0)
  }

  /// The chip step in which what has a phase works on a logical step.
  @inline(__always)
  func chipStep(_ step: Int, phase: Int) -> Int { step * stepLength + phase }

  /// Counts events on a core; `core` after the last one stands for none.
  @inline(__always)
  func count(_ kind: EventKind, _ number: Int, core: Int) {
    resting[plan.ledger.work][core * plan.ledger.kinds + kind.rawValue] += UInt64(number)
  }

  /// Picoseconds of one event.
  @inline(__always)
  func time(of kind: EventKind) -> UInt64 { plan.constants[plan.ledger.picoseconds][kind.rawValue] }

  /// Neurons of a layer's core, by its place among the layer's.
  @inline(__always)
  func neurons(_ layer: UnsafePointer<LayerPlan>, _ place: Int) -> Range<Int> {
    let slices = plan.constants[layer.pointee.slices]
    return Int(slices[place])..<Int(slices[place + 1])
  }

  /// Counts events of a core's neurons, traces and weights in a chip step.
  @inline(__always)
  func work(_ kind: EventKind, _ number: Int, core: Int, step: Int) {
    count(kind, number, core: core)
    lasting[plan.ledger.neuronTimes][step * plan.ledger.cores + core] +=
      UInt64(number) * time(of: kind)
  }

  /// Adds the sample's events and time to the totals.
  mutating func end() {
    let ledger = plan.ledger
    let cores = ledger.cores
    addTraffic()
    addNeurons()
    count(.step, chipSteps, core: cores)
    let work = resting[ledger.work]
    let totals = lasting[ledger.coreCounts]
    var sums = isLearning ? learningCounts : inferenceCounts
    for core in 0...cores {
      for kind in 0..<plan.ledger.kinds {
        let number = work[core * plan.ledger.kinds + kind]
        sums[kind] &+= number
        if core < cores { totals[core * plan.ledger.kinds + kind] &+= number }
      }
    }
    if isLearning {
      learningCounts = sums
      learningPicoseconds += picoseconds()
    } else {
      inferenceCounts = sums
      inferencePicoseconds += picoseconds()
    }
  }

  /// Time of the sample: that of its chip steps.
  private func picoseconds() -> UInt64 {
    let cores = plan.ledger.cores
    let neurons = lasting[plan.ledger.neuronTimes]
    let messages = lasting[plan.ledger.messageTimes]
    var sum: UInt64 = 0
    for step in 0..<chipSteps {
      sum += stepTime(neurons + step * cores, messages + step * cores)
    }
    return sum
  }

  /// Length of a chip step: the longest work of either kind on a core, then the barrier.
  private func stepTime(
    _ neurons: UnsafePointer<UInt64>, _ messages: UnsafePointer<UInt64>
  ) -> UInt64 {
    var busiest: UInt64 = 0
    for core in 0..<plan.ledger.cores { busiest = max(busiest, neurons[core], messages[core]) }
    return busiest + plan.ledger.barrier
  }

  private func addTraffic() {
    for place in plan.populations.indices {
      let traffic = plan.populations[place].pointee.traffic
      let groups = plan.constants[traffic.groups]
      let totals = resting[traffic.totals]
      for number in 0..<traffic.groupCount where totals[number] > 0 {
        let targets = plan.constants[traffic.targets] + Int(groups[number].firstTarget)
        add(groups[number], targets, spikes: totals[number])
      }
    }
  }

  /// Adds what so many spikes of a group came to.
  private func add(
    _ group: TrafficGroup, _ targets: UnsafePointer<TrafficTarget>, spikes: UInt64
  ) {
    let kinds = plan.ledger.trafficKinds
    let work = resting[plan.ledger.work]
    let sender = group.sender < 0 ? plan.ledger.cores : Int(group.sender)
    let sent = work + sender * plan.ledger.kinds
    sent[kinds.message] += spikes * UInt64(group.targetCount)
    sent[kinds.horizontal] += spikes * UInt64(group.horizontal)
    sent[kinds.vertical] += spikes * UInt64(group.vertical)
    for place in 0..<Int(group.targetCount) {
      let taken = work + Int(targets[place].core) * plan.ledger.kinds
      taken[kinds.dense] += spikes * UInt64(targets[place].operations.0)
      taken[kinds.sparse] += spikes * UInt64(targets[place].operations.1)
      taken[kinds.shared] += spikes * UInt64(targets[place].operations.2)
    }
  }

  private func addNeurons() {
    let spikes = resting[plan.ledger.spikes]
    let updates = resting[plan.ledger.updates]
    for index in plan.layers.indices {
      let layer = plan.layers[index]
      for place in 0..<layer.pointee.coreCount {
        let core = layer.pointee.firstCore + place
        count(.neuronAccess, neurons(layer, place).count * plan.steps, core: core)
        count(.neuronUpdate, Int(updates[core]), core: core)
        count(.spike, Int(spikes[core]), core: core)
      }
    }
  }
}
