import Crypto
import FleetProtocol

/// One decision of the coordinator that somebody asked for, as the journal keeps it for good.
package struct AuditEntry: Sendable, Equatable {
  /// When it was decided.
  package var at: Instant
  /// Who asked: `admin` for the admin token file, `admin NAME` for a token of the admin endpoint,
  /// `token NAME` for a machine that joined.
  package var actor: String
  /// The request's id, empty where there is none.
  package var requestID: String
  /// The node, rollout, job, model or token that it is about; empty where that is not one.
  package var subject: String
  /// What was asked, and about what.
  package var action: String
  /// `done`, or the refusal's code.
  package var outcome: String

  /// An entry with its facts.
  package init(
    at: Instant, actor: String, requestID: String, subject: String = "", action: String,
    outcome: String
  ) {
    self.at = at
    self.actor = actor
    self.requestID = requestID
    self.subject = subject
    self.action = action
    self.outcome = outcome
  }

  /// The hash that this entry had in the audit before that was a part of the journal.
  ///
  /// Operators may have kept such a hash: `JournalCheck` still follows that chain.
  package func hash(after previous: [UInt8]) -> [UInt8] {
    var hash = SHA256()
    hash.update(data: previous)
    JournalEntry.update(&hash, at, [actor, requestID, action, outcome])
    return Array(hash.finalize())
  }
}

extension Command {
  /// The row of the audit that this command leaves.
  func entry(
    _ requestID: String, _ outcome: String, by actor: String, at now: Instant
  ) -> AuditEntry {
    AuditEntry(
      at: now, actor: actor, requestID: requestID, subject: subject, action: audited,
      outcome: outcome)
  }

  /// What the command is about, where that is one thing with a name.
  private var subject: String {
    switch self {
    case .acceptNode(_, let name), .node(let name, _), .revokeJoinToken(let name),
      .revokeAdminToken(let name), .rollout(let name, _), .pauseJob(let name),
      .resumeJob(let name), .cancelJob(let name), .rollBackJob(let name, _),
      .removeBudget(let name):
      name
    case .setBudget(let budget): budget.name
    case .createJoinToken(let token): token.name
    case .createAdminToken(let token): token.name.text
    case .addModel(let model): model.name.text
    case .deploy(_, let nodes, _): nodes.count == 1 ? nodes[0] : ""
    case .startRollout(let rollout): rollout.name
    case .startJob(let job, _): job.name
    case .rejectKey, .addRoot, .removeModel: ""
    }
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
      case .quarantine: "quarantine \(name)"
      case .pardon: "pardon \(name)"
      case .resetLearning: "reset-learning \(name)"
      case .replace(let key): "replace \(name) \(key)"
      }
    case .createJoinToken(let token): "create-join-token \(token.name) uses \(token.usesLeft)"
    case .revokeJoinToken(let name): "revoke-join-token \(name)"
    case .createAdminToken(let token):
      "create-token \(token.name) " + token.scopes.map(\.rawValue).joined(separator: " ")
    case .revokeAdminToken(let name): "revoke-token \(name)"
    case .addModel(let model): "add-model \(model.name) \(model.digest.hex)"
    case .removeModel(let model): "remove-model \(model.hex)"
    case .deploy(let model, let nodes, let terms):
      "deploy \(model.hex)\(terms.allowRollback ? " allow-rollback" : "")"
        + "\(terms.isTrial ? " trial" : "")\(terms.serving.audited)"
        + terms.standIns.map { " stand-in \($0.hex)" }.joined() + " "
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
    case .setBudget(let budget):
      "set-budget \(budget.name) \(budget.joulesPerDay) J\(budget.isShared ? " shared" : "")"
        + budget.selector.audited
    case .removeBudget(let name): "remove-budget \(name)"
    case .addRoot(let envelope): "add-root \(Hex.text(SHA256.hash(data: envelope)))"
    case .startJob(let job, _): "start-job \(job.name)"
    case .pauseJob(let name): "pause-job \(name)"
    case .resumeJob(let name): "resume-job \(name)"
    case .cancelJob(let name): "cancel-job \(name)"
    case .rollBackJob(let name, let round): "roll-back-job \(name) to \(round)"
    }
  }
}

extension NodeSelector {
  /// As words of an audited command, each after a space.
  fileprivate var audited: String {
    if nodes.isEmpty, labels.isEmpty { return " all" }
    return (nodes + labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
      .map { " \($0)" }.joined()
  }
}

extension ServingTerms {
  /// As words of an audited command.
  fileprivate var audited: String {
    (isShadow ? " shadow-per-mille \(shadowPerMille)" : "")
      + (probeInferences > 0 ? " probe \(probeInferences)" : "")
      + (isStaged ? " staged" : "") + (learns ? " learns" : "")
      + (carriesLearning ? " carry-learning" : "")
  }
}
