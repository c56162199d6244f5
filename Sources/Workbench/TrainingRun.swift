import Accelerator
import CompiledModel
import Federation
package import FleetCore
import SpikingNetwork

/// One training run on a chip of its own, from the base model to the update.
struct TrainingRun: Sendable {
  let order: TrainingOrder
  private let model: CompiledModel
  private(set) var accelerator: Accelerator
  private var trained: UInt32 = 0
  private var correct: UInt32 = 0

  /// Nil where nothing of the model learns.
  init?(_ order: TrainingOrder, model: CompiledModel) {
    guard !model.learnedBlocks.isEmpty else { return nil }
    self.order = order
    self.model = model
    accelerator = Accelerator(model)
  }

  /// Ordinal of the next sample.
  var ordinal: UInt64 { order.firstOrdinal &+ UInt64(trained) }

  /// Whether every sample of the order was trained.
  var isDone: Bool { trained >= order.samples }

  /// Shows a sample with its label; whether the weights from before it were right about it.
  mutating func train(_ sample: LabelledSample) -> Bool {
    let inference = accelerator.learn(
      sample.intensities, sample: sample.id, label: sample.label, seed: order.seed,
      ordinal: ordinal)
    trained += 1
    let isHit = inference.label == sample.label
    if isHit { correct += 1 }
    return isHit
  }

  /// The update: learnt minus base values of each learned block.
  func finished() -> FinishedTraining {
    let learnt = zip(accelerator.learnedState, model.learnedState)
    let layers = zip(UpdateDoor.shape(of: model), learnt).map { shape, values in
      LayerDelta(
        layer: shape.layer, exponent: shape.exponent,
        deltas: zip(values.0, values.1).map { Int32($0) - Int32($1) })
    }
    let update = ModelUpdate(
      base: order.base.bytes, samples: order.samples, correct: correct, layers: layers)
    return FinishedTraining(
      key: order.key, update: update.encoded(), samples: order.samples, correct: correct,
      counts: accelerator.counts, nextOrdinal: ordinal)
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
}
