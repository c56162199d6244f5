import Accelerator
import CompiledModel
import NetworkTraining

/// Winner-take-all STDP on real digits, 784-100, a hundred steps, encoding included.
enum WinnerTakeAllCase {
  /// Samples learnt with their labels, after so many that neurons have found what they stand for.
  static func samples(_ context: BenchContext) throws -> BenchResult {
    // As `data import --brightness 13` has them: spikes at up to 130 Hz.
    let samples = try LearningCases.digits().map { sample in
      BenchSample(
        intensities: sample.intensities.map { UInt8((Int($0) * 13 + 50) / 100) },
        label: sample.label, id: sample.id)
    }
    let model = try BenchModels.compiled(
      try ExampleNetwork.winnerTakeAll.network(), chip: "loihi-learn", context)
    try Oracle.checkLearning(model, samples: Array(samples.prefix(3)), context)
    var chip = Accelerator(model, kernels: context.kernels)
    var ordinal: UInt64 = 0
    func learn(_ count: Int) {
      for _ in 0..<count {
        let sample = samples[Int(ordinal % UInt64(samples.count))]
        _ = chip.learn(
          sample.intensities, sample: sample.id, label: sample.label, seed: 1, ordinal: ordinal)
        ordinal += 1
      }
    }
    learn(500)
    let rates = try Meter.rates(runs: context.runs) {
      learn(200)
      _ = try model.prices.totalJoules(of: chip.counts)
      return 200
    }
    Oracle.note(chip.learningCounts, samples: Double(ordinal), context)
    return BenchResult(values: rates, facts: [("kernels", "\"\(context.kernels.name)\"")])
  }
}
