import CompiledModel
import Dispatch
import Federation
import FleetCore
import FleetProtocol
import FleetStore
import Logging
import SpikingNetwork
import SwiftProtobuf
import Synchronization
import Workbench

/// The work that takes longer than a transaction: checking updates, aggregating sealed rounds.
///
/// One serial queue, so that memory holds one aggregation at a time.
final class BackgroundWork: Sendable {
  private let blobs: BlobStore
  private let keys: OnlineKeys
  private let checkData: LabelledSamples?
  private let log: Logger
  private let queue = DispatchQueue(label: "coordinator-work")
  /// Looks of gates read the store, and wait for no aggregation.
  private let gates = DispatchQueue(label: "coordinator-gates")
  /// Backups and looks at the whole database, which take long and wait for nothing.
  private let copies = DispatchQueue(label: "coordinator-copies", attributes: .concurrent)
  private let isStopped = Mutex(false)
  private let door = Mutex<(base: ContentDigest, local: [String], shape: [LayerShape])?>(nil)

  init(
    blobs: BlobStore, keys: OnlineKeys, checkData: LabelledSamples?, log: Logger
  ) {
    self.blobs = blobs
    self.keys = keys
    self.checkData = checkData
    self.log = log
  }

  /// Returns when nothing runs any more that changes something; work not begun is left to the next
  /// start, and who waits for a copy gets none.
  func stop() {
    isStopped.withLock { $0 = true }
    queue.sync {}
    gates.sync {}
  }

  /// Makes a complete upload durable and judges it.
  func check(
    _ key: UploadKey, _ check: UploadCheck,
    then report: @escaping @Sendable (UploadOutcome) -> Void
  ) {
    run { report(self.judge(key, check)) }
  }

  /// Aggregates, stores and checks a sealed set; the core asks again where the disk fails.
  func aggregate(
    _ order: AggregationOrder, published: ModelRecord?,
    then report: @escaping @Sendable (AggregationOutcome) -> Void
  ) {
    run {
      do throws(StoreError) {
        report(try self.outcome(of: order, published: published))
      } catch {
        self.log.error(
          "aggregation waits for the disk",
          metadata: ["round": "\(order.key)", "error": "\(error)"])
        report(.unavailable(detail: error.description))
      }
    }
  }

  /// Holds a wave's telemetry against its bounds.
  func assess(
    _ order: AssessmentOrder, in store: FleetStore, joules: @escaping ModelPricing,
    then report: @escaping @Sendable (AssessmentOutcome) -> Void
  ) {
    gates.async {
      guard !self.isStopped.withLock({ $0 }) else { return }
      do throws(StoreError) {
        report(.made(try store.assess(order, joules: joules)))
      } catch {
        report(.unavailable(detail: error.description))
      }
    }
  }

  /// Runs what only reads, for somebody who waits for it.
  func inBackground<Value: Sendable>(
    _ body: @escaping @Sendable () throws -> Value
  ) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      copies.async { continuation.resume(with: Result { try body() }) }
    }
  }

  /// Nanojoules an inference of a model is going to take, as far as the check data say.
  func forecast(_ model: CompiledModel) -> UInt64? {
    checkData.flatMap { EnergyForecast.nanojoulesPerInference(of: model, on: $0) }
  }

  /// Tries a round of a job on the check data; nil where there are none that fit.
  func tryJob(
    _ job: JobSpecification, of model: CompiledModel, _ digest: ContentDigest
  ) -> JobForecast? {
    checkData.flatMap { JobForecast.run(model, digest, on: $0, job) }
  }

  private func run(_ body: @escaping @Sendable () -> Void) {
    queue.async {
      guard !self.isStopped.withLock({ $0 }) else { return }
      body()
    }
  }

  /// Judges the staged bytes; only what is valid becomes a blob.
  ///
  /// A refusal never touches a blob: a node may send the bytes of a stored model or of another
  /// node's update.
  private func judge(_ key: UploadKey, _ check: UploadCheck) -> UploadOutcome {
    let upload: TakenUpload
    do throws(StoreError) {
      upload = try blobs.take(key, expected: check.digest, size: check.size)
    } catch {
      switch error {
      case .digestMismatch: return .refused(code: "digest", detail: error.description)
      case .sizeMismatch: return .refused(code: "size", detail: error.description)
      default: return .unreadable(detail: error.description)
      }
    }
    do throws(StoreError) {
      guard let shape = try shape(of: check.base, without: check.localLayers) else {
        blobs.discard(upload)
        return .unreadable(detail: "base model \(check.base) does not read")
      }
      let outcome = UpdateDoor.judge(StoredUpdate(upload.content), check, shape: shape)
      if outcome == .valid { try blobs.keep(upload) } else { blobs.discard(upload) }
      return outcome
    } catch {
      blobs.discard(upload)
      return .unreadable(detail: error.description)
    }
  }

  /// What a base learns: many nodes send updates of one base.
  private func shape(
    of base: ContentDigest, without local: [String]
  ) throws(StoreError) -> [LayerShape]? {
    if let known = door.withLock({ $0 }), known.base == base, known.local == local {
      return known.shape
    }
    guard let shape = UpdateDoor.shape(ofModel: try blobs.read(base), without: local) else {
      return nil
    }
    door.withLock { $0 = (base, local, shape) }
    return shape
  }

  private func outcome(
    of order: AggregationOrder, published: ModelRecord?
  ) throws(StoreError) -> AggregationOutcome {
    guard let published else {
      return .refused(code: "published-missing", detail: "model \(order.published) is not held")
    }
    let manifest: WireManifest
    do {
      manifest = try WireManifest(serializedBytes: SignedDocument.payload(of: published.manifest))
    } catch {
      return .refused(code: "manifest", detail: "published manifest does not decode: \(error)")
    }
    var updates: [StoredUpdate] = []
    for entry in order.updates { updates.append(StoredUpdate(try blobs.content(entry.digest))) }
    let anchor = try blobs.read(order.published)
    let base = try blobs.read(order.base.digest)
    var kept: [UInt8]?
    if let state = order.state { kept = try blobs.read(state) }
    let successor: RoundAggregator.Successor
    do throws(AggregationRefusal) {
      successor = try RoundAggregator(federationKeys: keys.current.federation).aggregate(
        order, base: base, published: (manifest, anchor), updates: updates, state: kept,
        at: WallClock.now())
    } catch {
      if let failure = updates.lazy.compactMap(\.failure).first { throw failure }
      return .refused(code: error.code, detail: error.detail)
    }
    if let checkData, checkData.channels != successor.model.sampleSize {
      return .refused(
        code: "check-data",
        detail:
          "checkData has \(checkData.channels) channels, the model \(successor.model.sampleSize);"
          + " set `checkData` to samples of this job's sensor and start again")
    }
    try blobs.put(successor.bytes)
    let accuracy = accuracy(of: successor.model)
    let baseAccuracy = order.measuresBase ? self.accuracy(of: successor.base) : nil
    var record = successor.record
    record.nanojoulesPerInference = forecast(successor.model)
    var state: ContentDigest?
    if let bytes = successor.serverState { state = try blobs.put(bytes) }
    return .made(
      record, accuracy: accuracy, baseAccuracy: baseAccuracy, state: state,
      leftOut: successor.leftOut)
  }

  /// Accuracy in percent on the check data; nil without any.
  private func accuracy(of model: CompiledModel) -> Double? {
    checkData.map { ChipEvaluation.run(model, on: $0).accuracyPercent }
  }
}
