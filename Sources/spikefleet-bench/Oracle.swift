import Accelerator
import CompiledModel

/// Holds a chip that is timed against the scalar oracle.
enum Oracle {
  /// Throws unless the first samples give the same labels, counts and times on both.
  static func check(
    _ model: CompiledModel, intensities: [UInt8], samples: Int, _ context: BenchContext
  ) throws {
    var chip = Accelerator(model, kernels: context.kernels)
    var oracle = ReferenceAccelerator(model)
    for sample in 0..<UInt64(samples) {
      let found = chip.infer(intensities, sample: sample)
      let expected = oracle.infer(intensities, sample: sample)
      guard found == expected else {
        throw BenchError("\(model.name): \(found) on sample \(sample), the oracle has \(expected)")
      }
    }
    try equal(chip.counts, oracle.inferenceCounts, model)
  }

  /// Throws unless some learnt samples give the same labels, counts and weights on both.
  static func checkLearning(
    _ model: CompiledModel, samples: [BenchSample], _ context: BenchContext
  ) throws {
    var chip = Accelerator(model, kernels: context.kernels)
    var oracle = ReferenceAccelerator(model)
    for (ordinal, sample) in samples.enumerated() {
      let found = chip.learn(
        sample.intensities, sample: sample.id, label: sample.label, seed: 1,
        ordinal: UInt64(ordinal))
      let expected = oracle.learn(
        sample.intensities, sample: sample.id, label: sample.label, seed: 1,
        ordinal: UInt64(ordinal))
      guard found == expected else {
        throw BenchError("\(model.name): \(found) on sample \(ordinal), the oracle has \(expected)")
      }
    }
    guard chip.learnedState == oracle.learnedState else {
      throw BenchError("\(model.name): weights differ from the oracle's")
    }
    try equal(chip.learningCounts, oracle.learningCounts, model)
  }

  /// Synaptic operations of every layout.
  static func synapticOperations(_ counts: [UInt64]) -> UInt64 {
    let kinds: [EventKind] = [.synapticOperation, .sparseOperation, .convolutionOperation]
    return kinds.reduce(0) { $0 + counts[$1.rawValue] }
  }

  /// Lists every kind that was counted, for a sample.
  static func note(_ counts: [UInt64], samples: Double, _ context: BenchContext) {
    let parts = EventKind.allCases.compactMap { kind -> String? in
      let count = counts[kind.rawValue]
      return count == 0 ? nil : "\(kind.name) \(BenchResult.number(Double(count) / samples))"
    }
    context.note("  a sample: " + parts.joined(separator: ", "))
  }

  private static func equal(_ found: [UInt64], _ expected: [UInt64], _ model: CompiledModel) throws
  {
    for kind in EventKind.allCases where found[kind.rawValue] != expected[kind.rawValue] {
      throw BenchError(
        "\(model.name): \(found[kind.rawValue]) of \(kind.name), the oracle has "
          + "\(expected[kind.rawValue])")
    }
  }
}

/// A sample that a case learns from.
struct BenchSample {
  let intensities: [UInt8]
  let label: Int
  let id: UInt64
}
