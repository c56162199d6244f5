package import SpikingNetwork

/// How far two recordings of one population agree, spike by spike: in floating point and on a chip.
///
/// A neuron-step is one neuron in one step of one sample, counted in the network's own steps (the
/// chip's logical ones, not those in which its layers lag behind). `coincidence` is the share of
/// neuron-steps with a spike in both recordings among those with a spike in either (Jaccard's
/// index): 1 where the recordings are the same, 0 where no spike has its counterpart. A spike that
/// comes one step late counts as two that nothing answers. Silence on both sides adds nothing, so
/// that a quiet population does not look like one that agrees.
package struct SpikeAgreement: Sendable, Equatable {
  /// Neuron-steps that were compared.
  package private(set) var neuronSteps = 0
  /// Spikes of the recording in floating point.
  package private(set) var simulatedSpikes = 0
  /// Spikes of the recording on the chip.
  package private(set) var chipSpikes = 0
  /// Neuron-steps with a spike in both.
  package private(set) var sharedSpikes = 0

  /// Nothing compared yet.
  package init() {}

  /// Compares the recordings of many populations of one sample, both in the same order.
  package static func compare(
    simulated: [SpikeTrains], chip: [SpikeTrains]
  ) -> [SpikeAgreement] {
    precondition(
      simulated.count == chip.count,
      "recordings of \(simulated.count) populations and of \(chip.count)")
    return zip(simulated, chip).map { simulated, chip in
      var agreement = SpikeAgreement()
      agreement.add(simulated: simulated, chip: chip)
      return agreement
    }
  }

  /// Adds one sample's recordings, of equally many neurons and steps.
  package mutating func add(simulated: SpikeTrains, chip: SpikeTrains) {
    precondition(
      simulated.sources == chip.sources && simulated.steps.count == chip.steps.count,
      "\(simulated.sources) neurons in \(simulated.steps.count) steps against \(chip.sources) in "
        + "\(chip.steps.count)")
    neuronSteps += simulated.sources * simulated.steps.count
    for (own, other) in zip(simulated.steps, chip.steps) {
      simulatedSpikes += own.count
      chipSpikes += other.count
      sharedSpikes += Self.shared(own, other)
    }
  }

  /// Adds what was found for other samples.
  package mutating func add(_ other: SpikeAgreement) {
    neuronSteps += other.neuronSteps
    simulatedSpikes += other.simulatedSpikes
    chipSpikes += other.chipSpikes
    sharedSpikes += other.sharedSpikes
  }

  /// Shared spikes over neuron-steps with a spike in either recording; 1 where nothing spiked.
  package var coincidence: Double {
    let either = simulatedSpikes + chipSpikes - sharedSpikes
    return either == 0 ? 1 : Double(sharedSpikes) / Double(either)
  }

  /// Spikes in floating point for one neuron and step; 0 where nothing was compared.
  package var simulatedRate: Double { rate(simulatedSpikes) }

  /// Spikes on the chip for one neuron and step; 0 where nothing was compared.
  package var chipRate: Double { rate(chipSpikes) }

  /// By how much the chip spikes more often, in spikes for one neuron and step.
  package var rateDifference: Double { chipRate - simulatedRate }

  private func rate(_ spikes: Int) -> Double {
    neuronSteps == 0 ? 0 : Double(spikes) / Double(neuronSteps)
  }

  /// Numbers that two rising lists share.
  private static func shared(_ a: [Int32], _ b: [Int32]) -> Int {
    var (i, j, count) = (0, 0, 0)
    while i < a.count, j < b.count {
      if a[i] == b[j] { count += 1 }
      (i, j) = (a[i] <= b[j] ? i + 1 : i, b[j] <= a[i] ? j + 1 : j)
    }
    return count
  }
}
