import FleetProtocol

/// Questions to an agent about itself: asked now or not at all, and never stored.
extension CoordinatorCore {
  /// Queries that wait for their answer at one time.
  static let queriesMax = 64
  /// How long an agent may take over an answer.
  static let queryMilliseconds: Int64 = 10_000

  /// Asks an agent that is in conversation.
  mutating func ask(
    _ node: Identifier, _ kind: WireAgentQueryKind, limit: UInt32, id: UInt64, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {
    func refuse(_ code: String, _ detail: String) {
      directives.append(.answerQuery(id: id, .refused(code: code, detail: detail)))
    }
    guard state.nodes[node] != nil else {
      return refuse("unknown-node", "'\(node)' is not an accepted node; see `node list`")
    }
    guard let session = sessions[node], session.liveness != .offline else {
      return refuse("offline", "'\(node)' is offline; only a connected agent can be asked")
    }
    guard queries.count < Self.queriesMax else {
      return refuse("queries", "\(queries.count) queries wait for answers; ask again later")
    }
    queries[id] = PendingQuery(node: node, askedAt: now)
    var query = WireAgentQuery()
    query.id = id
    query.kind = kind
    query.limit = limit
    send(.agentQuery(query), to: node, into: &directives)
  }

  /// Passes an answer on to who asked; one that nobody waits for is counted.
  mutating func take(
    _ report: WireAgentReport, node: Identifier, into directives: inout [CoordinatorDirective]
  ) {
    guard queries[report.id]?.node == node else { return count("agent-report") }
    queries[report.id] = nil
    directives.append(
      .answerQuery(id: report.id, .answered(lines: report.lines, checks: report.checks)))
  }

  /// Gives up what was not answered in time.
  mutating func watchQueries(at now: Instant, into directives: inout [CoordinatorDirective]) {
    for id in queries.keys.sorted() {
      guard let query = queries[id], now.milliseconds(since: query.askedAt) > Self.queryMilliseconds
      else { continue }
      queries[id] = nil
      let detail =
        "'\(query.node)' did not answer within \(Self.queryMilliseconds / 1_000) s; its agent may "
        + "be of a release that cannot"
      directives.append(.answerQuery(id: id, .refused(code: "no-answer", detail: detail)))
    }
  }
}

/// A query on its way.
struct PendingQuery: Sendable {
  var node: Identifier
  var askedAt: Instant
}
