import FleetProtocol

extension AgentCore {
  /// Goes on after the clock was put back: what lies later than it could have been planned counts
  /// as planned just now, so that nothing waits for the clock to come round again.
  mutating func rewind(to now: Instant) {
    let patience = now.advanced(milliseconds: Self.patienceMilliseconds)
    let longest = now.advanced(milliseconds: Int64(settings.backoffMaxMilliseconds))
    for endpoint in [WireEndpoint.control, .data] {
      switch self[endpoint] {
      case .waiting(let until): self[endpoint] = .waiting(until: min(until, longest))
      case .opening(let since): self[endpoint] = .opening(since: min(since, now))
      case .linked, .closed: break
      }
    }
    switch conversation {
    case .none: break
    case .greeting(let since, let tries):
      conversation = .greeting(since: min(since, now), tries: tries)
    case .held(let until): conversation = .held(until: min(until, longest))
    case .talking(var session):
      session.lastBeat = min(session.lastBeat, now)
      session.lastHeard = min(session.lastHeard, now)
      session.heldUntil = session.heldUntil.map { min($0, longest) }
      conversation = .talking(session)
    }
    if let sent = noticesSent { noticesSent?.at = min(sent.at, now) }
    dataUsedAt = min(dataUsedAt, now)
    if let progress = download?.progressAt { download?.progressAt = min(progress, now) }
    postponed = postponed.mapValues { min($0, patience) }
    announced = announced.mapValues { min($0, now) }
    if let until = pausedUntil {
      pausedUntil = min(until, now.advanced(milliseconds: Self.pauseMilliseconds))
    }
    if case .sent(let boot, let last, let at) = outbox.batch {
      outbox.batch = .sent(boot: boot, last: last, at: min(at, now))
    }
  }
}
