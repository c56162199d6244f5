import Accelerator
import CompiledModel
import Federation
package import FleetCore
import SpikingNetwork

/// One training run on a chip of its own, from the base model to the update.
struct TrainingRun: Sendable {
  let order: TrainingOrder
  private let model: CompiledModel
  /// The model with what this node has learnt in layers of its own.
  private let start: CompiledModel
  private let local: LocalBlocks
  private let running: CompiledModel
  private let frozen: Set<UInt32>
  private let stream: NodeStream
  private let settings: LearningSettings
  private(set) var accelerator: Accelerator
  private var positions: StreamOrder
  private var buffer: RehearsalBuffer?
  private var trained: UInt32 = 0
  private var correct: UInt32 = 0
  /// What earlier updates of the job left out; nil for nothing.
  private var residual: UpdateResidual?
  /// The base's loss so far; nil where it is not asked for.
  private var measured: MeasuredLoss?

  /// Throws where nothing of the model learns under the settings and the order's permit, or what
  /// stays on the node is not of the model.
  ///
  /// - Parameter localState: what the order's local layers have learnt, encoded; nil for nothing.
  init(
    _ order: TrainingOrder, model: CompiledModel, stream: NodeStream, settings: LearningSettings,
    localState: [UInt8]? = nil
  ) throws {
    self.order = order
    self.model = model
    local = try LocalBlocks(of: model, named: order.localLayers)
    start = try local.start(localState)
    self.stream = stream
    self.settings = settings
    frozen = try settings.frozenBlocks(of: model, permit: order.permit)
    running = start.freezing(frozen)
    accelerator = Accelerator(running)
    accelerator.limitDrift(
      to: settings.driftMax(order.permit), from: model.freezing(frozen))
    measured = order.terms.measuresLoss ? MeasuredLoss(of: model) : nil
    if order.terms.pull > 0 { accelerator.steer(Steering(pull: order.terms.pull)) }
    positions = StreamOrder(count: stream.samples.count)
    buffer = settings.rehearsal.map {
      RehearsalBuffer($0, classes: model.classes, seed: order.seed)
    }
    // What the node has learnt from before is in the buffer, whichever run it was in.
    guard buffer != nil else { return }
    for ordinal in 0..<order.firstOrdinal { note(positions.position(of: ordinal), ordinal) }
  }

  /// Takes what earlier updates of the job left out into this one.
  mutating func carry(_ encoded: [UInt8]?) throws(UpdateError) {
    guard let encoded else { return }
    let residual = try UpdateResidual(reading: encoded)
    let found = residual.layers.map {
      LayerShape(layer: $0.layer, count: $0.values.count, exponent: $0.exponent)
    }
    guard found == UpdateDoor.shape(of: model, without: order.localLayers) else {
      throw .shape("what is left out is of another model")
    }
    self.residual = residual
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
    while measureNext() {}
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

  /// Shows the base one sample more of those that it is to learn from; false where its loss on all
  /// of them is known, or not asked for.
  mutating func measureNext() -> Bool {
    guard let measured, measured.shown < order.samples else { return false }
    let position = positions.position(of: order.firstOrdinal &+ UInt64(measured.shown))
    guard let label = stream.events.labels[position] else {
      self.measured?.pass()
      return true
    }
    let sample = stream.samples[position]
    let inference = accelerator.infer(sample.intensities, sample: sample.id)
    self.measured?.add(inference, label: label)
    return true
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
    start.learnedState(after: running, accelerator.learnedState, freezing: frozen)
  }

  /// Learnt minus base values of each learned block that does not stay on the node.
  var update: ModelUpdate { update(learnedState) }

  private func update(_ learnt: [[Int16]]) -> ModelUpdate {
    let (shape, base) = (UpdateDoor.shape(of: model), model.learnedState)
    return ModelUpdate(
      base: order.base.bytes, samples: order.samples, correct: correct,
      layers: shape.indices.filter { !local.places.contains($0) }.map { place in
        LayerDelta(
          layer: shape[place].layer, exponent: shape[place].exponent,
          deltas: zip(learnt[place], base[place]).map { Int32($0) - Int32($1) })
      })
  }

  /// What the run made; `update` is what was learnt, where nothing else is sent in its place.
  func finished(sending update: ModelUpdate? = nil) -> FinishedTraining {
    let learnt = learnedState
    let (sent, left) = compressed(update ?? self.update(learnt))
    return FinishedTraining(
      key: order.key, update: sent.encoded(), residual: left, localState: local.encoded(learnt),
      samples: order.samples, correct: correct, counts: accelerator.counts, nextOrdinal: ordinal,
      lossMillionths: measured?.millionths ?? 0,
      record: LearningRecord(
        order, settings, stream: stream.digest, learnedState: learnt, correct: correct))
  }
}

extension TrainingRun {
  /// What is sent of an update, and what stays behind whether it comes to count or not.
  private func compressed(
    _ update: ModelUpdate
  ) -> (sent: ModelUpdate, left: FinishedTraining.Residual?) {
    guard order.compression != .dense else { return (update, nil) }
    do throws(UpdateError) {
      return try split(update, residual)
    } catch {
      // Past 32 bits after thousands of rounds: what was left out so far is given up.
      do throws(UpdateError) {
        return try split(update, nil)
      } catch {
        preconditionFailure("an update of the model's own shape: \(error)")
      }
    }
  }

  private func split(
    _ update: ModelUpdate, _ residual: UpdateResidual?
  ) throws(UpdateError) -> (sent: ModelUpdate, left: FinishedTraining.Residual?) {
    let (sent, left) = try update.compressed(
      order.compression, residual: residual, seed: order.compressionSeed)
    let unused = try left.returning(sent)
    return (sent, FinishedTraining.Residual(accepted: left.encoded(), unused: unused.encoded()))
  }
}

/// What a training run made, not stored yet.
package struct FinishedTraining: Sendable, Equatable {
  /// What compression leaves out, encoded: where the update counts, and where it does not.
  package struct Residual: Sendable, Equatable {
    /// What is left where it counts.
    package var accepted: [UInt8]
    /// What is left where it does not: all that was learnt.
    package var unused: [UInt8]
  }

  /// The round.
  package var key: RoundKey
  /// Bytes of the update.
  package var update: [UInt8]
  /// What it leaves out; nil where everything is sent.
  package var residual: Residual?
  /// What layers that stay on the node have learnt, encoded; nil where none do.
  package var localState: [UInt8]?
  /// Samples trained.
  package var samples: UInt32
  /// Test-then-train hits among them.
  package var correct: UInt32
  /// Chip events of the run by event kind, those of first showings to taught models included.
  package var counts: [UInt64]
  /// Ordinal of the sample after the last one.
  package var nextOrdinal: UInt64
  /// Loss of the base on the samples, in millionths of a nat; 0 where it was not measured.
  package var lossMillionths: UInt32
  /// All that it takes to compute the run again.
  package var record: LearningRecord
}
