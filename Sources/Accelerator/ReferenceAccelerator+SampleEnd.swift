import CompiledModel
import SpikingNetwork

/// What happens at the end of a sample: weights are scaled, spikes counted for classes.
extension ReferenceAccelerator {
  /// Whether a sample that is learnt takes a chip step more, after its spikes.
  var finishesSamples: Bool {
    model.layers.contains { layer in
      layer.homeostasis != nil || layer.assignment != nil || layer.learnsByOneBit
        || layer.connections.contains { $0.normalisation != nil }
    }
  }

  /// Spikes of a neuron in this sample.
  private func spikeCount(_ layer: Int, _ neuron: Int) -> Int {
    fired[layer + 1].count { $0.contains(neuron) }
  }

  /// Scales the weights of each target that fired, so that they sum to what they should.
  mutating func normalise(_ lesson: Lesson, chipStep: Int) {
    for (position, index) in connections.enumerated() {
      guard let target = model[index].normalisation else { continue }
      let size = model.layers[index.layer].size
      let base = lesson.random.stream(lesson.ordinal, UInt64(position) << 32 + 1 << 16)
      for neuron in 0..<size where spikeCount(index.layer, neuron) > 0 {
        let places = (0..<model[index].sourceSize).map { $0 * size + neuron }
        scale(
          position, places, to: Int(target), CounterRandom.draw(base, UInt64(neuron)),
          core: coreOf[index.layer][neuron], chipStep: chipStep)
      }
    }
  }

  private mutating func scale(
    _ position: Int, _ places: [Int], to target: Int, _ stream: UInt64, core: Int, chipStep: Int
  ) {
    let sum = places.reduce(0) { $0 + weights[position][$1] }
    for _ in places {
      ledger.work(.learningOperation, 1, core: core, step: chipStep)
      ledger.work(.weightRead, 1, core: core, step: chipStep)
    }
    guard sum > 0 else { return }
    let factor = min(65535, (target << 14) / sum)
    let shift = Int(model.arithmetic.learningShift)
    for (source, place) in places.enumerated() {
      let steps = weights[position][place] >> shift
      let scaled = (steps * factor + field(source, stream) >> 2) >> 14
      let hasChanged = change(
        position, place, by: scaled << shift - weights[position][place])
      countVisit(core, hasChanged, chipStep: chipStep)
    }
  }

  /// The score of each class: spikes of neurons times their shares of it.
  mutating func scoreAssigned(chipStep: Int) {
    guard let assignment = model.layers.last?.assignment else { return }
    let last = model.layers.count - 1
    let cores = cores(of: last)
    var hasFired = Set<Int>()
    for neuron in 0..<model.layers[last].size {
      let spikes = spikeCount(last, neuron)
      guard spikes > 0 else { continue }
      hasFired.insert(coreOf[last][neuron])
      let first = neuron * assignment.classes
      let sum = assigned[first..<first + assignment.classes].reduce(0, +)
      for label in 0..<assignment.classes {
        if sum > 0 { scores[label] += Int64(spikes * ((assigned[first + label] << 16) / sum)) }
        ledger.work(.synapticOperation, 1, core: coreOf[last][neuron], step: chipStep)
      }
    }
    for core in cores.dropFirst() where hasFired.contains(core) {
      for _ in 0..<assignment.classes {
        ledger.message(.message, from: core, to: cores[0], step: chipStep)
      }
    }
  }

  /// Counts the sample's spikes for a class.
  mutating func assign(_ label: Int, chipStep: Int) {
    guard let assignment = model.layers.last?.assignment else { return }
    let last = model.layers.count - 1
    for neuron in 0..<model.layers[last].size {
      let spikes = spikeCount(last, neuron)
      guard spikes > 0 else { continue }
      let first = neuron * assignment.classes
      if assigned[first + label] + spikes > Int(Int16.max) {
        for place in first..<first + assignment.classes { assigned[place] >>= 1 }
      }
      assigned[first + label] += spikes
      ledger.work(.traceUpdate, 1, core: coreOf[last][neuron], step: chipStep)
    }
  }
}
