import FleetCore
import FleetProtocol
import Foundation
import GRDB

/// Carries fleet changes into an open transaction, exactly as `FleetState.apply` does in memory.
struct FleetWriter {
  let db: Database
  var plausibility = TelemetryPlausibility()

  func apply(_ change: FleetChange) throws {
    switch change {
    case .nodeAccepted(let node): try accept(node)
    case .nodeChip(let node, let chip):
      try updateNode(node, "chip = ?", [chip.stored])
    case .nodeTerms(let node, let terms):
      try updateNode(node, "terms = ?", [try Self.json(terms)])
    case .keyBarred(let key):
      try db.change(
        "INSERT OR REPLACE INTO barred_key (public_key, reason, at_us) VALUES (?, ?, ?)",
        [key.publicKey.stored, key.reason.rawValue, key.at.microseconds])
    case .keyFreed(let key):
      try db.change("DELETE FROM barred_key WHERE public_key = ?", [key.stored])
    case .joinTokenChanged(let token):
      try db.change(
        "INSERT OR REPLACE INTO join_token (name, token) VALUES (?, ?)",
        [token.name, try Self.json(token)])
    case .joinTokenRemoved(let name):
      try db.change("DELETE FROM join_token WHERE name = ?", [name.text])
    case .adminTokenCreated, .adminTokenRevoked, .adminTokenUsed, .adminTokenForgotten:
      try AdminTokenWriter(db: db).apply(change)
    case .modelAdded(let model): try add(model)
    case .modelRemoved(let digest, let at):
      // The row stays: rounds and rollouts that are over refer to it.
      try db.changeOne(
        "UPDATE model SET removed_at_us = ? WHERE digest = ? AND removed_at_us IS NULL",
        [at.microseconds, digest.stored], otherwise: "unknown model \(digest)")
    case .desiredSet(let node, let assignment): try assign(assignment, to: node)
    case .desiredAccepted(let node, let generation):
      try updateNode(
        node, "accepted_epoch = ?, accepted_number = ?",
        [generation.epoch.stored, generation.number.stored])
    case .observed(let node, let observed):
      try updateNode(
        node, Self.observedColumns.map { "\($0) = ?" }.joined(separator: ", "),
        Self.values(of: observed))
    case .telemetryStored(let node, let boot, let windows, let at):
      try TelemetryWriter(db: db, plausibility: plausibility)
        .store(windows, node: node, boot: boot, at: at)
    case .jobCreated(let job): try create(job)
    case .jobEnded(let job, let state, let detail):
      try db.changeOne(
        "UPDATE job SET state = ?, detail = ? WHERE id = ?",
        [state.rawValue, detail.stored, job.text], otherwise: "unknown job \(job)")
    case .jobPaused(let job, let since): try pause(job, since: since)
    case .jobRolledBack(let job, let basis): try rollBack(job, to: basis)
    case .rootAdded(let record, let at):
      try db.change(
        "INSERT INTO root (version, envelope, added_at_us) VALUES (?, ?, ?)",
        [record.version.stored, Data(record.envelope), at.microseconds])
    case .noticesStored(let node, let through, let alarm):
      try updateNode(node, "notices_through = ?, alarm = ?", [through.stored, alarm])
    case .requestAnswered(let id, let response, let at): try answer(id, response, at)
    case .budgetSet(let budget):
      try db.change(
        "INSERT OR REPLACE INTO budget (name, budget) VALUES (?, ?)",
        [budget.name, try Self.json(budget)])
    case .budgetRemoved(let name):
      try db.change("DELETE FROM budget WHERE name = ?", [name.text])
    case .audited(let entry): try JournalWriter(db: db).append(.asked(entry))
    case .event(let event): try JournalWriter(db: db).append(.happened(event))
    case .roundPlanned, .roundOpened, .roundDeadlineMoved, .updateAccepted, .participantClosed,
      .roundSealed, .roundCommitted, .roundFailed, .roundCancelled:
      try RoundWriter(db: db).apply(change)
    case .rolloutCreated, .rolloutMoved, .rolloutMember, .rolloutDecided:
      try RolloutWriter(db: db).apply(change)
    }
  }

  // MARK: nodes

  private static let observedColumns = [
    "observed_epoch", "observed_number", "observed_phase", "observed_model", "observed_code",
    "observed_detail",
  ]

  private static func values(of observed: ObservedModel?) -> StatementArguments {
    guard let observed else { return [nil, nil, nil, nil, nil, nil] }
    return [
      observed.generation.epoch.stored, observed.generation.number.stored,
      observed.phase.rawValue, observed.model.stored, observed.code.stored,
      observed.detail.stored,
    ]
  }

  private func updateNode(
    _ node: Identifier, _ assignments: String, _ values: StatementArguments
  ) throws {
    try db.changeOne(
      "UPDATE node SET \(assignments) WHERE id = ?", values + [node.text],
      otherwise: "unknown node \(node)")
  }

  private func accept(_ node: NodeRecord) throws {
    let columns =
      [
        "public_key", "accepted_at_us", "chip", "desired_epoch", "desired_number",
        "desired_model", "accepted_epoch", "accepted_number", "terms", "desired_rollback",
        "desired_trial", "desired_shadow", "desired_probe", "desired_staged",
        "desired_stand_ins", "desired_learns", "desired_carries", "desired_decided_epoch",
        "desired_decided_number", "notices_through", "alarm",
      ] + Self.observedColumns
    let overwrites = columns.map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
    let marks = columns.map { _ in "?" }.joined(separator: ", ")
    let values: StatementArguments = [
      node.id.text, node.publicKey.stored, node.acceptedAt.microseconds, node.chip.stored,
      node.desired?.generation.epoch.stored, node.desired?.generation.number.stored,
      node.desired?.model.stored, node.accepted.epoch.stored, node.accepted.number.stored,
      try Self.json(node.terms),
      node.desired?.allowRollbackTo?.stored, node.desired?.isTrial == true ? 1 : 0,
      Int64(node.desired?.serving.shadowPerMille ?? 0),
      Int64(node.desired?.serving.probeInferences ?? 0),
      node.desired?.serving.isStaged == true ? 1 : 0,
      try Self.json(node.desired?.standIns ?? []),
      node.desired?.serving.learns == true ? 1 : 0,
      node.desired?.serving.carriesLearning == true ? 1 : 0,
      node.desired?.decided.epoch.stored, node.desired?.decided.number.stored,
      node.noticesThrough.stored, node.alarm,
    ]
    try db.change(
      """
      INSERT INTO node (id, \(columns.joined(separator: ", "))) VALUES (?, \(marks))
      ON CONFLICT (id) DO UPDATE SET \(overwrites)
      """, values + Self.values(of: node.observed))
    try db.change("DELETE FROM boot_progress WHERE node = ?", [node.id.text])
    for progress in node.boots {
      try db.change(
        "INSERT INTO boot_progress (node, boot, through) VALUES (?, ?, ?)",
        [node.id.text, Data(progress.boot), progress.through.stored])
    }
  }

  private func assign(_ assignment: DesiredAssignment, to node: Identifier) throws {
    let generation = assignment.generation
    guard let number = Int64(exactly: generation.number) else {
      throw Refusal("generation number \(generation.number) is above \(Int64.max)")
    }
    try updateNode(
      node,
      """
      desired_epoch = ?, desired_number = ?, desired_model = ?, desired_rollback = ?,
      desired_trial = ?, desired_shadow = ?, desired_probe = ?, desired_staged = ?,
      desired_stand_ins = ?, desired_learns = ?, desired_carries = ?,
      desired_decided_epoch = ?, desired_decided_number = ?
      """,
      [
        generation.epoch.stored, number, assignment.model.stored,
        assignment.allowRollbackTo?.stored, assignment.isTrial ? 1 : 0,
        Int64(assignment.serving.shadowPerMille), Int64(assignment.serving.probeInferences),
        assignment.serving.isStaged ? 1 : 0, try Self.json(assignment.standIns),
        assignment.serving.learns ? 1 : 0, assignment.serving.carriesLearning ? 1 : 0,
        assignment.decided.epoch.stored, assignment.decided.number.stored,
      ])
    try db.change(
      "UPDATE coordinator SET last_generation = max(last_generation, ?) WHERE epoch = ?",
      [number, generation.epoch.stored])
  }

  // MARK: models and jobs

  /// Stores a model under its digest; the same digest again replaces its facts.
  func add(_ model: ModelRecord) throws {
    try db.change(
      """
      INSERT INTO model (digest, name, release_counter, manifest_digest, manifest,
        structure_digest, price_digest, size, chips, added_at_us, published, nanojoules)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (digest) DO UPDATE SET name = excluded.name,
        release_counter = excluded.release_counter, manifest_digest = excluded.manifest_digest,
        manifest = excluded.manifest, structure_digest = excluded.structure_digest,
        price_digest = excluded.price_digest, size = excluded.size, chips = excluded.chips,
        added_at_us = excluded.added_at_us, published = excluded.published,
        removed_at_us = NULL, nanojoules = excluded.nanojoules
      """,
      [
        model.digest.stored, model.name.text, model.releaseCounter.stored,
        model.manifestDigest.stored, Data(model.manifest), model.structureDigest.stored,
        model.priceDigest.stored, model.size.stored, try Self.json(model.chips),
        model.addedAt.microseconds, model.published?.stored,
        model.nanojoulesPerInference?.stored,
      ])
  }

  private func create(_ job: JobRecord) throws {
    try db.change(
      """
      INSERT INTO job (
        id, specification, state, detail, current, best_accuracy, created_at_us, secret)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      """,
      [
        job.id.text, try Self.json(job.specification), job.state.rawValue, job.detail.stored,
        job.current.stored, job.bestAccuracy, job.createdAt.microseconds,
        job.secret.map { Data($0.bytes) },
      ])
  }

  private func answer(_ id: String, _ response: CommandResponse, _ at: Instant) throws {
    try db.change(
      "INSERT INTO request (id, response, at_us) VALUES (?, ?, ?)",
      [id.stored, try Self.json(response), at.microseconds])
  }

  private func pause(_ job: Identifier, since: Instant?) throws {
    try db.changeOne(
      "UPDATE job SET paused_at_us = ? WHERE id = ? AND state = 'running'",
      [since?.microseconds, job.text], otherwise: "job \(job) is unknown or over")
  }

  private func rollBack(_ job: Identifier, to basis: JobBasis) throws {
    try db.changeOne(
      """
      UPDATE job SET current = ?, server_state = ?, best_accuracy = ?
      WHERE id = ? AND state = 'running'
      """,
      [basis.model.stored, basis.serverState?.stored, basis.bestAccuracy, job.text],
      otherwise: "job \(job) is unknown or over")
  }

  static func json(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return String(decoding: try encoder.encode(value), as: UTF8.self)
    } catch {
      throw Refusal("not a value that JSON can hold: \(error)")
    }
  }
}
