import FleetProtocol

/// When connections are opened and given up, beside what their loss makes of them.
extension AgentCore {
  // MARK: control

  /// Messages that a control connection carries.
  ///
  /// libzmq keeps a second chunk of 256 frames for a direction once the first is used up: 32 KiB of
  /// the coordinator's memory for each connection older than that, and a heartbeat is two frames.
  /// Drawn anew for each, so that a fleet that came at once does not come back at once.
  package static let messagesPerConnection: ClosedRange<UInt64> = 60...115

  /// Dials a worn connection afresh where nothing is under way.
  mutating func renewControl(at now: Instant, into directives: inout [AgentDirective]) {
    guard let session, session.isWorn, data == .closed, download == nil, rotation == .none,
      unansweredQueries == 0
    else { return }
    conversation = .none
    forgetRequests()
    open(.control, at: now, into: &directives)
  }

  // MARK: data

  /// True while something waits for the data endpoint.
  private var wantsData: Bool {
    download?.stage == .fetching || outbox.hasWindows
      || state.trainings.values.contains { $0.result != nil }
  }

  /// True when bulk may be sent and asked for now.
  func isDataReady(at now: Instant) -> Bool {
    guard let session, data == .linked else { return false }
    return session.heldUntil.map { now >= $0 } ?? true
  }

  mutating func pursueDataLink(at now: Instant, into directives: inout [AgentDirective]) {
    guard data == .closed, session != nil, wantsData else { return }
    open(.data, at: now, into: &directives)
  }

  mutating func closeIdleData(
    at now: Instant, into directives: inout [AgentDirective]
  ) {
    guard data != .closed, !wantsData,
      now.milliseconds(since: dataUsedAt) > Int64(settings.dataIdleMilliseconds)
    else { return }
    data = .closed
    directives.append(.close(.data))
  }

  /// What was asked on a connection or in a session that is gone is asked again.
  mutating func forgetRequests() {
    download?.forgetRequests()
    announced = [:]
    outbox.forgetBatch()
  }
}
