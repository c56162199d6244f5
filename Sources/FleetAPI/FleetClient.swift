import AsyncHTTPClient
package import FleetCore
package import FleetProtocol
import Foundation
import NIOCore
import NIOHTTP1

/// The command-line tool's end of the admin endpoint.
///
/// Every call throws `ServiceError`; status 0 with code `unreachable` when nobody answers.
package struct FleetClient: FleetService {
  /// Says at once when nobody listens, where the shared client would dial until its deadline.
  private static let http: HTTPClient = {
    var configuration = HTTPClient.Configuration()
    configuration.connectionPool.retryConnectionEstablishment = false
    return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }()

  private let endpoint: String
  private let token: BearerToken
  private let timeoutSeconds: Int64

  /// A client of `http://HOST:PORT`; each request may take up to `timeoutSeconds`.
  package init(endpoint: String, token: BearerToken, timeoutSeconds: Int64 = 30) {
    self.endpoint = endpoint.hasSuffix("/") ? String(endpoint.dropLast()) : endpoint
    self.token = token
    self.timeoutSeconds = timeoutSeconds
  }

  /// A request id that no other command has.
  package static func newRequestID() -> String { UUID().uuidString.lowercased() }

  /// The fleet in numbers.
  package func status() async throws -> FleetStatus { try await get(APIPath.status) }
  /// Accepted nodes in name order.
  package func nodes() async throws -> [NodeView] { try await get(APIPath.nodes) }
  /// Keys that knocked, newest first.
  package func pending() async throws -> [PendingView] { try await get(APIPath.pending) }
  /// Models, newest first.
  package func models() async throws -> [ModelView] { try await get(APIPath.models) }
  /// Jobs in name order.
  package func jobs() async throws -> [JobView] { try await get(APIPath.jobs) }
  /// The live table in name order.
  package func top() async throws -> [TopRow] { try await get(APIPath.top) }
  /// Energy by node and price table.
  package func energy() async throws -> [EnergyView] { try await get(APIPath.energy) }

  /// The newest windows of a node, oldest first.
  package func telemetry(node: Identifier, limit: Int) async throws -> [TelemetryView] {
    try await get("\(APIPath.telemetry)/\(node.text)?limit=\(limit)")
  }

  /// Telemetry added up over time and groups.
  package func telemetry(_ query: TelemetryQuery) async throws -> TelemetryAnswer {
    try await get(query.path)
  }

  /// Rows of the journal, oldest first: what happened, and who asked for what.
  package func events(_ query: JournalQuery) async throws -> [EventView] {
    try await get("\(APIPath.events)?\(query.items)")
  }

  /// The root file in force.
  package func roots() async throws -> RootView { try await get(APIPath.root) }

  /// Follows the root file in force by its successor.
  package func addRoot(_ request: RootRequest, requestID: String) async throws -> CommandView {
    try await post(APIPath.root, request, requestID)
  }

  /// Requests in the journal after a position, oldest first.
  package func audit(after id: Int64, limit: Int) async throws -> [AuditView] {
    try await get("\(APIPath.audit)?after=\(id)&limit=\(limit)")
  }

  /// Binds a key to a name.
  package func accept(_ request: AcceptRequest, requestID: String) async throws -> CommandView {
    try await post(APIPath.nodes, request, requestID)
  }

  /// Turns a key away.
  package func reject(_ request: KeyRequest, requestID: String) async throws -> CommandView {
    try await post("\(APIPath.pending)/reject", request, requestID)
  }

  /// Changes what holds for a node.
  package func order(
    _ request: NodeRequest, node: String, requestID: String
  ) async throws -> CommandView {
    try await post("\(APIPath.nodes)/\(try Self.checked(node: node))", request, requestID)
  }

  /// The newest lines of an agent's log, oldest first.
  package func logs(node: Identifier, limit: Int) async throws -> [String] {
    try await get("\(APIPath.nodes)/\(node.text)/logs?limit=\(limit)")
  }

  /// What an agent finds when it tests itself.
  package func selfTest(node: Identifier) async throws -> [CheckView] {
    try await get("\(APIPath.nodes)/\(node.text)/self-test")
  }

  /// Keeps the hash of a fresh join token.
  package func createJoinToken(
    _ request: JoinTokenRequest, requestID: String
  ) async throws -> CommandView {
    try await post(APIPath.joinTokens, request, requestID)
  }

  /// Forgets a join token.
  package func revokeJoinToken(_ name: String, requestID: String) async throws -> CommandView {
    try await post(
      "\(APIPath.joinTokens)/\(try Self.checked(node: name))/revoke", [String: String](), requestID)
  }

  /// Join tokens in name order.
  package func joinTokens() async throws -> [JoinTokenView] {
    try await get(APIPath.joinTokens)
  }

  /// Keeps the hash of a fresh token of this endpoint.
  package func createToken(
    _ request: TokenRequest, requestID: String
  ) async throws -> CommandView {
    try await post(APIPath.tokens, request, requestID)
  }

  /// Makes a token of this endpoint good no longer.
  package func revokeToken(_ name: String, requestID: String) async throws -> CommandView {
    try await post(
      "\(APIPath.tokens)/\(try Self.checked(node: name))/revoke", [String: String](), requestID)
  }

  /// Tokens of this endpoint in name order, ended ones too.
  package func tokens() async throws -> [TokenView] { try await get(APIPath.tokens) }

  private static func checked(node name: String) throws(ServiceError) -> String {
    guard let node = Identifier(name) else { throw ServiceError.notANode(name) }
    return node.text
  }

  /// Adds a model whose blob is stored.
  package func addModel(_ request: ModelRequest, requestID: String) async throws -> CommandView {
    try await post(APIPath.models, request, requestID)
  }

  /// Sets what nodes should run.
  package func deploy(_ request: DeployRequest, requestID: String) async throws -> CommandView {
    try await post(APIPath.deployments, request, requestID)
  }

  /// Rollouts, newest first.
  package func rollouts() async throws -> [RolloutView] { try await get(APIPath.rollouts) }

  /// A rollout with its nodes and decisions.
  package func rollout(_ name: String) async throws -> RolloutDetailView {
    try await get("\(APIPath.rollouts)/\(try Self.checked(name, "rollout"))")
  }

  /// What a rollout would do; its `model` may be a name or the first digits of a digest.
  package func planRollout(
    _ specification: RolloutSpecification
  ) async throws -> RolloutPlanView {
    try await post(
      "\(APIPath.rollouts)/plan", specification, Self.newRequestID(), bytesMax: 64 << 20)
  }

  /// Starts a rollout; its `model` may be a name or the first digits of a digest.
  package func startRollout(
    _ specification: RolloutSpecification, requestID: String
  ) async throws -> CommandView {
    try await post(APIPath.rollouts, specification, requestID)
  }

  /// Pauses, resumes, promotes, aborts, undoes or retries a rollout.
  package func orderRollout(
    _ request: RolloutRequest, name: String, requestID: String
  ) async throws -> CommandView {
    try await post(
      "\(APIPath.rollouts)/\(try Self.checked(name, "rollout"))", request, requestID)
  }

  static func checked(_ name: String, _ what: String) throws(ServiceError) -> String {
    guard let id = Identifier(name) else {
      throw ServiceError(
        status: 400, code: "\(what)-name",
        detail: "`\(name.prefix(64))` is no \(what) name; expected [a-z0-9][a-z0-9._-]{0,62}")
    }
    return id.text
  }

  /// Budgets in name order.
  package func budgets() async throws -> [BudgetView] { try await get(APIPath.budgets) }

  /// Says how much energy nodes may use in a day.
  package func setBudget(
    _ budget: EnergyBudget, requestID: String
  ) async throws -> CommandView {
    try await post(APIPath.budgets, budget, requestID)
  }

  /// Takes such a limit away.
  package func removeBudget(_ name: String, requestID: String) async throws -> CommandView {
    try await post(
      "\(APIPath.budgets)/\(try Self.checked(name, "budget"))/remove", [String: String](),
      requestID)
  }

  /// Starts a federated job; its `model` may be a name or the first digits of a digest.
  package func startJob(
    _ specification: JobSpecification, requestID: String
  ) async throws -> CommandView {
    try await post(APIPath.jobs, specification, requestID)
  }

  /// What a job would take; its `model` may be a name or the first digits of a digest.
  package func planJob(_ specification: JobSpecification) async throws -> JobPlanView {
    try await post("\(APIPath.jobs)/plan", specification, Self.newRequestID())
  }

  /// An attempt of a round and why it went as it did; 0 stands for the newest of either.
  package func explain(
    job: String, round: Int64, attempt: Int64
  ) async throws -> RoundExplanation {
    try await get(
      "\(APIPath.jobs)/\(try Self.checked(job, "job"))/explain?round=\(round)&attempt=\(attempt)")
  }

  /// Pauses or resumes a job.
  package func orderJob(
    _ request: JobRequest, name: String, requestID: String
  ) async throws -> CommandView {
    try await post("\(APIPath.jobs)/\(try Self.checked(name, "job"))", request, requestID)
  }

  /// Ends a job.
  package func cancelJob(_ name: String, requestID: String) async throws -> CommandView {
    try await post(
      "\(APIPath.jobs)/\(try Self.checked(name, "job"))/cancel", [String: String](), requestID)
  }

  /// Stores the bytes of a model under their digest; throws when they have another.
  package func putBlob(_ bytes: [UInt8], digest: ContentDigest) async throws {
    var request = request("\(APIPath.blobs)/\(digest.hex)")
    request.method = .PUT
    request.body = .bytes(ByteBuffer(bytes: bytes))
    _ = try await answer(to: request, bytesMax: APIPath.jsonBytesMax)
  }

  /// The bytes of a stored model.
  package func blob(_ digest: ContentDigest) async throws -> [UInt8] {
    let buffer = try await answer(
      to: request("\(APIPath.blobs)/\(digest.hex)"), bytesMax: Limits.modelBytesMax)
    return [UInt8](buffer.readableBytesView)
  }

  /// Forgets a model that nothing needs.
  package func removeModel(
    _ digest: ContentDigest, requestID: String
  ) async throws -> CommandView {
    try await post("\(APIPath.models)/\(digest.hex)/remove", [String: String](), requestID)
  }

  /// What somebody needs to know of the coordinator who helps, without a secret.
  package func debug() async throws -> DebugView { try await get(APIPath.debug) }

  /// Makes a backup of the coordinator's state; the answer begins when the database was copied.
  package func backup(requestID: String) async throws -> ByteStream {
    var request = request(APIPath.backup)
    request.method = .POST
    request.headers.add(name: APIPath.requestID, value: requestID)
    let response: HTTPClientResponse
    do {
      response = try await Self.http.execute(request, timeout: .seconds(timeoutSeconds))
      guard response.status == .ok, let text = response.headers.first(name: "Content-Length"),
        let size = UInt64(text)
      else {
        let body = try await response.body.collect(upTo: APIPath.jsonBytesMax)
        throw refusal(status: Int(response.status.code), body)
      }
      return ByteStream(size: size) { take in
        for try await buffer in response.body { try await take([UInt8](buffer.readableBytesView)) }
      }
    } catch let error as ServiceError {
      throw error
    } catch {
      throw unreachable(error)
    }
  }

  // MARK: requests

  private func request(_ path: String) -> HTTPClientRequest {
    var request = HTTPClientRequest(url: endpoint + path)
    request.headers.add(name: "Authorization", value: "Bearer \(token.text)")
    return request
  }

  func get<Value: Decodable>(_ path: String) async throws -> Value {
    try decode(try await answer(to: request(path), bytesMax: 64 << 20), path)
  }

  func post<Value: Decodable>(
    _ path: String, _ body: some Encodable, _ requestID: String,
    bytesMax: Int = APIPath.jsonBytesMax
  ) async throws -> Value {
    var request = request(path)
    request.method = .POST
    request.headers.add(name: APIPath.requestID, value: requestID)
    request.headers.add(name: "Content-Type", value: "application/json")
    request.body = .bytes(ByteBuffer(bytes: try JSONEncoder().encode(body)))
    return try decode(try await answer(to: request, bytesMax: bytesMax), path)
  }

  private func decode<Value: Decodable>(_ buffer: ByteBuffer, _ path: String) throws -> Value {
    do {
      return try JSONDecoder().decode(Value.self, from: Data(buffer.readableBytesView))
    } catch {
      throw ServiceError(
        status: 0, code: "answer",
        detail: "\(endpoint)\(path): the answer is not what this build expects (\(error)); is "
          + "the coordinator of another version?")
    }
  }

  private func answer(to request: HTTPClientRequest, bytesMax: Int) async throws -> ByteBuffer {
    let response: HTTPClientResponse
    let body: ByteBuffer
    do {
      response = try await Self.http.execute(
        request, timeout: .seconds(timeoutSeconds))
      body = try await response.body.collect(upTo: bytesMax)
    } catch {
      throw unreachable(error)
    }
    guard (200..<300).contains(Int(response.status.code)) else {
      throw refusal(status: Int(response.status.code), body)
    }
    return body
  }

  private func unreachable(_ error: any Error) -> ServiceError {
    ServiceError(
      status: 0, code: "unreachable",
      detail: "no coordinator answers at \(endpoint): \(error); start it, or name its address "
        + "in the context file's `endpoint`")
  }

  private func refusal(status: Int, _ body: ByteBuffer) -> ServiceError {
    do {
      let error = try JSONDecoder().decode(ErrorBody.self, from: Data(body.readableBytesView))
      return ServiceError(status: status, code: error.code, detail: error.detail)
    } catch {
      return ServiceError(
        status: status, code: "http", detail: "\(endpoint): HTTP status \(status)")
    }
  }
}
