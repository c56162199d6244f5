import Federation
import FleetCore
import FleetProtocol
import GRDB

/// Carries changes of federated rounds into an open transaction.
///
/// Which transition is legal is the schema's business (`FleetSchema`): it refuses the statement.
struct RoundWriter {
  let db: Database

  func apply(_ change: FleetChange) throws {
    switch change {
    case .roundPlanned(let round, let notes): try plan(round, notes)
    case .roundOpened(let key, let at, let deadline):
      try update(
        key, "state = 'open', opened_at_us = ?, deadline_us = ?",
        [at.microseconds, deadline.microseconds], in: "planned")
    case .roundDeadlineMoved(let key, let deadline):
      try update(
        key, "state = 'open', deadline_us = ?", [deadline.microseconds], in: "open")
    case .updateAccepted(let key, let node, let accepted):
      try count(accepted, of: node, in: key)
    case .participantClosed(let key, let node, let state): try close(node, state, in: key)
    case .roundSealed(let key, let hash):
      // The participants first: once sealed, they are frozen.
      try db.change(
        """
        UPDATE participant SET state = 'late'
        WHERE job = ? AND round = ? AND attempt = ? AND state = 'pending'
        """, Self.arguments(key))
      try update(key, "state = 'sealed', sealed_hash = ?", [hash.stored], in: "open")
    case .roundCommitted(let key, let result, let model): try commit(key, result, model)
    case .roundFailed(let key, let code, let detail):
      try update(
        key, "state = 'failed', code = ?, detail = ?", [code.stored, detail.stored])
    case .roundCancelled(let key): try update(key, "state = 'cancelled'", [])
    default: preconditionFailure("not a change of a round")
    }
  }

  private static func arguments(_ key: RoundKey) -> StatementArguments {
    [key.job.text, Int64(key.round), Int64(key.attempt)]
  }

  private func update(
    _ key: RoundKey, _ assignments: String, _ values: StatementArguments,
    in state: String? = nil
  ) throws {
    let condition = state.map { " AND state = '\($0)'" } ?? ""
    try db.changeOne(
      "UPDATE round SET \(assignments) WHERE job = ? AND round = ? AND attempt = ?\(condition)",
      values + Self.arguments(key),
      otherwise: "round \(key) is unknown\(state.map { " or not \($0)" } ?? "")")
  }

  private func plan(_ round: RoundRecord, _ notes: [CohortNote]) throws {
    guard round.state == .planned, round.openedAt == nil,
      round.participants.allSatisfy({ $0.state == .pending })
    else { throw Refusal("a round starts planned, with every participant pending") }
    try db.change(
      """
      INSERT INTO round (job, round, attempt, base, seed, samples, state, planned_at_us, notes)
      VALUES (?, ?, ?, ?, ?, ?, 'planned', ?, ?)
      """,
      Self.arguments(round.key) + [
        round.base.stored, round.seed.stored, Int64(round.samples),
        round.plannedAt.microseconds, try FleetWriter.json(notes),
      ])
    for participant in round.participants {
      try db.change(
        """
        INSERT INTO participant (job, round, attempt, node, state)
        VALUES (?, ?, ?, ?, 'pending')
        """, Self.arguments(round.key) + [participant.node.text])
    }
  }

  private func count(_ update: UpdateRecord, of node: Identifier, in key: RoundKey) throws {
    try db.change(
      """
      INSERT INTO round_update (job, round, attempt, node, digest, size, samples, correct,
        counts, training_milliseconds, accepted_at_us, loss_millionths)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      Self.arguments(key) + [
        node.text, update.digest.stored, update.size.stored, Int64(update.samples),
        Int64(update.correct), PackedCounts.pack(update.counts),
        Int64(update.trainingMilliseconds), update.acceptedAt.microseconds,
        Int64(update.lossMillionths),
      ])
    try setParticipant(node, "reported", code: nil, in: key)
  }

  private func close(
    _ node: Identifier, _ state: ParticipantState, in key: RoundKey
  ) throws {
    switch state {
    case .refused(let code): try setParticipant(node, state.name, code: code, in: key)
    case .late: try setParticipant(node, state.name, code: nil, in: key)
    case .pending, .reported:
      throw Refusal("a participant is closed as refused or late, not as \(state.name)")
    }
  }

  private func setParticipant(
    _ node: Identifier, _ state: String, code: String?, in key: RoundKey
  ) throws {
    try db.changeOne(
      """
      UPDATE participant SET state = ?, code = ?
      WHERE job = ? AND round = ? AND attempt = ? AND node = ?
      """, [state, code?.stored] + Self.arguments(key) + [node.text],
      otherwise: "\(node) is not in the cohort of \(key)")
  }

  private func pay(_ row: PrivacyLedgerRow, for key: RoundKey) throws {
    try db.change(
      """
      INSERT INTO privacy_ledger (job, round, attempt, sampling_per_million, noise_milli, clip,
        epsilon, delta)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      """,
      Self.arguments(key) + [
        Int64(row.samplingPerMillion), Int64(row.noiseMilli), Int64(row.clip), row.epsilon,
        row.delta,
      ])
  }

  private func commit(_ key: RoundKey, _ result: RoundResult, _ model: ModelRecord?) throws {
    // First: a private round is committed only where its row is there.
    if let row = result.privacy { try pay(row, for: key) }
    let values: StatementArguments = [
      result.model.stored, result.accuracy, result.accepted, result.committedAt.microseconds,
      result.state?.stored, try FleetWriter.json(result.leftOut.map(\.text)),
      result.baseAccuracy, result.nanojoulesPerInference?.stored, result.reason.stored,
    ]
    try db.changeOne(
      """
      UPDATE round SET state = 'committed', result_model = ?, accuracy = ?, accepted = ?,
        committed_at_us = ?, server_state = ?, left_out = ?, base_accuracy = ?, nanojoules = ?,
        detail = ?
      WHERE job = ? AND round = ? AND attempt = ? AND state = 'sealed' AND sealed_hash = ?
      """, values + Self.arguments(key) + [result.sealedHash.stored],
      otherwise: "round \(key) is unknown or not sealed with hash \(result.sealedHash)")
    guard let model else { return }
    try FleetWriter(db: db).add(model)
    try db.changeOne(
      "UPDATE job SET current = ?, server_state = ? WHERE id = ?",
      [model.digest.stored, result.state?.stored, key.job.text],
      otherwise: "unknown job \(key.job)")
    for accuracy in [result.baseAccuracy, result.accuracy].compactMap(\.self) {
      try db.changeOne(
        "UPDATE job SET best_accuracy = max(coalesce(best_accuracy, ?), ?) WHERE id = ?",
        [accuracy, accuracy, key.job.text], otherwise: "unknown job \(key.job)")
    }
  }
}
