import Accelerator
import CompiledModel
import Federation
package import FleetCore
import SpikingNetwork

/// One training run on a chip of its own, from the base model to the update.
struct TrainingRun: Sendable {
  let order: TrainingOrder
  private let model: CompiledModel
  private let running: CompiledModel
  private let frozen: Set<UInt32>
  private let stream: NodeStream
  private let settings: LearningSettings
  private(set) var accelerator: Accelerator
  private var positions: StreamOrder
  private var buffer: RehearsalBuffer?
  private var trained: UInt32 = 0
  private var correct: UInt32 = 0

  /// Throws where nothing of the model learns under the settings and the order's permit.
  init(
    _ order: TrainingOrder, model: CompiledModel, stream: NodeStream, settings: LearningSettings
  ) throws(ConfigurationError) {
    self.order = order
    self.model = model
    self.stream = stream
    self.settings = settings
    frozen = try settings.frozenBlocks(of: model, permit: order.permit)
    running = model.freezing(frozen)
    accelerator = Accelerator(running)
    accelerator.limitDrift(to: settings.driftMax(order.permit))
    positions = StreamOrder(count: stream.samples.count)
    buffer = settings.rehearsal.map {
      RehearsalBuffer($0, classes: model.classes, seed: order.seed)
    }
    // What the node has learnt from before is in the buffer, whichever run it was in.
    guard buffer != nil else { return }
    for ordinal in 0..<order.firstOrdinal { note(positions.position(of: ordinal), ordinal) }
  }

  /// The price table of the model.
  var prices: PriceTable { model.prices }

  /// Ordinal of the next sample.
  var ordinal: UInt64 { order.firstOrdinal &+ UInt64(trained) }

  /// Whether every sample of the order was trained.
  var isDone: Bool { trained >= order.samples }

  /// Learns the next sample of the stream and what is rehearsed after it; whether the weights from
  /// before were right about the sample, nil where it has no label.
  mutating func trainNext() -> Bool? {
    let ordinal = ordinal
    let position = positions.position(of: ordinal)
    let isHit = learn(position, ordinal: ordinal)
    for (number, rehearsed) in (buffer?.rehearsed(after: ordinal) ?? []).enumerated() {
      // Ordinals of their own, so that no two roundings share their draws.
      _ = learn(rehearsed, ordinal: ordinal | UInt64(number + 1) << 48)
    }
    note(position, ordinal)
    trained += 1
    if isHit == true { correct += 1 }
    return isHit
  }

  private mutating func note(_ position: Int, _ ordinal: UInt64) {
    guard let label = stream.events.labels[position] else { return }
    buffer?.take(position, label: label, ordinal: ordinal)
  }

  private mutating func learn(_ position: Int, ordinal: UInt64) -> Bool? {
    let sample = stream.samples[position]
    if let label = stream.events.assignments[position], running.hasAssignment {
      _ = accelerator.assign(sample.intensities, sample: sample.id, label: label)
      return nil
    }
    let label = stream.events.labels[position]
    let inference =
      label == nil && accelerator.needsLabels
      ? accelerator.infer(sample.intensities, sample: sample.id)
      : accelerator.learn(
        sample.intensities, sample: sample.id, label: label,
        reward: stream.events.reward(of: position), seed: order.seed, ordinal: ordinal)
    return label.map { inference.label == $0 }
  }

  /// The learned state of the whole model as it is now.
  private var learnedState: [[Int16]] {
    model.learnedState(after: running, accelerator.learnedState, freezing: frozen)
  }

  /// The update: learnt minus base values of each learned block.
  func finished() -> FinishedTraining {
    let state = learnedState
    let learnt = zip(state, model.learnedState)
    let layers = zip(UpdateDoor.shape(of: model), learnt).map { shape, values in
      LayerDelta(
        layer: shape.layer, exponent: shape.exponent,
        deltas: zip(values.0, values.1).map { Int32($0) - Int32($1) })
    }
    let update = ModelUpdate(
      base: order.base.bytes, samples: order.samples, correct: correct, layers: layers)
    return FinishedTraining(
      key: order.key, update: update.encoded(), samples: order.samples, correct: correct,
      counts: accelerator.counts, nextOrdinal: ordinal,
      record: LearningRecord(
        order, settings, stream: stream.digest, learnedState: state, correct: correct))
  }
}

/// What a training run made, not stored yet.
package struct FinishedTraining: Sendable, Equatable {
  /// The round.
  package var key: RoundKey
  /// Bytes of the update.
  package var update: [UInt8]
  /// Samples trained.
  package var samples: UInt32
  /// Test-then-train hits among them.
  package var correct: UInt32
  /// Chip events of the run by event kind, those of first showings to taught models included.
  package var counts: [UInt64]
  /// Ordinal of the sample after the last one.
  package var nextOrdinal: UInt64
  /// All that it takes to compute the run again.
  package var record: LearningRecord
}
