/// The admin endpoint's paths and headers, shared by both ends.
enum APIPath {
  static let status = "/v1/status"
  static let nodes = "/v1/nodes"
  static let pending = "/v1/pending"
  static let joinTokens = "/v1/join-tokens"
  static let tokens = "/v1/tokens"
  static let models = "/v1/models"
  static let blobs = "/v1/blobs"
  static let deployments = "/v1/deployments"
  static let jobs = "/v1/jobs"
  static let reports = "/v1/reports"
  static let rollouts = "/v1/rollouts"
  static let budgets = "/v1/budgets"
  static let top = "/v1/top"
  static let energy = "/v1/energy"
  static let telemetry = "/v1/telemetry"
  static let events = "/v1/events"
  static let audit = "/v1/audit"
  static let root = "/v1/root"
  static let backup = "/v1/backup"
  static let debug = "/v1/debug"

  /// Header that makes a repeated command harmless.
  static let requestID = "Request-Id"
  /// Largest JSON body in bytes: a manifest in base 64 with its wrapping.
  static let jsonBytesMax = 2 << 20
  /// Rows that one answer holds at most.
  static let rowsMax = 10_000
}

/// Body of every answer that is not a success.
struct ErrorBody: Codable, Sendable, Equatable {
  var code: String
  var detail: String
}
