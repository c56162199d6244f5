import FleetProtocol

extension CoordinatorCore {
  /// Root files in one message; what does not fit follows when the node has taken these.
  static let rootChainBytesMax = 60_000
  /// Pause before the same root files are sent again to a node that did not take them.
  static let rootPauseMilliseconds: Int64 = 60_000
  /// Pause between two timestamps, however often the fleet changes.
  static let timestampPauseMilliseconds: Int64 = 60_000

  // MARK: root files

  /// Takes the root file that the process was started with: the first one as it is, and a newer
  /// one only as the successor of what is stored.
  mutating func trust(
    _ envelope: [UInt8], at now: Instant, into directives: inout [CoordinatorDirective]
  ) {
    do throws(TrustError) {
      let given = try TrustRoot(envelope: envelope)
      if let trust {
        guard given.version > trust.version else { return }
        _ = try trust.successor(envelope)
      }
      let record = RootRecord(version: given.version, envelope: envelope)
      persist([.rootAdded(record, at: now)], into: &directives)
      directives.append(.rootChanged)
    } catch {
      let event = FleetEvent(
        at: now, kind: "root.refused", subject: "coordinator",
        detail: "the root file of the settings: \(error); push each version with `root push`")
      persist([.event(event)], into: &directives)
    }
  }

  func addRoot(_ envelope: [UInt8], at now: Instant) throws(CommandRefusal) -> CommandDecision {
    guard let trust else {
      throw CommandRefusal(
        "root", "this coordinator was started without a root file; name one as `rootFile`")
    }
    let next: TrustRoot
    do throws(TrustError) {
      let given = try TrustRoot(envelope: envelope)
      if given.version == trust.version, state.roots.last?.envelope == envelope {
        return CommandDecision(changes: [], answer: "\(given.version)")
      }
      next = try trust.successor(envelope)
      try next.checkExpiry(nowMicroseconds: now.microseconds)
    } catch {
      throw CommandRefusal(error.code, error.description)
    }
    let event = FleetEvent(
      at: now, kind: "root.added", subject: "coordinator",
      detail: "version \(next.version) follows \(trust.version)")
    let record = RootRecord(version: next.version, envelope: envelope)
    return CommandDecision(
      changes: [.rootAdded(record, at: now), .event(event)], answer: "\(next.version)")
  }

  /// Sends a node the root files that it has not got, at most once a minute unless it moves on.
  mutating func bringRoots(
    to node: Identifier, at now: Instant, into directives: inout [CoordinatorDirective]
  ) {
    guard let session = sessions[node], !hasNewestRoot(session), session.liveness != .offline
    else { return }
    if let sent = session.rootSent, sent.version == session.rootVersion,
      now.milliseconds(since: sent.at) < Self.rootPauseMilliseconds
    {
      return
    }
    var chain = WireRootChain()
    var bytes = 0
    for record in state.roots where record.version > session.rootVersion {
      bytes += record.envelope.count + 4
      guard bytes <= Self.rootChainBytesMax, chain.roots.count < Limits.rootChainMax else { break }
      chain.roots.append(wireBytes(record.envelope))
    }
    sessions[node]?.rootSent = RootSent(version: session.rootVersion, at: now)
    send(.rootChain(chain), to: node, into: &directives)
  }

  /// False while the node believes an older root file, and might refuse for good what the keys of
  /// the newest one have signed.
  ///
  /// An agent that tells no version does not know of root files on the wire, and is left alone.
  func hasNewestRoot(_ session: Session) -> Bool {
    guard let trust else { return true }
    return session.rootVersion == 0 || session.rootVersion >= trust.version
  }

  // MARK: signs of life

  /// Asks for a fresh timestamp when the last one gets old, or the fleet has changed.
  mutating func watchTimestamp(
    at now: Instant, into directives: inout [CoordinatorDirective]
  ) {
    guard let trust else { return }
    let snapshot = Generation(epoch: state.epoch, number: state.lastGeneration)
    if let last = timestamp.askedAt {
      let age = now.milliseconds(since: last)
      let isChanged = snapshot != timestamp.snapshot || trust.version != timestamp.rootVersion
      guard
        age >= Int64(settings.timestampMilliseconds)
          || (isChanged && age >= Self.timestampPauseMilliseconds)
      else { return }
    }
    timestamp.askedAt = now
    timestamp.isAwaited = true
    timestamp.snapshot = snapshot
    timestamp.rootVersion = trust.version
    let until = now.advanced(milliseconds: settings.timestampValidMilliseconds)
    var document = WireTimestamp()
    document.snapshot = snapshot.wire
    document.rootVersion = trust.version
    document.issuedUs = UInt64(max(0, now.microseconds))
    document.expiresUs = UInt64(max(0, until.microseconds))
    directives.append(.signTimestamp(document))
  }

  /// What goes into an answer to this node: the newest timestamp, unless it has it already.
  mutating func timestampDue(_ node: Identifier) -> [UInt8] {
    guard let session = sessions[node], hasNewestRoot(session), session.rootVersion > 0,
      session.timestampSent != timestamp.number
    else { return [] }
    sessions[node]?.timestampSent = timestamp.number
    return timestamp.bytes
  }

  // MARK: notices

  /// Stores what a node refused or noticed, each once, as far as its budget of lines reaches.
  mutating func store(
    _ notices: WireNodeNotices, node: Identifier, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {
    guard notices.notices.count <= Limits.noticesInMessageMax, let record = state.nodes[node]
    else {
      count("notices")
      return
    }
    var through = record.noticesThrough
    var changes: [FleetChange] = []
    var alarm = record.alarm
    for notice in notices.notices where notice.sequence > through {
      guard budget(of: node, at: now, { $0.takeReport(at: now) }) else { break }
      through = notice.sequence
      let kind = NoticeKind(rawValue: notice.kind)
      let code = notice.code.isEmpty ? "" : "\(notice.code.prefix(64)): "
      let document = notice.document.isEmpty ? "" : "\(notice.document.prefix(32)), "
      changes.append(
        .event(
          FleetEvent(
            node, kind?.rawValue ?? "node.notice",
            document + code + NodeNotice.cut(notice.detail), at: now)))
      if let kind, let raises = kind.raisesAlarm { alarm = raises ? kind.rawValue : "" }
    }
    if through > record.noticesThrough {
      persist(
        changes + [.noticesStored(node, through: through, alarm: alarm)], into: &directives)
    }
    guard let last = notices.notices.first, last.sequence <= through else { return }
    var acknowledged = WireNoticesAcknowledged()
    acknowledged.through = through
    send(.noticesAcknowledged(acknowledged), to: node, into: &directives)
  }
}

/// The newest timestamp document, and what it was asked for.
struct TimestampDraft: Sendable {
  var bytes: [UInt8] = []
  /// Counts documents, so that each goes to each session once.
  var number: UInt64 = 0
  var askedAt: Instant?
  /// True until the shell has signed what it was asked for.
  var isAwaited = false
  var snapshot: Generation = .none
  var rootVersion: UInt64 = 0
}

/// Which version a node had when it was last sent root files.
struct RootSent: Sendable, Equatable {
  let version: UInt64
  let at: Instant
}
