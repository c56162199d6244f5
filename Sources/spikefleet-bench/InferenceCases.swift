import Accelerator
import CompiledModel
import Foundation
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

  /// Peak memory of a process that reads a compiled model and runs it.
  static func densePeakMemory(_ context: BenchContext) throws -> BenchResult {
    let path = FileManager.default.temporaryDirectory
      .appending(path: "spikefleet-bench-\(UUID().uuidString).snn").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let model = try BenchModels.dense(hidden: 512, chip: "loihi-learn", context)
    try Data(model.encoded()).write(to: URL(filePath: path))
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = ["--kernels", context.kernels.name, "--run-model", path]
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    let words = text.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
    guard process.terminationStatus == 0, words.count == 2 else {
      throw BenchError("a process that only runs a model said `\(text)`")
    }
    return BenchResult(
      values: [words[0]], facts: [("anonymousMiB", BenchResult.number(words[1]))])
  }

  /// Runs a model from its file, as a node does; the process's peak memory and how much of what it
  /// holds in the end is no file's, in MiB.
  static func runForMemory(modelAt path: String, kernels: KernelSet) throws -> String {
    let model = try CompiledModel(reading: [UInt8](Data(contentsOf: URL(filePath: path))))
    var chip = Accelerator(model, kernels: kernels)
    let intensities = BenchModels.uniform(model.inputs)
    for sample in 0..<2_000 { _ = chip.infer(intensities, sample: UInt64(sample)) }
    _ = try model.prices.totalJoules(of: chip.counts)
    return "\(Meter.peakMebibytes()) \(Meter.anonymousMebibytes())"
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

  /// Nanoseconds for one synaptic operation of 784-N-10 on cores of 64 neurons, 2 to 128 for the
  /// hidden layer; the facts hold the same for one core with room for it all, and a neuron's step.
  static func scaling(_ context: BenchContext, hidden: Int) throws -> BenchResult {
    let spread = try BenchModels.dense(hidden: hidden, neuronsPerCore: 64, context)
    let result = try measure(spread, intensities: BenchModels.uniform(784), context)
    let single = try BenchModels.dense(hidden: hidden, neuronsPerCore: hidden + 10, context)
    let one = try measure(single, intensities: BenchModels.uniform(784), context)
    let neuronSteps = Double((hidden + 10) * spread.steps)
    return BenchResult(
      values: result.operations.values.map { 1e9 / $0 },
      facts: [
        ("neurons", "\(hidden + 10)"), ("cores", "\(spread.cores.count)"),
        ("nsPerNeuronStep", BenchResult.number(1e9 / result.samples.median / neuronSteps)),
        ("onCores", "\(single.cores.count)"),
        ("nsOnThose", BenchResult.number(1e9 / one.operations.median)),
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
