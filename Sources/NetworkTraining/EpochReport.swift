/// What one epoch of training did.
package struct EpochReport: Codable, Sendable, Equatable {
  /// Number of the epoch, from 1.
  package var epoch: Int
  /// Mean loss over the samples, each with the weights it was learnt with; nats.
  package var loss: Double
  /// Share of samples that were classified right, each before its batch changed the weights.
  package var accuracy: Double
  /// Mean number of spikes of all spiking neurons for one sample.
  package var spikesPerSample: Double

  /// Takes the figures as they are.
  package init(epoch: Int, loss: Double, accuracy: Double, spikesPerSample: Double) {
    self.epoch = epoch
    self.loss = loss
    self.accuracy = accuracy
    self.spikesPerSample = spikesPerSample
  }
}

/// What a network makes of samples, in floating point and without learning.
package struct Evaluation: Codable, Sendable, Equatable {
  /// The class that was chosen for each sample.
  package var predictions: [Int]
  /// Number of samples that were classified right.
  package var correct: Int
  /// Mean loss over the samples; nats.
  package var loss: Double
  /// Mean number of spikes of all spiking neurons for one sample.
  package var spikesPerSample: Double

  /// Takes the figures as they are.
  package init(predictions: [Int], correct: Int, loss: Double, spikesPerSample: Double) {
    self.predictions = predictions
    self.correct = correct
    self.loss = loss
    self.spikesPerSample = spikesPerSample
  }

  /// Share of samples that were classified right.
  package var accuracy: Double { Double(correct) / Double(predictions.count) }
}
