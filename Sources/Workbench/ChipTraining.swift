import Accelerator
package import CompiledModel
package import SpikingNetwork

/// A chip at the desk that learns from a stream as a node's chip does: same samples, same order.
package struct ChipTraining: Sendable {
  /// Samples that were predicted right, each before it was learnt from.
  package private(set) var correct = 0
  /// Samples learnt.
  package private(set) var samples = 0

  private var chip: Accelerator
  private let stream: LabelledSamples
  private var order: StreamOrder
  private let seed: UInt64
  private let first: UInt64

  /// A chip with a model that learns from labels; `seed` decides the rounding noise, and `first`
  /// is the ordinal of the first sample: how many of the stream were learnt before.
  ///
  /// The stream must not be empty.
  package init(
    _ model: CompiledModel, stream: LabelledSamples, seed: UInt64, from first: UInt64 = 0
  ) {
    chip = Accelerator(model)
    self.first = first
    self.stream = stream
    order = StreamOrder(count: stream.count)
    self.seed = seed
  }

  /// Learns the next `count` samples; each pass over the stream has an order of its own.
  package mutating func learn(_ count: Int) {
    for _ in 0..<count {
      let ordinal = first + UInt64(samples)
      let sample = stream[order.position(of: ordinal)]
      let inference = chip.learn(
        sample.intensities, sample: sample.id, label: sample.label, seed: seed, ordinal: ordinal)
      if inference.label == sample.label { correct += 1 }
      samples += 1
    }
  }

  /// Chip events so far by event kind: those of answering, and those of learning.
  package var counts: (inference: [UInt64], learning: [UInt64]) {
    (chip.inferenceCounts, chip.learningCounts)
  }

  /// The model with the weights as they are now.
  package var model: CompiledModel { chip.learntModel }
}
