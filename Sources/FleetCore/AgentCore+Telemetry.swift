import FleetProtocol

/// Where the windows that wait for the coordinator stand; the windows are in the store.
struct Outbox: Sendable, Equatable {
  /// A batch on its way: one at a time, so that windows are stored in order.
  enum Batch: Sendable, Equatable {
    case none
    /// The shell was asked to send one; `isStale` when a window was queued since.
    case asked(isStale: Bool)
    case sent(boot: [UInt8], last: UInt64, at: Instant)
  }

  /// False only when the store was found empty.
  var hasWindows: Bool
  var batch: Batch

  /// Nobody has looked into the store yet.
  static let unknown = Outbox(hasWindows: true, batch: .none)

  mutating func forgetBatch() {
    batch = .none
  }
}

extension AgentCore {
  /// Numbers a window and stores it until it is acknowledged, with the energy that it took.
  mutating func queue(
    _ window: WireTelemetryWindow, _ energy: EnergyReading, at now: Instant,
    into directives: inout [AgentDirective]
  ) {
    windowSequence += 1
    var window = window
    window.sequence = windowSequence
    // Where the disk was full at the start, the run is noted with its first window.
    let run: [AgentChange] = isRunNoted ? [] : [.runBegan(boot: settings.boot)]
    persist(
      run + charge(window, energy, at: now) + [.windowQueued(boot: settings.boot, window)],
      into: &directives)
    isRunNoted = true
    outbox.hasWindows = true
    if case .asked = outbox.batch { outbox.batch = .asked(isStale: true) }
  }

  /// Sends the next batch, or the same again after a silence.
  mutating func pursueOutbox(at now: Instant, into directives: inout [AgentDirective]) {
    guard outbox.hasWindows, isDataReady(at: now), var session else { return }
    switch outbox.batch {
    case .asked: return
    case .sent(_, _, let at):
      guard now.milliseconds(since: at) > Self.patienceMilliseconds else { return }
    case .none: break
    }
    outbox.batch = .asked(isStale: false)
    directives.append(
      .sendOutbox(
        version: session.version, session: session.number, sequence: session.reserve(),
        mergedTogether: session.takesMergedWindows))
    conversation = .talking(session)
  }

  /// The shell has sent the oldest windows, or found none.
  mutating func sent(_ last: UInt64?, boot: [UInt8], at now: Instant) {
    guard case .asked(let isStale) = outbox.batch else { return }
    if let last {
      outbox.batch = .sent(boot: boot, last: last, at: now)
    } else {
      outbox.batch = .none
      outbox.hasWindows = isStale
    }
  }

  /// Removes windows that the coordinator has stored; never more than were sent.
  mutating func take(
    _ acknowledged: WireTelemetryAcknowledged, into directives: inout [AgentDirective]
  ) {
    guard case .sent(let boot, let last, _) = outbox.batch,
      boot.elementsEqual(acknowledged.bootID), acknowledged.through >= last
    else { return }
    outbox.batch = .none
    persist([.windowsAcknowledged(boot: boot, through: last)], into: &directives)
  }

  /// Takes WELCOME's word on this run's windows: what is stored need not be sent again.
  mutating func acknowledge(
    boot: [UInt8], through: UInt64, into directives: inout [AgentDirective]
  ) {
    let known = min(through, windowSequence)
    guard known > 0, outbox.hasWindows else { return }
    persist([.windowsAcknowledged(boot: boot, through: known)], into: &directives)
  }
}
