import Dispatch
import FleetCore
import FleetProtocol
import FleetStore
import Foundation
import Workbench

/// The one thread that runs the chips: inferences at their pace, training in the time between.
///
/// A training sample follows each due inference, so neither starves the other. Inputs that come
/// while a model is read wait for a quarter of a second at most, so that a change of models loses
/// none; a host too slow for the pace skips what is older.
final class ChipWorker: Sendable {
  /// What the shell asks for, in order.
  enum Order: Sendable {
    case load(ContentDigest, learnt: ContentDigest?)
    case serve(ContentDigest)
    case shadow(ContentDigest, perMille: UInt32)
    case stopShadow
    case probe(ContentDigest, inferences: UInt32)
    case learn(ContentDigest, ServingLearning?)
    case pace(perMille: UInt32, learns: Bool)
    case train(TrainingOrder)
    case stopTraining(RoundKey)
  }

  /// What the worker tells.
  enum Report: Sendable {
    case modelLoaded(ContentDigest, LoadOutcome)
    case probed(ContentDigest, ProbeFigures)
    case trained(FinishedTraining, milliseconds: UInt32)
    case trainingFailed(RoundKey, code: String, detail: String)
    case residualLost(RoundKey, detail: String)
    case localLayersLost(RoundKey, detail: String)
    case windowClosed(WireTelemetryWindow, EnergyReading)
    case learnt(ContentDigest, samples: UInt64, bytes: [UInt8])
    case learningRefused(ContentDigest, detail: String)
  }

  private let inbox = Inbox<Order>()
  private let ended = DispatchSemaphore(value: 0)

  /// Starts the thread; `report` is called on it and must not block.
  init(
    _ runtime: ChipRuntime, inferencesPerSecond: Double, telemetrySeconds: Double,
    snapshotSeconds: Double, blobs: BlobStore, report: @escaping @Sendable (Report) -> Void
  ) {
    let (inbox, ended) = (inbox, ended)
    let thread = Thread {
      var loop = ChipLoop(
        runtime: runtime, inbox: inbox, blobs: blobs, report: report,
        inferenceNanoseconds: UInt64(1e9 / inferencesPerSecond),
        windowNanoseconds: UInt64(1e9 * telemetrySeconds),
        snapshotNanoseconds: UInt64(1e9 * snapshotSeconds))
      loop.run()
      ended.signal()
    }
    thread.name = "chip"
    thread.start()
  }

  /// Hands over an order.
  func post(_ order: Order) { inbox.post(order) }

  /// Gives up what is under way, reports the last window and returns; call it once.
  func stop() {
    inbox.close()
    ended.wait()
  }
}

/// What the worker's thread owns.
private struct ChipLoop {
  private var runtime: ChipRuntime
  private let inbox: Inbox<ChipWorker.Order>
  private let blobs: BlobStore
  private let report: @Sendable (ChipWorker.Report) -> Void
  private let inferenceNanoseconds: UInt64
  private let windowNanoseconds: UInt64
  private let snapshotNanoseconds: UInt64
  private var perMille: UInt32 = 1_000
  private var snapshotDue: UInt64 = 0
  /// The model and its samples at the last snapshot.
  private var snapshot: (model: ContentDigest, samples: UInt64)?
  private var inferenceDue: UInt64
  private var windowDue: UInt64
  private var busyNanoseconds: UInt64 = 0
  /// How long an input waits for a chip that is busy with something else.
  private static let backlogNanoseconds: UInt64 = 250_000_000
  private var timed: (key: RoundKey, started: UInt64)?

  init(
    runtime: ChipRuntime, inbox: Inbox<ChipWorker.Order>, blobs: BlobStore,
    report: @escaping @Sendable (ChipWorker.Report) -> Void, inferenceNanoseconds: UInt64,
    windowNanoseconds: UInt64, snapshotNanoseconds: UInt64
  ) {
    self.snapshotNanoseconds = snapshotNanoseconds
    self.runtime = runtime
    self.inbox = inbox
    self.blobs = blobs
    self.report = report
    self.inferenceNanoseconds = inferenceNanoseconds
    self.windowNanoseconds = windowNanoseconds
    inferenceDue = Self.now()
    windowDue = inferenceDue + windowNanoseconds
  }

  mutating func run() {
    while !inbox.isClosed {
      for order in inbox.take(until: DispatchTime(uptimeNanoseconds: nextDue)) { carryOut(order) }
      inferIfDue()
      trainOne()
      if Self.now() >= windowDue { closeWindow() }
      if Self.now() >= snapshotDue { keepLearnt() }
    }
    keepLearnt()
    closeWindow()
  }

  private static func now() -> UInt64 { DispatchTime.now().uptimeNanoseconds }

  private var nextDue: UInt64 {
    if runtime.trainingKey != nil { return 0 }
    return runtime.isServing && perMille > 0 ? min(inferenceDue, windowDue) : windowDue
  }

  private mutating func carryOut(_ order: ChipWorker.Order) {
    let started = Self.now()
    defer { busyNanoseconds += Self.now() - started }
    switch order {
    case .load(let digest, let learnt): load(digest, learnt)
    case .serve(let digest):
      keepLearnt()
      // What was counted so far belongs to the model that served and to its prices.
      closeWindow()
      // Nobody kept what came before there was a model.
      if !runtime.isServing { inferenceDue = started }
      if !runtime.serve(digest) { refuse(digest, "asked to serve before it was loaded") }
    case .shadow(let digest, let perMille):
      closeWindow()
      if !runtime.shadow(digest, perMille: perMille) {
        refuse(digest, "asked to run along before it was loaded")
      }
    case .stopShadow:
      closeWindow()
      runtime.stopShadow()
    case .probe(let digest, let inferences): runtime.probe(digest, inferences: inferences)
    case .learn(let digest, let terms): learn(digest, terms)
    case .pace(let perMille, let learns): pace(perMille, learns)
    case .train(let order): begin(order)
    case .stopTraining(let key): runtime.stopTraining(key)
    }
  }

  private func refuse(_ digest: ContentDigest, _ detail: String) {
    report(.modelLoaded(digest, .refused(code: "not-loaded", detail: detail)))
  }

  private mutating func load(_ digest: ContentDigest, _ learnt: ContentDigest?) {
    var state: [UInt8]?
    if let learnt {
      do throws(StoreError) { state = try blobs.read(learnt) } catch {
        return report(.modelLoaded(digest, .learningLost(detail: error.description)))
      }
    }
    do throws(StoreError) {
      let bytes = try blobs.read(digest)
      report(.modelLoaded(digest, runtime.load(digest, bytes: bytes, learnt: state)))
    } catch {
      report(.modelLoaded(digest, .unreadable(detail: error.description)))
    }
  }

  private mutating func learn(_ digest: ContentDigest, _ terms: ServingLearning?) {
    if terms == nil { keepLearnt() }
    do throws(ConfigurationError) {
      try runtime.learn(digest, terms)
    } catch {
      report(.learningRefused(digest, detail: "\(error)"))
    }
    snapshotDue = Self.now() + snapshotNanoseconds
    if let terms { snapshot = (digest, terms.samples) }
  }

  /// Tells what the model that serves has learnt since the last time.
  private mutating func keepLearnt() {
    snapshotDue = Self.now() + snapshotNanoseconds
    guard let samples = runtime.servingLearntSamples, let learnt = runtime.servingLearnt(),
      snapshot.map({ $0 != (learnt.model, samples) }) ?? true
    else { return }
    snapshot = (learnt.model, samples)
    report(.learnt(learnt.model, samples: samples, bytes: learnt.bytes))
  }

  private mutating func pace(_ perMille: UInt32, _ learns: Bool) {
    runtime.pace(learns: learns)
    let isFaster = perMille > self.perMille
    self.perMille = min(perMille, 1_000)
    // What was put off at the slower pace is not waited for.
    if isFaster { inferenceDue = min(inferenceDue, Self.now() + interval) }
  }

  /// Nanoseconds from one inference to the next; the pace must not be 0.
  private var interval: UInt64 { inferenceNanoseconds * 1_000 / UInt64(max(1, perMille)) }

  private mutating func begin(_ order: TrainingOrder) {
    var residual: [UInt8]?
    if let digest = order.residual {
      do throws(StoreError) {
        residual = try blobs.read(digest)
      } catch {
        return report(.residualLost(order.key, detail: error.description))
      }
    }
    var localState: [UInt8]?
    if let digest = order.localState {
      do throws(StoreError) {
        localState = try blobs.read(digest)
      } catch {
        return report(.localLayersLost(order.key, detail: error.description))
      }
    }
    do {
      try runtime.begin(
        order, base: try blobs.read(order.base), residual: residual, localState: localState)
    } catch let error as ChipRefusal where error.code == ChipRefusal.localStateCode {
      report(.localLayersLost(order.key, detail: error.detail))
    } catch let error as ChipRefusal where error.code == ChipRefusal.residualCode {
      report(.residualLost(order.key, detail: error.detail))
    } catch let error as ChipRefusal {
      report(.trainingFailed(order.key, code: error.code, detail: error.detail))
    } catch {
      report(.trainingFailed(order.key, code: "model-unreadable", detail: "\(error)"))
    }
  }

  private mutating func inferIfDue() {
    let started = Self.now()
    guard runtime.isServing, perMille > 0, started >= inferenceDue else { return }
    runtime.inferNext()
    let now = Self.now()
    busyNanoseconds += now - started
    if let (digest, figures) = runtime.takeProbe() { report(.probed(digest, figures)) }
    inferenceDue = max(inferenceDue + interval, now - min(now, Self.backlogNanoseconds))
  }

  private mutating func trainOne() {
    guard let key = runtime.trainingKey else { return }
    let started = Self.now()
    if timed?.key != key { timed = (key, started) }
    let finished = runtime.trainNext()
    let now = Self.now()
    busyNanoseconds += now - started
    guard let finished else { return }
    let milliseconds = (now - (timed?.started ?? now)) / 1_000_000
    timed = nil
    report(.trained(finished, milliseconds: UInt32(clamping: milliseconds)))
  }

  private mutating func closeWindow() {
    var window = runtime.window()
    window.busyTimeUs = busyNanoseconds / 1_000
    report(.windowClosed(window, runtime.energy()))
    windowDue = Self.now() + windowNanoseconds
  }
}
