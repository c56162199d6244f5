import Accelerator
package import CompiledModel
package import SpikingNetwork

/// A model's accuracy and event counts over labelled samples, run on the chip without learning.
package struct ChipEvaluation: Sendable, Equatable {
  /// Samples shown.
  package var samples: Int
  /// Samples whose prediction was the label.
  package var correct: Int
  /// Chip events by event kind.
  package var counts: [UInt64]
  /// Modelled time of the chip in nanoseconds.
  package var chipNanoseconds: UInt64

  /// Accuracy in percent, 0 without samples.
  package var accuracyPercent: Double {
    samples == 0 ? 0 : 100 * Double(correct) / Double(samples)
  }

  /// Shows every sample once, in order.
  package static func run(_ model: CompiledModel, on samples: LabelledSamples) -> ChipEvaluation {
    var chip = Accelerator(model)
    var correct = 0
    for index in 0..<samples.count {
      let sample = samples[index]
      let inference = chip.infer(sample.intensities, sample: sample.id)
      if inference.label == sample.label { correct += 1 }
    }
    return ChipEvaluation(
      samples: samples.count, correct: correct, counts: chip.inferenceCounts,
      chipNanoseconds: UInt64(chip.chipNanoseconds))
  }
}
