import CKernels
import CompiledModel
import SpikingNetwork

/// What happens at the end of a sample: weights are scaled, thresholds fall, spikes are counted for
/// classes.
extension Accelerator {
  /// The chip step in which a sample ends.
  private var lastStep: Int { chipSteps - 1 }

  /// Scales the weights of each target that fired, so that they sum to what they should.
  mutating func normalise(_ lesson: Lesson) {
    for place in plan.normalisations.indices {
      let memory = plan.normalisations[place].pointee
      let plastic = memory.plastic
      let layer = plan.layers[plastic.index.layer]
      guard let counted = layer.pointee.spikeCounts else { continue }
      let counts = resting[counted]
      let columns = lasting[memory.columns]
      var count = 0
      for neuron in 0..<layer.pointee.size where counts[neuron] > 0 {
        columns[count] = Int32(neuron)
        count += 1
      }
      guard count > 0 else { continue }
      var work = ColumnScaleWork(
        columns: columns, columnCount: Int32(count), sources: Int32(plastic.sources),
        target: memory.target,
        base: lesson.random.stream(lesson.ordinal, UInt64(plastic.number) << 32 + 1 << 16))
      var weights = plasticWork(plastic)
      var tally = clearedTally(plastic)
      kernels.table.pointee.normalise(&weights, &work, &tally)
      saturations += tally.saturations
      for place in 0..<layer.pointee.coreCount {
        countVisits(
          Int(tally.visited[place]), Int(tally.written[place]),
          core: layer.pointee.firstCore + place, step: lastStep)
      }
    }
  }

  /// Lowers the thresholds that outlive samples.
  mutating func lowerThresholds(_ lesson: Lesson) {
    for index in plan.homeostatic {
      let layer = plan.layers[index]
      guard let homeostasis = layer.pointee.homeostasis else { continue }
      let active = lasting[homeostasis.active]
      kernels.table.pointee.relax(
        lasting[homeostasis.rises], Int32(layer.pointee.size), homeostasis.decay,
        lesson.random.stream(lesson.ordinal, UInt64(1 << 20 + index) << 32), active)
      for place in 0..<layer.pointee.coreCount {
        work(
          .traceUpdate, countBits(active, neurons(layer, place)),
          core: layer.pointee.firstCore + place, step: lastStep)
      }
    }
  }

  /// The score of each class: spikes of neurons times their shares of it.
  mutating func scoreAssigned() {
    let layer = plan.layers.last
    guard let assignment = plan.assignment, let counted = layer.pointee.spikeCounts else { return }
    let (spikes, assigned) = (resting[counted], lasting[assignment.counts])
    let scores = resting[plan.scores]
    for place in 0..<layer.pointee.coreCount {
      var firing = 0
      for neuron in neurons(layer, place) where spikes[neuron] > 0 {
        firing += 1
        let counts = assigned + neuron * assignment.classes
        var sum: Int64 = 0
        for label in 0..<assignment.classes { sum += Int64(counts[label]) }
        guard sum > 0 else { continue }
        for label in 0..<assignment.classes where counts[label] > 0 {
          scores[label] += Int64(spikes[neuron]) * ((Int64(counts[label]) << 16) / sum)
        }
      }
      guard firing > 0 else { continue }
      work(
        .synapticOperation, firing * assignment.classes, core: layer.pointee.firstCore + place,
        step: lastStep)
      if place > 0 {
        countMessages(
          assignment.classes, assignment.links, of: layer.pointee, from: place, to: 0,
          away: place, lastStep)
      }
    }
  }

  /// Forgets for which classes neurons fired, so that they can be assigned anew.
  package mutating func clearAssignment() {
    let state = zip(plan.model.learnedBlocks, learnedState).map { block, values in
      if case .assignment = block.kind { return [Int16](repeating: 0, count: values.count) }
      return values
    }
    load(learnedState: state)
  }

  /// Counts the sample's spikes for a class.
  mutating func assign(_ label: Int) {
    let layer = plan.layers.last
    guard let assignment = plan.assignment, let counted = layer.pointee.spikeCounts else { return }
    let (spikes, assigned) = (resting[counted], lasting[assignment.counts])
    for place in 0..<layer.pointee.coreCount {
      var firing = 0
      for neuron in neurons(layer, place) where spikes[neuron] > 0 {
        firing += 1
        let counts = assigned + neuron * assignment.classes
        if Int32(counts[label]) + spikes[neuron] > Int32(Int16.max) {
          for other in 0..<assignment.classes { counts[other] >>= 1 }
        }
        counts[label] += Int16(spikes[neuron])
      }
      work(.traceUpdate, firing, core: layer.pointee.firstCore + place, step: lastStep)
    }
  }
}
