import Crypto
import FleetProtocol

/// One decision of the coordinator that somebody asked for, as it is kept for good.
///
/// Each row's hash covers the row before it: nobody changes or removes one unseen, unless all that
/// follow are made anew and nobody kept a later hash.
package struct AuditEntry: Sendable, Equatable {
  /// When it was decided.
  package var at: Instant
  /// Who asked: `admin` for the admin token file, `admin NAME` for a token of the admin endpoint,
  /// `token NAME` for a machine that joined.
  package var actor: String
  /// The request's id, empty where there is none.
  package var requestID: String
  /// What was asked, and about what.
  package var action: String
  /// `done`, or the refusal's code.
  package var outcome: String

  /// An entry with its facts.
  package init(
    at: Instant, actor: String, requestID: String, action: String, outcome: String
  ) {
    self.at = at
    self.actor = actor
    self.requestID = requestID
    self.action = action
    self.outcome = outcome
  }

  /// The hash of the first row's predecessor.
  package static let origin = [UInt8](repeating: 0, count: 32)

  /// SHA-256 over the predecessor's hash, the instant, and each text led by its length.
  package func hash(after previous: [UInt8]) -> [UInt8] {
    var hash = SHA256()
    hash.update(data: previous)
    hash.update(data: Self.bytes(UInt64(bitPattern: at.microseconds)))
    for text in [actor, requestID, action, outcome] {
      hash.update(data: Self.bytes(UInt64(text.utf8.count)))
      hash.update(data: Array(text.utf8))
    }
    return Array(hash.finalize())
  }

  private static func bytes(_ value: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
  }
}

extension Command {
  /// The row of the audit that this command leaves.
  func entry(
    _ requestID: String, _ outcome: String, by actor: String, at now: Instant
  ) -> AuditEntry {
    AuditEntry(
      at: now, actor: actor, requestID: requestID, action: audited, outcome: outcome)
  }

  /// What is asked, in one line without a secret.
  package var audited: String {
    switch self {
    case .acceptNode(let key, let name): "accept \(name) \(key)"
    case .rejectKey(let key): "reject \(key)"
    case .node(let name, let order):
      switch order {
      case .revoke: "revoke \(name)"
      case .label(let set, let remove):
        "label \(name) "
          + (set.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
          + remove.sorted().map { "-\($0)" }).joined(separator: " ")
      case .cordon: "cordon \(name)"
      case .uncordon: "uncordon \(name)"
      case .drain(let giveBack): "drain \(name)\(giveBack ? " give-back" : "")"
      case .rotateKey: "rotate-key \(name)"
      case .resetLearning: "reset-learning \(name)"
      case .replace(let key): "replace \(name) \(key)"
      }
    case .createJoinToken(let token): "create-join-token \(token.name) uses \(token.usesLeft)"
    case .revokeJoinToken(let name): "revoke-join-token \(name)"
    case .createAdminToken(let token):
      "create-token \(token.name) " + token.scopes.map(\.rawValue).joined(separator: " ")
    case .revokeAdminToken(let name): "revoke-token \(name)"
    case .addModel(let model): "add-model \(model.name) \(model.digest.hex)"
    case .deploy(let model, let nodes, let terms):
      "deploy \(model.hex)\(terms.allowRollback ? " allow-rollback" : "")"
        + "\(terms.isTrial ? " trial" : "")\(terms.serving.audited) "
        + (nodes.isEmpty ? "all" : nodes.joined(separator: " "))
    case .startRollout(let rollout):
      "start-rollout \(rollout.name) \(rollout.model) waves "
        + rollout.waves.map(\.description).joined(separator: " ")
    case .rollout(let name, let order):
      switch order {
      case .pause: "pause-rollout \(name)"
      case .resume: "resume-rollout \(name)"
      case .promote: "promote-rollout \(name)"
      case .abort: "abort-rollout \(name)"
      case .undo: "undo-rollout \(name)"
      case .retry(let nodes): "retry-rollout \(([name] + nodes).joined(separator: " "))"
      }
    case .addRoot(let envelope): "add-root \(Hex.text(SHA256.hash(data: envelope)))"
    case .startJob(let job): "start-job \(job.name)"
    case .cancelJob(let name): "cancel-job \(name)"
    }
  }
}

extension ServingTerms {
  /// As words of an audited command.
  fileprivate var audited: String {
    (isShadow ? " shadow-per-mille \(shadowPerMille)" : "")
      + (probeInferences > 0 ? " probe \(probeInferences)" : "")
      + (isStaged ? " staged" : "")
  }
}
