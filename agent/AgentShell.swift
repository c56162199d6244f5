import Dispatch
import FleetCore
import FleetProtocol
import FleetStore
import Logging
import Workbench
import ZeroMQTransport

/// Feeds events to the agent's core, one at a time, and carries out what it asks, in order.
///
/// One thread owns it: sockets and chip post to the inbox, nobody else touches core or database.
final class AgentShell {
  /// What reaches the owner's thread.
  enum Mail: Sendable {
    case transport(AgentTransportEvent)
    case chip(ChipWorker.Report)
    case stop(signal: String)
  }

  let store: AgentStore
  let blobs: BlobStore
  let records: LearningRecordFolder
  let transport: AgentTransport
  let chip: ChipWorker
  let log: Logger
  /// The key files, the newest log lines and what a self-test looks at.
  let affairs: NodeAffairs
  var sentBytes: UInt64 = 0
  /// After the goodbye the sockets are closed by the transport, which waits for it to leave.
  private(set) var isStopping = false
  private(set) var core: AgentCore
  private let inbox: Inbox<Mail>
  private let tickNanoseconds: UInt64
  let crash: CrashPoint
  private var failures: FailureLog
  var connections: ConnectionLog
  private var receivedBytes: UInt64 = 0
  /// What the chip made and the disk did not take yet.
  private var unstored: [Unstored] = []
  private var retryAt: UInt64 = 0
  private static let retryNanoseconds: UInt64 = 2_000_000_000

  /// A result that exists once only and must reach the disk.
  private enum Unstored {
    case training(FinishedTraining, milliseconds: UInt32)
    case event(AgentEvent)
  }

  init(
    store: AgentStore, blobs: BlobStore, records: LearningRecordFolder,
    transport: AgentTransport, chip: ChipWorker, inbox: Inbox<Mail>, core: AgentCore,
    tickMilliseconds: UInt32, connections: ConnectionLog,
    crash: CrashPoint,
    affairs: NodeAffairs, log: Logger
  ) {
    self.affairs = affairs
    self.store = store
    self.blobs = blobs
    self.records = records
    self.transport = transport
    self.chip = chip
    self.inbox = inbox
    self.core = core
    self.connections = connections
    self.crash = crash
    failures = FailureLog(log: log)
    self.log = log
    tickNanoseconds = UInt64(tickMilliseconds) * 1_000_000
  }

  /// Serves until the process is asked to end and everything acknowledged is on the disk.
  func run() {
    handle(.started)
    var tickDue = DispatchTime.now().uptimeNanoseconds + tickNanoseconds
    while true {
      for mail in inbox.take(until: DispatchTime(uptimeNanoseconds: tickDue)) {
        if case .stop(let signal) = mail { return stop(signal) }
        take(mail)
      }
      let now = DispatchTime.now().uptimeNanoseconds
      guard now >= tickDue else { continue }
      tickDue = now + tickNanoseconds
      retry(at: now)
      handle(.tick)
    }
  }

  private func stop(_ signal: String) {
    log.notice("stopping", metadata: ["kind": "agent.stopping", "signal": "\(signal)"])
    chip.stop()
    inbox.close()
    for mail in inbox.take(until: .now()) { take(mail) }
    retry(at: .max)
    isStopping = true
    handle(.stopping)
    transport.stop()
    log.notice(
      "stopped",
      metadata: [
        "kind": "agent.stopped", "droppedSends": "\(transport.droppedSends)",
        "droppedReceived": "\(inbox.dropped)", "unstored": "\(unstored.count)",
      ].merging(crash.passed.map { ["crashPoints": "\($0)"] } ?? [:]) { $1 })
  }

  // MARK: events

  private func take(_ mail: Mail) {
    switch mail {
    case .transport(let event): take(event)
    case .chip(.modelLoaded(let digest, let outcome)): handle(.modelLoaded(digest, outcome))
    case .chip(.probed(let digest, let figures)): handle(.probed(digest, figures))
    case .chip(.trained(let finished, let milliseconds)):
      keep(finished, milliseconds: milliseconds)
    case .chip(.trainingFailed(let key, let code, let detail)):
      handleOnce(.trainingFailed(key, code: code, detail: detail))
    case .chip(.residualLost(let key, let detail)):
      handleOnce(.residualLost(key, detail: detail))
    case .chip(.localLayersLost(let key, let detail)):
      handleOnce(.localLayersLost(key, detail: detail))
    case .chip(.windowClosed(let window, let energy)):
      if let battery = affairs.settings.battery {
        handle(.charged(perMille: HostUsage.chargePerMille(in: battery)))
      }
      handle(.windowClosed(completed(window), energy: energy))
    case .chip(.learnt(let model, let samples, let bytes)): keepLearnt(model, samples, bytes)
    case .chip(.learningRefused(let model, let detail)):
      log.warning(
        "does not learn: \(detail)",
        metadata: ["kind": "learning.refused", "subject": "\(model)"])
    case .stop: break
    }
  }

  private func take(_ event: AgentTransportEvent) {
    switch event {
    case .connected(let endpoint):
      connections.connected(endpoint)
      handle(.linked(endpoint))
    case .disconnected(let endpoint, let reason):
      connections.disconnected(endpoint, reason)
      handle(.unlinked(endpoint, reason: reason.rawValue, needsOpen: reason.needsOpen))
    case .received(let endpoint, let frames):
      receivedBytes += UInt64(frames.reduce(0) { $0 + $1.count })
      handle(.received(endpoint, frames: frames))
    case .malformed(let endpoint, let frameCount):
      handle(.malformed(endpoint, frameCount: frameCount))
    case .failed(let endpoint, let error):
      connections.failed(endpoint, error)
      handle(.unlinked(endpoint, reason: "\(error)", needsOpen: true))
    }
  }

  private func completed(_ window: WireTelemetryWindow) -> WireTelemetryWindow {
    var window = window
    window.atUs = UInt64(max(0, WallClock.now().microseconds))
    window.residentKibibytes = UInt32(clamping: HostUsage.residentKibibytes())
    window.cpuTimeUs = HostUsage.processorMicroseconds()
    window.sentBytes = sentBytes
    window.receivedBytes = receivedBytes
    return window
  }

  /// Handles an event and everything that follows from it at once; false where the disk failed.
  @discardableResult
  private func handle(_ event: AgentEvent) -> Bool {
    var events = [event]
    var isStored = true
    while !events.isEmpty {
      let event = events.removeFirst()
      guard !perform(core.handle(event, at: WallClock.now()), answers: &events) else { continue }
      isStored = false
      reload()
    }
    return isStored
  }

  /// False where a transaction failed; nothing after it was done.
  private func perform(_ directives: [AgentDirective], answers: inout [AgentEvent]) -> Bool {
    for directive in directives {
      if directive.leavesTrace { crash.before("\(directive)") }
      if case .persist(let changes) = directive {
        guard commit(changes) else { return false }
      } else {
        carryOut(directive, answers: &answers)
      }
      if directive.leavesTrace { crash.after("\(directive)") }
    }
    return true
  }

  private func commit(_ changes: [AgentChange]) -> Bool {
    do throws(StoreError) {
      try store.commit(changes)
    } catch {
      failures.failed(error)
      return false
    }
    failures.succeeded()
    return true
  }

  private func reload() {
    do throws(StoreError) {
      core.reload(try store.load())
    } catch {
      // The core goes on with what it had; its next transaction will fail as well.
      log.critical("the database cannot be read: \(error)", metadata: ["kind": "store.failed"])
    }
  }

  /// Makes what a model has learnt durable; what the disk does not take now comes again with more.
  private func keepLearnt(_ model: ContentDigest, _ samples: UInt64, _ bytes: [UInt8]) {
    crash.before("keepLearnt")
    do throws(StoreError) {
      let digest = try blobs.put(bytes)
      crash.after("keepLearnt")
      handle(.learnt(model, LearntState(digest: digest, samples: samples)))
    } catch {
      failures.failed(error)
    }
  }

  // MARK: results that exist once only

  /// Handles the end of a run, which comes once; it is handled again until the disk takes it.
  private func handleOnce(_ event: AgentEvent) {
    if !handle(event) { unstored.append(.event(event)) }
  }

  /// Makes an update durable under its digest, then tells the core.
  private func keep(_ finished: FinishedTraining, milliseconds: UInt32) {
    let digest: ContentDigest
    var residual: PendingResidual?
    var localLayers: ContentDigest?
    crash.before("keepUpdate")
    do throws(StoreError) {
      digest = try blobs.put(finished.update)
      if let left = finished.residual {
        residual = PendingResidual(
          accepted: try blobs.put(left.accepted), unused: try blobs.put(left.unused))
      }
      if let learnt = finished.localState { localLayers = try blobs.put(learnt) }
    } catch {
      failures.failed(error)
      unstored.append(.training(finished, milliseconds: milliseconds))
      return
    }
    crash.after("keepUpdate")
    do { try records.keep(finished.record) } catch {
      log.warning(
        "no record of what was learnt: \(error)",
        metadata: ["kind": "round.unrecorded", "subject": "\(finished.key)"])
    }
    let summary = "\(finished.samples) samples in \(milliseconds) ms, \(finished.correct) right"
    log.info(
      "\(summary) before they were learnt",
      metadata: ["kind": "round.trained", "subject": "\(finished.key)"])
    var result = TrainingResult(
      digest: digest, size: UInt64(finished.update.count), samples: finished.samples,
      correct: finished.correct, counts: finished.counts, milliseconds: milliseconds,
      residual: residual, lossMillionths: finished.lossMillionths)
    result.localLayers = localLayers
    handleOnce(.trained(finished.key, result, nextOrdinal: finished.nextOrdinal))
  }

  /// Drops what is kept of a run that was given up.
  func forget(_ key: RoundKey) {
    unstored.removeAll { kept in
      switch kept {
      case .training(let finished, _): finished.key == key
      case .event(.trained(let other, _, _)): other == key
      case .event(.residualLost(let other, _)): other == key
      case .event(.localLayersLost(let other, _)): other == key
      case .event: false
      }
    }
  }

  private func retry(at now: UInt64) {
    guard !unstored.isEmpty, now >= retryAt else { return }
    let waiting = unstored
    unstored = []
    for kept in waiting {
      switch kept {
      case .training(let finished, let milliseconds): keep(finished, milliseconds: milliseconds)
      case .event(let event): handleOnce(event)
      }
    }
    if now != .max { retryAt = now + Self.retryNanoseconds }
  }
}
