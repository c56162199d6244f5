import FleetProtocol

/// Where an agent stands with a new key of its own.
///
/// Legal transitions: none -> making -> offered -> adopting -> none; making -> none and adopting ->
/// offered when the disk refuses or a transaction fails, and that step is asked for again; any ->
/// none once the shell has adopted the key. The key file on the disk says the rest: an agent that
/// dies anywhere finds the key it made and offers it again, or has adopted it already.
enum KeyRotation: Sendable, Equatable {
  case none
  case making
  /// Made and durable; the coordinator is told at each heartbeat until it knows it.
  case offered(publicKey: String)
  /// The shell puts it in the place of the old one.
  case adopting(publicKey: String)
}

extension AgentCore {
  /// The key that the coordinator is told of, empty for none.
  var offeredKey: String {
    if case .offered(let key) = rotation { key } else { "" }
  }

  /// The coordinator wants a new key, and may know the one that was made.
  mutating func rotate(
    isWanted: Bool, known: String, at now: Instant, into directives: inout [AgentDirective]
  ) {
    switch rotation {
    case .none:
      guard isWanted else { return }
      rotation = .making
      directives.append(.makeNextKey)
    case .offered(let key) where key == known:
      rotation = .adopting(publicKey: key)
      directives.append(.adoptNextKey(publicKey: key))
    case .offered where !isWanted:
      report("key.kept", "no new key is wanted any more", at: now, into: &directives)
      rotation = .none
    case .making, .offered, .adopting: break
    }
  }

  /// Asks again for what may have been dropped with a failed transaction; the shell does it twice
  /// without harm.
  mutating func resumeRotation() {
    switch rotation {
    case .making: rotation = .none
    case .adopting(let key): rotation = .offered(publicKey: key)
    case .none, .offered: break
    }
  }

  /// The new key is on the disk; nil when it could not be written.
  mutating func nextKeyMade(_ publicKey: String?) {
    guard rotation == .making else { return }
    rotation = publicKey.map { .offered(publicKey: $0) } ?? .none
  }

  /// The new key is the only one; whatever is connected came in with the old.
  mutating func nextKeyAdopted(
    _ isAdopted: Bool, at now: Instant, into directives: inout [AgentDirective]
  ) {
    guard isAdopted else {
      if case .adopting(let key) = rotation { rotation = .offered(publicKey: key) }
      return
    }
    rotation = .none
    report("key.adopted", "dials again with the new key", at: now, into: &directives)
    conversation = .none
    forgetRequests()
    if data != .closed {
      data = .closed
      directives.append(.close(.data))
    }
    open(.control, at: now, into: &directives)
  }

  // MARK: queries

  /// Passes a question on to the shell, at a pace that keeps logs from becoming a stream.
  mutating func consider(
    _ query: WireAgentQuery, at now: Instant, into directives: inout [AgentDirective]
  ) {
    var bucket = queries ?? TokenBucket(Self.queryRate, at: now)
    guard bucket.take(at: now) else {
      queries = bucket
      return count("query-rate")
    }
    queries = bucket
    switch query.kind {
    case .logs, .selfTest:
      let limit = min(query.limit, Self.logLinesMax)
      unansweredQueries += 1
      directives.append(.answerQuery(id: query.id, query.kind, lines: limit))
    case .unspecified, .UNRECOGNIZED: count("query-kind")
    }
  }

  /// Queries answered each second, and at once.
  static let queryRate = TrafficLimits.Rate(perSecond: 1, burst: 5)
  /// Lines of the log in one answer.
  static let logLinesMax: UInt32 = 200
  /// Bytes of all rows in one answer: its body has at most 16,384.
  package static let reportBytesMax = 14_000
}
