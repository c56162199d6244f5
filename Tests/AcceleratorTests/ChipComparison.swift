import Accelerator
import CompiledModel
import SpikingNetwork

/// Runs the oracle and a chip with some kernels side by side.
struct ChipComparison {
  private let model: CompiledModel
  private let seed: UInt64
  private var oracle: ReferenceAccelerator
  private var chip: Accelerator

  init(
    _ model: CompiledModel, _ kernels: KernelSet, seed: UInt64, drift: Int? = nil,
    steering: Steering? = nil
  ) {
    self.model = model
    self.seed = seed
    oracle = ReferenceAccelerator(model)
    chip = Accelerator(model, kernels: kernels)
    oracle.driftMax = drift
    chip.limitDrift(to: drift.map { Int32($0) })
    oracle.pull = Int(steering?.pull ?? 0)
    oracle.corrections = steering?.corrections ?? []
    chip.steer(steering)
  }

  /// What differs after so many samples that are inferred and so many that are learnt.
  static func differences(
    _ model: CompiledModel, _ kernels: KernelSet, seed: UInt64, inferred: Int = 2, learnt: Int = 3,
    drift: Int? = nil, steering: Steering? = nil, intensities: (UInt64) -> [UInt8]
  ) -> [String] {
    var comparison = ChipComparison(
      model, kernels, seed: seed, drift: drift, steering: steering)
    for sample in 0..<inferred + learnt {
      let number = UInt64(sample)
      let found = comparison.run(intensities(number), number, learns: sample >= inferred)
      if !found.isEmpty { return found.map { "sample \(sample): \($0)" } }
    }
    return []
  }

  private mutating func run(
    _ intensities: [UInt8], _ sample: UInt64, learns: Bool
  ) -> [String] {
    var expected: Inference
    var found: Inference
    if learns, model.hasAssignment, sample % 3 == 1 {
      let label = Int(sample) % model.classes
      expected = oracle.assign(intensities, sample: sample, label: label)
      found = chip.assign(intensities, sample: sample, label: label)
    } else if learns {
      let label = Int(sample) % model.classes
      expected = oracle.learn(
        intensities, sample: sample, label: label, seed: seed, ordinal: sample)
      found = chip.learn(
        intensities, sample: sample, label: label, seed: seed, ordinal: sample)
    } else {
      expected = oracle.infer(intensities, sample: sample)
      found = chip.infer(intensities, sample: sample)
    }
    return [
      difference("inference", found, expected),
      difference("inference counts", chip.inferenceCounts, oracle.inferenceCounts),
      difference("learning counts", chip.learningCounts, oracle.learningCounts),
      difference("core counts", chip.coreCounts, oracle.coreCounts),
      difference("inference time", chip.inferencePicoseconds, oracle.inferencePicoseconds),
      difference("learning time", chip.learningPicoseconds, oracle.learningPicoseconds),
      difference("saturations", chip.saturations, oracle.saturations),
      chip.learnedState == oracle.learnedState ? nil : "learned state",
      model.layers.indices.allSatisfy {
        chip.potentials(layer: $0) == oracle.potentials(layer: $0)
      } ? nil : "potentials",
    ].compactMap(\.self)
  }

  private func difference<Value: Equatable>(
    _ name: String, _ found: Value, _ expected: Value
  ) -> String? {
    found == expected ? nil : "\(name) \(found), expected \(expected)"
  }
}
