package import FleetCore
import HTTPTypes

/// Every route of the admin endpoint, with the scope that a token needs for it.
///
/// The server takes method, path and scope from here alone: what has no row is not served.
package enum AdminRoute: String, CaseIterable, Sendable {
  case status = "GET /v1/status"
  case nodes = "GET /v1/nodes"
  case pending = "GET /v1/pending"
  case logs = "GET /v1/nodes/:node/logs"
  case selfTest = "GET /v1/nodes/:node/self-test"
  case models = "GET /v1/models"
  case model = "GET /v1/models/:digest"
  case difference = "GET /v1/models/:digest/difference"
  case jobs = "GET /v1/jobs"
  case explainRound = "GET /v1/jobs/:job/explain"
  case reports = "GET /v1/reports"
  case report = "GET /v1/jobs/:job/report"
  case rollouts = "GET /v1/rollouts"
  case rollout = "GET /v1/rollouts/:rollout"
  case top = "GET /v1/top"
  case energy = "GET /v1/energy"
  case windows = "GET /v1/telemetry/:node"
  case telemetry = "GET /v1/telemetry"
  case events = "GET /v1/events"
  case audit = "GET /v1/audit"
  case roots = "GET /v1/root"
  case joinTokens = "GET /v1/join-tokens"
  case budgets = "GET /v1/budgets"
  case accept = "POST /v1/nodes"
  case order = "POST /v1/nodes/:node"
  case reject = "POST /v1/pending/reject"
  case createJoinToken = "POST /v1/join-tokens"
  case revokeJoinToken = "POST /v1/join-tokens/:token/revoke"
  case putBlob = "PUT /v1/blobs/:digest"
  case blob = "GET /v1/blobs/:digest"
  case addModel = "POST /v1/models"
  case removeModel = "POST /v1/models/:digest/remove"
  case deploy = "POST /v1/deployments"
  case planRollout = "POST /v1/rollouts/plan"
  case startRollout = "POST /v1/rollouts"
  case orderRollout = "POST /v1/rollouts/:rollout"
  case setBudget = "POST /v1/budgets"
  case removeBudget = "POST /v1/budgets/:budget/remove"
  case startJob = "POST /v1/jobs"
  case planJob = "POST /v1/jobs/plan"
  case orderJob = "POST /v1/jobs/:job"
  case cancelJob = "POST /v1/jobs/:job/cancel"
  case rollBackJob = "POST /v1/jobs/:job/rollback"
  case addRoot = "POST /v1/root"
  case tokens = "GET /v1/tokens"
  case createToken = "POST /v1/tokens"
  case revokeToken = "POST /v1/tokens/:token/revoke"
  case backup = "POST /v1/backup"
  case debug = "GET /v1/debug"

  /// What a token needs.
  package var scope: AdminScope {
    switch self {
    case .status, .nodes, .pending, .logs, .selfTest, .models, .model, .difference, .jobs,
      .explainRound, .reports, .report, .rollouts, .rollout, .top, .energy, .windows, .telemetry,
      .events, .audit,
      .roots, .joinTokens, .budgets:
      .read
    case .accept, .order, .reject, .createJoinToken, .revokeJoinToken, .setBudget,
      .removeBudget:
      .operate
    // Who may read a model's bytes can copy the model: not everyone who watches.
    case .putBlob, .blob, .addModel, .removeModel, .deploy, .planRollout, .startRollout,
      .orderRollout:
      .deploy
    case .planJob, .startJob, .orderJob, .cancelJob, .rollBackJob: .federate
    // A backup holds all models and the hashes of all tokens; the log may name anything.
    case .addRoot, .tokens, .createToken, .revokeToken, .backup, .debug: .admin
    }
  }

  /// The path with its parameters, such as `/v1/nodes/:node`.
  package var path: String { String(rawValue.split(separator: " ")[1]) }

  /// The method's name in capitals.
  package var methodName: String { String(rawValue.split(separator: " ")[0]) }

  var method: HTTPRequest.Method {
    guard let method = HTTPRequest.Method(rawValue: methodName) else {
      preconditionFailure("\(methodName) is no method")
    }
    return method
  }
}

/// Who may come in at the admin endpoint; the coordinator's shell implements it.
package protocol AdminDoor: Sendable {
  /// The token with this hash, 64 hexadecimal digits, while it is good; nil for any other.
  func holder(hash: String) -> AdminHolder?
  /// Notes a request that was turned away.
  func refuse(_ refusal: AdminRefusal)
}
