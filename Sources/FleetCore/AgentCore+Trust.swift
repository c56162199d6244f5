import FleetProtocol

extension AgentCore {
  /// The root file in force: the stored one, unless the one given at installation is newer.
  static func root(_ settings: AgentSettings, _ state: AgentState) -> TrustRoot {
    guard let stored = state.root?.root, stored.version > settings.root.version else {
      return settings.root
    }
    return stored
  }

  /// The later of the node's clock and every time it was told: an old clock revives nothing.
  func trustedTime(at now: Instant) -> Instant {
    max(now, heardTime, state.signedTime.latest)
  }

  // MARK: root files

  /// Follows the root files one by one; the newest is on the disk before it is believed.
  mutating func follow(
    _ chain: WireRootChain, at now: Instant, into directives: inout [AgentDirective]
  ) {
    let before = root
    let envelopes = chain.roots.map { [UInt8]($0) }
    let next: TrustRoot
    do throws(TrustError) {
      next = try before.following(
        envelopes, nowMicroseconds: trustedTime(at: now).microseconds)
    } catch {
      refuse(.rootRefused, ModelRefusal(error), "root", at: now, into: &directives)
      return
    }
    guard next.version > before.version, let envelope = envelopes.last else { return }
    // Whoever held a deploy key that is gone may have signed a time far ahead, to shut the node
    // out; what such a key said of the time is forgotten with it.
    let forgetsTime = next[.deploy].keys != before[.deploy].keys
    let record = RootRecord(version: next.version, envelope: envelope)
    persist(
      [
        .rootAccepted(record, forgetsTime: forgetsTime),
        .noticed(
          notice(
            .rootAccepted, "", "root", "version \(next.version) follows \(before.version)",
            at: now)),
      ], into: &directives)
    root = next
    if forgetsTime { heardTime = now }
    refusals[.rootRefused] = nil
    report("root.accepted", "version \(next.version)", at: now, into: &directives)
    // At once, for the coordinator holds back what the new keys have signed until it hears this.
    beat(at: now, into: &directives)
  }

  // MARK: signs of life

  /// Takes a timestamp document: signed, fresh and newer than the last one.
  mutating func take(
    timestamp bytes: [UInt8], at now: Instant, into directives: inout [AgentDirective]
  ) {
    guard !bytes.isEmpty else { return }
    do throws(ModelRefusal) {
      let time = try verified(timestamp: bytes, at: now)
      var changes: [AgentChange] = [.timestampSeen(time)]
      if isFrozen {
        changes.append(
          .noticed(
            notice(.freezeEnded, "", "timestamp", "a fresh sign of life came", at: now)))
      }
      persist(changes, into: &directives)
      isFrozen = false
      refusals[.timestampRefused] = nil
    } catch {
      refuse(.timestampRefused, error, "timestamp", at: now, into: &directives)
    }
  }

  private func verified(
    timestamp bytes: [UInt8], at now: Instant
  ) throws(ModelRefusal) -> SignedTime {
    let wire: WireTimestamp
    do throws(TrustError) {
      wire = try root.timestamp(bytes)
    } catch {
      throw ModelRefusal(error)
    }
    let last = state.signedTime
    let issued = Instant(microseconds: Int64(clamping: wire.issuedUs))
    let snapshot = Generation(wire.snapshot)
    guard issued >= last.issued, snapshot >= last.snapshot else {
      throw ModelRefusal(
        "timestamp-replay",
        "issued at \(issued.microseconds) us for snapshot \(snapshot), expected nothing older than "
          + "\(last.issued.microseconds) us and \(last.snapshot)")
    }
    let trusted = trustedTime(at: now)
    guard wire.expiresUs > trusted.microseconds else {
      throw ModelRefusal(
        .expired(
          what: "the timestamp", expiredMicroseconds: wire.expiresUs,
          nowMicroseconds: trusted.microseconds))
    }
    var time = last
    time.issued = issued
    time.snapshot = snapshot
    time.latest = max(last.latest, issued)
    time.heardAt = now
    return time
  }

  /// Raises the alarm once when no fresh sign of life came for too long.
  mutating func watchFreeze(at now: Instant, into directives: inout [AgentDirective]) {
    guard !isFrozen else { return }
    let heard = state.signedTime.heardAt
    let since = heard.microseconds > 0 ? min(heard, now) : startedAt ?? now
    let silence = now.milliseconds(since: since)
    guard silence > settings.freezeMilliseconds else { return }
    isFrozen = true
    let detail =
      "no fresh timestamp for \(silence / 60_000) minutes, expected one every "
      + "\(settings.freezeMilliseconds / 60_000) at most; look whether the coordinator runs and "
      + "its deploy key is the one in the root file"
    persist(
      [.noticed(notice(.freezeSuspected, "frozen", "timestamp", detail, at: now))],
      into: &directives)
    report("freeze.suspected", detail, at: now, into: &directives)
  }

  // MARK: notices

  /// A notice with the next number; a lost database starts above what it gave out before, for
  /// numbers follow the clock.
  func notice(
    _ kind: NoticeKind, _ code: String, _ document: String, _ detail: String, at now: Instant
  ) -> NodeNotice {
    let time = UInt64(max(0, trustedTime(at: now).microseconds))
    return NodeNotice(
      sequence: max(state.lastNotice + 1, time), at: now, kind: kind, code: code,
      document: document, detail: detail)
  }

  /// Notes a refusal; the same one again and again is noted once.
  mutating func refuse(
    _ kind: NoticeKind, _ refusal: ModelRefusal, _ document: String, at now: Instant,
    into directives: inout [AgentDirective]
  ) {
    guard refusals[kind] != refusal.code else { return }
    persist(
      [.noticed(notice(kind, refusal.code, document, refusal.detail, at: now))],
      into: &directives)
    refusals[kind] = refusal.code
    report(
      kind.rawValue, "\(document): \(refusal.code), \(refusal.detail)", at: now,
      into: &directives)
  }

  /// Sends what the coordinator has not acknowledged, again after a silence.
  mutating func pursueNotices(at now: Instant, into directives: inout [AgentDirective]) {
    guard let session, let newest = state.notices.last?.sequence,
      session.number != noticesUnwanted
    else { return }
    if let sent = noticesSent, sent.session == session.number, sent.through >= newest,
      now.milliseconds(since: sent.at) <= Self.patienceMilliseconds
    {
      return
    }
    noticesSent = NoticesSent(session: session.number, through: newest, at: now)
    var wire = WireNodeNotices()
    wire.notices = state.notices.prefix(Limits.noticesInMessageMax).map { notice in
      var one = WireNodeNotice()
      one.sequence = notice.sequence
      one.atUs = notice.at.microseconds
      one.kind = notice.kind.rawValue
      one.code = notice.code
      one.document = notice.document
      one.detail = notice.detail
      return one
    }
    send(.nodeNotices(wire), into: &directives)
  }

  mutating func take(
    _ acknowledged: WireNoticesAcknowledged, into directives: inout [AgentDirective]
  ) {
    guard let first = state.notices.first, first.sequence <= acknowledged.through else { return }
    persist([.noticesAcknowledged(through: acknowledged.through)], into: &directives)
    noticesSent = nil
  }
}

/// Which notices were last sent, and in which session.
struct NoticesSent: Sendable, Equatable {
  let session: UInt64
  let through: UInt64
  var at: Instant
}
