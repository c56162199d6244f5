import Accelerator
import CompiledModel
import Foundation
import NetworkTraining
import SensorData
import SpikingNetwork

/// Cases in which the chip learns.
enum LearningCases {
  /// One measurement of learning beside one of inference.
  struct LearningSpeed {
    let samples: BenchResult
    let ratio: BenchResult
  }

  /// Synapses visited by presynaptic and postsynaptic spikes, 784 to 400, 5 % input.
  static func pairSTDP(_ context: BenchContext) throws -> BenchResult {
    try events(of: local(.pairSTDP(pairs), context), context)
  }

  private static let pairs = PairSTDPRule(
    aPlus: 0.01, aMinus: 0.012, weightMin: -0.2, weightMax: 0.2)

  /// The same rule as a formula, whose form has kernels of its own, beside the built-in one.
  static func knownProgram(_ context: BenchContext) throws -> BenchResult {
    let built = try events(of: local(.pairSTDP(pairs), context), context)
    return try ratio(of: local(.program(pairs.program), context), to: built, context)
  }

  /// The same changes by the interpreter: a grid of the rule's own, though it is the chip's, is a
  /// form that no kernel knows.
  static func unknownProgram(_ context: BenchContext) throws -> BenchResult {
    let known = try local(.pairSTDP(pairs), context)
    var unknown = known
    guard
      case .plastic(let weights, .program(var program), let bounds) =
        known.layers[0].connections[0].weights
    else { return BenchResult(values: [.nan]) }
    program.weightStep = known.weightStep(of: known.plasticConnections[0])
    unknown.layers[0].connections[0].weights = .plastic(weights, .program(program), bounds: bounds)
    return try ratio(of: unknown, to: events(of: known, context), context)
  }

  /// Triplet STDP, whose columns are interpreted, beside pair STDP.
  static func triplets(_ context: BenchContext) throws -> BenchResult {
    var rule = ProgramRule.triplet()
    (rule.weightMin, rule.weightMax) = (-0.2, 0.2)
    let built = try events(of: local(.pairSTDP(pairs), context), context)
    return try ratio(of: local(.program(rule), context), to: built, context)
  }

  /// How many times as long a visit takes.
  private static func ratio(
    of model: CompiledModel, to base: BenchResult, _ context: BenchContext
  ) throws -> BenchResult {
    let found = try events(of: model, context)
    return BenchResult(
      values: found.values.map { base.median / $0 },
      facts: [
        ("eventsPerCPUSecond", BenchResult.number(found.median)),
        ("builtInPerCPUSecond", BenchResult.number(base.median)),
        ("kernels", "\"\(context.kernels.name)\""),
      ])
  }

  private static func local(
    _ rule: PlasticityRule, _ context: BenchContext
  ) throws -> CompiledModel {
    var network = BenchModels.network(steps: 100)
    network.populations = [
      Population(name: "input", size: 784, model: .input),
      Population(name: "output", size: 400, model: .lif(BenchModels.lif)),
    ]
    network.projections = [
      BenchModels.projection(
        "input", "output", 784, 400, deviation: 0.025, stream: 0, plasticity: rule)
    ]
    return try BenchModels.compiled(network, chip: "loihi-learn", context)
  }

  /// Synapses visited for a CPU-second.
  private static func events(
    of model: CompiledModel, _ context: BenchContext
  ) throws -> BenchResult {
    let intensities = BenchModels.uniform(784)
    try Oracle.checkLearning(
      model, samples: (0..<2).map { BenchSample(intensities: intensities, label: 0, id: $0) },
      context)
    var chip = Accelerator(model, kernels: context.kernels)
    let start = chip.learnedState
    var sample: UInt64 = 0
    let kind = EventKind.weightRead.rawValue
    let rates = try Meter.rates(runs: context.runs) {
      // Weights start afresh, so that activity stays what it was.
      chip.load(learnedState: start)
      let before = chip.learningCounts[kind]
      for _ in 0..<20 {
        _ = chip.learn(intensities, sample: sample, label: nil, seed: 1, ordinal: sample)
        sample += 1
      }
      _ = try model.prices.totalJoules(of: chip.counts)
      return Double(chip.learningCounts[kind] - before)
    }
    Oracle.note(chip.learningCounts, samples: Double(sample), context)
    let spikes = chip.learningCounts[EventKind.spike.rawValue]
    return BenchResult(
      values: rates,
      facts: [
        ("postSpikesPerStep", BenchResult.number(Double(spikes) / Double(sample) / 100)),
        ("kernels", "\"\(context.kernels.name)\""),
      ])
  }

  /// The same network with other feedback, traces and moments of change.
  static let forms: [ExampleNetwork] = [
    .epropRandom, .epropAdaptive, .epropALIF, .ottt, .stllr, .decolle,
  ]

  /// Real digits, 784-128-10, ten steps, encoding included.
  static func threeFactor(
    _ context: BenchContext, _ form: ExampleNetwork = .dense
  ) throws -> LearningSpeed {
    let samples = try digits()
    let model = try BenchModels.compiled(try form.network(), chip: "loihi-learn", context)
    try Oracle.checkLearning(model, samples: Array(samples.prefix(3)), context)
    var chip = Accelerator(model, kernels: context.kernels)
    var position = 0
    func next() -> BenchSample {
      position = (position + 1) % samples.count
      return samples[position]
    }
    var ordinal: UInt64 = 0
    let learning = try Meter.rates(runs: context.runs) {
      for _ in 0..<50 {
        let sample = next()
        _ = chip.learn(
          sample.intensities, sample: sample.id, label: sample.label, seed: 1, ordinal: ordinal)
        ordinal += 1
      }
      _ = try model.prices.totalJoules(of: chip.counts)
      return 50
    }
    Oracle.note(chip.learningCounts, samples: Double(ordinal), context)
    let inference = try Meter.rates(runs: context.runs) {
      for _ in 0..<100 {
        let sample = next()
        _ = chip.infer(sample.intensities, sample: sample.id)
      }
      _ = try model.prices.totalJoules(of: chip.counts)
      return 100
    }
    let result = BenchResult(
      values: learning, facts: [("kernels", "\"\(context.kernels.name)\"")])
    let base = BenchResult(values: inference).median
    return LearningSpeed(
      samples: result,
      ratio: BenchResult(
        values: learning.map { base / $0 },
        facts: [
          ("inferencesPerCPUSecond", BenchResult.number(base)),
          ("kernels", "\"\(context.kernels.name)\""),
        ]))
  }

  /// The digits that the demo uses: from SPIKEFLEET_DATA, the cache, or the package index.
  static func digits() throws -> [BenchSample] {
    let environment = ProcessInfo.processInfo.environment
    let corpus = try DigitCorpus.load(
      environment: environment,
      cacheFolder: try DigitCorpus.defaultCacheFolder(environment: environment))
    return (0..<corpus.samples.count).map { position in
      let sample = corpus.samples[position]
      return BenchSample(
        intensities: sample.intensities, label: sample.label, id: sample.id)
    }
  }
}
