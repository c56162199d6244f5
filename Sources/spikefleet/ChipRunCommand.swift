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
      With --assign it only counts for which labels its neurons fire, anew and with all else fixed.
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

  @Flag(help: "Assign neurons to the classes that they fire for, by samples that are only shown.")
  var assign = false

  @Option(parsing: .unconditional, help: "Seed of the rounding of what is learnt; 1 without it.")
  var seed: UInt64?

  @Option(
    parsing: .unconditional, help: "Times that all samples are shown to --learn; 1 without it.")
  var passes: Int?

  @Option(help: "A layer whose weights stay while others learn; once for each.")
  var freeze: [String] = []

  @Option(
    parsing: .unconditional,
    help: "How far a learning weight may get from the model's, in steps of 16 bits.")
  var maxDrift: Int?

  @Option(
    parsing: .unconditional,
    help: "Samples kept of those that were learnt, evenly over the classes, to learn again.")
  var rehearsal: Int?

  @Option(
    parsing: .unconditional,
    help: "Kept samples that are learnt again after each new one; 1 without it.")
  var rehearsalShare: Double?

  @Option(help: "Folder of samples of before that --rehearsal keeps at first.")
  var rehearseFrom: String?

  @Option(help: "Where the model goes as it is after learning.")
  var learntModel: String?

  @Option(parsing: .unconditional, help: "Threads; results do not depend on it.")
  var threads = 1

  @Option(help: "Chip file whose published figures of learning are shown beside the modelled ones.")
  var chip: String?

  @Flag(help: "Measure by the definitions of NeuroBench as well.")
  var metrics = false

  @Option(
    help: """
      Model of time: simple, or detailed to follow every spike's messages over the mesh as well; \
      those by which cores find winners and scores are not followed.
      """)
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
    try validateLearning()
    guard !learn || !assign else {
      throw ValidationError("--learn counts for classes as well: leave out --assign.")
    }
    guard learn || assign || learntModel == nil else {
      throw ValidationError("--learnt-model is what --learn makes: add --learn or --assign.")
    }
    guard learn || chip == nil else {
      throw ValidationError("--chip is for what learning costs: add --learn.")
    }
    let changes = learn ? "--learn" : "--assign"
    guard !(learn || assign) || !metrics else {
      throw ValidationError("--metrics are those of fixed weights: leave out \(changes).")
    }
    guard !(learn || assign) || timing == .simple else {
      throw ValidationError("--timing detailed is that of inference: leave out \(changes).")
    }
    guard !(learn || assign) || threads == 1 else {
      throw ValidationError(
        "\(changes) takes the samples one after the other: leave out --threads.")
    }
    guard !assign || probe == nil else {
      throw ValidationError("--probe records inference or learning: leave out --assign.")
    }
  }

  private func validateLearning() throws {
    let settings: [(String, Bool)] = [
      ("--passes", passes != nil), ("--freeze", !freeze.isEmpty), ("--max-drift", maxDrift != nil),
      ("--rehearsal", rehearsal != nil), ("--rehearsal-share", rehearsalShare != nil),
      ("--rehearse-from", rehearseFrom != nil),
    ]
    if let name = settings.first(where: \.1)?.0, !learn {
      throw ValidationError("\(name) is a setting of learning: add --learn.")
    }
    if let passes, !(1...1000).contains(passes) {
      throw ValidationError("--passes \(passes), expected 1 to 1000.")
    }
    if let maxDrift, !(0...65_535).contains(maxDrift) {
      throw ValidationError("--max-drift \(maxDrift), expected 0 to 65535.")
    }
    if let rehearsal, !(1...1_000_000).contains(rehearsal) {
      throw ValidationError("--rehearsal \(rehearsal), expected 1 to 1000000 samples.")
    }
    if let rehearsalShare, !(0...100).contains(rehearsalShare) {
      throw ValidationError("--rehearsal-share \(rehearsalShare), expected 0 to 100.")
    }
    guard rehearsal != nil || (rehearsalShare == nil && rehearseFrom == nil) else {
      throw ValidationError("--rehearsal-share and --rehearse-from belong to --rehearsal: add it.")
    }
    guard freeze.isEmpty || probe == nil else {
      throw ValidationError("--probe records what learns in all layers: leave out --freeze.")
    }
  }

  private func learningOptions(
    _ model: CompiledModel, _ samples: LabelledSamples
  ) throws -> LearningOptions {
    LearningOptions(
      seed: seed ?? 1, passes: passes ?? 1,
      settings: LearningSettings(
        freeze: freeze, maxDrift: maxDrift,
        rehearsal: rehearsal.map { .init(samples: $0, share: rehearsalShare ?? 1) }),
      rehearseFrom: try rehearseFrom.map {
        try ModelSamples.read($0, for: model, learning: true)
      },
      events: count == nil ? try StreamEvents.read(data, for: samples) : nil)
  }

  func perform() async throws {
    let file = try ModelFile(reading: model)
    let samples = try ModelSamples.read(
      data, for: file.model, count: count, learning: learn || assign)
    if assign, !file.model.hasAssignment {
      throw CommandFailure(
        "\(model): neurons of `\(file.model.name)` stand for no classes; leave out --assign, or "
          + "give the last population `classes`")
    }
    if learn, file.model.learnedBlocks.isEmpty {
      throw CommandFailure(
        "\(model): nothing of `\(file.model.name)` learns; leave out --learn, or compile a "
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
      let options = try learningOptions(file.model, samples)
      if let label = options.events?.labels.compactMap(\.self).max(), label >= file.model.classes {
        throw CommandFailure(
          "\(data)/\(StreamEvents.fileName): found label \(label), expected 0 to "
            + "\(file.model.classes - 1), the classes of `\(file.model.name)`")
      }
      run = try ChipRun.learning(file.model, from: samples, options, recording: selection)
    } else if assign {
      run = ChipRun.assigning(file.model, from: samples)
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
  /// Samples with a label.
  var labelled: Int
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
  init(of model: CompiledModel) {
    self.model = model
    (samples, correct, labelled, picoseconds, saturations, inputSpikes) = (0, 0, 0, 0, 0, 0)
    (counts, coreCounts) = ([], [])
    layerSpikes = [Int](repeating: 0, count: model.layers.count)
  }

  init(_ evaluation: ParallelEvaluation, of model: CompiledModel) {
    self.model = model
    samples = evaluation.samples
    labelled = evaluation.samples
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
}
