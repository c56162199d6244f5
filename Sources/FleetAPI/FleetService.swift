package import CompiledModel
package import FleetCore
package import FleetProtocol

/// What the admin endpoint serves: the coordinator's shell implements it.
///
/// Every call that changes something carries a request id made by the client: a repeat with the
/// same id gets the stored answer and changes nothing.
package protocol FleetService: Sendable {
  /// The fleet in numbers.
  func status() async throws -> FleetStatus
  /// Accepted nodes in name order.
  func nodes() async throws -> [NodeView]
  /// Keys that knocked, newest first.
  func pending() async throws -> [PendingView]
  /// Binds a key to a name.
  func accept(_ request: AcceptRequest, requestID: String) async throws -> CommandView
  /// Turns a key away.
  func reject(_ request: KeyRequest, requestID: String) async throws -> CommandView
  /// Changes what holds for a node.
  func order(_ request: NodeRequest, node: String, requestID: String) async throws -> CommandView
  /// The newest lines of an agent's log, oldest first.
  func logs(node: Identifier, limit: Int) async throws -> [String]
  /// What an agent finds when it tests itself.
  func selfTest(node: Identifier) async throws -> [CheckView]
  /// Keeps the hash of a fresh join token.
  func createJoinToken(_ request: JoinTokenRequest, requestID: String) async throws -> CommandView
  /// Forgets a join token.
  func revokeJoinToken(_ name: String, requestID: String) async throws -> CommandView
  /// Join tokens in name order.
  func joinTokens() async throws -> [JoinTokenView]
  /// Keeps the hash of a fresh token of this endpoint.
  func createToken(_ request: TokenRequest, requestID: String) async throws -> CommandView
  /// Makes a token of this endpoint good no longer.
  func revokeToken(_ name: String, requestID: String) async throws -> CommandView
  /// Tokens of this endpoint in name order, ended ones too.
  func tokens() async throws -> [TokenView]
  /// Models, newest first.
  func models() async throws -> [ModelView]
  /// Stores the bytes of a model under their digest; throws when they have another.
  func putBlob(_ bytes: [UInt8], digest: ContentDigest) async throws
  /// The bytes of a stored model.
  func blob(_ digest: ContentDigest) async throws -> [UInt8]
  /// Adds a model whose blob is stored.
  func addModel(_ request: ModelRequest, requestID: String) async throws -> CommandView
  /// Forgets a model that nothing needs.
  func removeModel(_ digest: ContentDigest, requestID: String) async throws -> CommandView
  /// Sets what nodes should run.
  func deploy(_ request: DeployRequest, requestID: String) async throws -> CommandView
  /// Rollouts, newest first.
  func rollouts() async throws -> [RolloutView]
  /// A rollout with its nodes and decisions; throws where there is none.
  func rollout(_ name: String) async throws -> RolloutDetailView
  /// What a rollout would do; its `model` may be a name or the first digits of a digest.
  func planRollout(_ specification: RolloutSpecification) async throws -> RolloutPlanView
  /// Starts a rollout; its `model` may be a name or the first digits of a digest.
  func startRollout(
    _ specification: RolloutSpecification, requestID: String
  ) async throws -> CommandView
  /// Pauses, resumes, promotes, aborts, undoes or retries a rollout.
  func orderRollout(
    _ request: RolloutRequest, name: String, requestID: String
  ) async throws -> CommandView
  /// Budgets in name order.
  func budgets() async throws -> [BudgetView]
  /// Says how much energy nodes may use in a day.
  func setBudget(_ budget: EnergyBudget, requestID: String) async throws -> CommandView
  /// Takes such a limit away.
  func removeBudget(_ name: String, requestID: String) async throws -> CommandView
  /// Starts a federated job; its `model` may be a name or the first digits of a digest.
  func startJob(
    _ specification: JobSpecification, requestID: String
  ) async throws -> CommandView
  /// What a job would take; its `model` may be a name or the first digits of a digest.
  func planJob(_ specification: JobSpecification) async throws -> JobPlanView
  /// An attempt of a round and why it went as it did; 0 stands for the newest of either.
  func explain(job: String, round: Int64, attempt: Int64) async throws -> RoundExplanation
  /// Pauses or resumes a job.
  func orderJob(_ request: JobRequest, name: String, requestID: String) async throws -> CommandView
  /// Ends a job.
  func cancelJob(_ name: String, requestID: String) async throws -> CommandView
  /// Jobs in name order.
  func jobs() async throws -> [JobView]
  /// What jobs cost and became, in name order, without the nodes of each round and of each job.
  func reports() async throws -> [JobReport]
  /// What a job cost and became, with a byte at this price; throws where there is none.
  func report(_ job: String, radio: RadioPrice) async throws -> JobReport
  /// Lets a running job's next round grow from the model of an earlier one.
  func rollBackJob(
    _ name: String, _ request: RollbackRequest, requestID: String
  ) async throws -> CommandView
  /// A model by name, digest or at least eight first digits of it, and where it comes from.
  func model(_ name: String) async throws -> ModelDetail
  /// What is learnt in one model and not in another of the same structure, both named likewise.
  func difference(from: String, to: String) async throws -> ModelDifference
  /// The live table in name order.
  func top() async throws -> [TopRow]
  /// Energy by node and price table.
  func energy() async throws -> [EnergyView]
  /// The newest windows of a node, oldest first.
  func telemetry(node: Identifier, limit: Int) async throws -> [TelemetryView]
  /// Requests in the journal after a position, oldest first.
  func audit(after id: Int64, limit: Int) async throws -> [AuditView]
  /// Telemetry added up over time and groups.
  func telemetry(_ query: TelemetryQuery) async throws -> TelemetryAnswer
  /// Rows of the journal, oldest first: what happened, and who asked for what.
  func events(_ query: JournalQuery) async throws -> [EventView]
  /// The root file in force.
  func roots() async throws -> RootView
  /// Follows the root file in force by its successor.
  func addRoot(_ request: RootRequest, requestID: String) async throws -> CommandView
  /// Makes a backup of the coordinator's state.
  func backup(requestID: String) async throws -> ByteStream
  /// What somebody needs to know of the coordinator who helps, without a secret.
  func debug() async throws -> DebugView
}

/// Bytes that come piece by piece.
package struct ByteStream: Sendable {
  /// All of them.
  package let size: UInt64
  /// Hands on the pieces in order, once; throws where they end too early.
  package let read: @Sendable (_ take: ([UInt8]) async throws -> Void) async throws -> Void

  /// A stream of so many bytes.
  package init(
    size: UInt64,
    read: @escaping @Sendable (_ take: ([UInt8]) async throws -> Void) async throws -> Void
  ) {
    self.size = size
    self.read = read
  }
}

extension FleetService {
  /// Events after a position, oldest first, without requests; with a subject, those about it alone.
  package func events(
    after id: Int64, about subject: String?, limit: Int
  ) async throws -> [EventView] {
    var query = JournalQuery(limit: limit)
    (query.after, query.part, query.subject) = (id, .events, subject)
    return try await events(query)
  }
}

/// A request that cannot be served, as its HTTP status and what to do.
package struct ServiceError: Error, Sendable, Equatable, CustomStringConvertible {
  /// HTTP status: 400, 403, 404, 409, 413 or 503.
  package var status: Int
  /// Stable code.
  package var code: String
  /// What was found, what was expected, what to do.
  package var detail: String

  /// An error with its facts.
  package init(status: Int, code: String, detail: String) {
    self.status = status
    self.code = code
    self.detail = detail
  }

  /// A word in a path that names no node.
  static func notANode(_ name: String) -> ServiceError {
    ServiceError(
      status: 400, code: "node-name",
      detail: "`\(name.prefix(64))` is no node name; expected [a-z0-9][a-z0-9._-]{0,62}")
  }

  package var description: String { "\(code): \(detail)" }
}
