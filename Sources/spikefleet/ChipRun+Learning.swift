import Accelerator
import CompiledModel
import SpikingNetwork
import Workbench

/// How a chip learns at the desk.
struct LearningOptions {
  var seed: UInt64 = 1
  /// Times that all samples are shown.
  var passes = 1
  /// What keeps the chip from forgetting.
  var settings = LearningSettings()
  /// Samples that the rehearsal buffer is filled with first.
  var rehearseFrom: LabelledSamples?
  /// Labels of the samples; nil for their own.
  var events: StreamEvents?
}

extension ChipRun {
  /// Learns every sample once in each pass, in order; each is judged before it is learnt.
  static func learning(
    _ model: CompiledModel, from samples: LabelledSamples, _ options: LearningOptions,
    recording selection: ProbeSelection?
  ) throws -> ChipRun {
    let frozen = try options.settings.frozenBlocks(of: model)
    let running = model.freezing(frozen)
    var run = ChipRun(of: model)
    var chip = Accelerator(running)
    chip.limitDrift(to: options.settings.maxDrift.map { Int32(clamping: $0) })
    var recording = selection.map { SpikeRecording(of: model, selecting: $0) }
    var rehearsal = DeskRehearsal(options, model, samples)
    let labels = options.events?.labels ?? samples.labels.map { Int($0) }
    for ordinal in 0..<samples.count * options.passes {
      let position = ordinal % samples.count
      let sample = samples[position]
      let inference: Inference
      if let label = options.events?.assignments[position], running.hasAssignment {
        inference = chip.assign(sample.intensities, sample: sample.id, label: label)
      } else if labels[position] == nil, chip.needsLabels {
        inference = chip.infer(sample.intensities, sample: sample.id)
      } else if var probe = recording {
        recording = nil
        probe.begin(sample.id)
        inference = chip.learn(
          sample.intensities, sample: sample.id, label: labels[position],
          reward: options.events?.reward(of: position), seed: options.seed,
          ordinal: UInt64(ordinal), probe: &probe)
        recording = probe
      } else {
        inference = chip.learn(
          sample.intensities, sample: sample.id, label: labels[position],
          reward: options.events?.reward(of: position), seed: options.seed,
          ordinal: UInt64(ordinal))
      }
      run.add(inference, label: labels[position])
      rehearsal?.rehearse(after: UInt64(ordinal), on: &chip, seed: options.seed)
      if let label = labels[position] { rehearsal?.take(position, label, UInt64(ordinal)) }
    }
    run.finish(chip)
    run.model = model.replacingLearnedState(
      model.learnedState(after: running, chip.learnedState, freezing: frozen))
    run.recording = recording
    return run
  }

  /// Counts spikes of every sample once for its label; nothing else changes.
  static func assigning(_ model: CompiledModel, from samples: LabelledSamples) -> ChipRun {
    var run = ChipRun(of: model)
    var chip = Accelerator(model)
    chip.clearAssignment()
    for position in 0..<samples.count {
      let sample = samples[position]
      run.add(
        chip.assign(sample.intensities, sample: sample.id, label: sample.label),
        label: sample.label)
    }
    run.finish(chip)
    return run
  }

  private mutating func add(_ inference: Inference, label: Int?) {
    samples += 1
    if let label {
      labelled += 1
      if inference.label == label { correct += 1 }
    }
    inputSpikes += inference.inputSpikes
    for (layer, count) in inference.layerSpikes.enumerated() { layerSpikes[layer] += count }
  }

  /// Takes over what a chip has learnt and what that came to.
  private mutating func finish(_ chip: Accelerator) {
    model = chip.learntModel
    // With a teacher a sample is first judged without it: those events are of learning as well.
    counts = chip.counts
    coreCounts = chip.coreCounts
    picoseconds = chip.inferencePicoseconds + chip.learningPicoseconds
    saturations = chip.saturations
    learning = (chip.learningCounts, samples)
  }
}

/// A rehearsal buffer beside a stream: samples of before first, then those of the stream.
private struct DeskRehearsal {
  private var buffer: RehearsalBuffer
  private let before: LabelledSamples?
  private let stream: LabelledSamples

  init?(_ options: LearningOptions, _ model: CompiledModel, _ stream: LabelledSamples) {
    guard let rehearsal = options.settings.rehearsal else { return nil }
    buffer = RehearsalBuffer(rehearsal, classes: model.classes, seed: options.seed)
    before = options.rehearseFrom
    self.stream = stream
    for position in 0..<(before?.count ?? 0) {
      // Ordinals of their own: the stream's count up from 0.
      buffer.take(
        position, label: Int(before?.labels[position] ?? 0), ordinal: UInt64(position) | 1 << 47)
    }
  }

  mutating func take(_ position: Int, _ label: Int, _ ordinal: UInt64) {
    buffer.take(position + (before?.count ?? 0), label: label, ordinal: ordinal)
  }

  func rehearse(after ordinal: UInt64, on chip: inout Accelerator, seed: UInt64) {
    for (number, place) in buffer.rehearsed(after: ordinal).enumerated() {
      let first = before?.count ?? 0
      let sample =
        if place < first, let before { before[place] } else { stream[place - first] }
      _ = chip.learn(
        sample.intensities, sample: sample.id, label: sample.label, seed: seed,
        ordinal: ordinal | UInt64(number + 1) << 48)
    }
  }
}
