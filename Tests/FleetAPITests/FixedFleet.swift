import CompiledModel
import FleetAPI
import FleetCore
import FleetProtocol
import Synchronization

/// A fleet that always answers the same and remembers what it was asked to do.
final class FixedFleet: FleetService {
  let commands = Mutex<[String]>([])
  /// Who was let in, in order.
  let holders = Mutex<[String]>([])
  let stored = Mutex<[ContentDigest: [UInt8]]>([:])

  private func note(_ text: String) -> CommandView {
    commands.withLock { $0.append(text) }
    return CommandView(done: true, code: "", detail: text)
  }

  func status() async throws -> FleetStatus {
    FleetStatus(
      version: "1.2.3", epoch: 7, uptimeSeconds: 1.5, controlAddress: "tcp://127.0.0.1:1",
      dataAddress: "tcp://127.0.0.1:2", publicKey: "key", nodes: 3, nodesOnline: 2,
      nodesPending: 1, models: 4, jobsRunning: 1, alarms: ["freeze.suspected": 2],
      refusedFrames: ["magic": 9],
      residentKibibytes: 1_000)
  }

  func nodes() async throws -> [NodeView] {
    [
      NodeView(
        name: "north", publicKey: "key", fingerprint: "0000-1111-2222-3333", liveness: "online",
        silentMilliseconds: 12, chip: "loihi-learn", desiredModel: nil, desiredGeneration: nil,
        observedModel: nil, phase: nil, code: "", detail: "")
    ]
  }

  func pending() async throws -> [PendingView] { [] }
  func models() async throws -> [ModelView] { [] }
  func jobs() async throws -> [JobView] { [] }
  func top() async throws -> [TopRow] { [] }
  func energy() async throws -> [EnergyView] { [] }

  func accept(_ request: AcceptRequest, requestID: String) async throws -> CommandView {
    note("accept \(request.name) \(request.publicKey ?? "-") \(requestID)")
  }

  func reject(_ request: KeyRequest, requestID: String) async throws -> CommandView {
    note("reject \(request.fingerprint ?? request.publicKey ?? "-") \(requestID)")
  }

  func order(
    _ request: NodeRequest, node: String, requestID: String
  ) async throws -> CommandView {
    let labels = (request.labels ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    return note(([request.verb.rawValue, node] + labels).joined(separator: " "))
  }

  func logs(node: Identifier, limit: Int) async throws -> [String] { ["\(node) \(limit)"] }

  func selfTest(node: Identifier) async throws -> [CheckView] {
    [CheckView(name: "keys", result: "ok", detail: node.text)]
  }

  func createJoinToken(_ request: JoinTokenRequest, requestID: String) async throws -> CommandView {
    note("token \(request.name) \(request.hash) \(request.uses)")
  }

  func revokeJoinToken(_ name: String, requestID: String) async throws -> CommandView {
    note("revoke token \(name)")
  }

  func joinTokens() async throws -> [JoinTokenView] { [] }
  func budgets() async throws -> [BudgetView] { [] }

  func setBudget(_ budget: EnergyBudget, requestID: String) async throws -> CommandView {
    note("budget \(budget.name) \(budget.joulesPerDay)")
  }

  func removeBudget(_ name: String, requestID: String) async throws -> CommandView {
    note("no budget \(name)")
  }

  func createToken(_ request: TokenRequest, requestID: String) async throws -> CommandView {
    note("admin token \(request.name) \(request.hash)")
  }

  func revokeToken(_ name: String, requestID: String) async throws -> CommandView {
    note("revoke admin token \(name)")
  }

  func tokens() async throws -> [TokenView] { [] }

  func putBlob(_ bytes: [UInt8], digest: ContentDigest) async throws {
    stored.withLock { $0[digest] = bytes }
  }

  func blob(_ digest: ContentDigest) async throws -> [UInt8] {
    guard let bytes = stored.withLock({ $0[digest] }) else {
      throw ServiceError(status: 404, code: "model-unknown", detail: "no such model")
    }
    return bytes
  }

  func addModel(_ request: ModelRequest, requestID: String) async throws -> CommandView {
    note("model \(request.manifest)")
  }

  func deploy(_ request: DeployRequest, requestID: String) async throws -> CommandView {
    CommandView(done: false, code: "chip", detail: "the chip differs")
  }

  func startJob(
    _ specification: JobSpecification, requestID: String
  ) async throws -> CommandView {
    note("job \(specification.name) \(specification.rounds)")
  }

  func rollouts() async throws -> [RolloutView] { [] }

  func rollout(_ name: String) async throws -> RolloutDetailView {
    throw ServiceError(status: 404, code: "rollout-unknown", detail: name)
  }

  func planRollout(_ specification: RolloutSpecification) async throws -> RolloutPlanView {
    RolloutPlanView(
      model: specification.model, digest: "", nodes: [],
      unchanged: specification.waves.map(\.description), omitted: [])
  }

  func startRollout(
    _ specification: RolloutSpecification, requestID: String
  ) async throws -> CommandView {
    note("rollout \(specification.name) \(specification.maxParallel)")
  }

  func orderRollout(
    _ request: RolloutRequest, name: String, requestID: String
  ) async throws -> CommandView {
    note("\(request.verb.rawValue) \(name) \(request.nodes ?? [])")
  }

  func orderJob(
    _ request: JobRequest, name: String, requestID: String
  ) async throws -> CommandView {
    note("\(request.verb.rawValue) job \(name)")
  }

  func cancelJob(_ name: String, requestID: String) async throws -> CommandView {
    note("cancel \(name)")
  }

  func planJob(_ specification: JobSpecification) async throws -> JobPlanView {
    JobPlanView(
      specification: specification, asked: 2, downBytes: 1_000, upBytes: 200,
      priceTable: "loihi-learn", grade: "assumed",
      nodes: [JobPlanView.Node(node: "node-a", hindrance: "offline", secondsPerRound: 1.5)])
  }

  func explain(job: String, round: Int64, attempt: Int64) async throws -> RoundExplanation {
    throw ServiceError(
      status: 404, code: "unknown-round", detail: "job \(job) round \(round) attempt \(attempt)")
  }

  func rollBackJob(
    _ name: String, _ request: RollbackRequest, requestID: String
  ) async throws -> CommandView {
    note("roll back \(name) to \(request.round)")
  }

  func report(_ job: String, radio: RadioPrice) async throws -> JobReport {
    guard let id = Identifier(job), let digest = ContentDigest([UInt8](repeating: 1, count: 32))
    else { throw ServiceError(status: 404, code: "job-unknown", detail: job) }
    let account = FederationAccount(state: FleetState(), models: [:], radio: radio) { _ in nil }
    let record = JobRecord(
      id: id,
      specification: JobSpecification(
        name: job, model: digest.hex, rounds: 1, samplesPerRound: 1, nodes: ["north"],
        minimumReports: 1, deadlineMilliseconds: 1, attemptsMax: 1, maxRegression: 2, seed: 1),
      current: digest, createdAt: Instant(microseconds: 7))
    return account.report(record, ended: nil)
  }

  func reports() async throws -> [JobReport] { [] }

  func model(_ name: String) async throws -> ModelDetail {
    throw ServiceError(status: 404, code: "model-unknown", detail: name)
  }

  func difference(from: String, to: String) async throws -> ModelDifference {
    throw ServiceError(status: 409, code: "structure", detail: "\(from) and \(to)")
  }

  func telemetry(node: Identifier, limit: Int) async throws -> [TelemetryView] {
    throw ServiceError(status: 404, code: "node-unknown", detail: "\(node) limit \(limit)")
  }

  func audit(after id: Int64, limit: Int) async throws -> [AuditView] { [] }

  func telemetry(_ query: TelemetryQuery) async throws -> TelemetryAnswer {
    TelemetryAnswer(
      tier: query.tier ?? "raw", sinceMicroseconds: query.since.microseconds,
      untilMicroseconds: query.until.microseconds, groupBy: query.groupBy.map(\.rawValue),
      metrics: query.metrics.map(\.rawValue), rows: [])
  }

  func removeModel(_ digest: ContentDigest, requestID: String) async throws -> CommandView {
    note("remove \(digest.short)")
  }

  func backup(requestID: String) async throws -> ByteStream {
    _ = note("backup")
    return ByteStream(size: 6) { take in
      try await take([1, 2, 3])
      try await take([4, 5, 6])
    }
  }

  func debug() async throws -> DebugView {
    DebugView(
      version: "9", platform: "linux", uptimeSeconds: 1, settings: ["a: b"], databaseBytes: 2,
      logBytes: 3, freeBytes: nil, blobs: 4, blobBytes: 5, rows: ["node": 6], migrations: ["1"],
      integrity: ["ok"], journal: "7 rows hold", log: ["line"])
  }

  func roots() async throws -> RootView {
    RootView(version: 4, expiresMicroseconds: 9, envelope: "cm9vdA==")
  }

  func addRoot(_ request: RootRequest, requestID: String) async throws -> CommandView {
    note("root \(request.root)")
  }

  func events(_ query: JournalQuery) async throws -> [EventView] {
    let about = [query.subject, query.kind].compactMap { $0 }.joined(separator: " ")
    var view = EventView(
      id: query.after + 1, atMicroseconds: query.since?.microseconds ?? 5, kind: "node.online",
      subject: "north",
      detail: "limit \(query.limit) about \(about.isEmpty ? "all" : about)")
    if query.newest { view.detail += " newest" }
    if query.part == .all { view.actor = "admin" }
    return [view]
  }
}
