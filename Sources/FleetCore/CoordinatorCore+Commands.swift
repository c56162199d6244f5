import FleetProtocol

/// Why a command is refused: a stable code, and in words what was found and what to do.
package struct CommandRefusal: Error {
  /// Stable code.
  package let code: String
  /// What was found and what to do.
  package let detail: String

  init(_ code: String, _ detail: String) {
    self.code = code
    self.detail = detail
  }

  var response: CommandResponse { .refused(code: code, detail: detail) }
}

/// A command that holds: what it changes and what it answers.
struct CommandDecision {
  var changes: [FleetChange]
  var answer: String
}

extension CoordinatorCore {
  /// Longest request id in bytes.
  package static let requestIDBytesMax = 128
  /// Largest signed manifest: two of them and an order fit into one desired state.
  package static let manifestBytesMax = 31_000

  /// Decides a command once; its answer is stored with what it changed, in one transaction.
  mutating func obey(
    _ command: Command, requestID: String, by actor: String, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {
    guard (1...Self.requestIDBytesMax).contains(requestID.utf8.count) else {
      let refusal = CommandRefusal(
        "request-id",
        "a request id of \(requestID.utf8.count) bytes, expected 1 to \(Self.requestIDBytesMax)")
      directives.append(.answer(requestID: requestID, refusal.response))
      return
    }
    if let response = state.answers[requestID] {
      directives.append(.answer(requestID: requestID, response))
      return
    }
    do throws(CommandRefusal) {
      let decision = try decide(command, by: actor, at: now)
      let response = CommandResponse.done(decision.answer)
      persist(
        decision.changes + [
          .requestAnswered(id: requestID, response: response, at: now),
          .audited(command.entry(requestID, "done", by: actor, at: now)),
        ],
        into: &directives)
      switch command {
      case .acceptNode(let key, let name), .node(let name, .replace(let key)):
        if let node = Identifier(name) {
          directives.append(.allowKey(publicKey: key, node: node))
        }
      default: break
      }
      enforce(decision, at: now, into: &directives)
      directives.append(.answer(requestID: requestID, response))
      follow(command, decision, at: now, into: &directives)
    } catch {
      persist(
        [
          .requestAnswered(id: requestID, response: error.response, at: now),
          .audited(command.entry(requestID, error.code, by: actor, at: now)),
        ], into: &directives)
      directives.append(.answer(requestID: requestID, error.response))
    }
  }

  private func decide(
    _ command: Command, by actor: String, at now: Instant
  ) throws(CommandRefusal) -> CommandDecision {
    switch command {
    case .acceptNode(let key, let name): try acceptNode(publicKey: key, name: name, at: now)
    case .rejectKey(let key): try rejectKey(key, at: now)
    case .node(let name, let order): try decide(order, on: name, at: now)
    case .createJoinToken(let token): try createJoinToken(token, at: now)
    case .revokeJoinToken(let name): try revokeJoinToken(name, at: now)
    case .createAdminToken(let token): try createAdminToken(token, at: now)
    case .revokeAdminToken(let name): try revokeAdminToken(name, at: now)
    case .addModel(let model): try addModel(model, at: now)
    case .removeModel(let model): try removeModel(model, at: now)
    case .deploy(let model, let nodes, let terms):
      try deploy(model, to: nodes, terms, at: now)
    case .startRollout(let specification): try startRollout(specification, at: now)
    case .rollout(let name, let order): try decide(order, on: name, by: actor, at: now)
    case .setBudget(let budget): try setBudget(budget, at: now)
    case .removeBudget(let name): try removeBudget(name, at: now)
    case .addRoot(let envelope): try addRoot(envelope, at: now)
    case .startJob(let specification, let secret):
      try startJob(specification, secret: secret, at: now)
    case .pauseJob(let name): try pauseJob(name, at: now)
    case .resumeJob(let name): try resumeJob(name, at: now)
    case .cancelJob(let name): try cancelJob(name, at: now)
    case .rollBackJob(let name, let round): try rollBackJob(name, to: round, at: now)
    }
  }

  /// Sends what follows from a command; all of it is repeated later if it gets lost.
  private mutating func follow(
    _ command: Command, _ decision: CommandDecision, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {
    for change in decision.changes {
      switch change {
      case .nodeAccepted(let node):
        expel(node.id, "its hardware was replaced", at: now, into: &directives)
      case .desiredSet(let node, _): reconcile(node, into: &directives)
      case .participantClosed(let key, let node, _):
        drop(UploadKey(round: key, node: node), into: &directives)
        answer(standing(of: node, in: key, digest: nil), key, node: node, into: &directives)
        advance(key.job, at: now, into: &directives)
      case .rootAdded:
        // Before the nodes hear of it: what they then ask for is signed with its keys.
        directives.append(.rootChanged)
        timestamp.askedAt = nil
        for node in sessions.keys.sorted() { bringRoots(to: node, at: now, into: &directives) }
      case .jobCreated(let job): advance(job.id, at: now, into: &directives)
      case .jobPaused(let job, nil): advance(job, at: now, into: &directives)
      case .roundCancelled(let key), .roundFailed(let key, _, _):
        dismiss(key, into: &directives)
      case .jobRolledBack(let job, _): advance(job, at: now, into: &directives)
      default: break
      }
    }
  }

  // MARK: models

  private func addModel(
    _ model: ModelRecord, at now: Instant
  ) throws(CommandRefusal) -> CommandDecision {
    guard (1...UInt64(Limits.modelBytesMax)).contains(model.size) else {
      throw CommandRefusal(
        "model-size",
        "a model of \(model.size) bytes, expected 1 to \(Limits.modelBytesMax); compile a smaller "
          + "one")
    }
    guard (1...Self.manifestBytesMax).contains(model.manifest.count) else {
      throw CommandRefusal(
        "manifest-size",
        "a manifest of \(model.manifest.count) bytes, limit \(Self.manifestBytesMax); it has 34 "
          + "for each 64 KiB of the model, so compile a smaller one")
    }
    guard !model.chips.isEmpty else {
      throw CommandRefusal("chip", "the manifest names no chip; compile the model again")
    }
    if let published = model.published, state.models[published] == nil {
      throw CommandRefusal(
        "unknown-model", "the published model \(published.short) is not stored; push it first")
    }
    let event = FleetEvent(
      at: now, kind: "model.added", subject: model.name.text,
      detail: "release \(model.releaseCounter), \(model.digest.short), \(model.size) bytes")
    let added = CommandDecision(
      changes: [.modelAdded(model), .event(event)], answer: model.digest.hex)
    if let known = state.models[model.digest] {
      if known.manifest == model.manifest {
        return CommandDecision(changes: [], answer: model.digest.hex)
      }
      guard known.published == model.published, known.name == model.name,
        known.releaseCounter <= model.releaseCounter
      else {
        throw CommandRefusal(
          "duplicate-model",
          "the same bytes are stored as '\(known.name)' release \(known.releaseCounter);"
            + " a new manifest needs that name and at least that release counter")
      }
      return added
    }
    let newest = state.models.values.filter { $0.name == model.name && $0.published == nil }
      .map(\.releaseCounter).max()
    if let newest, model.releaseCounter <= newest {
      throw CommandRefusal(
        "release-counter",
        "'\(model.name)' is already at release \(newest); sign with \(newest + 1) or higher")
    }
    return added
  }

  // MARK: deployments

  private func deploy(
    _ digest: ContentDigest, to names: [String], _ terms: DeploymentTerms, at now: Instant
  ) throws(CommandRefusal) -> CommandDecision {
    guard let model = state.models[digest] else {
      throw CommandRefusal("unknown-model", "model \(digest.short) is not stored; push it first")
    }
    let targets = names.isEmpty ? openForWork : try known(names)
    try checkDuty(of: targets)
    guard !targets.isEmpty else {
      throw CommandRefusal("no-nodes", "no node takes work; see `node list`")
    }
    try checkFreedom(of: targets)
    try checkChips(of: model, on: targets)
    try checkStandIns(terms.standIns, for: model, on: targets)
    let generation = Generation(epoch: state.epoch, number: state.lastGeneration + 1)
    let assignment = DesiredAssignment(
      generation: generation, model: digest,
      allowRollbackTo: terms.allowRollback ? model.releaseCounter : nil, isTrial: terms.isTrial,
      serving: terms.serving, standIns: terms.standIns)
    let detail = "model \(digest.short) at generation \(generation) for \(targets.count) nodes"
    var changes: [FleetChange] = targets.map { .desiredSet($0, assignment) }
    changes.append(
      .event(
        FleetEvent(
          at: now, kind: "deployment.made", subject: model.name.text,
          detail: detail + (terms.isTrial ? ", as a trial" : "")
            + (terms.serving.isShadow ? ", beside what serves" : ""))))
    if terms.allowRollback {
      changes.append(
        .event(
          FleetEvent(
            at: now, kind: "rollback.permitted", subject: model.name.text,
            detail: "\(detail): release \(model.releaseCounter) may follow a higher one")))
    }
    return CommandDecision(changes: changes, answer: generation.description)
  }

  /// Accepted nodes by name, each once, in node order.
  func known(_ names: [String]) throws(CommandRefusal) -> [Identifier] {
    var nodes: Set<Identifier> = []
    for name in names {
      guard let id = Identifier(name), state.nodes[id] != nil else {
        throw CommandRefusal(
          "unknown-node", "'\(name.prefix(80))' is not an accepted node; see `node list`")
      }
      nodes.insert(id)
    }
    return nodes.sorted()
  }

  /// The model whose digest is written so.
  func storedModel(_ hex: String) throws(CommandRefusal) -> ModelRecord {
    guard let digest = ContentDigest(hex: hex), let model = state.models[digest] else {
      throw CommandRefusal(
        "unknown-model",
        "'\(hex.prefix(80))' is not the digest of a stored model; see `model list`")
    }
    return model
  }

  /// Why a model cannot run on a node; nil where it can.
  ///
  /// A node that never said which chip it carries is let through: it checks for itself.
  func misfit(of model: ModelRecord, on node: NodeRecord) -> String? {
    guard !node.chip.isEmpty, !model.chips.contains(node.chip) else { return nil }
    return "carries chip '\(node.chip)', model \(model.digest.short) was compiled for "
      + "\(model.chips.joined(separator: ", ")); compile it for that chip"
  }

  func checkChips(
    of model: ModelRecord, on nodes: [Identifier]
  ) throws(CommandRefusal) {
    for node in nodes {
      guard let record = state.nodes[node], let misfit = misfit(of: model, on: record) else {
        continue
      }
      throw CommandRefusal("chip", "'\(node)' \(misfit)")
    }
  }
}
