import Accelerator
import ArgumentParser
import CompiledModel
import Foundation
import SpikingNetwork
import Workbench

/// `spikefleet chip run`.
struct ChipRunCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run a compiled model on this machine: accuracy, events, energy, time, metrics.",
    discussion: """
      With --learn the model learns from each sample after it was judged; one thread then does all.
      A probe keeps all spikes, and the state of chosen neurons: --probe hidden:0-7,out.

      \(ProbeFormat.discussion)

      \(ModelSamples.discussion)
      """)

  @Argument(help: "Compiled model.")
  var model: String

  @Option(help: "Folder of labelled samples.")
  var data: String

  @Option(parsing: .unconditional, help: "Samples to show, from the first on; all without it.")
  var count: Int?

  @Flag(help: "Learn from each sample.")
  var learn = false

  @Option(parsing: .unconditional, help: "Seed of the rounding of what is learnt; 1 without it.")
  var seed: UInt64?

  @Option(help: "Where the model goes as it is after learning.")
  var learntModel: String?

  @Option(parsing: .unconditional, help: "Threads; results do not depend on it.")
  var threads = 1

  @Option(help: "Chip file whose published figures of learning are shown beside the modelled ones.")
  var chip: String?

  @Flag(help: "Measure by the definitions of NeuroBench as well.")
  var metrics = false

  @Option(help: "Model of time: simple, or detailed to follow every message over the mesh as well.")
  var timing = TimingModel.simple

  @Option(help: "Neurons whose state is recorded.")
  var probe: String?

  @Option(help: "Folder that the recording goes to.")
  var probeOutput: String?

  @Option(
    help: """
      Tables (csv, without it), or a data graph of NIR in `recording.h5`, weights excepted (nir).
      """)
  var probeFormat: ProbeFormat?

  @OptionGroup var output: OutputOptions

  func validate() throws {
    if let count, count < 1 { throw ValidationError("--count \(count), expected at least 1.") }
    guard (1...1024).contains(threads) else {
      throw ValidationError("--threads \(threads), expected 1 to 1024.")
    }
    guard (probe == nil) == (probeOutput == nil) else {
      throw ValidationError("--probe and --probe-output go together.")
    }
    guard probe != nil || probeFormat == nil else {
      throw ValidationError("--probe-format says how a recording is written: add --probe.")
    }
    guard learn || seed == nil else {
      throw ValidationError("--seed is that of learning: add --learn.")
    }
    guard learn || learntModel == nil else {
      throw ValidationError("--learnt-model is what --learn makes: add --learn.")
    }
    guard learn || chip == nil else {
      throw ValidationError("--chip is for what learning costs: add --learn.")
    }
    guard !learn || !metrics else {
      throw ValidationError("--metrics are those of fixed weights: leave out --learn.")
    }
    guard !learn || timing == .simple else {
      throw ValidationError("--timing detailed is that of inference: leave out --learn.")
    }
    guard !learn || threads == 1 else {
      throw ValidationError("--learn takes the samples one after the other: leave out --threads.")
    }
  }

  func perform() async throws {
    let file = try ModelFile(reading: model)
    let samples = try ModelSamples.read(data, for: file.model, count: count, learning: learn)
    if learn, file.model.plasticConnections.isEmpty {
      throw CommandFailure(
        "\(model): no connection of `\(file.model.name)` learns; leave out --learn, or compile a "
          + "network with a rule of learning")
    }
    let selection: ProbeSelection?
    do {
      selection = try probe.map { try ProbeSelection($0, of: file.model) }
    } catch {
      throw CommandFailure("--probe: \(error); name what \(model) has")
    }
    let published = try chip.map { try PublishedLearning.read($0) }
    var run: ChipRun
    if learn {
      run = ChipRun.learning(file.model, from: samples, seed: seed ?? 1, recording: selection)
    } else {
      run = ChipRun(
        ParallelEvaluation.run(
          file.model, on: samples, threads: threads,
          observing: .init(activity: metrics, recording: selection)), of: file.model)
    }
    if timing == .detailed { run.time(samples) }
    var figures: ChipRunFigures
    do {
      figures = try ChipRunFigures(run)
    } catch {
      throw CommandFailure("\(model): \(error)")
    }
    figures.publishedLearning = published
    if let probeOutput, let recording = run.recording {
      do {
        try (probeFormat ?? .csv).write(recording, model: run.model, to: probeOutput)
      } catch {
        throw CommandFailure(
          "\(probeOutput): the recording cannot be written (\(OutputFile.reason(error))), "
            + "expected a folder; name one that this user may write, or a new one")
      }
    }
    if let learntModel { try FileContent.write(Data(run.model.encoded()), to: learntModel) }
    try output.print(figures) { figures in
      Console.write(figures.text(of: run.model))
      for figure in figures.publishedLearning ?? [] { Console.line(figure.text) }
      if let learntModel { Console.line("wrote the learnt model to \(learntModel)") }
      if let probeOutput { Console.line((probeFormat ?? .csv).note(probeOutput)) }
    }
  }
}

/// How a run is timed.
enum TimingModel: String, ExpressibleByArgument, CaseIterable {
  case simple, detailed
}

/// What a run came to, with or without learning.
struct ChipRun {
  /// The model as it was at the end.
  var model: CompiledModel
  var samples: Int
  var correct: Int
  var counts: [UInt64]
  var coreCounts: [[UInt64]]
  var picoseconds: UInt64
  /// By the detailed model of time, if it was asked for.
  var detailedPicoseconds: UInt64?
  var saturations: UInt64
  var inputSpikes: Int
  var layerSpikes: [Int]
  var metrics: ChipMetrics?
  var recording: SpikeRecording?
  /// Events of showings that learn, and how many there were.
  var learning: (counts: [UInt64], samples: Int)?
  var learnt: Bool { learning != nil }

  /// Nothing shown yet.
  private init(of model: CompiledModel) {
    self.model = model
    (samples, correct, picoseconds, saturations, inputSpikes) = (0, 0, 0, 0, 0)
    (counts, coreCounts) = ([], [])
    layerSpikes = [Int](repeating: 0, count: model.layers.count)
  }

  init(_ evaluation: ParallelEvaluation, of model: CompiledModel) {
    self.model = model
    samples = evaluation.samples
    correct = evaluation.correct
    counts = evaluation.counts
    coreCounts = evaluation.coreCounts
    picoseconds = evaluation.picoseconds
    saturations = evaluation.saturations
    inputSpikes = evaluation.inputSpikes
    layerSpikes = evaluation.layerSpikes
    metrics = evaluation.activity == nil ? nil : ChipMetrics(model, of: evaluation)
    recording = evaluation.recording
  }

  /// Shows all samples once more, to follow their messages.
  mutating func time(_ samples: LabelledSamples) {
    var chip = Accelerator(model)
    var mesh = MeshTiming(model)
    var picoseconds: UInt64 = 0
    for position in 0..<samples.count {
      let sample = samples[position]
      _ = chip.infer(sample.intensities, sample: sample.id, probe: &mesh)
      picoseconds += mesh.finish()
    }
    detailedPicoseconds = picoseconds
  }

  /// Learns every sample once, in order; each is judged before it is learnt.
  static func learning(
    _ model: CompiledModel, from samples: LabelledSamples, seed: UInt64,
    recording selection: ProbeSelection?
  ) -> ChipRun {
    var run = ChipRun(of: model)
    var chip = Accelerator(model)
    var recording = selection.map { SpikeRecording(of: model, selecting: $0) }
    for position in 0..<samples.count {
      let sample = samples[position]
      let ordinal = UInt64(position)
      let inference: Inference
      if var probe = recording {
        recording = nil
        probe.begin(sample.id)
        inference = chip.learn(
          sample.intensities, sample: sample.id, label: sample.label, seed: seed,
          ordinal: ordinal, probe: &probe)
        recording = probe
      } else {
        inference = chip.learn(
          sample.intensities, sample: sample.id, label: sample.label, seed: seed,
          ordinal: ordinal)
      }
      if inference.label == sample.label { run.correct += 1 }
      run.inputSpikes += inference.inputSpikes
      for (layer, count) in inference.layerSpikes.enumerated() { run.layerSpikes[layer] += count }
    }
    run.samples = samples.count
    run.model = chip.learntModel
    // With a teacher a sample is first judged without it: those events are of learning as well.
    run.counts = chip.counts
    run.coreCounts = chip.coreCounts
    run.picoseconds = chip.inferencePicoseconds + chip.learningPicoseconds
    run.saturations = chip.saturations
    run.recording = recording
    run.learning = (chip.learningCounts, samples.count)
    return run
  }
}
