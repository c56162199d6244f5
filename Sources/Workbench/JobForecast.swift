package import CompiledModel
package import Federation
package import FleetCore
import FleetProtocol
package import SpikingNetwork

/// What a round of a job takes on a node, tried on a chip before anything starts.
package struct JobForecast: Sendable, Equatable {
  /// Samples that are learnt at most.
  static let samplesMax: UInt32 = 20

  /// Samples that were learnt.
  package var samples: Int
  /// Chip events of that by event kind.
  package var counts: [UInt64]
  /// Bytes of the update.
  package var updateBytes: UInt64

  /// Learns the first of these samples from a model; nil where there is none, they are of another
  /// sensor, or nothing of the model learns.
  package static func run(
    _ model: CompiledModel, _ digest: ContentDigest, on samples: LabelledSamples,
    _ job: JobSpecification
  ) -> JobForecast? {
    guard samples.count > 0, samples.channels == model.sampleSize else { return nil }
    var order = TrainingOrder(
      key: key, base: digest,
      samples: min(samplesMax, UInt32(clamping: samples.count)), seed: 1, firstOrdinal: 0,
      compression: job.compression, terms: TrainingTerms(job.strategy))
    order.localLayers = job.localLayers
    do {
      var run = try TrainingRun(
        order, model: model, stream: NodeStream(samples), settings: LearningSettings())
      while !run.isDone { _ = run.trainNext() }
      let finished = run.finished()
      return JobForecast(
        samples: Int(finished.samples), counts: finished.counts,
        updateBytes: UInt64(finished.update.count))
    } catch {
      return nil
    }
  }

  /// Bytes of an update in which nothing has changed much, for who has no samples to try.
  package static func updateBytes(
    of model: CompiledModel, _ digest: ContentDigest, _ compression: UpdateCompression,
    localLayers: [String] = []
  ) -> UInt64 {
    let layers = UpdateDoor.shape(of: model, without: localLayers).map { shape in
      LayerDelta(
        layer: shape.layer, exponent: shape.exponent,
        deltas: (0..<shape.count).map { Int32($0 % 2 == 0 ? 100 : -100) })
    }
    let update = ModelUpdate(
      base: digest.bytes, samples: 1, correct: 0, layers: layers)
    do throws(UpdateError) {
      return UInt64(try update.compressed(compression, residual: nil, seed: 1).sent.encoded().count)
    } catch {
      preconditionFailure("an update of the model's own shape: \(error)")
    }
  }

  private static let key: RoundKey = {
    guard let job = Identifier("plan") else { preconditionFailure("`plan` is no name") }
    return RoundKey(job: job, round: 1, attempt: 1)
  }()
}
