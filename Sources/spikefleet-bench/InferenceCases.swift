import Accelerator
import CompiledModel
import SpikingNetwork
import Workbench

/// Cases that show samples to a chip which does not learn.
enum InferenceCases {
  /// Hidden neurons of the cases `chip.scaling`.
  static let scalingSizes = [128, 256, 512, 1024, 2048, 4096, 8192]

  /// One measurement seen in two units.
  struct Throughput {
    let operations: BenchResult
    let samples: BenchResult
  }

  static func dense(_ context: BenchContext) throws -> Throughput {
    try measure(
      try BenchModels.dense(hidden: 512, chip: "loihi-learn", context),
      intensities: BenchModels.uniform(784), context)
  }

  static func densePeakMemory(_ context: BenchContext) throws -> BenchResult {
    let model = try BenchModels.dense(hidden: 512, chip: "loihi-learn", context)
    var chip = Accelerator(model, kernels: context.kernels)
    let intensities = BenchModels.uniform(784)
    for sample in 0..<2_000 { _ = chip.infer(intensities, sample: UInt64(sample)) }
    _ = try model.prices.totalJoules(of: chip.counts)
    return BenchResult(values: [Meter.peakMebibytes()])
  }

  static func convolution(_ context: BenchContext) throws -> Throughput {
    try measure(
      try BenchModels.convolution(context), intensities: BenchModels.uniform(784), context)
  }

  static func recurrent(_ context: BenchContext) throws -> Throughput {
    try measure(
      try BenchModels.recurrent(context), intensities: BenchModels.uniform(784), context)
  }

  static func binary(_ context: BenchContext) throws -> Throughput {
    try measure(
      try BenchModels.dense(hidden: 512, chip: "generic", precision: .binary, context),
      intensities: BenchModels.uniform(784), context)
  }

  /// Nanoseconds for one synaptic operation of 784-N-10; the facts hold the cores and the time of a
  /// neuron's step.
  static func scaling(_ context: BenchContext, hidden: Int) throws -> BenchResult {
    let model = try BenchModels.dense(hidden: hidden, chip: "loihi-learn", context)
    let result = try measure(model, intensities: BenchModels.uniform(784), context)
    let neuronSteps = Double((hidden + 10) * model.steps)
    return BenchResult(
      values: result.operations.values.map { 1e9 / $0 },
      facts: [
        ("neurons", "\(hidden + 10)"), ("cores", "\(model.cores.count)"),
        ("nsPerNeuronStep", BenchResult.number(1e9 / result.samples.median / neuronSteps)),
      ])
  }

  /// Shows samples until the runs are long enough; events are counted and priced in the timed part.
  private static func measure(
    _ model: CompiledModel, intensities: [UInt8], _ context: BenchContext
  ) throws -> Throughput {
    try Oracle.check(model, intensities: intensities, samples: 2, context)
    var chip = Accelerator(model, kernels: context.kernels)
    var sample: UInt64 = 0
    var joules = 0.0
    let portion = 20
    let rates = try Meter.rates(runs: context.runs) {
      for _ in 0..<portion {
        _ = chip.infer(intensities, sample: sample)
        sample += 1
      }
      joules = try model.prices.totalJoules(of: chip.counts)
      return Double(portion)
    }
    let count = Double(sample)
    let perSample = Double(Oracle.synapticOperations(chip.counts)) / count
    let spikes = Double(chip.counts[EventKind.spike.rawValue]) / count
    let accesses = Double(chip.counts[EventKind.neuronAccess.rawValue]) / count
    let facts: [(name: String, value: String)] = [
      ("operationsPerSample", BenchResult.number(perSample)),
      ("spikesPerSample", BenchResult.number(spikes)),
      ("spikeRate", BenchResult.number(spikes / accesses)),
      ("microjoulesPerSample", BenchResult.number(joules / count * 1e6)),
      ("prices", "\"\(model.prices.name)\""), ("kernels", "\"\(context.kernels.name)\""),
      ("cores", "\(model.cores.count)"),
    ]
    Oracle.note(chip.counts, samples: count, context)
    return Throughput(
      operations: BenchResult(values: rates.map { $0 * perSample }, facts: facts),
      samples: BenchResult(values: rates, facts: facts))
  }
}
