/// Spikes as they were recorded: which sources fired in each step.
package struct SpikeTrains: Sendable, Equatable {
  /// Number of sources: channels or neurons.
  package let sources: Int
  /// The sources that fire in each step, rising.
  package let steps: [[Int32]]

  /// Takes spikes by step; each step's indices rise and lie below `sources`.
  package init(sources: Int, steps: [[Int32]]) {
    precondition(sources >= 0, "spike trains of \(sources) sources")
    for (step, spikes) in steps.enumerated() {
      var last: Int32 = -1
      for spike in spikes {
        precondition(
          spike > last && Int(spike) < sources,
          "source \(spike) after \(last) in step \(step), expected rising numbers below \(sources)")
        last = spike
      }
    }
    self.sources = sources
    self.steps = steps
  }
}
