import Accelerator
package import CompiledModel
import Dispatch
package import SpikingNetwork
import Synchronization

/// What a chip answered to each of some samples, and what each took, without learning.
package struct ShownSamples: Sendable, Equatable {
  /// One sample.
  package struct Answer: Sendable, Equatable {
    /// The class that it was answered with.
    package var label: Int
    /// Events by kind.
    package var counts: [UInt64]
    /// Chip time in picoseconds.
    package var picoseconds: UInt64
  }

  /// The answers, in the order of the samples.
  package let answers: [Answer]
  /// Joules of one event by kind, 0 where the chip has no price for it and so never counts it.
  package let joulesPerEvent: [Double]

  /// Shows a model every sample once; the number of threads does not show in what comes of it.
  package init(
    to model: CompiledModel, _ samples: LabelledSamples, threads: Int
  ) throws(PricingError) {
    var joules: [Double] = []
    for kind in EventKind.allCases {
      var counts = [UInt64](repeating: 0, count: EventKind.allCases.count)
      counts[kind.rawValue] = model.prices[kind] == nil ? 0 : 1
      joules.append(try model.prices.totalJoules(of: counts))
    }
    joulesPerEvent = joules
    let chip = Accelerator(model)
    let slices = max(1, min(threads, samples.count))
    let parts = Mutex([[Answer]](repeating: [], count: slices))
    DispatchQueue.concurrentPerform(iterations: slices) { slice in
      let range = samples.count * slice / slices..<samples.count * (slice + 1) / slices
      let part = Self.answers(of: chip, to: samples, range)
      parts.withLock { $0[slice] = part }
    }
    answers = parts.withLock { $0.flatMap(\.self) }
  }

  private static func answers(
    of fresh: Accelerator, to samples: LabelledSamples, _ range: Range<Int>
  ) -> [Answer] {
    var chip = fresh
    return range.map { position in
      let (counts, picoseconds) = (chip.inferenceCounts, chip.inferencePicoseconds)
      let sample = samples[position]
      let label = chip.infer(sample.intensities, sample: sample.id).label
      return Answer(
        label: label, counts: zip(chip.inferenceCounts, counts).map { $0 - $1 },
        picoseconds: chip.inferencePicoseconds - picoseconds)
    }
  }
}
