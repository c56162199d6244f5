import Accelerator
package import CompiledModel
import Dispatch
package import NetworkTraining
package import SpikingNetwork
import Synchronization

/// A model's run over labelled samples on several chips at once, without learning.
///
/// Each thread has a chip of its own and a slice of the samples; all that is kept are sums of
/// integers and lists in the order of samples, so the number of threads does not show.
package struct ParallelEvaluation: Sendable, Equatable {
  /// What is kept besides counts; each slows the run down.
  package struct Observation: Sendable {
    /// Counts for metrics of activity.
    package var activity: Bool
    /// Neurons whose state is recorded, with all spikes; nil records nothing.
    package var recording: ProbeSelection?
    /// The network in floating point that sees the same spikes; nil compares with nothing.
    ///
    /// It must be the one that the model was compiled from.
    package var reference: NetworkSimulator?

    /// Observes nothing by default.
    package init(
      activity: Bool = false, recording: ProbeSelection? = nil,
      reference: NetworkSimulator? = nil
    ) {
      self.activity = activity
      self.recording = recording
      self.reference = reference
    }
  }

  /// Samples shown.
  package private(set) var samples = 0
  /// Samples whose prediction was the label.
  package private(set) var correct = 0
  /// Events by the raw value of their kind.
  package private(set) var counts: [UInt64]
  /// Events by core and kind; those of the port and barriers are on no core.
  package private(set) var coreCounts: [[UInt64]]
  /// Modelled time of the chip in picoseconds.
  package private(set) var picoseconds: UInt64 = 0
  /// Values that were cut as they lay beyond their range, and currents that wrapped.
  package private(set) var saturations: UInt64 = 0
  /// Those of each layer's neurons among them.
  package private(set) var layerSaturations: [UInt64]
  /// Spikes of the input.
  package private(set) var inputSpikes = 0
  /// Spikes of each layer.
  package private(set) var layerSpikes: [Int]
  /// Counts for metrics, if they were asked for.
  package private(set) var activity: ChipActivity?
  /// The recording, if it was asked for.
  package private(set) var recording: SpikeRecording?
  /// How the chip and the reference agree, if one was given.
  package private(set) var comparison: NetworkComparison?

  private init(_ model: CompiledModel, observing observation: Observation) {
    counts = [UInt64](repeating: 0, count: EventKind.allCases.count)
    coreCounts = [[UInt64]](repeating: counts, count: model.cores.count)
    layerSpikes = [Int](repeating: 0, count: model.layers.count)
    layerSaturations = [UInt64](repeating: 0, count: model.layers.count)
    comparison = observation.reference.map { NetworkComparison(of: model, with: $0) }
    if observation.activity { activity = ChipActivity(of: model) }
    if let selection = observation.recording {
      recording = SpikeRecording(of: model, selecting: selection)
    }
  }

  /// Shows every sample once; samples must have as many channels as the model has inputs.
  package static func run(
    _ model: CompiledModel, on samples: LabelledSamples, threads: Int = 1,
    observing observation: Observation = Observation()
  ) -> ParallelEvaluation {
    precondition(threads > 0, "\(threads) threads")
    let empty = ParallelEvaluation(model, observing: observation)
    let slices = min(threads, max(1, samples.count))
    let chip = Accelerator(model)
    let parts = Mutex([ParallelEvaluation?](repeating: nil, count: slices))
    DispatchQueue.concurrentPerform(iterations: slices) { slice in
      let range = samples.count * slice / slices..<samples.count * (slice + 1) / slices
      var part = empty
      part.show(range, of: samples, to: chip, beside: observation.reference)
      parts.withLock { [part] in $0[slice] = part }
    }
    var whole = empty
    for part in parts.withLock({ $0 }) {
      if let part { whole.add(part) }
    }
    return whole
  }

  /// Mean spikes of a sample by population, from the input on, and neuron.
  package static func meanSpikes(
    of model: CompiledModel, on samples: LabelledSamples
  ) -> [[Float]] {
    let shown = run(model, on: samples, observing: Observation(activity: true))
    let count = Float(max(1, samples.count))
    return shown.activity?.spikes.map { $0.map { Float($0) / count } } ?? []
  }

  private mutating func show(
    _ range: Range<Int>, of samples: LabelledSamples, to fresh: Accelerator,
    beside reference: NetworkSimulator?
  ) {
    var chip = fresh
    var probe = EvaluationProbe(activity: activity, recording: recording)
    if comparison != nil { probe.trains = [] }
    for position in range {
      let sample = samples[position]
      let inference: Inference
      if probe.isIdle {
        inference = chip.infer(sample.intensities, sample: sample.id)
      } else {
        probe.recording?.begin(sample.id)
        probe.trains?.removeAll(keepingCapacity: true)
        inference = chip.infer(sample.intensities, sample: sample.id, probe: &probe)
      }
      if let reference, let trains = probe.trains {
        comparison?.add(
          simulated: reference.run(sample, isRecording: true), chip: inference, trains,
          label: sample.label)
      }
      if inference.label == sample.label { correct += 1 }
      inputSpikes += inference.inputSpikes
      for (layer, count) in inference.layerSpikes.enumerated() { layerSpikes[layer] += count }
    }
    self.samples = range.count
    counts = chip.inferenceCounts
    coreCounts = chip.coreCounts
    picoseconds = chip.inferencePicoseconds
    saturations = chip.saturations
    layerSaturations = chip.layerSaturations
    activity = probe.activity
    recording = probe.recording
  }

  private mutating func add(_ part: ParallelEvaluation) {
    samples += part.samples
    correct += part.correct
    picoseconds += part.picoseconds
    saturations += part.saturations
    inputSpikes += part.inputSpikes
    for layer in layerSpikes.indices {
      layerSpikes[layer] += part.layerSpikes[layer]
      layerSaturations[layer] += part.layerSaturations[layer]
    }
    for kind in counts.indices { counts[kind] += part.counts[kind] }
    for core in coreCounts.indices {
      for kind in counts.indices { coreCounts[core][kind] += part.coreCounts[core][kind] }
    }
    if let more = part.activity { activity?.add(more) }
    if let more = part.recording { recording?.append(more) }
    if let more = part.comparison { comparison?.add(more) }
  }
}

/// Observes for metrics, for a recording and for a comparison, any of them.
struct EvaluationProbe: ChipProbe {
  var activity: ChipActivity?
  var recording: SpikeRecording?
  /// By step, then by population from the input on: who spiked in this sample.
  var trains: [[Int32]]?

  var isIdle: Bool { activity == nil && recording == nil && trains == nil }

  mutating func observe(_ state: ProbedState) {
    activity?.observe(state)
    recording?.observe(state)
    trains?.append(state.spikes)
  }
}
