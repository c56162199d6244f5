package import SpikingNetwork

/// What a network made of one sample, in floating point.
package struct SimulatedSample: Sendable, Equatable {
  /// By class: the output's potential summed over the steps; without a leaky integrator its spikes.
  package let scores: [Double]
  /// The class with the largest score, ties to the lowest index.
  package let label: Int
  /// Spikes of each population in the order of the description, the input included.
  package let spikeCounts: [Int]
  /// Who spiked when, by population as above; nil where nobody asked.
  package let recording: [SpikeTrains]?

  init(scores: [Double], spikeCounts: [Int], recording: [SpikeTrains]?) {
    self.scores = scores
    self.spikeCounts = spikeCounts
    self.recording = recording
    label = scores.indices.reduce(0) { scores[$1] > scores[$0] ? $1 : $0 }
  }
}

/// What a network made of many samples, in floating point and without learning.
package struct SimulatedEvaluation: Sendable, Equatable {
  /// The class that was chosen for each sample.
  package private(set) var predictions: [Int] = []
  /// Number of samples that were classified right.
  package private(set) var correct = 0
  /// Spikes of each population over all samples, in the order of the description.
  package private(set) var spikeCounts: [Int]

  init(populations: Int) {
    spikeCounts = [Int](repeating: 0, count: populations)
  }

  mutating func add(_ sample: SimulatedSample, label: Int) {
    predictions.append(sample.label)
    correct += sample.label == label ? 1 : 0
    for (population, count) in sample.spikeCounts.enumerated() { spikeCounts[population] += count }
  }

  /// Share of samples that were classified right.
  package var accuracy: Double { Double(correct) / Double(predictions.count) }

  /// Mean number of spikes of one population for one sample.
  package func spikesPerSample(ofPopulation population: Int) -> Double {
    Double(spikeCounts[population]) / Double(predictions.count)
  }
}
